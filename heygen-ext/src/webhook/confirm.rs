//! Whether what an unsigned callback says is so: by a look at the resource that it speaks of.

use std::fmt;

use heygen_api::types::{VideoDetail, WebhookEventType};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::callback::Unconfirmed;
use super::event::{Event, Outcome};
use super::job::JobKind;
use crate::client::HeyGen;
use crate::error::Error;

/// Why a callback was not confirmed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConfirmError {
    /// The resource goes on, with this status: the callback is early, or made up. Look again later.
    NotYet {
        /// The service's word.
        status: String,
    },
    /// The resource has ended otherwise, with this status: the callback is made up.
    Contradicted {
        /// The service's word.
        status: String,
    },
    /// The callback speaks of another job than the request has started: it is made up.
    OtherJob,
    /// There is nothing to look at: the callback names no job, or one of a kind that no operation reads.
    NothingToRead,
    /// The resource could not be read; with 404, the callback is made up.
    Call(Error),
}

impl fmt::Display for ConfirmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet { status } => write!(f, "not confirmed yet: the resource is `{status}`"),
            Self::Contradicted { status } => write!(f, "made up: the resource is `{status}`"),
            Self::OtherJob => f.write_str("made up: the callback speaks of another job"),
            Self::NothingToRead => f.write_str("the callback names no resource that can be read"),
            Self::Call(error) => write!(f, "the resource could not be read: {error}"),
        }
    }
}

impl std::error::Error for ConfirmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

impl Unconfirmed {
    /// Reads the job that the request with this callback has started, and gives the event if it has ended as the callback
    /// says. `job_id` is what the answer to that request had. Nothing else of the body is believed: the event has its type,
    /// the job's id, the callback's, and of a session the video's. A [`Receiver`](super::Receiver) knows it for the one that
    /// an endpoint brings.
    ///
    /// Videos, translations, agent sessions, proofreads, renders, clippings, removals of filler words, lipsyncs, looks and
    /// batches can be read, and podcasts with the feature `preview`. A batch is looked for among those of videos, of
    /// translations and of lipsyncs, for the callback does not say what it is of. That a GIF or captions have failed cannot be
    /// seen.
    ///
    /// ```no_run
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::webhook::CallbackGuard;
    ///
    /// # async fn example(
    /// #     heygen: HeyGen, guard: CallbackGuard, target: http::Uri, body: Vec<u8>, video_id: &str,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let event = guard.check(&target, body)?.confirm(&heygen, video_id).await?;
    /// println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The resource says otherwise, says nothing yet, or could not be read.
    pub async fn confirm(&self, heygen: &HeyGen, job_id: &str) -> Result<Event, ConfirmError> {
        let event = self.claims();
        let (Some(kind), Some(id)) = (event.job_kind(), event.job_id()) else {
            return Err(ConfirmError::NothingToRead);
        };
        if id != job_id {
            return Err(ConfirmError::OtherJob);
        }
        let part = Part::of(event.kind());
        // A video does not say that it has failed to get one of these.
        if part != Part::Whole && event.outcome() == Outcome::Failed {
            return Err(ConfirmError::NothingToRead);
        }
        let looked = look(heygen, kind, id, part).await.map_err(ConfirmError::Call)?;
        let Some(looked) = looked else { return Err(ConfirmError::NothingToRead) };
        let claimed_video = event.fields().word(&["video_id"]);
        if kind == JobKind::VideoAgentSession
            && claimed_video.is_some_and(|id| looked.video_id.as_deref() != Some(id))
        {
            return Err(ConfirmError::OtherJob);
        }
        looked.bears_out(event.outcome())?;
        Ok(self.bare(event, kind, id, claimed_video))
    }

    /// What is known of the event without the sender's word. It is recognised by what the callback says, for an endpoint may
    /// have brought the same event, or may yet: whatever of it stands in the key for certain was looked at.
    fn bare(&self, event: &Event, kind: JobKind, id: &str, video_id: Option<&str>) -> Event {
        let mut data = Map::from_iter([
            (kind.id_name().to_owned(), json!(id)),
            ("callback_id".to_owned(), json!(self.callback_id())),
        ]);
        if let Some(video_id) = video_id.filter(|_| kind == JobKind::VideoAgentSession) {
            data.insert("video_id".to_owned(), json!(video_id));
        }
        let members = [("event_type", json!(event.kind().as_str())), ("event_data", Value::Object(data))];
        let members = members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Event::of_members(members, None).known_as(event)
    }
}

/// What of a resource an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Gif,
    Captions,
}

impl Part {
    fn of(kind: &WebhookEventType) -> Self {
        match kind.as_str() {
            kind if kind.starts_with("avatar_video_gif.") => Self::Gif,
            kind if kind.starts_with("avatar_video_caption.") => Self::Captions,
            _ => Self::Whole,
        }
    }

    fn is_in(self, video: &VideoDetail) -> bool {
        match self {
            Self::Whole => true,
            Self::Gif => video.gif_url.is_some(),
            Self::Captions => video.captioned_video_url.is_some() || video.subtitle_url.is_some(),
        }
    }
}

/// What was seen of a resource.
struct Looked {
    /// Its status, in the service's word.
    status: String,
    /// The video of a session.
    video_id: Option<String>,
    /// Whether the part is there that the event is about.
    has_part: bool,
}

