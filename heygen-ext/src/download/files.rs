//! The files of each kind of resource.

#[cfg(feature = "preview")]
use heygen_api::types::BackgroundRemovalJob;
use heygen_api::types::{
    AiClippingDetail, Clip, HyperframesRenderDetail, LipsyncDetail, VideoDetail, VideoTranslationDetail,
};

use super::link::Link;
use super::srt::Srt;

/// A file of a video.
///
/// ```
/// # use heygen_ext::heygen_api::types::VideoDetail;
/// use heygen_ext::{HeyGen, VideoFile};
///
/// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
/// let subtitles = VideoFile::Subtitles.of(&video);
/// let subtitles = heygen.download(subtitles).bytes(1 << 20).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VideoFile {
    /// The video itself: MP4, or WebM where that was asked for.
    Video,
    /// The video with captions burned in; there only if they were asked for.
    Captioned,
    /// A preview as an animated GIF.
    Gif,
    /// A picture of it.
    Thumbnail,
    /// Its subtitles, as SRT.
    Subtitles,
}

impl VideoFile {
    /// This file of that video.
    pub fn of(self, video: &VideoDetail) -> Link {
        match self {
            Self::Video => Link::of(video, "", |video| video.video_url.as_deref()),
            Self::Captioned => {
                Link::of(video, "captioned file", |video| video.captioned_video_url.as_deref())
            }
            Self::Gif => Link::of(video, "GIF", |video| video.gif_url.as_deref()),
            Self::Thumbnail => Link::of(video, "thumbnail", |video| video.thumbnail_url.as_deref()),
            Self::Subtitles => Link::of(video, "subtitles", |video| video.subtitle_url.as_deref()),
        }
    }
}

/// A file of a video translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TranslationFile {
    /// The translated video; there unless only the audio was translated.
    Video,
    /// The translated speech; there if only the audio was translated.
    Audio,
    /// Captions as SRT; there only if they were asked for.
    Srt,
    /// Captions as WebVTT; there only if they were asked for.
    Vtt,
}

impl TranslationFile {
    /// This file of that translation.
    pub fn of(self, translation: &VideoTranslationDetail) -> Link {
        match self {
            Self::Video => Link::of(translation, "video", |translation| translation.video_url.as_deref()),
            Self::Audio => Link::of(translation, "audio", |translation| translation.audio_url.as_deref()),
            Self::Srt => {
                Link::of(translation, "SRT captions", |translation| translation.srt_caption_url.as_deref())
            }
            Self::Vtt => {
                Link::of(translation, "VTT captions", |translation| translation.vtt_caption_url.as_deref())
            }
        }
    }
}

/// A file of a lipsync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LipsyncFile {
    /// The resulting video.
    Video,
    /// Captions as SRT; there only if they were asked for.
    Captions,
}

impl LipsyncFile {
    /// This file of that lipsync.
    pub fn of(self, lipsync: &LipsyncDetail) -> Link {
        match self {
            Self::Video => Link::of(lipsync, "", |lipsync| lipsync.video_url.as_deref()),
            Self::Captions => Link::of(lipsync, "captions", |lipsync| lipsync.caption_url.as_deref()),
        }
    }
}

/// A file of a HyperFrames render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RenderFile {
    /// The rendered video: MP4, MOV or WebM, as was asked for.
    Video,
    /// A picture of it.
    Thumbnail,
}

impl RenderFile {
    /// This file of that render.
    pub fn of(self, render: &HyperframesRenderDetail) -> Link {
        match self {
            Self::Video => Link::of(render, "", |render| render.video_url.as_deref()),
            Self::Thumbnail => Link::of(render, "thumbnail", |render| render.thumbnail_url.as_deref()),
        }
    }
}

/// A file of a clip that AI clipping made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClipFile {
    /// The clip itself.
    Video,
    /// A picture of it.
    Thumbnail,
}

impl ClipFile {
    /// This file of the clip with that id, which is one of the job's `clips`.
    pub fn of(self, clipping: &AiClippingDetail, clip_id: &str) -> Link {
        let id = clip_id.to_owned();
        match self {
            Self::Video => Link::of(clipping, &format!("clip {clip_id}"), move |clipping| {
                clip(clipping, &id)?.video_url.as_deref()
            }),
            Self::Thumbnail => Link::of(clipping, &format!("thumbnail of clip {clip_id}"), move |clipping| {
                clip(clipping, &id)?.thumbnail_url.as_deref()
            }),
        }
    }
}

fn clip<'a>(clipping: &'a AiClippingDetail, id: &str) -> Option<&'a Clip> {
    clipping.clips.iter().flatten().find(|clip| clip.id == id)
}

/// A file of a proofread: its links are read when they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofreadFile {
    /// The translated SRT, to be edited.
    Srt,
    /// The SRT of the source; there only if there was one.
    Original,
}

impl ProofreadFile {
    /// This file of the proofread with that id.
    pub fn of(self, proofread_id: &str) -> Link {
        match self {
            Self::Srt => Link::by_id(proofread_id, "SRT", |srt: &Srt| Some(&srt.files.srt_url)),
            Self::Original => {
                Link::by_id(proofread_id, "original SRT", |srt: &Srt| srt.files.original_srt_url.as_deref())
            }
        }
    }
}

/// A layer of a background removal, by its name in the job's `layers`, such as `foreground`, `mask` or `background`.
#[cfg(feature = "preview")]
#[cfg_attr(docsrs, doc(cfg(feature = "preview")))]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayerFile(String);

#[cfg(feature = "preview")]
impl LayerFile {
    /// The layer of this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// This layer of that background removal.
    pub fn of(self, removal: &BackgroundRemovalJob) -> Link {
        let name = format!("layer {}", self.0);
        Link::of(removal, &name, move |removal| removal.layers.as_ref()?.get(&self.0).map(String::as_str))
    }
}
