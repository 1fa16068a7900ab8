//! Confirms an unsigned callback: reads the resource, and compares its status with the callback.

use std::fmt;

use heygen_api::types::{VideoDetail, WebhookEventType};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::callback::Unconfirmed;
use super::event::{Event, Outcome};
use super::event_key::Identity;
use super::job::JobKind;
use crate::client::HeyGen;
use crate::error::Error;

/// The error when a callback is not confirmed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConfirmError {
    /// The job has not ended yet: the callback is early, or forged. Try again later.
    NotYet {
        /// Status of the resource, as the service reports it.
        status: String,
    },
    /// The job has ended with another outcome: the callback is forged.
    Contradicted {
        /// Status of the resource, as the service reports it.
        status: String,
    },
    /// The callback names another job than the one that the request started: it is forged.
    OtherJob,
    /// The callback names no job, or a job of a kind that no operation reads.
    NothingToRead,
    /// The type of the callback does not say that the job has ended: it ends neither in `.success` nor in `.fail`, and is not
    /// `batch.finished`.
    UnknownType,
    /// The resource could not be read. If the status is 404, the callback is forged.
    Call(Error),
}

impl fmt::Display for ConfirmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet { status } => write!(
                f,
                "the callback is not confirmed yet: the status of the resource is `{}`; try again later",
                status.escape_debug()
            ),
            Self::Contradicted { status } => {
                write!(
                    f,
                    "the callback is forged: the status of the resource is `{}`; ignore it",
                    status.escape_debug()
                )
            }
            Self::OtherJob => f.write_str(
                "the callback is forged: it names another job than the request started; ignore it",
            ),
            Self::NothingToRead => f.write_str(
                "cannot confirm the callback: no operation reads the resource that it names; \
                 use a registered endpoint, whose deliveries are signed",
            ),
            Self::UnknownType => f.write_str(
                "cannot confirm the callback: its type does not say that the job has ended; ignore it",
            ),
            Self::Call(error) => write!(f, "cannot read the resource of the callback: {error}"),
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
    /// Reads the job, and returns the event if the job has ended with the outcome that the callback claims.
    ///
    /// `job_id` is the id from the response to the request that started the job. The returned event contains only what the
    /// resource confirms: the type, the id of the job, the `callback_id`, and for a session the id of the video. A
    /// registered endpoint may receive the same event: an [`Inbox`](super::Inbox) keeps both, because what is confirmed here has
    /// no signed body to compare. Subscribe to each type by one way.
    ///
    /// It can read videos, translations, agent sessions, proofreads, HyperFrames renders, AI clippings, filler word removals,
    /// lipsyncs, avatar looks and batches; with the feature `preview` also podcasts. A callback does not say what a batch
    /// contains, so this looks for it among video, translation and lipsync batches, in this order. The failure of a GIF or of
    /// captions cannot be confirmed, because a video does not report it.
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
    /// If the job has not ended yet, has ended with another outcome, is not the job `job_id`, or could not be read.
    pub async fn confirm(&self, heygen: &HeyGen, job_id: &str) -> Result<Event, ConfirmError> {
        let event = self.unchecked_event();
        let (Some(kind), Some(id)) = (event.job_kind(), event.job_id()) else {
            return Err(ConfirmError::NothingToRead);
        };
        if id != job_id {
            return Err(ConfirmError::OtherJob);
        }
        self.confirm_job(heygen, kind, id).await
    }

    /// Reads the job that the callback names, and compares it with the callback.
    pub(super) async fn confirm_job(
        &self,
        heygen: &HeyGen,
        kind: JobKind,
        id: &str,
    ) -> Result<Event, ConfirmError> {
        let event = self.unchecked_event();
        if event.outcome() == Outcome::Finished && *event.kind() != WebhookEventType::BatchFinished {
            return Err(ConfirmError::UnknownType);
        }
        let part = Part::of(event.kind());
        // A video does not report that its GIF or its captions failed.
        if part != Part::Whole && event.outcome() == Outcome::Failed {
            return Err(ConfirmError::NothingToRead);
        }
        let resource = read_resource(heygen, kind, id, part).await.map_err(ConfirmError::Call)?;
        let Some(resource) = resource else { return Err(ConfirmError::NothingToRead) };
        let claimed_video = event.fields().string(&["video_id"]);
        if kind == JobKind::VideoAgentSession
            && claimed_video.is_some_and(|id| resource.video_id.as_deref() != Some(id))
        {
            return Err(ConfirmError::OtherJob);
        }
        resource.validate_outcome(event.outcome())?;
        Ok(self.confirmed_event(event, kind, id, claimed_video))
    }

    /// Builds an event that contains only what was confirmed, under a key of it.
    fn confirmed_event(&self, event: &Event, kind: JobKind, id: &str, video_id: Option<&str>) -> Event {
        let mut data = Map::from_iter([
            (kind.id_name().to_owned(), json!(id)),
            ("callback_id".to_owned(), json!(self.callback_id())),
        ]);
        if let Some(video_id) = video_id.filter(|_| kind == JobKind::VideoAgentSession) {
            data.insert("video_id".to_owned(), json!(video_id));
        }
        let members = [("event_type", json!(event.kind().as_str())), ("event_data", Value::Object(data))];
        let members = members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Event::new(members, None, "".into(), Identity::Confirmed)
    }
}

