//! Uploads many files, in batches of up to 100.

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

/// The maximum number of files in a batch.
const MAX_FILES: usize = 100;

const CONCURRENCY: usize = 4;
const DEADLINE: Duration = Duration::from_secs(600);

/// The first pause between reads of a batch. Pauses grow by half each time, up to the maximum.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// How often a batch is completed again because the service does not see some of its files yet.
const MAX_COMPLETIONS: u32 = 5;

/// A callback that receives the index of the file, the number of bytes sent, and the size of the file.
type OnBatchProgress = Arc<Mutex<dyn FnMut(usize, u64, u64) + Send>>;

type Outcome = Result<UploadedAsset, Error>;

/// An upload of many files. [`send`](Self::send) or `.await` starts it.
///
/// All files are sent directly to the storage, in batches of up to 100, four files at a time. The storage checks their
/// SHA-256. Then the upload waits until the service has accepted or refused each file. The failure of one file does not affect
/// the others. Readers are copied to temporary files, one batch at a time.
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
    on_progress: Option<OnBatchProgress>,
}

impl UploadAll {
    pub(crate) fn new(context: ClientContext, files: Vec<FileSource>) -> Self {
        Self { context, files, concurrency: CONCURRENCY, deadline: DEADLINE, on_progress: None }
    }

