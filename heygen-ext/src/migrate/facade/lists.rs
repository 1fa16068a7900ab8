//! Lists with parameters.

use heygen_api::types::{AudioVoiceItem, VideoDetail};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::legacy::{Legacy, Migrated};
use super::super::migrate_error::MigrateError;
use super::super::request::LegacyRequest;
use super::super::types::{AssetList, AvatarGroups, BrandVoices, VideoList};
use super::call_parts::{NO_BODY, encode};

/// The parameters of a page. The default is the first page, of the largest size.
///
/// ```
/// use heygen_ext::migrate::PageOf;
///
/// let page = PageOf { limit: Some(20), ..PageOf::default() };
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageOf<'a> {
    /// The number of items.
    pub limit: Option<u32>,
    /// The token of the page. Tokens of the old service are not valid.
    pub token: Option<&'a str>,
    /// Only the items of this folder.
    pub folder_id: Option<&'a str>,
}

/// A page of a list of the newest endpoints of v2, whose items are those of v3.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// The token of the next page.
    pub next_token: Option<String>,
    /// Whether there are more pages.
    pub has_more: bool,
}

impl PageOf<'_> {
    fn target(&self, path: &str, more: &[(&str, Option<&str>)]) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let own = [("limit", limit.as_deref()), ("token", self.token), ("folder_id", self.folder_id)];
        let given =
            own.iter().chain(more).filter_map(|(name, value)| Some(format!("{name}={}", encode((*value)?))));
        format!("{path}?{}", given.collect::<Vec<_>>().join("&"))
    }
}

impl Legacy {
    /// `GET /v1/video.list`: lists videos, whose title contains a text if one is given.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn videos(
        &self,
        page: PageOf<'_>,
        title: Option<&str>,
    ) -> Result<Migrated<VideoList>, MigrateError> {
        let target = page.target("/v1/video.list", &[("title", title)]);
        self.call(Method::GET, &target, NO_BODY).await
    }

    /// `GET /v2/videos`: lists videos, as the newest endpoint of v2. The videos are those of v3.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn later_videos(
        &self,
        page: PageOf<'_>,
    ) -> Result<Migrated<ListPage<VideoDetail>>, MigrateError> {
        self.page(&page.target("/v2/videos", &[])).await
    }

    /// `GET /v2/videos/{video_id}`: reads a video, as the newest endpoint of v2.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn later_video(&self, video_id: &str) -> Result<Migrated<VideoDetail>, MigrateError> {
        self.call(Method::GET, &format!("/v2/videos/{}", encode(video_id)), NO_BODY).await
    }

    /// `GET /v1/audio/voices`: lists the voices that can speak a text; the private ones of the account, or the public ones.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn speech_voices(
        &self,
        page: PageOf<'_>,
        private: bool,
    ) -> Result<Migrated<ListPage<AudioVoiceItem>>, MigrateError> {
        let kind = if private { "private" } else { "public" };
        self.page(&page.target("/v1/audio/voices", &[("type", Some(kind))])).await
    }

    /// Reads a page of a list that has the envelope of v3.
    async fn page<T: DeserializeOwned>(&self, target: &str) -> Result<Migrated<ListPage<T>>, MigrateError> {
        let request = LegacyRequest::new(&Method::GET, target)?;
        let Migrated { value, losses, costs } = self.run(&request).await?;
        let items = value.get("data").cloned().unwrap_or_default();
        let items =
            serde_json::from_value(items).map_err(|problem| MigrateError::unreadable(&request, &problem))?;
        let next_token = value.get("next_token").and_then(Value::as_str).map(str::to_owned);
        let has_more = value.get("has_more").and_then(Value::as_bool).unwrap_or(false);
        Ok(Migrated { value: ListPage { items, next_token, has_more }, losses, costs })
    }

    /// `GET /v1/asset/list`: lists the assets of the user of the key, of a type such as `image` if one is given.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn assets(
        &self,
        page: PageOf<'_>,
        file_type: Option<&str>,
    ) -> Result<Migrated<AssetList>, MigrateError> {
        let target = page.target("/v1/asset/list", &[("file_type", file_type)]);
        self.call(Method::GET, &target, NO_BODY).await
    }

    /// `GET /v1/brand_voice/list`: lists brand voices. With names only, it takes one call of v3 instead of one for each.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn brand_voices(
        &self,
        page: PageOf<'_>,
        name_only: bool,
    ) -> Result<Migrated<BrandVoices>, MigrateError> {
        let names = if name_only { "true" } else { "false" };
        let target = page.target("/v1/brand_voice/list", &[("name_only", Some(names))]);
        self.call(Method::GET, &target, NO_BODY).await
    }

    /// `GET /v2/avatar_group.list`: lists all groups of the account, and those of the provider if they are asked for.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn avatar_groups(&self, include_public: bool) -> Result<Migrated<AvatarGroups>, MigrateError> {
        let target = format!("/v2/avatar_group.list?include_public={include_public}");
        self.call(Method::GET, &target, NO_BODY).await
    }
}
