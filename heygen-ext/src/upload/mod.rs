//! Uploads: a file becomes an asset, by form or straight to the storage, whole or not at all.

mod asset;
mod batch;
mod body;
mod checksum;
mod direct;
mod file_source;
mod media;
mod progress;
mod read_ahead;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use heygen_api::{BoxFuture, FilePart};

use crate::client_context::ClientContext;
use crate::error::Error;
use body::UploadBody;
use progress::{OnProgress, UploadProgress};

pub use asset::UploadedAsset;
pub use batch::UploadAll;
pub use file_source::FileSource;

/// Largest file that goes by form. The service says 32 MB; this holds whichever million it counts by, and what is larger
/// goes straight to the storage.
const FORM_LIMIT: u64 = 32_000_000;

/// A file on its way up; [`send`](Self::send) or `.await` sends it.
///
/// Up to 32,000,000 bytes go through the API as a form, larger files straight to the storage behind a signed link. The
/// SHA-256 of what is sent there is made on the way, and the service compares it with what has arrived. Bytes are sent as
/// they are read, 256 KiB at a time.
///
/// | what goes wrong | what happens |
/// |---|---|
/// | the network, or a 5xx | up to 3 attempts ([`CallOptions::max_attempts`](crate::CallOptions::max_attempts)), each with the whole file, and with one idempotency key |
/// | nothing moves for 60 seconds | the attempt ends |
/// | the file is empty, a folder, not there, of a type that the service does not take | an error before anything is sent |
/// | the file changes | an error; nothing is uploaded |
/// | the file is larger than the storage takes | an error before the file is sent |
///
/// ```no_run
/// use heygen_ext::{FileSource, HeyGen};
///
/// # async fn example() -> Result<(), heygen_ext::Error> {
/// let heygen = HeyGen::from_env()?;
/// let asset = heygen
///     .upload(FileSource::path("launch.mp4"))
///     .on_progress(|sent, all| println!("{sent} of {all} bytes"))
///     .await?;
/// println!("{}", asset.asset_id);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is uploaded until it is sent"]
pub struct Upload {
    context: ClientContext,
    file: FileSource,
    direct: bool,
    on_progress: Option<OnProgress>,
}

impl Upload {
    pub(crate) fn new(context: ClientContext, file: FileSource) -> Self {
        Self { context, file, direct: false, on_progress: None }
    }

    /// Sends the file straight to the storage, whatever its size.
    pub fn direct(mut self) -> Self {
        self.direct = true;
        self
    }

    /// Tells after each chunk how many bytes have left, of how many. When the file is sent again, the count starts again.
    pub fn on_progress(mut self, tell: impl FnMut(u64, u64) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(tell));
        self
    }

    /// Uploads the file.
    ///
    /// An asset from a direct upload can be used at once; the service goes on looking at it for some seconds.
    ///
    /// # Errors
    ///
    /// See the table above. Each error names the file. Once there is an asset that was not finished, the error has its
    /// [`asset_id`](Error::asset_id); a new upload makes another.
    pub async fn send(self) -> Result<UploadedAsset, Error> {
        let label = self.file.label();
        self.run().await.map_err(|error| error.about_file(&label))
    }

    async fn run(self) -> Result<UploadedAsset, Error> {
        let prepared = UploadBody::of(self.file).await?;
        let watch = UploadProgress::new(self.on_progress);
        if self.direct || prepared.size > FORM_LIMIT {
            let prepared = Arc::new(prepared.replayable().await?);
            return direct::upload(&self.context, &prepared, &watch).await;
        }
        form(&self.context, Arc::new(prepared), &watch).await
    }
}

async fn form(
    context: &ClientContext,
    prepared: Arc<UploadBody>,
    watch: &UploadProgress,
) -> Result<UploadedAsset, Error> {
    let (name, media, size) = (prepared.name.clone(), prepared.media.clone(), prepared.size);
    let part = if prepared.is_replayable() {
        let watch = watch.clone();
        FilePart::reopened(name, media, size, move || prepared.open(&watch, None))
    } else {
        FilePart::stream(name, media, size, prepared.open(watch, None))
    };
    let call = context.api.upload_asset().file(part).send();
    match watch.guard(async { call.await.map_err(Error::from) }).await {
        Ok(answer) => Ok(answer.into_inner().into()),
        // The seam did not see the end of this call, so that only the bodies tell what may have become of it.
        Err(error) if error.api_error().is_none() => Err(error.with_maybe_executed(watch.sent_whole())),
        Err(error) => Err(error),
    }
}

impl IntoFuture for Upload {
    type Output = Result<UploadedAsset, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("file", &self.file)
            .field("direct", &self.direct)
            .finish_non_exhaustive()
    }
}
