//! Many files at once, a hundred to a batch.

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use heygen_api::BoxFuture;
use heygen_api::types::{
    AssetUploadItem, BatchItemStatus, CompleteAssetBatchRequest, CreateAssetUploadBatchRequest,
    CreateAssetUploadBatchResponse, VideoBatchItem,
};

use super::UploadedAsset;
use super::body::UploadBody;
use super::direct::{self, Slot};
use super::file_source::FileSource;
use super::progress::{OnProgress, UploadProgress};
use crate::client_context::ClientContext;
use crate::error::Error;

/// Files of a batch, at most.
const MOST: usize = 100;

const CONCURRENCY: usize = 4;
const DEADLINE: Duration = Duration::from_secs(600);

/// The first pause between looks at a batch; each further one is half as long again, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often a batch is finished again because some of its files were not seen.
const MOST_DRIVES: u32 = 5;

/// Takes the place of the file in the list, the bytes sent, and all that there are.
type TellAll = Arc<Mutex<dyn FnMut(usize, u64, u64) + Send>>;

type Outcome = Result<UploadedAsset, Error>;

/// Many files on their way up; [`send`](Self::send) or `.await` sends them.
///
/// All go straight to the storage, with their SHA-256, which the storage checks, in batches of up to 100, four files at a time. Then it waits until the service has
/// taken each in, or refused it. One file's failure does not touch the others. What is in readers goes to temporary files,
/// those of a batch at a time.
///
/// ```no_run
/// use heygen_ext::{FileSource, HeyGen};
///
/// # async fn example() -> Result<(), heygen_ext::Error> {
/// let heygen = HeyGen::from_env()?;
/// let files = ["intro.mp4", "photo.png"].map(FileSource::path);
/// for outcome in heygen.upload_all(files).await {
///     match outcome {
///         Ok(asset) => println!("{}", asset.asset_id),
///         Err(error) => eprintln!("{error}"), // it names the file
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is uploaded until it is sent"]
pub struct UploadAll {
    context: ClientContext,
    files: Vec<FileSource>,
    concurrency: usize,
    deadline: Duration,
    on_progress: Option<TellAll>,
}

impl UploadAll {
    pub(crate) fn new(context: ClientContext, files: Vec<FileSource>) -> Self {
        Self { context, files, concurrency: CONCURRENCY, deadline: DEADLINE, on_progress: None }
    }

    /// Reads and sends so many files at a time; the default is 4.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = files.max(1);
        self
    }

    /// Waits so long, from the last byte of a batch, until the service has taken its files in; the default is 10 minutes.
    /// What is not done by then ends as [`ErrorKind::Deadline`](crate::ErrorKind::Deadline), with the id of the asset.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = time;
        self
    }

    /// Tells after each chunk which file it is of, counted from 0 in the order given, how many of its bytes have left, and
    /// of how many.
    pub fn on_progress(mut self, tell: impl FnMut(usize, u64, u64) + Send + 'static) -> Self {
        self.on_progress = Some(Arc::new(Mutex::new(tell)));
        self
    }

    /// Uploads the files: an outcome for each, in their order.
    ///
    /// # Errors
    ///
    /// Each outcome has those of [`Upload::send`](crate::Upload::send), and what the service says of a file that it did
    /// not take in. An operation that fails for a whole batch is the outcome of each file of that batch.
    pub async fn send(self) -> Vec<Outcome> {
        let Self { context, files, concurrency, deadline, on_progress } = self;
        let run = Run { context, concurrency, deadline, on_progress };
        let mut files = files.into_iter().enumerate();
        let mut outcomes = BTreeMap::new();
        for number in 0.. {
            let some: Vec<(usize, FileSource)> = files.by_ref().take(MOST).collect();
            if some.is_empty() {
                break;
            }
            run.batch(number, some, &mut outcomes).await;
        }
        outcomes.into_values().collect()
    }
}

