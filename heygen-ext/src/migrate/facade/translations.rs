//! Translations and proofreads.

use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::types::{
    CreateProofread, GenerateProofread, Proofread, ProofreadStarted, ProofreadSubtitles, ReplaceSubtitles,
    TargetLanguages, TranslateVideo, Translation, TranslationCaption, TranslationStarted,
};
use super::call_parts::{NO_BODY, encode};

impl Legacy {
    /// `GET /v2/video_translate/target_languages`: lists the languages.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn target_languages(&self) -> Result<Migrated<TargetLanguages>, MigrateError> {
        self.call(Method::GET, "/v2/video_translate/target_languages", NO_BODY).await
    }

    /// `POST /v2/video_translate`: starts a translation.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn translate_video(
        &self,
        request: &TranslateVideo,
    ) -> Result<Migrated<TranslationStarted>, MigrateError> {
        self.call(Method::POST, "/v2/video_translate", Some(request)).await
    }

    /// `GET /v2/video_translate/{video_translate_id}`: reads a translation.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn translation(&self, video_translate_id: &str) -> Result<Migrated<Translation>, MigrateError> {
        self.call(Method::GET, &format!("/v2/video_translate/{}", encode(video_translate_id)), NO_BODY).await
    }

    /// `GET /v2/video_translate/caption`: reads the captions, `srt` or `vtt`.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn translation_caption(
        &self,
        video_translate_id: &str,
        caption_type: &str,
    ) -> Result<Migrated<TranslationCaption>, MigrateError> {
        self.call(
            Method::GET,
            &format!(
                "/v2/video_translate/caption?video_translate_id={}&caption_type={}",
                encode(video_translate_id),
                encode(caption_type)
            ),
            NO_BODY,
        )
        .await
    }

    /// `POST /v2/video_translate/proofread`: starts a proofread.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn create_proofread(
        &self,
        request: &CreateProofread,
    ) -> Result<Migrated<ProofreadStarted>, MigrateError> {
        self.call(Method::POST, "/v2/video_translate/proofread", Some(request)).await
    }

    /// `GET /v2/video_translate/proofread/{proofread_id}`: reads a proofread.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn proofread(&self, proofread_id: &str) -> Result<Migrated<Proofread>, MigrateError> {
        self.call(Method::GET, &format!("/v2/video_translate/proofread/{}", encode(proofread_id)), NO_BODY)
            .await
    }

    /// `GET /v2/video_translate/proofread/{proofread_id}/srt`: reads the links of the subtitles.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn proofread_subtitles(
        &self,
        proofread_id: &str,
    ) -> Result<Migrated<ProofreadSubtitles>, MigrateError> {
        self.call(
            Method::GET,
            &format!("/v2/video_translate/proofread/{}/srt", encode(proofread_id)),
            NO_BODY,
        )
        .await
    }

    /// `POST /v2/video_translate/proofread/{proofread_id}/srt`: replaces the subtitles.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn replace_subtitles(
        &self,
        proofread_id: &str,
        request: &ReplaceSubtitles,
    ) -> Result<Migrated<()>, MigrateError> {
        self.call(
            Method::POST,
            &format!("/v2/video_translate/proofread/{}/srt", encode(proofread_id)),
            Some(request),
        )
        .await
    }

    /// `POST /v2/video_translate/proofread/{proofread_id}/generate`: makes the video.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn generate_from_proofread(
        &self,
        proofread_id: &str,
        request: &GenerateProofread,
    ) -> Result<Migrated<TranslationStarted>, MigrateError> {
        self.call(
            Method::POST,
            &format!("/v2/video_translate/proofread/{}/generate", encode(proofread_id)),
            Some(request),
        )
        .await
    }
}
