//! Confirms an unsigned callback: reads the resource, and compares its status with the callback.

use heygen_api::types::WebhookEventType;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::guard::Unconfirmed;
use crate::client::HeyGen;
use crate::error::Error;
use crate::jobs::facts::{self, Facts};
use crate::webhook::event::{Event, JobKind, Outcome};
use crate::webhook::event_key::Identity;

/// The error when a callback is not confirmed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// The job has not ended yet: the callback is early, or forged. Try again later.
    #[error(
        "the callback is not confirmed yet: the status of the resource is `{}`; try again later",
        .status.escape_debug()
    )]
    NotYet {
        /// Status of the resource, as the service reports it.
        status: String,
    },
    /// The job has ended with another outcome: the callback is forged, or an earlier outcome of the job.
    #[error("the status of the resource is `{}`, which contradicts the callback; ignore it", .status.escape_debug())]
    Contradicted {
        /// Status of the resource, as the service reports it.
        status: String,
    },
    /// The callback names another job than the one that the request started: it is forged.
    #[error("the callback names another job than the one that the request started; ignore it")]
    OtherJob,
    /// The callback names no job, or a job of a kind that no operation reads.
    #[error(
        "cannot confirm the callback: no operation reads the resource that it names; use a registered endpoint, whose \
         deliveries are signed"
    )]
    NothingToRead,
    /// The type of the callback does not say that the job has ended: it ends neither in `.success` nor in `.fail`, and is not
    /// `batch.finished`.
    #[error("cannot confirm the callback: its type does not say that the job has ended; ignore it")]
    UnknownType,
    /// The resource could not be read. If the status is 404, the job does not exist, or was deleted.
    #[error("cannot read the resource of the callback: {0}")]
    Call(#[source] Error),
}

impl Unconfirmed {
    /// Reads the job, and returns the event if the job has ended with the outcome that the callback claims.
    ///
    /// `job_id` is the id from the response to the request that started the job. The returned event contains only what the
    /// resource confirms: the type, the id of the job, the `callback_id`, and for a session the id of the video. A
    /// registered endpoint may receive the same event: an [`Inbox`](crate::webhook::Inbox) keeps both, because what is confirmed here has
    /// no signed body to compare. Receive each event type either by callback or by endpoint.
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
        match self.job_id() {
            Some(id) if id != job_id => Err(ConfirmError::OtherJob),
            _ => self.confirm_claimed(heygen).await,
        }
    }

    /// Reads the job that the callback names, and compares it with the callback.
    pub(super) async fn confirm_claimed(&self, heygen: &HeyGen) -> Result<Event, ConfirmError> {
        let event = self.unchecked_event();
        let (Some(kind), Some(id)) = (event.job_kind(), event.job_id()) else {
            return Err(ConfirmError::NothingToRead);
        };
        if event.outcome() == Outcome::Finished && *event.kind() != WebhookEventType::BatchFinished {
            return Err(ConfirmError::UnknownType);
        }
        // A video does not report that its GIF or its captions failed.
        if !members_of(event.kind()).is_empty() && event.outcome() == Outcome::Failed {
            return Err(ConfirmError::NothingToRead);
        }
        let (facts, job) = read_job(heygen, kind, id).await?;
        let claimed_video = event.fields().string(&["video_id"]);
        if kind == JobKind::VideoAgentSession
            && claimed_video.is_some_and(|id| job.get("video_id").and_then(Value::as_str) != Some(id))
        {
            return Err(ConfirmError::OtherJob);
        }
        validate_outcome(facts, &job, event.kind(), event.outcome())?;
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

/// The members of a video that an event is about, of which one is there when it is true; none if it is about the whole job.
fn members_of(kind: &WebhookEventType) -> &'static [&'static str] {
    match kind.as_str() {
        kind if kind.starts_with("avatar_video_gif.") => &["gif_url"],
        kind if kind.starts_with("avatar_video_caption.") => &["captioned_video_url", "subtitle_url"],
        _ => &[],
    }
}