impl IntoFuture for UploadAll {
    type Output = Vec<Outcome>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for UploadAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadAll").field("files", &self.files).finish_non_exhaustive()
    }
}

struct Run {
    context: ClientContext,
    concurrency: usize,
    deadline: Duration,
    on_progress: Option<TellAll>,
}

/// A file of a batch that nothing has gone wrong with.
struct Entry {
    /// Its place among all files.
    index: usize,
    label: String,
    prepared: Arc<UploadBody>,
    digest: String,
}

/// A file that the storage has.
struct Sent {
    index: usize,
    label: String,
    /// Its place in the batch.
    item: usize,
    asset: UploadedAsset,
}

impl Sent {
    fn failed(&self, error: Error) -> Outcome {
        Err(error.of_asset(&self.asset.asset_id).about_file(&self.label))
    }
}

impl Run {
    /// Uploads up to a hundred files, and puts down an outcome for each.
    async fn batch(
        &self,
        number: usize,
        files: Vec<(usize, FileSource)>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let looked_at = stream::iter(files).map(|(index, file)| async move {
            let label = file.label();
            let entry = Self::look(index, &label, file).await;
            entry.map_err(|error| (index, error.about_file(&label)))
        });
        let mut looked_at: Vec<_> = looked_at.buffered(self.concurrency).collect().await;
        let mut entries = Vec::new();
        for looked_at in looked_at.drain(..) {
            match looked_at {
                Ok(entry) => entries.push(entry),
                Err((index, error)) => drop(outcomes.insert(index, Err(error))),
            }
        }
        let Some(batch) = self.open(number, &mut entries, outcomes).await else { return };
        let slots = entries.into_iter().zip(batch.items).enumerate();
        let sending = stream::iter(slots).map(|(item, (entry, slot))| self.put(item, entry, slot.into()));
        let mut waiting = Vec::new();
        let all: Vec<_> = sending.buffer_unordered(self.concurrency).collect().await;
        for sent in all {
            match sent {
                Ok(sent) => waiting.push(sent),
                Err((index, error)) => drop(outcomes.insert(index, Err(error))),
            }
        }
        if !waiting.is_empty() {
            self.finish(number, &batch.batch_id, waiting, outcomes).await;
        }
    }

    async fn look(index: usize, label: &str, file: FileSource) -> Result<Entry, Error> {
        let prepared = Arc::new(UploadBody::of(file).await?.replayable().await?);
        let digest = prepared.digest().await?;
        Ok(Entry { index, label: label.to_owned(), prepared, digest })
    }

    /// Opens a batch of slots. A file that the service objects to goes its own way, and the others are asked for again.
    async fn open(
        &self,
        number: usize,
        entries: &mut Vec<Entry>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) -> Option<CreateAssetUploadBatchResponse> {
        for round in 0.. {
            if entries.is_empty() {
                return None;
            }
            let files = entries.iter().map(|entry| {
                AssetUploadItem::builder()
                    .filename(entry.prepared.name.as_str())
                    .content_type(entry.prepared.media.as_str())
                    .size_bytes(entry.prepared.size)
                    .checksum_sha256(entry.digest.as_str())
            });
            let body = CreateAssetUploadBatchRequest::builder().files(files);
            let mut call = self.context.api.create_asset_upload_batch().body(body);
            if let Some(key) = self.key(number, round) {
                call = call.idempotency_key(key);
            }
            let error = match call.send().await {
                Ok(batch) => {
                    let batch = batch.into_inner();
                    if batch.items.len() == entries.len() {
                        return Some(batch);
                    }
                    Error::upload(format!(
                        "the service opened {} slots for {} files",
                        batch.items.len(),
                        entries.len()
                    ))
                }
                Err(error) => Error::from(error),
            };
            let mut refused: Vec<usize> = places(error.param(), error.message());
            refused.retain(|place| *place < entries.len());
            // It says no file: then it speaks of the whole batch.
            if refused.is_empty() {
                refused = (0..entries.len()).collect();
            }
            for place in refused.into_iter().rev() {
                let Entry { index, label, .. } = entries.remove(place);
                outcomes.insert(index, Err(error.clone().about_file(&label)));
            }
        }
        None
    }

