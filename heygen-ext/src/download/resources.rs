//! Resources with files: how each is read again, and which file is its main file.

use heygen_api::types::{
    AiClippingDetail, Asset, CompleteAssetUploadResponse, CreateSpeechResponse, FillerWordRemovalDetail,
    FillerWordRemovalDetailJobStatus, HyperframesRenderDetail, HyperframesRenderStatus, JobStatus,
    LipsyncDetail, ModelVideoDetail, ModelVideoStatus, UploadAssetResponse, VideoDetail, VideoStatus,
    VideoTranslationDetail, VideoTranslationStatus,
};
#[cfg(feature = "preview")]
use heygen_api::types::{
    BackgroundRemovalJob, GenerateModelSpeechResponse, PodcastDetail, PodcastDetailStatus,
};
use heygen_api::{BoxFuture, Client, Response};

use super::link::{Link, Resource, ResourceStatus};
use super::srt::Srt;
use super::{LipsyncFile, RenderFile, VideoFile};
use crate::upload::UploadedAsset;

/// Implements [`Resource`] for a type whose status is an enum and whose failure message is a text.
macro_rules! resource {
    (
        $kind:literal, $type:ty, $id:ident, $get:ident($by:ident), $status:ident,
        failed: [$($failed:ident),+], links: |$this:ident| $has_links:expr
    ) => {
        impl Resource for $type {
            const KIND: &'static str = $kind;

            fn id(&self) -> &str {
                &self.$id
            }

            fn resource_status(&self) -> ResourceStatus {
                let $this = self;
                match &self.status {
                    $status::Completed => ResourceStatus::Finished { has_links: $has_links },
                    $($status::$failed)|+ => failed(self.status.as_str(), self.failure_message.as_deref()),
                    status => ResourceStatus::Running(status.to_string()),
                }
            }

            fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>> {
                Box::pin(async move { Ok(api.$get().$by(id).await?.into_inner()) })
            }
        }
    };
}

fn failed(status: &str, reason: Option<&str>) -> ResourceStatus {
    ResourceStatus::Failed(match reason {
        Some(reason) => format!("it is `{status}`: {reason}"),
        None => format!("it is `{status}`"),
    })
}

resource!(
    "video", VideoDetail, id, get_video(video_id), VideoStatus,
    failed: [Failed], links: |video| video.video_url.is_some()
);
resource!(
    "video translation", VideoTranslationDetail, id,
    get_video_translation(video_translation_id), VideoTranslationStatus,
    failed: [Failed], links: |translation| translation.video_url.is_some() || translation.audio_url.is_some()
);
resource!(
    "lipsync", LipsyncDetail, id, get_lipsync(lipsync_id), VideoTranslationStatus,
    failed: [Failed], links: |lipsync| lipsync.video_url.is_some()
);
resource!(
    "render", HyperframesRenderDetail, render_id, get_hyperframes_render(render_id), HyperframesRenderStatus,
    failed: [Failed], links: |render| render.video_url.is_some()
);
// The clips appear one after another, and the job has links once every clip has its file.
resource!(
    "AI clipping", AiClippingDetail, id, get_ai_clipping(job_id), JobStatus,
    failed: [Failed, Cancelled], links: |job| job.clips.iter().flatten().all(|clip| clip.video_url.is_some())
);
resource!(
    "filler-word removal", FillerWordRemovalDetail, id,
    get_filler_word_removal(filler_word_removal_id), FillerWordRemovalDetailJobStatus,
    failed: [Failed], links: |removal| removal.video_url.is_some()
);
resource!(
    "video", ModelVideoDetail, video_id, get_model_video(video_id), ModelVideoStatus,
    failed: [Failed, Cancelled], links: |video| video.video_url.is_some()
);
#[cfg(feature = "preview")]
resource!(
    "podcast", PodcastDetail, podcast_id, get_podcast(podcast_id), PodcastDetailStatus,
    failed: [Failed], links: |podcast| podcast.video_url.is_some()
);

#[cfg(feature = "preview")]
impl Resource for BackgroundRemovalJob {
    const KIND: &'static str = "background removal";

    fn id(&self) -> &str {
        &self.id
    }

    fn resource_status(&self) -> ResourceStatus {
        // The document lists the statuses only in a description.
        match self.status.as_str() {
            "completed" => {
                ResourceStatus::Finished { has_links: self.layers.iter().any(|layers| !layers.is_empty()) }
            }
            "failed" | "deleted" => failed(&self.status, self.error.as_deref()),
            status => ResourceStatus::Running(status.to_owned()),
        }
    }

    fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>> {
        Box::pin(async move { Ok(api.get_background_removal().job_id(id).await?.into_inner()) })
    }
}

impl Resource for Asset {
    const KIND: &'static str = "asset";

    fn id(&self) -> &str {
        &self.id
    }

    fn resource_status(&self) -> ResourceStatus {
        ResourceStatus::Finished { has_links: self.url.is_some() }
    }

    fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>> {
        Box::pin(async move { Ok(api.get_asset().asset_id(id).await?.into_inner()) })
    }
}

impl Resource for Srt {
    const KIND: &'static str = "proofread";

    fn id(&self) -> &str {
        &self.id
    }

    fn resource_status(&self) -> ResourceStatus {
        ResourceStatus::Finished { has_links: true }
    }

    fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>> {
        Box::pin(async move {
            let answer = api.download_proofread_srt().proofread_id(id.as_str()).send().await?;
            Ok(Self { id, files: answer.into_inner() })
        })
    }
}

/// Implements the conversion for replies that contain the resource.
macro_rules! replies {
    ($($(#[$gate:meta])* $type:ty,)*) => {
        $(
            $(#[$gate])*
            impl From<&Response<$type>> for Link {
                fn from(reply: &Response<$type>) -> Self {
                    Self::from(&**reply)
                }
            }
        )*
    };
}

replies! {
    VideoDetail,
    VideoTranslationDetail,
    LipsyncDetail,
    HyperframesRenderDetail,
    FillerWordRemovalDetail,
    ModelVideoDetail,
    #[cfg(feature = "preview")]
    PodcastDetail,
    CreateSpeechResponse,
    #[cfg(feature = "preview")]
    GenerateModelSpeechResponse,
    Asset,
    UploadAssetResponse,
    CompleteAssetUploadResponse,
}

impl From<&VideoDetail> for Link {
    fn from(video: &VideoDetail) -> Self {
        VideoFile::Video.of(video)
    }
}

/// The translated video, or the audio if only the audio was translated.
impl From<&VideoTranslationDetail> for Link {
    fn from(translation: &VideoTranslationDetail) -> Self {
        Self::from_resource(translation, "", |translation| {
            translation.video_url.as_deref().or(translation.audio_url.as_deref())
        })
    }
}

impl From<&LipsyncDetail> for Link {
    fn from(lipsync: &LipsyncDetail) -> Self {
        LipsyncFile::Video.of(lipsync)
    }
}

impl From<&HyperframesRenderDetail> for Link {
    fn from(render: &HyperframesRenderDetail) -> Self {
        RenderFile::Video.of(render)
    }
}

impl From<&FillerWordRemovalDetail> for Link {
    fn from(removal: &FillerWordRemovalDetail) -> Self {
        Self::from_resource(removal, "", |removal| removal.video_url.as_deref())
    }
}

impl From<&ModelVideoDetail> for Link {
    fn from(video: &ModelVideoDetail) -> Self {
        Self::from_resource(video, "", |video| video.video_url.as_deref())
    }
}

#[cfg(feature = "preview")]
impl From<&PodcastDetail> for Link {
    fn from(podcast: &PodcastDetail) -> Self {
        Self::from_resource(podcast, "", |podcast| podcast.video_url.as_deref())
    }
}

/// Speech cannot be read again, so its link cannot be renewed.
impl From<&CreateSpeechResponse> for Link {
    fn from(speech: &CreateSpeechResponse) -> Self {
        Self::new(&*speech.audio_url)
    }
}

#[cfg(feature = "preview")]
impl From<&GenerateModelSpeechResponse> for Link {
    fn from(speech: &GenerateModelSpeechResponse) -> Self {
        Self::new(&*speech.audio_url)
    }
}

impl From<&Asset> for Link {
    fn from(asset: &Asset) -> Self {
        Self::from_resource(asset, "", |asset| asset.url.as_deref())
    }
}

impl From<&UploadAssetResponse> for Link {
    fn from(asset: &UploadAssetResponse) -> Self {
        asset_link(&asset.asset_id, &asset.url)
    }
}

impl From<&CompleteAssetUploadResponse> for Link {
    fn from(asset: &CompleteAssetUploadResponse) -> Self {
        asset_link(&asset.asset_id, &asset.url)
    }
}

impl From<&UploadedAsset> for Link {
    fn from(asset: &UploadedAsset) -> Self {
        match &asset.url {
            Some(url) => asset_link(&asset.asset_id, url),
            None => Self::from_id(&asset.asset_id, "", |asset: &Asset| asset.url.as_deref()),
        }
    }
}

fn asset_link(id: &str, url: &str) -> Link {
    Link::from_id(id, "", |asset: &Asset| asset.url.as_deref()).with_current(url)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    #[test]
    fn the_status_shows_whether_a_resource_has_files() {
        let video = |status: &str, url: Value| {
            let video = json!({"id": "v", "status": status, "video_url": url, "failure_message": "Too long"});
            from_value::<VideoDetail>(video).unwrap().resource_status()
        };
        assert_eq!(video("completed", json!("u")), ResourceStatus::Finished { has_links: true });
        assert_eq!(video("completed", Value::Null), ResourceStatus::Finished { has_links: false });
        assert_eq!(video("from_the_future", Value::Null), ResourceStatus::Running("from_the_future".into()));
        assert_eq!(video("failed", Value::Null), ResourceStatus::Failed("it is `failed`: Too long".into()));
        let cancelled: AiClippingDetail = from_value(json!({"id": "c", "status": "cancelled"})).unwrap();
        assert_eq!(cancelled.resource_status(), ResourceStatus::Failed("it is `cancelled`".into()));
        let audio = json!({"id": "t", "status": "completed", "audio_url": "u"});
        let audio: VideoTranslationDetail = from_value(audio).unwrap();
        assert_eq!(audio.resource_status(), ResourceStatus::Finished { has_links: true });
    }

    #[test]
    fn a_link_has_the_name_of_its_resource() {
        let video: VideoDetail = from_value(json!({"id": "v7", "status": "completed"})).unwrap();
        assert_eq!(Link::from(&video).name(), "video v7");
        assert_eq!(VideoFile::Gif.of(&video).name(), "GIF of video v7");
    }
}
