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
    /// The video itself: MP4, or WebM if that was requested.
    Video,
    /// The video with burned-in captions; exists only if they were requested.
    Captioned,
    /// A preview as an animated GIF.
    Gif,
    /// A thumbnail image.
    Thumbnail,
    /// The subtitles, as SRT.
    Subtitles,
}

impl VideoFile {
    /// Returns the link of this file of the video.
    pub fn of(self, video: &VideoDetail) -> Link {
        match self {
            Self::Video => Link::from_resource(video, "", |video| video.video_url.as_deref()),
            Self::Captioned => {
                Link::from_resource(video, "captioned file", |video| video.captioned_video_url.as_deref())
            }
            Self::Gif => Link::from_resource(video, "GIF", |video| video.gif_url.as_deref()),
            Self::Thumbnail => {
                Link::from_resource(video, "thumbnail", |video| video.thumbnail_url.as_deref())
            }
            Self::Subtitles => Link::from_resource(video, "subtitles", |video| video.subtitle_url.as_deref()),
        }
    }
}

/// A file of a video translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TranslationFile {
    /// The translated video; exists unless only the audio was translated.
    Video,
    /// The translated speech; exists if only the audio was translated.
    Audio,
    /// Captions as SRT; exist only if they were requested.
    Srt,
    /// Captions as WebVTT; exist only if they were requested.
    Vtt,
}

impl TranslationFile {
    /// Returns the link of this file of the translation.
    pub fn of(self, translation: &VideoTranslationDetail) -> Link {
        match self {
            Self::Video => {
                Link::from_resource(translation, "video", |translation| translation.video_url.as_deref())
            }
            Self::Audio => {
                Link::from_resource(translation, "audio", |translation| translation.audio_url.as_deref())
            }
            Self::Srt => Link::from_resource(translation, "SRT captions", |translation| {
                translation.srt_caption_url.as_deref()
            }),
            Self::Vtt => Link::from_resource(translation, "VTT captions", |translation| {
                translation.vtt_caption_url.as_deref()
            }),
        }
    }
}

/// A file of a lipsync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LipsyncFile {
    /// The resulting video.
    Video,
    /// Captions as SRT; exist only if they were requested.
    Captions,
}

impl LipsyncFile {
    /// Returns the link of this file of the lipsync.
    pub fn of(self, lipsync: &LipsyncDetail) -> Link {
        match self {
            Self::Video => Link::from_resource(lipsync, "", |lipsync| lipsync.video_url.as_deref()),
            Self::Captions => {
                Link::from_resource(lipsync, "captions", |lipsync| lipsync.caption_url.as_deref())
            }
        }
    }
}

/// A file of a HyperFrames render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RenderFile {
    /// The rendered video: MP4, MOV or WebM, as requested.
    Video,
    /// A thumbnail image.
    Thumbnail,
}

impl RenderFile {
    /// Returns the link of this file of the render.
    pub fn of(self, render: &HyperframesRenderDetail) -> Link {
        match self {
            Self::Video => Link::from_resource(render, "", |render| render.video_url.as_deref()),
            Self::Thumbnail => {
                Link::from_resource(render, "thumbnail", |render| render.thumbnail_url.as_deref())
            }
        }
    }
}

/// A file of a clip from AI clipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClipFile {
    /// The clip itself.
    Video,
    /// A thumbnail image.
    Thumbnail,
}

impl ClipFile {
    /// Returns the link of this file of a clip. `clip_id` is the id of one of the job's `clips`.
    pub fn of(self, clipping: &AiClippingDetail, clip_id: &str) -> Link {
        let id = clip_id.to_owned();
        match self {
            Self::Video => Link::from_resource(clipping, &format!("clip {clip_id}"), move |clipping| {
                clip(clipping, &id)?.video_url.as_deref()
            }),
            Self::Thumbnail => {
                Link::from_resource(clipping, &format!("thumbnail of clip {clip_id}"), move |clipping| {
                    clip(clipping, &id)?.thumbnail_url.as_deref()
                })
            }
        }
    }
}

fn clip<'a>(clipping: &'a AiClippingDetail, id: &str) -> Option<&'a Clip> {
    clipping.clips.iter().flatten().find(|clip| clip.id == id)
}

/// A file of a proofread. Its link is read from the service when the download starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofreadFile {
    /// The translated SRT file, for editing.
    Srt,
    /// The SRT file of the source; exists only if the source had one.
    Original,
}

impl ProofreadFile {
    /// Returns the link of this file of the proofread with this id.
    pub fn of(self, proofread_id: &str) -> Link {
        match self {
            Self::Srt => Link::from_id(proofread_id, "SRT", |srt: &Srt| Some(&srt.files.srt_url)),
            Self::Original => {
                Link::from_id(proofread_id, "original SRT", |srt: &Srt| srt.files.original_srt_url.as_deref())
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
    /// The layer with this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the link of this layer of the background removal.
    pub fn of(self, removal: &BackgroundRemovalJob) -> Link {
        let name = format!("layer {}", self.0);
        Link::from_resource(removal, &name, move |removal| {
            removal.layers.as_ref()?.get(&self.0).map(String::as_str)
        })
    }
}
