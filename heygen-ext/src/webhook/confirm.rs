//! Whether what an unsigned callback says is so: by a look at the resource that it speaks of.

use std::fmt;

use http::StatusCode;
use serde_json::json;

use super::callback::Unconfirmed;
use super::event::{Event, Outcome};
use super::job::JobKind;
use crate::{Error, HeyGen};

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
    /// the job's id, and the callback's.
    ///
    /// Videos, translations, agent sessions, proofreads, renders, clippings, removals of filler words, lipsyncs, looks and
    /// batches can be read, and podcasts with the feature `preview`. A batch is looked for among those of videos, of
    /// translations and of lipsyncs, for the callback does not say what it is of.
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
        let status = status(heygen, kind, id).await.map_err(ConfirmError::Call)?;
        let Some(status) = status else { return Err(ConfirmError::NothingToRead) };
        // GIFs and captions may fail although their video did not.
        let own = kind != JobKind::Video || event.kind().as_str().starts_with("avatar_video.");
        let claimed = match event.outcome() {
            Outcome::Failed if !own => Outcome::Finished,
            outcome => outcome,
        };
        match (claimed, ended(&status)) {
            (Outcome::Finished, Some(_)) => Ok(self.bare(event, kind, id)),
            (claimed, Some(outcome)) if claimed == outcome => Ok(self.bare(event, kind, id)),
            (_, Some(_)) => Err(ConfirmError::Contradicted { status }),
            (_, None) => Err(ConfirmError::NotYet { status }),
        }
    }
}

impl Unconfirmed {
    /// What is known of the event without the sender's word.
    fn bare(&self, event: &Event, kind: JobKind, id: &str) -> Event {
        let data = json!({kind.id_name(): id, "callback_id": self.callback_id()});
        let members = [("event_type", json!(event.kind().as_str())), ("event_data", data)];
        Event::of_members(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(), None)
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
        $api.$operation()
            .$parameter($id)
            .send()
            .await
            .map(|answer| answer.into_inner().data.status.to_string())
    };
}

/// The status of a resource, in the service's word; none of a kind that no operation reads.
async fn status(heygen: &HeyGen, kind: JobKind, id: &str) -> Result<Option<String>, Error> {
    let api = heygen.api();
    Ok(Some(match kind {
        JobKind::Video => read!(api.get_video().video_id(id))?,
        JobKind::VideoTranslation => read!(api.get_video_translation().video_translation_id(id))?,
        JobKind::VideoAgentSession => read!(api.get_video_agent_session().session_id(id))?,
        JobKind::Proofread => read!(api.get_proofread().proofread_id(id))?,
        JobKind::HyperframesRender => read!(api.get_hyperframes_render().render_id(id))?,
        JobKind::AiClipping => read!(api.get_ai_clipping().job_id(id))?,
        JobKind::FillerWordRemoval => read!(api.get_filler_word_removal().filler_word_removal_id(id))?,
        JobKind::Lipsync => read!(api.get_lipsync().lipsync_id(id))?,
        #[cfg(feature = "preview")]
        JobKind::Podcast => read!(api.get_podcast().podcast_id(id))?,
        JobKind::AvatarLook => {
            let look = api.get_avatar_look().look_id(id).send().await?.into_inner().data;
            // A look that has no status was never trained.
            look.status.map_or_else(|| "completed".to_owned(), |status| status.to_string())
        }
        JobKind::Batch => batch_status(heygen, id).await?,
        _ => return Ok(None),
    }))
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