    /// The caller's key, made another for each call: one key is one call.
    fn key(&self, number: usize, round: u32) -> Option<String> {
        let key = self.context.idempotency_key.as_deref()?;
        Some(if (number, round) == (0, 0) { key.to_owned() } else { format!("{key}.{number}.{round}") })
    }

    async fn put(&self, item: usize, entry: Entry, slot: Slot) -> Result<Sent, (usize, Error)> {
        let Entry { index, label, prepared, .. } = entry;
        let tell = self.on_progress.clone().map(|tell| -> OnProgress {
            Box::new(move |sent, all| (tell.lock().unwrap_or_else(PoisonError::into_inner))(index, sent, all))
        });
        match direct::put(&self.context, &slot, &prepared, &UploadProgress::new(tell), None).await {
            Ok(()) => {
                let asset = UploadedAsset::new(slot.asset_id, None, prepared.media.clone(), prepared.size);
                Ok(Sent { index, label, item, asset })
            }
            Err(error) => Err((index, error.of_asset(&slot.asset_id).about_file(&label))),
        }
    }

    async fn complete(&self, number: usize, drive: u32, batch_id: &str) -> Result<(), Error> {
        let body = CompleteAssetBatchRequest::builder().batch_id(batch_id);
        let mut call = self.context.api.complete_asset_batch().body(body);
        if let Some(key) = self.key(number, drive) {
            call = call.idempotency_key(key);
        }
        call.send().await?;
        Ok(())
    }

    /// Finishes a batch, and waits for the outcome of its files.
    async fn finish(
        &self,
        number: usize,
        batch_id: &str,
        mut waiting: Vec<Sent>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let runtime = &self.context.runtime;
        let began = runtime.now();
        let (mut drives, mut pause) = (0, FIRST_PAUSE);
        let end = loop {
            if let Err(error) = self.complete(number, drives, batch_id).await
                && (drives == 0 || !error.is_retryable())
            {
                break error;
            }
            drives += 1;
            let end = loop {
                runtime.sleep(pause).await;
                pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
                let unseen = match self.look_at(batch_id).await {
                    Ok(items) => settle(&items, &mut waiting, outcomes),
                    Err(error) if error.is_retryable() => false,
                    Err(error) => break Some(error),
                };
                if waiting.is_empty() {
                    return;
                }
                if runtime.now().saturating_duration_since(began) >= self.deadline {
                    break Some(Error::deadline(self.deadline));
                }
                // The service may have been told before it saw the bytes.
                if unseen && drives <= MOST_DRIVES {
                    break None;
                }
            };
            if let Some(error) = end {
                break error;
            }
        };
        outcomes.extend(waiting.iter().map(|sent| (sent.index, sent.failed(end.clone()))));
    }

    async fn look_at(&self, batch_id: &str) -> Result<Vec<VideoBatchItem>, Error> {
        let (mut items, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut call = self.context.api.get_asset_batch().batch_id(batch_id).limit(MOST as u32);
            if let Some(token) = &token {
                call = call.token(token.as_str());
            }
            let page = call.await?.into_inner();
            items.extend(page.items);
            // A batch has a hundred items at most: whatever a server says, the pages end.
            match page.next_token.filter(|next| page.has_more && token.as_ref() != Some(next)) {
                Some(next) if items.len() < MOST => token = Some(next),
                _ => return Ok(items),
            }
        }
    }
}