    /// Sets how many files are read and sent at a time; the default is 4.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = files.max(1);
        self
    }

    /// Sets how long to wait until the service has accepted the files of a batch, from the last byte of the batch; the default
    /// is 10 minutes. A file that is not accepted by then has the outcome
    /// [`ErrorKind::Deadline`](crate::ErrorKind::Deadline), with the id of its asset.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = time;
        self
    }

    /// Calls `callback` after each chunk with the index of its file (from 0, in the given order), the number of bytes sent, and
    /// the size of the file.
    pub fn on_progress(mut self, callback: impl FnMut(usize, u64, u64) + Send + 'static) -> Self {
        self.on_progress = Some(Arc::new(Mutex::new(callback)));
        self
    }

    /// Uploads the files. Returns an outcome for each file, in the given order.
    ///
    /// # Errors
    ///
    /// Each outcome has the errors of [`Upload::send`](crate::Upload::send), or the reason why the service refused the file. If
    /// an operation fails for a whole batch, its error is the outcome of each file of the batch.
    pub async fn send(self) -> Vec<Outcome> {
        let Self { context, files, concurrency, deadline, on_progress } = self;
        let run = Run { context, concurrency, deadline, on_progress };
        let mut files = files.into_iter().enumerate();
        let mut outcomes = BTreeMap::new();
        for number in 0.. {
            let batch: Vec<(usize, FileSource)> = files.by_ref().take(MAX_FILES).collect();
            if batch.is_empty() {
                break;
            }
            run.upload_batch(number, batch, &mut outcomes).await;
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
    on_progress: Option<OnBatchProgress>,
}

/// A checked file of a batch.
struct Entry {
    /// Its index among all files.
    index: usize,
    label: String,
    body: Arc<UploadBody>,
    checksum: String,
}

/// A file in the storage.
struct Sent {
    index: usize,
    label: String,
    /// Its index in the batch.
    item: usize,
    asset: UploadedAsset,
}

impl Sent {
    fn failed(&self, error: Error) -> Outcome {
        Err(error.of_asset(&self.asset.asset_id).about_file(&self.label))
    }
}

impl Run {
    /// Uploads up to 100 files, and records an outcome for each.
    async fn upload_batch(
        &self,
        number: usize,
        files: Vec<(usize, FileSource)>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let checking = stream::iter(files).map(|(index, file)| async move {
            let label = file.label();
            let entry = Self::check(index, &label, file).await;
            entry.map_err(|error| (index, error.about_file(&label)))
        });
        let checked: Vec<_> = checking.buffered(self.concurrency).collect().await;
        let mut entries = Vec::new();
        for entry in checked {
            match entry {
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

    async fn check(index: usize, label: &str, file: FileSource) -> Result<Entry, Error> {
        let body = Arc::new(UploadBody::new(file).await?.into_replayable().await?);
        let checksum = body.digest().await?;
        Ok(Entry { index, label: label.to_owned(), body, checksum })
    }

    /// Opens a slot for each file. If the service refuses some files, records their errors, and repeats the request for the
    /// others.
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
                    .filename(entry.body.name.as_str())
                    .content_type(entry.body.media.as_str())
                    .size_bytes(entry.body.size)
                    .checksum_sha256(entry.checksum.as_str())
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
                        "the service opened {} slots for {} files; upload them again",
                        batch.items.len(),
                        entries.len()
                    ))
                }
                Err(error) => Error::from(error),
            };
            let mut refused: Vec<usize> = refused_indexes(error.param(), error.message());
            refused.retain(|index| *index < entries.len());
            // An error that names no file is about the whole batch.
            if refused.is_empty() {
                refused = (0..entries.len()).collect();
            }
            for refused in refused.into_iter().rev() {
                let Entry { index, label, .. } = entries.remove(refused);
                outcomes.insert(index, Err(error.clone().about_file(&label)));
            }
        }
        None
    }

    /// The idempotency key of the program, with a suffix for every call but the first, because a key identifies one call.
    fn key(&self, number: usize, round: u32) -> Option<String> {
        let key = self.context.idempotency_key.as_deref()?;
        Some(if (number, round) == (0, 0) { key.to_owned() } else { format!("{key}.{number}.{round}") })
    }

    async fn put(&self, item: usize, entry: Entry, slot: Slot) -> Result<Sent, (usize, Error)> {
        let Entry { index, label, body, .. } = entry;
        let on_progress = self.on_progress.clone().map(|callback| -> OnProgress {
            Box::new(move |sent, all| {
                (callback.lock().unwrap_or_else(PoisonError::into_inner))(index, sent, all)
            })
        });
        match direct::put(&self.context, &slot, &body, &UploadProgress::new(on_progress), None).await {
            Ok(()) => {
                let asset = UploadedAsset::new(slot.asset_id, None, body.media.clone(), body.size);
                Ok(Sent { index, label, item, asset })
            }
            Err(error) => Err((index, error.of_asset(&slot.asset_id).about_file(&label))),
        }
    }

    async fn complete(&self, number: usize, round: u32, batch_id: &str) -> Result<(), Error> {
        let body = CompleteAssetBatchRequest::builder().batch_id(batch_id);
        let mut call = self.context.api.complete_asset_batch().body(body);
        if let Some(key) = self.key(number, round) {
            call = call.idempotency_key(key);
        }
        call.send().await?;
        Ok(())
    }

    /// Completes a batch, and waits for the outcome of its files.
    async fn finish(
        &self,
        number: usize,
        batch_id: &str,
        mut waiting: Vec<Sent>,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let runtime = &self.context.runtime;
        let began = runtime.now();
        let (mut completions, mut pause) = (0, FIRST_PAUSE);
        let end = loop {
            if let Err(error) = self.complete(number, completions, batch_id).await
                && (completions == 0 || !error.is_retryable())
            {
                break error;
            }
            completions += 1;
            let end = loop {
                runtime.sleep(pause).await;
                pause = pause.mul_f64(1.5).min(MAX_PAUSE);
                let unseen = match self.read_batch(batch_id).await {
                    Ok(items) => record_outcomes(&items, &mut waiting, outcomes),
                    Err(error) if error.is_retryable() => false,
                    Err(error) => break Some(error),
                };
                if waiting.is_empty() {
                    return;
                }
                if runtime.now().saturating_duration_since(began) >= self.deadline {
                    break Some(Error::not_accepted(self.deadline));
                }
                // The service may have handled the completion before it saw the files.
                if unseen && completions <= MAX_COMPLETIONS {
                    break None;
                }
            };
            if let Some(error) = end {
                break error;
            }
        };
        outcomes.extend(waiting.iter().map(|sent| (sent.index, sent.failed(end.clone()))));
    }

    async fn read_batch(&self, batch_id: &str) -> Result<Vec<VideoBatchItem>, Error> {
        let (mut items, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut call = self.context.api.get_asset_batch().batch_id(batch_id).limit(MAX_FILES as u32);
            if let Some(token) = &token {
                call = call.token(token.as_str());
            }
            let page = call.await?.into_inner();
            items.extend(page.items);
            // A batch has at most 100 items, so this ends even if the server returns more pages.
            match page.next_token.filter(|next| page.has_more && token.as_ref() != Some(next)) {
                Some(next) if items.len() < MAX_FILES => token = Some(next),
                _ => return Ok(items),
            }
        }
    }
}

