//! Requests and answers of v1 and v2, with the place of each member in v3.
//!
//! They are as tolerant as the old service: every member may be missing, and
//! [`from_value`](super::from_value) reads numbers in texts and texts in numbers. Words such as statuses are texts. A request
//! keeps members that it does not know in `extra`.

use std::fmt;

use serde_json::Value;

use crate::redaction::redact;

mod avatars;
mod photo_avatars;
mod scenes;
mod templates;
mod translations;
mod videos;
mod voices;
mod workspace;

pub use avatars::*;
pub use photo_avatars::*;
pub use scenes::*;
pub use templates::*;
pub use translations::*;
pub use videos::*;
pub use voices::*;
pub use workspace::*;

/// Prints a type as its JSON, without missing members, secrets and the queries of links.
macro_rules! shown {
    ($($name:ident),* $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", stringify!($name), printed(serde_json::to_value(self).unwrap_or_default()))
            }
        }
    )*};
}

fn printed(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, value| !value.is_null());
    }
    redact(&mut value);
    value
}

shown! {
    AddLooks, AddWebhookEndpoint, AgentFile, AgentVideo, Asset, AssetList, Avatar, AvatarDetails, AvatarGroup,
    AvatarGroups, AvatarPose, Avatars, Background, BrandVoice, BrandVoices, Character, Clip, CreateFolder,
    CreatePhotoGroup, CreateProofread, CreateVideo, CreateVideoAvatar, CurrentUser, Dimension, ElevenLabsSettings,
    FirstAvatar, FirstAvatars, FirstVoices, Folder, GenerateAgentVideo, GenerateAvatarIvVideo, GenerateFirst,
    GenerateFromTemplate, GenerateLook, GeneratePhoto, GenerateProofread, GenerateVideo, GenerateWebm, Generation,
    GenerationStarted, GroupLooks, LooksAdded, Offset, PhotoAvatar, Preview, Proofread, ProofreadStarted,
    ProofreadSubtitles, RemainingQuota, ReplaceSubtitles, Scene, Speech, TalkingPhoto, TalkingPhotoItem,
    TalkingPhotoUploaded, TargetLanguages, Template, TemplateItem, TemplateScene, TemplateVariable, Templates,
    TextToSpeech, TrainGroup, TrainStatus, TranslateVideo, Translation, TranslationCaption, TranslationStarted,
    UpdateBrandVoice, UpdateWebhookEndpoint, VariableProperties, VideoAvatar, VideoAvatarCreated, VideoCaption, VideoCreated,
    VideoDeleted, VideoError, VideoList, VideoListItem, VideoStatus, Voice, VoiceItem, Voices, WebhookEndpoint,
    WordTimestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tolerant::from_value;
    use super::*;

    #[test]
    fn neither_secrets_nor_queries_of_links_are_printed() {
        let link = "https://files.example/v.mp4?Signature=marked";
        let status: VideoStatus = from_value(&json!({"id": "v", "video_url": link})).unwrap();
        assert_eq!(
            format!("{status:?}"),
            r#"VideoStatus {"id":"v","video_url":"https://files.example/v.mp4"}"#
        );
        let endpoint: WebhookEndpoint = from_value(&json!({"endpoint_id": "e", "secret": "marked"})).unwrap();
        assert!(!format!("{endpoint:?}").contains("marked"));
    }

    #[test]
    fn types_are_as_tolerant_as_the_old_service() {
        let sloppy = json!({
            "title": 7, "caption": "true", "fps": "25", "callback_id": "", "folder_id": null, "unknown": [1],
            "dimension": {"width": "1280", "height": 720.0},
            "video_inputs": [{"voice": {"type": "silence", "duration": "2"}}],
        });
        let request: GenerateVideo = from_value(&sloppy).unwrap();
        assert_eq!(
            (request.title.as_deref(), request.caption, request.fps),
            (Some("7"), Some(true), Some(25.0))
        );
        assert_eq!((request.callback_id, request.folder_id), (None, None));
        assert_eq!(request.dimension, Some(Dimension { width: Some(1280), height: Some(720) }));
        let voice = request.video_inputs.first().and_then(|scene| scene.voice.clone()).unwrap();
        assert_eq!(voice, Voice::silence(2.0));
        assert_eq!(request.extra.get("unknown"), Some(&json!([1])));
        assert!(from_value::<GenerateVideo>(&json!({"caption": "perhaps"})).is_err());
        assert!(from_value::<GenerateVideo>(&json!({"video_inputs": 5})).is_err());
    }
}