/// Checks that a job has ended with the claimed outcome, and has what the event is about.
fn validate_outcome(
    facts: &Facts,
    job: &Value,
    kind: &WebhookEventType,
    claimed: Outcome,
) -> Result<(), ConfirmError> {
    // An avatar look without a status was not trained, so it is complete.
    let default = if std::ptr::eq(facts, &facts::AVATAR_LOOK) { "completed" } else { "" };
    let status = job.get("status").and_then(Value::as_str).unwrap_or(default);
    let is = |words: &[&str]| words.contains(&status);
    let outcome = match &facts.statuses {
        words if is(words.completed) => Outcome::Succeeded,
        words if is(words.failed) || is(words.stopped) => Outcome::Failed,
        _ => return Err(ConfirmError::NotYet { status: status.to_owned() }),
    };
    let is_missing = |member: &&str| job.get(*member).is_none_or(Value::is_null);
    let members = members_of(kind);
    if claimed != Outcome::Finished && claimed != outcome {
        Err(ConfirmError::Contradicted { status: status.to_owned() })
    } else if !members.is_empty() && members.iter().all(is_missing) {
        Err(ConfirmError::NotYet { status: status.to_owned() })
    } else {
        Ok(())
    }
}

/// The facts about the jobs that an event may be about, in the order in which they are tried.
fn candidates(kind: JobKind) -> Vec<&'static Facts> {
    vec![match kind {
        JobKind::Video => &facts::VIDEO,
        JobKind::VideoTranslation => &facts::VIDEO_TRANSLATION,
        JobKind::VideoAgentSession => &facts::VIDEO_AGENT_SESSION,
        JobKind::Proofread => &facts::PROOFREAD,
        JobKind::HyperframesRender => &facts::HYPERFRAMES_RENDER,
        JobKind::AiClipping => &facts::AI_CLIPPING,
        JobKind::FillerWordRemoval => &facts::FILLER_WORD_REMOVAL,
        JobKind::Lipsync => &facts::LIPSYNC,
        #[cfg(feature = "preview")]
        JobKind::Podcast => &facts::PODCAST,
        JobKind::AvatarLook => &facts::AVATAR_LOOK,
        JobKind::Batch => {
            return vec![&facts::VIDEO_BATCH, &facts::VIDEO_TRANSLATION_BATCH, &facts::LIPSYNC_BATCH];
        }
        _ => return Vec::new(),
    }]
}

/// Reads a job, with the facts about its kind.
async fn read_job(heygen: &HeyGen, kind: JobKind, id: &str) -> Result<(&'static Facts, Value), ConfirmError> {
    let mut problem = ConfirmError::NothingToRead;
    for facts in candidates(kind) {
        let request = heygen.api().request(facts.read.method().clone(), facts.read.path());
        match request.path(facts.id, id).send_for::<Value>().await.map_err(Error::from) {
            Ok(job) => return Ok((facts, job.into_inner())),
            Err(error) => {
                let may_be_another = error.status() == Some(StatusCode::NOT_FOUND);
                problem = ConfirmError::Call(error);
                if !may_be_another {
                    break;
                }
            }
        }
    }
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gif_and_captions_are_confirmed_by_their_links() {
        for (kind, members, is_in) in [
            ("avatar_video.success", json!({}), true),
            ("avatar_video_gif.success", json!({"subtitle_url": "s", "gif_url": null}), false),
            ("avatar_video_gif.success", json!({"gif_url": "g"}), true),
            ("avatar_video_caption.success", json!({"gif_url": "g"}), false),
            ("avatar_video_caption.success", json!({"subtitle_url": "s"}), true),
            ("avatar_video_caption.success", json!({"captioned_video_url": "c"}), true),
        ] {
            let mut job = json!({"id": "v", "status": "completed"});
            job.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let kind = WebhookEventType::from(kind);
            let confirmed = validate_outcome(&facts::VIDEO, &job, &kind, Outcome::Succeeded);
            assert_eq!(confirmed.is_ok(), is_in, "{kind} {members}");
        }
    }

    #[test]
    fn a_status_has_an_outcome_if_the_job_has_ended() {
        let kind = WebhookEventType::from("podcast.success");
        for (status, ended, succeeded) in [
            (json!("completed"), true, true),
            (json!(null), true, true),
            (json!("failed"), true, false),
            (json!("cancelled"), true, false),
            (json!("processing"), false, false),
            (json!("waiting_for_input"), false, false),
            (json!("status_from_the_future"), false, false),
        ] {
            let job = json!({"status": status});
            let confirms = |claimed| validate_outcome(&facts::AVATAR_LOOK, &job, &kind, claimed).is_ok();
            assert_eq!(confirms(Outcome::Finished), ended, "{status}");
            assert_eq!(confirms(Outcome::Succeeded), ended && succeeded, "{status}");
            assert_eq!(confirms(Outcome::Failed), ended && !succeeded, "{status}");
        }
    }
}
