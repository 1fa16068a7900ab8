//! Talking photos and photo avatars.

use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::types::{
    AddLooks, CreatePhotoGroup, GenerateLook, GeneratePhoto, Generation, GenerationStarted, LooksAdded,
    PhotoAvatar, TalkingPhotoItem, TrainGroup, TrainStatus,
};
use super::call_parts::{NO_BODY, encode};

impl Legacy {
    /// `GET /v1/talking_photo.list`: lists the photos of the account.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn talking_photos(&self) -> Result<Migrated<Vec<TalkingPhotoItem>>, MigrateError> {
        self.call(Method::GET, "/v1/talking_photo.list", NO_BODY).await
    }

    /// `DELETE /v2/talking_photo/{talking_photo_id}`: deletes a photo.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_talking_photo(&self, talking_photo_id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::DELETE, &format!("/v2/talking_photo/{}", encode(talking_photo_id)), NO_BODY).await
    }

    /// `POST /v2/photo_avatar/photo/generate`: generates a photo.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_photo(
        &self,
        request: &GeneratePhoto,
    ) -> Result<Migrated<GenerationStarted>, MigrateError> {
        self.call(Method::POST, "/v2/photo_avatar/photo/generate", Some(request)).await
    }

    /// `GET /v2/photo_avatar/generation/{generation_id}`: reads a generation.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generation(&self, generation_id: &str) -> Result<Migrated<Generation>, MigrateError> {
        self.call(Method::GET, &format!("/v2/photo_avatar/generation/{}", encode(generation_id)), NO_BODY)
            .await
    }

    /// `POST /v2/photo_avatar/look/generate`: generates a look of a group.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_look(
        &self,
        request: &GenerateLook,
    ) -> Result<Migrated<GenerationStarted>, MigrateError> {
        self.call(Method::POST, "/v2/photo_avatar/look/generate", Some(request)).await
    }

    /// `POST /v2/photo_avatar/avatar_group/create`: creates a group from a picture.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn create_photo_group(
        &self,
        request: &CreatePhotoGroup,
    ) -> Result<Migrated<PhotoAvatar>, MigrateError> {
        self.call(Method::POST, "/v2/photo_avatar/avatar_group/create", Some(request)).await
    }

    /// `POST /v2/photo_avatar/avatar_group/add`: adds pictures to a group.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn add_looks(&self, request: &AddLooks) -> Result<Migrated<LooksAdded>, MigrateError> {
        self.call(Method::POST, "/v2/photo_avatar/avatar_group/add", Some(request)).await
    }

    /// `POST /v2/photo_avatar/train`: checks that the group exists.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn train_group(&self, request: &TrainGroup) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::POST, "/v2/photo_avatar/train", Some(request)).await
    }

    /// `GET /v2/photo_avatar/train/status/{group_id}`: reads the training of a group.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn train_status(&self, group_id: &str) -> Result<Migrated<TrainStatus>, MigrateError> {
        self.call(Method::GET, &format!("/v2/photo_avatar/train/status/{}", encode(group_id)), NO_BODY).await
    }

    /// `GET /v2/photo_avatar/{id}`: reads a look.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn photo_avatar(&self, id: &str) -> Result<Migrated<PhotoAvatar>, MigrateError> {
        self.call(Method::GET, &format!("/v2/photo_avatar/{}", encode(id)), NO_BODY).await
    }

    /// `DELETE /v2/photo_avatar/{id}`: deletes a look.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_photo_avatar(&self, id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::DELETE, &format!("/v2/photo_avatar/{}", encode(id)), NO_BODY).await
    }

    /// `DELETE /v2/photo_avatar_group/{group_id}`: deletes a group.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_photo_group(&self, group_id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::DELETE, &format!("/v2/photo_avatar_group/{}", encode(group_id)), NO_BODY).await
    }
}
