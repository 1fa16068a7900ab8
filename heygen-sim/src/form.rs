//! Reads `multipart/form-data`. One operation accepts it, to upload a file.

use std::io;

use futures_util::{StreamExt, stream};
use http::{HeaderMap, header};
use hyper::body::Incoming;
use multer::{Constraints, Multipart, SizeLimit};

use crate::api_error::ApiError;
use crate::blob::{Blob, Spool};
use crate::body::{BODY_LIMIT, next_chunk, too_large};

/// Maximum size of the file, in bytes.
pub(crate) const FILE_LIMIT: usize = 32 * 1024 * 1024;

/// The file of a form.
pub(crate) struct UploadedFile {
    /// File name of the field; empty if it has none.
    pub(crate) name: String,
    pub(crate) content: Blob,
}

/// Reads a form with one field, `file`.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming) -> Result<UploadedFile, ApiError> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(media).map_err(|_| {
        ApiError::invalid(
            "",
            format!("Content-Type must be multipart/form-data with a boundary, not `{media}`"),
        )
    })?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > BODY_LIMIT as u64) {
        return Err(too_large(FILE_LIMIT));
    }
    let limits = SizeLimit::new().whole_stream(BODY_LIMIT as u64).per_field(FILE_LIMIT as u64);
    let constraints = Constraints::new().size_limit(limits);
    let chunks = stream::try_unfold(body, |mut body| async move {
        // A client that stops sending is an error of the form.
        let chunk = next_chunk(&mut body).await.map_err(|refusal| io::Error::other(refusal.message))?;
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, body)))
    });
    let mut form = Multipart::with_constraints(chunks.boxed(), boundary, constraints);
    let mut found = None;
    while let Some(mut field) = form.next_field().await.map_err(refusal)? {
        if field.name() != Some("file") || found.is_some() {
            let name = field.name().unwrap_or("(no name)").to_owned();
            return Err(ApiError::invalid(
                name.clone(),
                format!("the form has one field, `file`; not `{name}`"),
            ));
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let mut spool = Spool::new();
        while let Some(chunk) = field.chunk().await.map_err(refusal)? {
            spool.write(chunk)?;
        }
        found = Some(UploadedFile { name, content: spool.finish()? });
    }
    let file = found.ok_or_else(|| ApiError::invalid("file", "file is required"))?;
    if file.content.len() == 0 {
        return Err(ApiError::invalid("file", "the file is empty"));
    }
    Ok(file)
}

/// The response to an unreadable form.
fn refusal(error: multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            too_large(FILE_LIMIT)
        }
        other => ApiError::invalid("", format!("the form cannot be read: {other}")),
    }
}
