//! Whether what an unsigned callback says is so: by a look at the resource that it speaks of.

use std::fmt;

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
    /// Reads the resource that the callback speaks of, and gives the event if it has ended as the callback says.
    ///
    /// ```no_run
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::webhook::CallbackGuard;
    ///
    /// # async fn example(
    /// #     heygen: HeyGen, guard: CallbackGuard, target: http::Uri, body: Vec<u8>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let event = guard.check(&target, body)?.confirm(&heygen).await?;
    /// println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The resource says otherwise, says nothing yet, or could not be read.
    pub async fn confirm(&self, heygen: &HeyGen) -> Result<Event, ConfirmError> {
        let event = self.claims();
        let (Some(kind), Some(id)) = (event.job_kind(), event.job_id()) else {
            return Err(ConfirmError::NothingToRead);
        };
        let status = status(heygen, kind, id).await.map_err(ConfirmError::Call)?;
        let Some(status) = status else { return Err(ConfirmError::NothingToRead) };
        // GIFs and captions of a video end by themselves; of these the video says only that it is there.
        let own = kind != JobKind::Video || event.kind().as_str().starts_with("avatar_video.");
        let claimed = if own { event.outcome() } else { Outcome::Finished };
        match (claimed, ended(&status)) {
            (Outcome::Finished, Some(_)) => Ok(event.clone()),
            (claimed, Some(outcome)) if claimed == outcome => Ok(event.clone()),
            (_, Some(_)) => Err(ConfirmError::Contradicted { status }),
            (_, None) => Err(ConfirmError::NotYet { status }),
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

/// The status of a resource, in the service's word; none of a kind that no operation reads.
async fn status(heygen: &HeyGen, kind: JobKind, id: &str) -> Result<Option<String>, Error> {
    let api = heygen.api();
    macro_rules! read {
        ($operation:ident, $parameter:ident) => {
            api.$operation().$parameter(id).send().await?.into_inner().data.status.to_string()
        };
    }
    Ok(Some(match kind {
        JobKind::Video => read!(get_video, video_id),
        JobKind::VideoTranslation => read!(get_video_translation, video_translation_id),
        JobKind::VideoAgentSession => read!(get_video_agent_session, session_id),
        JobKind::Proofread => read!(get_proofread, proofread_id),
        JobKind::HyperframesRender => read!(get_hyperframes_render, render_id),
        JobKind::AiClipping => read!(get_ai_clipping, job_id),
        JobKind::FillerWordRemoval => read!(get_filler_word_removal, filler_word_removal_id),
        JobKind::Lipsync => read!(get_lipsync, lipsync_id),
        #[cfg(feature = "preview")]
        JobKind::Podcast => read!(get_podcast, podcast_id),
        JobKind::AvatarLook => {
            let look = api.get_avatar_look().look_id(id).send().await?.into_inner().data;
            // A look that has no status was never trained.
            look.status.map_or_else(|| "completed".to_owned(), |status| status.to_string())
        }
        _ => return Ok(None),
    }))
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
