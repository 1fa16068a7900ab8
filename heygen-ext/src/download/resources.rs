//! Resources that have files: how each is read again, and which file is its main one.

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

use super::link::{Link, Resource, Standing};
use super::srt::Srt;
use super::{LipsyncFile, RenderFile, VideoFile};
use crate::upload::UploadedAsset;

/// Makes a resource of a type whose status is an enumeration and whose reason for failing is a text.
macro_rules! resource {
    (
        $kind:literal, $type:ty, $id:ident, $get:ident($by:ident), $status:ident,
        over: [$($over:ident),+], links: |$this:ident| $linked:expr
    ) => {
        impl Resource for $type {
            const KIND: &'static str = $kind;

            fn id(&self) -> &str {
                &self.$id
            }

            fn standing(&self) -> Standing {
                let $this = self;
                match &self.status {
                    $status::Completed => Standing::Finished { linked: $linked },
                    $($status::$over)|+ => over(self.status.as_str(), self.failure_message.as_deref()),
                    status => Standing::Running(status.to_string()),
                }
            }

            fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>> {
                Box::pin(async move { Ok(api.$get().$by(id).await?.into_inner()) })
            }
        }
    };
}

fn over(status: &str, reason: Option<&str>) -> Standing {
    Standing::Over(match reason {
        Some(reason) => format!("it is `{status}`: {reason}"),
        None => format!("it is `{status}`"),
    })
}

resource!(
    "video", VideoDetail, id, get_video(video_id), VideoStatus,
    over: [Failed], links: |video| video.video_url.is_some()
);
resource!(
    "video translation", VideoTranslationDetail, id,
    get_video_translation(video_translation_id), VideoTranslationStatus,
    over: [Failed], links: |translation| translation.video_url.is_some() || translation.audio_url.is_some()
);
resource!(
    "lipsync", LipsyncDetail, id, get_lipsync(lipsync_id), VideoTranslationStatus,
    over: [Failed], links: |lipsync| lipsync.video_url.is_some()
);
resource!(
    "render", HyperframesRenderDetail, render_id, get_hyperframes_render(render_id), HyperframesRenderStatus,
    over: [Failed], links: |render| render.video_url.is_some()
);
// Its clips come one by one; one whose clips all have their files has no other.
resource!(
    "AI clipping", AiClippingDetail, id, get_ai_clipping(job_id), JobStatus,
    over: [Failed, Cancelled], links: |job| job.clips.iter().flatten().all(|clip| clip.video_url.is_some())
);
resource!(
    "filler-word removal", FillerWordRemovalDetail, id,
    get_filler_word_removal(filler_word_removal_id), FillerWordRemovalDetailJobStatus,
    over: [Failed], links: |removal| removal.video_url.is_some()
);
resource!(
    "video", ModelVideoDetail, video_id, get_model_video(video_id), ModelVideoStatus,
    over: [Failed, Cancelled], links: |video| video.video_url.is_some()
);
#[cfg(feature = "preview")]
resource!(
    "podcast", PodcastDetail, podcast_id, get_podcast(podcast_id), PodcastDetailStatus,
    over: [Failed], links: |podcast| podcast.video_url.is_some()
);

#[cfg(feature = "preview")]
impl Resource for BackgroundRemovalJob {
    const KIND: &'static str = "background removal";

    fn id(&self) -> &str {
        &self.id
    }

    fn standing(&self) -> Standing {
        // The document gives its statuses in prose alone.
        match self.status.as_str() {
            "completed" => Standing::Finished { linked: self.layers.iter().any(|layers| !layers.is_empty()) },
            "failed" | "deleted" => over(&self.status, self.error.as_deref()),
            status => Standing::Running(status.to_owned()),
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

    fn standing(&self) -> Standing {
        Standing::Finished { linked: self.url.is_some() }
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

    fn standing(&self) -> Standing {
        Standing::Finished { linked: true }
    }

    fn read(api: Client, id: String) -> BoxFuture<'static, Result<Self, heygen_api::Error>> {
        Box::pin(async move {
            let answer = api.download_proofread_srt().proofread_id(id.as_str()).send().await?;
            Ok(Self { id, files: answer.into_inner() })
        })
    }
}

/// A reply goes wherever the resource goes that it holds.
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

/// The video, or the speech if only that was translated.
impl From<&VideoTranslationDetail> for Link {
    fn from(translation: &VideoTranslationDetail) -> Self {
        Self::of(translation, "", |translation| {
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
        Self::of(removal, "", |removal| removal.video_url.as_deref())
    }
}

impl From<&ModelVideoDetail> for Link {
    fn from(video: &ModelVideoDetail) -> Self {
        Self::of(video, "", |video| video.video_url.as_deref())
    }
}

#[cfg(feature = "preview")]
impl From<&PodcastDetail> for Link {
    fn from(podcast: &PodcastDetail) -> Self {
        Self::of(podcast, "", |podcast| podcast.video_url.as_deref())
    }
}

/// Speech cannot be read again: its link is the only one.
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
        Self::of(asset, "", |asset| asset.url.as_deref())
    }
}

impl From<&UploadAssetResponse> for Link {
    fn from(asset: &UploadAssetResponse) -> Self {
        of_asset(&asset.asset_id, &asset.url)
    }
}

impl From<&CompleteAssetUploadResponse> for Link {
    fn from(asset: &CompleteAssetUploadResponse) -> Self {
        of_asset(&asset.asset_id, &asset.url)
    }
}

impl From<&UploadedAsset> for Link {
    fn from(asset: &UploadedAsset) -> Self {
        match &asset.url {
            Some(url) => of_asset(&asset.asset_id, url),
            None => Self::by_id(&asset.asset_id, "", |asset: &Asset| asset.url.as_deref()),
        }
    }
}

fn of_asset(id: &str, url: &str) -> Link {
    Link::by_id(id, "", |asset: &Asset| asset.url.as_deref()).at(url)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    #[test]
    fn a_status_says_whether_there_are_files() {
        let video = |status: &str, url: Value| {
            let video = json!({"id": "v", "status": status, "video_url": url, "failure_message": "Too long"});
            from_value::<VideoDetail>(video).unwrap().standing()
        };
        assert_eq!(video("completed", json!("u")), Standing::Finished { linked: true });
        assert_eq!(video("completed", Value::Null), Standing::Finished { linked: false });
        assert_eq!(video("from_the_future", Value::Null), Standing::Running("from_the_future".into()));
        assert_eq!(video("failed", Value::Null), Standing::Over("it is `failed`: Too long".into()));
        let cancelled: AiClippingDetail = from_value(json!({"id": "c", "status": "cancelled"})).unwrap();
        assert_eq!(cancelled.standing(), Standing::Over("it is `cancelled`".into()));
        let audio = json!({"id": "t", "status": "completed", "audio_url": "u"});
        let audio: VideoTranslationDetail = from_value(audio).unwrap();
        assert_eq!(audio.standing(), Standing::Finished { linked: true });
    }

    #[test]
    fn a_link_says_what_it_is_of() {
        let video: VideoDetail = from_value(json!({"id": "v7", "status": "completed"})).unwrap();
        assert_eq!(Link::from(&video).what(), "video v7");
        assert_eq!(VideoFile::Gif.of(&video).what(), "GIF of video v7");
    }
}