/// Puts down what has ended; tells whether the service has not seen a file yet.
fn settle(
    items: &[VideoBatchItem],
    waiting: &mut Vec<Sent>,
    outcomes: &mut BTreeMap<usize, Outcome>,
) -> bool {
    let mut unseen = false;
    waiting.retain(|sent| {
        let is_it = |item: &&VideoBatchItem| match &item.video_id {
            Some(id) => *id == sent.asset.asset_id,
            None => usize::try_from(item.item_index) == Ok(sent.item),
        };
        let Some(item) = items.iter().find(is_it) else { return true };
        match &item.status {
            BatchItemStatus::Completed => {
                outcomes.insert(sent.index, Ok(sent.asset.clone()));
                false
            }
            BatchItemStatus::Failed => {
                let text = |name: &str| item.error.as_ref()?.get(name)?.as_str();
                let why = text("message").unwrap_or("it does not say why");
                let error = Error::file_rejected(text("code"), why);
                outcomes.insert(sent.index, sent.failed(error));
                false
            }
            status => {
                unseen |= *status == BatchItemStatus::Queued;
                true
            }
        }
    });
    unseen
}

/// The places in `files` that a refusal is about, in their order and each once. A fault of form stands in `param`, as
/// `files.3.size_bytes` or `files[3].size_bytes`. Files that are refused for what they are come with the param `files`, and
/// the message names their indexes, says the document.
fn places(param: Option<&str>, message: Option<&str>) -> Vec<usize> {
    let param = param.map(|param| param.strip_prefix("body.").unwrap_or(param));
    let Some(rest) = param.and_then(|param| param.strip_prefix("files")) else { return Vec::new() };
    let (text, in_list): (_, fn(char) -> bool) = match rest {
        "" => (message.unwrap_or_default(), |one| one.is_ascii_digit() || ", ".contains(one)),
        rest => (rest, |one| one.is_ascii_digit()),
    };
    // Only the first list: a number further on may be a size.
    let list = text.trim_start_matches(|one: char| !one.is_ascii_digit());
    let list = list.split(|one| !in_list(one)).next().unwrap_or_default();
    let numbers = list.split(|one: char| !one.is_ascii_digit()).filter_map(|number| number.parse().ok());
    let mut places: Vec<usize> = numbers.collect();
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_file() {
        let said = |param: &str, message: &str| places(Some(param), Some(message));
        assert_eq!(said("files.3.size_bytes", "5 is too much"), [3]);
        assert_eq!(said("files[12].content_type", ""), [12]);
        assert_eq!(said("body.files.0", ""), [0]);
        assert_eq!(said("files", "Invalid files at indexes [7, 1, 7]: at most 5 MB"), [1, 7]);
        for (param, message) in [("files", "Too many"), ("title", "1"), ("files.x", "1")] {
            assert_eq!(said(param, message), [0; 0]);
        }
        assert_eq!(places(None, Some("1")), [0; 0]);
    }

    #[test]
    fn what_ended_is_put_down_and_the_rest_waits() {
        let sent = |index: usize| Sent {
            index,
            label: format!("{index}.png"),
            item: index,
            asset: UploadedAsset::new(format!("asset_{index}"), None, "image/png".into(), 1),
        };
        let items: Vec<VideoBatchItem> = serde_json::from_value(serde_json::json!([
            {"item_index": 0, "status": "completed", "video_id": "asset_0"},
            {"item_index": 1, "status": "failed", "error": {"code": "invalid_parameter", "message": "no image"}},
            {"item_index": 2, "status": "processing", "video_id": "asset_2"},
            {"item_index": 3, "status": "queued", "video_id": "asset_3"},
        ]))
        .unwrap();
        let (mut waiting, mut outcomes) = ((0..5).map(sent).collect(), BTreeMap::new());
        assert!(settle(&items, &mut waiting, &mut outcomes));
        assert_eq!(waiting.iter().map(|sent| sent.index).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(outcomes[&0].is_ok());
        let error = outcomes[&1].as_ref().unwrap_err();
        assert_eq!((error.asset_id(), error.file_name()), (Some("asset_1"), Some("1.png")));
        assert_eq!(error.to_string(), "1.png: the service refused the file: invalid_parameter: no image");
    }
}