/// The part of a resource that an event is about.
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

/// The members of a resource that confirm an event.
struct Resource {
    /// Its status, as the service reports it.
    status: String,
    /// The video of a session.
    video_id: Option<String>,
    /// Whether the resource has the part that the event is about.
    has_part: bool,
}

impl Resource {
    /// Checks that the job has ended with the claimed outcome.
    fn validate_outcome(self, claimed: Outcome) -> Result<(), ConfirmError> {
        let status = self.status;
        match final_outcome(&status) {
            None => Err(ConfirmError::NotYet { status }),
            Some(outcome) if claimed != Outcome::Finished && claimed != outcome => {
                Err(ConfirmError::Contradicted { status })
            }
            Some(_) if !self.has_part => Err(ConfirmError::NotYet { status }),
            Some(_) => Ok(()),
        }
    }
}

/// How a job with this status has ended; `None` if it has not.
fn final_outcome(status: &str) -> Option<Outcome> {
    match status {
        "completed" | "complete" | "succeeded" | "success" => Some(Outcome::Succeeded),
        "failed" | "error" | "cancelled" | "canceled" => Some(Outcome::Failed),
        _ => None,
    }
}

macro_rules! read_status {
    ($api:ident.$operation:ident().$parameter:ident($id:ident)) => {
        $api.$operation().$parameter($id).send().await.map(|response| response.status.to_string())
    };
}

/// Reads a resource. Returns `None` for a kind that no operation reads.
async fn read_resource(
    heygen: &HeyGen,
    kind: JobKind,
    id: &str,
    part: Part,
) -> Result<Option<Resource>, Error> {
    let api = heygen.api();
    let status = match kind {
        JobKind::Video => {
            let video = api.get_video().video_id(id).await?.into_inner();
            let (status, has_part) = (video.status.to_string(), part.is_in(&video));
            return Ok(Some(Resource { status, video_id: None, has_part }));
        }
        JobKind::VideoAgentSession => {
            let session = api.get_video_agent_session().session_id(id).await?.into_inner();
            let status = session.status.to_string();
            return Ok(Some(Resource { status, video_id: session.video_id, has_part: true }));
        }
        JobKind::VideoTranslation => read_status!(api.get_video_translation().video_translation_id(id))?,
        JobKind::Proofread => read_status!(api.get_proofread().proofread_id(id))?,
        JobKind::HyperframesRender => read_status!(api.get_hyperframes_render().render_id(id))?,
        JobKind::AiClipping => read_status!(api.get_ai_clipping().job_id(id))?,
        JobKind::FillerWordRemoval => read_status!(api.get_filler_word_removal().filler_word_removal_id(id))?,
        JobKind::Lipsync => read_status!(api.get_lipsync().lipsync_id(id))?,
        #[cfg(feature = "preview")]
        JobKind::Podcast => read_status!(api.get_podcast().podcast_id(id))?,
        JobKind::AvatarLook => {
            let look = api.get_avatar_look().look_id(id).await?.into_inner();
            // A look without a status was not trained, so it is complete.
            look.status.map_or_else(|| "completed".to_owned(), |status| status.to_string())
        }
        JobKind::Batch => batch_status(heygen, id).await?,
        _ => return Ok(None),
    };
    Ok(Some(Resource { status, video_id: None, has_part: true }))
}

async fn batch_status(heygen: &HeyGen, id: &str) -> Result<String, Error> {
    let api = heygen.api();
    let is_not_found = |status: &Result<String, Error>| {
        status.as_ref().is_err_and(|error| error.status() == Some(StatusCode::NOT_FOUND))
    };
    let mut status = read_status!(api.get_video_batch().batch_id(id)).map_err(Error::from);
    if is_not_found(&status) {
        status = read_status!(api.get_video_translation_batch().batch_id(id)).map_err(Error::from);
    }
    if is_not_found(&status) {
        status = read_status!(api.get_lipsync_batch().batch_id(id)).map_err(Error::from);
    }
    status
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
            let resource = Resource { status: "completed".to_owned(), video_id: None, has_part: is_in };
            assert_eq!(resource.validate_outcome(Outcome::Succeeded).is_ok(), is_in, "{kind} {members}");
        }
    }

    #[test]
    fn a_status_has_an_outcome_if_the_job_has_ended() {
        for (status, outcome) in [
            ("completed", Some(Outcome::Succeeded)),
            ("complete", Some(Outcome::Succeeded)),
            ("failed", Some(Outcome::Failed)),
            ("cancelled", Some(Outcome::Failed)),
            ("processing", None),
            ("waiting_for_input", None),
            ("status_from_the_future", None),
        ] {
            assert_eq!(final_outcome(status), outcome, "{status}");
        }
    }
}
