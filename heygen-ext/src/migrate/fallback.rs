//! What a plan does if the service refuses one of its requests.

use std::fmt;

use super::loss::Loss;

/// What is sent if the service refuses a request of a plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fallback {
    /// The same request without the recorded consent, for a link where the person agrees. The twin exists and is paid by
    /// then, so this request never fails. The loss is that of the recording.
    ConsentLink(Loss),
    /// The same request for the group of the look with this id: in v2, a photo avatar and its group had the same id.
    GroupOfLook(String),
    /// The session of Video Agent with this id, and then its video: the old service named the video at once.
    VideoOfSession(String),
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConsentLink(_) => "if v3 does not take the recording, asks for a link for the person",
            Self::GroupOfLook(_) => "the id of a look stands for its group",
            Self::VideoOfSession(_) => "the id of a Video Agent session stands for its video",
        })
    }
}
