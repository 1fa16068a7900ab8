//! Uploads files as assets, as a form or directly to the storage.

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

/// The maximum size of a file that is uploaded as a form. The documented limit is 32 MB; this value satisfies both decimal
/// and binary megabytes.
const FORM_LIMIT: u64 = 32_000_000;

/// An upload of one file. [`send`](Self::send) or `.await` starts it.
///
/// A file of up to 32,000,000 bytes is sent to the API as a form. A larger file is sent directly to the storage, with a signed
/// link; its SHA-256 is computed during the transfer, and the service compares it with the stored file. The file is read and
/// sent in chunks of 256 KiB.
///
/// | problem | result |
/// |---|---|
/// | the network fails, or a 5xx | up to 3 attempts ([`CallOptions::max_attempts`](crate::CallOptions::max_attempts)), each with the whole file, and with one idempotency key |
/// | no progress for 60 seconds | the attempt ends |
/// | the file is empty, a folder, missing, or of a type that the service does not accept | an error before anything is sent |
/// | the file changes during the upload | an error; nothing is uploaded |
/// | the file is larger than the storage accepts | an error before the file is sent |
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

    /// Sends the file directly to the storage, also if it is small.
    pub fn direct(mut self) -> Self {
        self.direct = true;
        self
    }

    /// Calls `callback` after each chunk with the number of bytes sent, and the size of the file. Each attempt counts from the
    /// beginning.
    pub fn on_progress(mut self, callback: impl FnMut(u64, u64) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(callback));
        self
    }

    /// Uploads the file.
    ///
    /// An asset from a direct upload can be used immediately. The service continues to check it for some seconds.
    ///
    /// # Errors
    ///
    /// See the table above. Each error names the file. If the upload failed after the asset was created, the error has its
    /// [`asset_id`](Error::asset_id). A new upload creates another asset.
    pub async fn send(self) -> Result<UploadedAsset, Error> {
        let label = self.file.label();
        self.run().await.map_err(|error| error.about_file(&label))
    }

    async fn run(self) -> Result<UploadedAsset, Error> {
        let body = UploadBody::new(self.file).await?;
        let progress = UploadProgress::new(self.on_progress);
        if self.direct || body.size > FORM_LIMIT {
            let body = Arc::new(body.into_replayable().await?);
            return direct::upload(&self.context, &body, &progress).await;
        }
        upload_form(&self.context, Arc::new(body), &progress).await
    }
}

async fn upload_form(
    context: &ClientContext,
    body: Arc<UploadBody>,
    progress: &UploadProgress,
) -> Result<UploadedAsset, Error> {
    let (name, media, size) = (body.name.clone(), body.media.clone(), body.size);
    let part = if body.is_replayable() {
        let progress = progress.clone();
        FilePart::reopened(name, media, size, move || body.open(&progress, None))
    } else {
        FilePart::stream(name, media, size, body.open(progress, None))
    };
    let call = context.api.upload_asset().file(part).send();
    match progress.guard(async { call.await.map_err(Error::from) }).await {
        Ok(answer) => Ok(answer.into_inner().into()),
        // The call was dropped before it returned, so only the progress shows whether the service may have executed it.
        Err(error) if error.api_error().is_none() => Err(error.with_maybe_executed(progress.sent_all())),
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
