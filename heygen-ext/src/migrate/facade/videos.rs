//! Videos and templates.

use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::types::{
    CreateVideo, GenerateAvatarIvVideo, GenerateFirst, GenerateFromTemplate, GenerateVideo, GenerateWebm,
    Template, Templates, VideoCaption, VideoCreated, VideoDeleted, VideoStatus,
};
use super::call_parts::{NO_BODY, encode};

impl Legacy {
    /// `POST /v2/video/generate`: creates a video of up to 50 scenes.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_video(
        &self,
        request: &GenerateVideo,
    ) -> Result<Migrated<VideoCreated>, MigrateError> {
        self.call(Method::POST, "/v2/video/generate", Some(request)).await
    }

    /// `POST /v2/video/av4/generate`: creates a video from a photo.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_avatar_iv_video(
        &self,
        request: &GenerateAvatarIvVideo,
    ) -> Result<Migrated<VideoCreated>, MigrateError> {
        self.call(Method::POST, "/v2/video/av4/generate", Some(request)).await
    }

    /// `POST /v1/video.webm`: creates a video with a transparent background.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_webm(
        &self,
        request: &GenerateWebm,
    ) -> Result<Migrated<VideoCreated>, MigrateError> {
        self.call(Method::POST, "/v1/video.webm", Some(request)).await
    }

    /// `POST /v1/video.generate`: creates a video by the oldest request.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_first(
        &self,
        request: &GenerateFirst,
    ) -> Result<Migrated<VideoCreated>, MigrateError> {
        self.call(Method::POST, "/v1/video.generate", Some(request)).await
    }

    /// `GET /v1/video_status.get`: reads a video.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn video_status(&self, video_id: &str) -> Result<Migrated<VideoStatus>, MigrateError> {
        self.call(Method::GET, &format!("/v1/video_status.get?video_id={}", encode(video_id)), NO_BODY).await
    }

    /// `GET /v1/video/caption.get`: reads the captioned version of a video.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn video_caption(&self, video_id: &str) -> Result<Migrated<VideoCaption>, MigrateError> {
        self.call(Method::GET, &format!("/v1/video/caption.get?video_id={}", encode(video_id)), NO_BODY).await
    }

    /// `POST /v2/videos`: creates a video by the newest request of v2.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn create_video(&self, request: &CreateVideo) -> Result<Migrated<VideoCreated>, MigrateError> {
        self.call(Method::POST, "/v2/videos", Some(request)).await
    }

    /// `DELETE /v2/videos/{video_id}`: deletes a video, as the newest endpoint of v2.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_later_video(&self, video_id: &str) -> Result<Migrated<VideoDeleted>, MigrateError> {
        self.call(Method::DELETE, &format!("/v2/videos/{}", encode(video_id)), NO_BODY).await
    }

    /// `DELETE /v1/video.delete`: deletes a video.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn delete_video(&self, video_id: &str) -> Result<Migrated<()>, MigrateError> {
        self.call(Method::DELETE, &format!("/v1/video.delete?video_id={}", encode(video_id)), NO_BODY).await
    }

    /// `GET /v2/templates`: lists all templates.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn templates(&self) -> Result<Migrated<Templates>, MigrateError> {
        self.call(Method::GET, "/v2/templates", NO_BODY).await
    }

    /// `GET /v2/template/{template_id}`: reads the variables of a template.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn template(&self, template_id: &str) -> Result<Migrated<Template>, MigrateError> {
        self.call(Method::GET, &format!("/v2/template/{}", encode(template_id)), NO_BODY).await
    }

    /// `GET /v3/template/{template_id}`: reads the variables and scenes of a template.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn template_details(&self, template_id: &str) -> Result<Migrated<Template>, MigrateError> {
        self.call(Method::GET, &format!("/v3/template/{}", encode(template_id)), NO_BODY).await
    }

    /// `POST /v2/template/{template_id}/generate`: creates a video from a template.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_from_template(
        &self,
        template_id: &str,
        request: &GenerateFromTemplate,
    ) -> Result<Migrated<VideoCreated>, MigrateError> {
        self.call(Method::POST, &format!("/v2/template/{}/generate", encode(template_id)), Some(request))
            .await
    }
}