impl Looked {
    /// Whether it has ended as is claimed.
    fn bears_out(self, claimed: Outcome) -> Result<(), ConfirmError> {
        let status = self.status;
        match ended(&status) {
            None => Err(ConfirmError::NotYet { status }),
            Some(outcome) if claimed != Outcome::Finished && claimed != outcome => {
                Err(ConfirmError::Contradicted { status })
            }
            Some(_) if !self.has_part => Err(ConfirmError::NotYet { status }),
            Some(_) => Ok(()),
        }
    }
}

/// How a resource with this status has ended, if it has.
fn ended(status: &str) -> Option<Outcome> {
    match status {
        "completed" | "complete" | "succeeded" | "success" => Some(Outcome::Succeeded),
        "failed" | "error" | "cancelled" | "canceled" => Some(Outcome::Failed),
        _ => None,
    }
}

macro_rules! read {
    ($api:ident.$operation:ident().$parameter:ident($id:ident)) => {
        $api.$operation().$parameter($id).send().await.map(|answer| answer.status.to_string())
    };
}

/// Looks at a resource; none of a kind that no operation reads.
async fn look(heygen: &HeyGen, kind: JobKind, id: &str, part: Part) -> Result<Option<Looked>, Error> {
    let api = heygen.api();
    let status = match kind {
        JobKind::Video => {
            let video = api.get_video().video_id(id).await?.into_inner();
            let (status, has_part) = (video.status.to_string(), part.is_in(&video));
            return Ok(Some(Looked { status, video_id: None, has_part }));
        }
        JobKind::VideoAgentSession => {
            let session = api.get_video_agent_session().session_id(id).await?.into_inner();
            let status = session.status.to_string();
            return Ok(Some(Looked { status, video_id: session.video_id, has_part: true }));
        }
        JobKind::VideoTranslation => read!(api.get_video_translation().video_translation_id(id))?,
        JobKind::Proofread => read!(api.get_proofread().proofread_id(id))?,
        JobKind::HyperframesRender => read!(api.get_hyperframes_render().render_id(id))?,
        JobKind::AiClipping => read!(api.get_ai_clipping().job_id(id))?,
        JobKind::FillerWordRemoval => read!(api.get_filler_word_removal().filler_word_removal_id(id))?,
        JobKind::Lipsync => read!(api.get_lipsync().lipsync_id(id))?,
        #[cfg(feature = "preview")]
        JobKind::Podcast => read!(api.get_podcast().podcast_id(id))?,
        JobKind::AvatarLook => {
            let look = api.get_avatar_look().look_id(id).await?.into_inner();
            // A look that has no status was never trained.
            look.status.map_or_else(|| "completed".to_owned(), |status| status.to_string())
        }
        JobKind::Batch => batch_status(heygen, id).await?,
        _ => return Ok(None),
    };
    Ok(Some(Looked { status, video_id: None, has_part: true }))
}

async fn batch_status(heygen: &HeyGen, id: &str) -> Result<String, Error> {
    let api = heygen.api();
    let is_elsewhere = |looked: &Result<String, Error>| {
        looked.as_ref().is_err_and(|error| error.status() == Some(StatusCode::NOT_FOUND))
    };
    let mut looked = read!(api.get_video_batch().batch_id(id)).map_err(Error::from);
    if is_elsewhere(&looked) {
        looked = read!(api.get_video_translation_batch().batch_id(id)).map_err(Error::from);
    }
    if is_elsewhere(&looked) {
        looked = read!(api.get_lipsync_batch().batch_id(id)).map_err(Error::from);
    }
    looked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gif_and_captions_are_confirmed_by_their_links() {
        let video = |members: Value| -> VideoDetail {
            let mut all = json!({"id": "v", "status": "completed"});
            all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            serde_json::from_value(all).unwrap()
        };
        for (kind, members, is_in) in [
            ("avatar_video.success", json!({}), true),
            ("avatar_video_gif.success", json!({"subtitle_url": "s"}), false),
            ("avatar_video_gif.success", json!({"gif_url": "g"}), true),
            ("avatar_video_caption.success", json!({"gif_url": "g"}), false),
            ("avatar_video_caption.success", json!({"subtitle_url": "s"}), true),
            ("avatar_video_caption.success", json!({"captioned_video_url": "c"}), true),
        ] {
            let part = Part::of(&WebhookEventType::from(kind));
            assert_eq!(part.is_in(&video(members.clone())), is_in, "{kind} {members}");
            let looked = Looked { status: "completed".to_owned(), video_id: None, has_part: is_in };
            assert_eq!(looked.bears_out(Outcome::Succeeded).is_ok(), is_in, "{kind} {members}");
        }
    }

    #[test]
    fn statuses_of_the_service_are_ends_or_none() {
        for (status, outcome) in [
            ("completed", Some(Outcome::Succeeded)),
            ("complete", Some(Outcome::Succeeded)),
            ("failed", Some(Outcome::Failed)),
            ("cancelled", Some(Outcome::Failed)),
            ("processing", None),
            ("waiting_for_input", None),
            ("status_from_the_future", None),
        ] {
            assert_eq!(ended(status), outcome, "{status}");
        }
    }
}