/// Records the outcomes of files that are completed or failed. Returns whether the service does not see a file yet.
fn record_outcomes(
    items: &[VideoBatchItem],
    waiting: &mut Vec<Sent>,
    outcomes: &mut BTreeMap<usize, Outcome>,
) -> bool {
    let mut unseen = false;
    waiting.retain(|sent| {
        let is_item = |item: &&VideoBatchItem| match &item.video_id {
            Some(id) => *id == sent.asset.asset_id,
            None => usize::try_from(item.item_index) == Ok(sent.item),
        };
        let Some(item) = items.iter().find(is_item) else { return true };
        match &item.status {
            BatchItemStatus::Completed => {
                outcomes.insert(sent.index, Ok(sent.asset.clone()));
                false
            }
            BatchItemStatus::Failed => {
                let text = |name: &str| item.error.as_ref()?.get(name)?.as_str();
                let message = text("message").unwrap_or("no reason given");
                let error = Error::file_rejected(text("code"), message);
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

/// Returns the indexes of the refused files, sorted and without duplicates. For an invalid field, `param` contains the
/// index, as `files.3.size_bytes` or `files[3].size_bytes`. For a refused file, `param` is `files`, and the message contains
/// the indexes, as the document says.
fn refused_indexes(param: Option<&str>, message: Option<&str>) -> Vec<usize> {
    let param = param.map(|param| param.strip_prefix("body.").unwrap_or(param));
    let Some(rest) = param.and_then(|param| param.strip_prefix("files")) else { return Vec::new() };
    let (text, in_list): (_, fn(char) -> bool) = match rest {
        "" => (message.unwrap_or_default(), |one| one.is_ascii_digit() || ", ".contains(one)),
        rest => (rest, |one| one.is_ascii_digit()),
    };
    // Uses only the first list of numbers, because a later number may be a size.
    let list = text.trim_start_matches(|one: char| !one.is_ascii_digit());
    let list = list.split(|one| !in_list(one)).next().unwrap_or_default();
    let numbers = list.split(|one: char| !one.is_ascii_digit()).filter_map(|number| number.parse().ok());
    let mut indexes: Vec<usize> = numbers.collect();
    indexes.sort_unstable();
    indexes.dedup();
    indexes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_files() {
        let indexes = |param: &str, message: &str| refused_indexes(Some(param), Some(message));
        assert_eq!(indexes("files.3.size_bytes", "5 is too much"), [3]);
        assert_eq!(indexes("files[12].content_type", ""), [12]);
        assert_eq!(indexes("body.files.0", ""), [0]);
        assert_eq!(indexes("files", "Invalid files at indexes [7, 1, 7]: at most 5 MB"), [1, 7]);
        for (param, message) in [("files", "Too many"), ("title", "1"), ("files.x", "1")] {
            assert_eq!(indexes(param, message), [0; 0]);
        }
        assert_eq!(refused_indexes(None, Some("1")), [0; 0]);
    }

    #[test]
    fn outcomes_are_recorded_and_the_other_files_wait() {
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
        assert!(record_outcomes(&items, &mut waiting, &mut outcomes));
        assert_eq!(waiting.iter().map(|sent| sent.index).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(outcomes[&0].is_ok());
        let error = outcomes[&1].as_ref().unwrap_err();
        assert_eq!((error.asset_id(), error.file_name()), (Some("asset_1"), Some("1.png")));
        assert_eq!(error.to_string(), "1.png: the service refused the file: invalid_parameter: no image");
    }
}
