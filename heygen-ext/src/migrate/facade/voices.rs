//! Voices and speech.

use http::Method;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::types::{BrandVoice, FirstVoices, Preview, Speech, TextToSpeech, UpdateBrandVoice, Voices};
use super::call_parts::{NO_BODY, encode};

impl Legacy {
    /// `GET /v2/voices`: lists all voices, of the account and of the provider.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn voices(&self) -> Result<Migrated<Voices>, MigrateError> {
        self.call(Method::GET, "/v2/voices", NO_BODY).await
    }

    /// `GET /v1/voice.list`: lists all voices in the form of v1.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn first_voices(&self) -> Result<Migrated<FirstVoices>, MigrateError> {
        self.call(Method::GET, "/v1/voice.list", NO_BODY).await
    }

    /// `POST /v2/voices/{voice_id}/preview`: speaks a text with a voice.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn preview_voice(
        &self,
        voice_id: &str,
        request: &Preview,
    ) -> Result<Migrated<Speech>, MigrateError> {
        self.call(Method::POST, &format!("/v2/voices/{}/preview", encode(voice_id)), Some(request)).await
    }

    /// `POST /v1/audio/text_to_speech`: speaks a text.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn text_to_speech(&self, request: &TextToSpeech) -> Result<Migrated<Speech>, MigrateError> {
        self.call(Method::POST, "/v1/audio/text_to_speech", Some(request)).await
    }

    /// `POST /v1/brand_voice/{brand_voice_id}`: changes a brand voice.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn update_brand_voice(
        &self,
        brand_voice_id: &str,
        request: &UpdateBrandVoice,
    ) -> Result<Migrated<BrandVoice>, MigrateError> {
        self.call(Method::POST, &format!("/v1/brand_voice/{}", encode(brand_voice_id)), Some(request)).await
    }
}
