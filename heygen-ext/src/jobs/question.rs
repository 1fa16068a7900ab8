//! What a job asks a person.

use heygen_api::Client;
use heygen_api::types::{VideoAgentSession, VideoAgentSessionStatus};
use serde_json::Value;

/// What a job needs from a person before it goes on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Question {
    /// A Video Agent session asks something; [`Job::answer`](super::Job::answer) continues it.
    Input {
        /// The question; empty if the service has not sent one.
        text: String,
    },
    /// A Video Agent session has a storyboard to approve; [`Job::answer`](super::Job::answer) continues it.
    Review {
        /// The message about it; empty if the service has not sent one.
        text: String,
    },
    /// The person whose avatar it is has to consent, at the link.
    Consent {
        /// The page for the consent, valid for 24 hours; `None` if the service did not return one.
        link: Option<String>,
    },
}

impl Question {
    /// What to do, in a few words.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Input { text } if text.is_empty() => "the session waits for an answer: send it with `Job::answer`".to_owned(),
            Self::Input { text } => format!("the session asks: {text}; send the answer with `Job::answer`"),
            Self::Review { text } if text.is_empty() => {
                "the session waits for the review of its storyboard: approve it with `Job::answer`".to_owned()
            }
            Self::Review { text } => format!("the session asks for a review: {text}; approve or correct the storyboard with `Job::answer`"),
            Self::Consent { link: Some(_) } => {
                "the avatar needs the consent of its person: `Error::question` has the link; then wait again".to_owned()
            }
            Self::Consent { link: None } => {
                "the avatar needs the consent of its person: get a link with `create_avatar_consent`, then wait again".to_owned()
            }
        }
    }
}

/// The question of a session: the newest message.
pub(crate) fn of_session(session: &VideoAgentSession) -> Question {
    let newest = session.messages.iter().flatten().next();
    let text = newest.map(|message| message.content.trim().to_owned()).unwrap_or_default();
    match session.status {
        VideoAgentSessionStatus::Reviewing => Question::Review { text },
        _ => Question::Input { text },
    }
}

/// The link for the consent to an avatar look.
pub(crate) async fn of_consent(api: &Client, look: &Value) -> Question {
    let group = look.get("group_id").and_then(Value::as_str);
    let link = match group {
        Some(group) => {
            let body = heygen_api::types::CreateAvatarConsentRequest::builder();
            let answer = api.create_avatar_consent().group_id(group).body(body).await;
            answer.ok().and_then(|answer| answer.into_inner().url)
        }
        None => None,
    };
    Question::Consent { link }
}
