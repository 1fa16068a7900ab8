//! Uploads: requests whose body is a file.

use bytes::Bytes;
use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::request::LegacyRequest;
use super::super::types::{Asset, TalkingPhotoUploaded};

impl Legacy {
    /// `POST /v1/asset` of the host `upload.heygen.com`: uploads a file. The media type is that of the file, such as
    /// `image/png`.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn upload_asset(
        &self,
        media_type: &str,
        file: impl Into<Bytes>,
    ) -> Result<Migrated<Asset>, MigrateError> {
        let request = LegacyRequest::new(&Method::POST, "/v1/asset")?.body(Some(media_type), file)?;
        self.read(&request).await
    }

    /// `POST /v1/talking_photo` of the host `upload.heygen.com`: makes a look of a picture, which is charged, and waits until
    /// it can be used. For one video, [`GenerateAvatarIvVideo`](super::super::types::GenerateAvatarIvVideo) takes the picture
    /// itself.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn upload_talking_photo(
        &self,
        media_type: &str,
        picture: impl Into<Bytes>,
    ) -> Result<Migrated<TalkingPhotoUploaded>, MigrateError> {
        let request =
            LegacyRequest::new(&Method::POST, "/v1/talking_photo")?.body(Some(media_type), picture)?;
        self.read(&request).await
    }
}
