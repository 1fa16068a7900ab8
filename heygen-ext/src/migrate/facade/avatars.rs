//! Avatars.

use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::types::{
    AvatarDetails, Avatars, CreateVideoAvatar, FirstAvatars, GroupLooks, VideoAvatar, VideoAvatarCreated,
};
use super::call_parts::{NO_BODY, encode};

impl Legacy {
    /// `GET /v2/avatars`: lists all avatars, of the account and of the provider. It may take minutes: there are
    /// thousands.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn avatars(&self) -> Result<Migrated<Avatars>, MigrateError> {
        self.call(Method::GET, "/v2/avatars", NO_BODY).await
    }

    /// `GET /v1/avatar.list`: lists all avatars in the form of v1.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn first_avatars(&self) -> Result<Migrated<FirstAvatars>, MigrateError> {
        self.call(Method::GET, "/v1/avatar.list", NO_BODY).await
    }

    /// `GET /v2/avatar_group/{group_id}/avatars`: lists the looks of a group.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn group_looks(&self, group_id: &str) -> Result<Migrated<GroupLooks>, MigrateError> {
        self.call(Method::GET, &format!("/v2/avatar_group/{}/avatars", encode(group_id)), NO_BODY).await
    }

    /// `GET /v2/avatar/{avatar_id}/details`: reads an avatar.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn avatar_details(&self, avatar_id: &str) -> Result<Migrated<AvatarDetails>, MigrateError> {
        self.call(Method::GET, &format!("/v2/avatar/{}/details", encode(avatar_id)), NO_BODY).await
    }

    /// `POST /v2/video_avatar`: creates a digital twin.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn create_video_avatar(
        &self,
        request: &CreateVideoAvatar,
    ) -> Result<Migrated<VideoAvatarCreated>, MigrateError> {
        self.call(Method::POST, "/v2/video_avatar", Some(request)).await
    }

    /// `GET /v2/video_avatar/{avatar_id}`: reads a digital twin.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn video_avatar(&self, avatar_id: &str) -> Result<Migrated<VideoAvatar>, MigrateError> {
        self.call(Method::GET, &format!("/v2/video_avatar/{}", encode(avatar_id)), NO_BODY).await
    }

    /// `DELETE /v2/video_avatar/{avatar_id}`: deletes a digital twin.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_video_avatar(&self, avatar_id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::DELETE, &format!("/v2/video_avatar/{}", encode(avatar_id)), NO_BODY).await
    }
}
