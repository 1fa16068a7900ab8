//! Handles of jobs, which programs store and print: `video:abc`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::facts::{self, Facts};

/// Kind and id of a job: all that is needed to find it again, from any process.
///
/// It prints as `video:abc`, and reads and serializes as the same text. A job that was started by a batch is identified
/// by the batch and its position there, such as `video:b7f3#4`, because the service names it only later.
///
/// ```
/// use heygen_ext::jobs::JobHandle;
///
/// let handle: JobHandle = "video-translation:abc".parse()?;
/// assert_eq!((handle.kind(), handle.id()), ("video-translation", "abc"));
/// assert_eq!(handle.to_string(), "video-translation:abc");
/// # Ok::<_, heygen_ext::jobs::InvalidHandle>(())
/// ```
#[derive(Clone)]
pub struct JobHandle {
    facts: &'static Facts,
    id: String,
}

impl JobHandle {
    pub(crate) fn new(facts: &'static Facts, id: impl Into<String>) -> Self {
        Self { facts, id: id.into() }
    }

    /// The kind, such as `video`.
    pub fn kind(&self) -> &'static str {
        self.facts.name
    }

    /// The service's id of the job, or of its batch with the position in it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The job at a position in a batch.
    pub(crate) fn item(facts: &'static Facts, batch: &str, position: usize) -> Self {
        Self::new(facts, format!("{batch}#{position}"))
    }

    /// The batch and the position in it, if the job is called by them.
    pub(crate) fn as_item(&self) -> Option<(&str, usize)> {
        self.facts.bulk.as_ref()?;
        let (batch, position) = self.id.rsplit_once('#')?;
        Some((batch, position.parse().ok()?))
    }

    pub(crate) fn facts(&self) -> &'static Facts {
        self.facts
    }
}

impl fmt::Display for JobHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.facts.name, self.id)
    }
}

impl fmt::Debug for JobHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for JobHandle {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.id == other.id
    }
}

impl Eq for JobHandle {}

impl std::hash::Hash for JobHandle {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        self.id.hash(state);
    }
}

/// The error of a text that is not the handle of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHandle(String);

impl fmt::Display for InvalidHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidHandle {}

impl FromStr for JobHandle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        let kinds = || facts::ALL.iter().map(|facts| facts.name).collect::<Vec<_>>().join(", ");
        let Some((kind, id)) = text.split_once(':') else {
            return Err(InvalidHandle(format!(
                "invalid job handle `{text}`: write kind and id, such as `video:{text}`; the kinds are {}",
                kinds()
            )));
        };
        let Some(facts) = facts::named(kind) else {
            return Err(InvalidHandle(format!(
                "invalid job handle `{text}`: the kind `{kind}` does not exist; the kinds are {}",
                kinds()
            )));
        };
        if id.trim().is_empty() {
            return Err(InvalidHandle(format!("invalid job handle `{text}`: the id is empty")));
        }
        Ok(Self::new(facts, id))
    }
}

impl Serialize for JobHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_as_it_was_printed() {
        for facts in facts::ALL {
            let handle = JobHandle::new(facts, "a:b");
            assert_eq!(handle.to_string().parse::<JobHandle>().unwrap(), handle);
            let json = serde_json::to_string(&handle).unwrap();
            assert_eq!(serde_json::from_str::<JobHandle>(&json).unwrap(), handle);
        }
    }

    #[test]
    fn the_job_of_a_batch_is_called_by_its_position() {
        let handle = JobHandle::item(&facts::VIDEO, "b", 4);
        assert_eq!(handle.to_string(), "video:b#4");
        assert_eq!(handle.to_string().parse::<JobHandle>().unwrap().as_item(), Some(("b", 4)));
        for other in ["video:b", "video:b#", "video:b#x", "voice-clone:b#4"] {
            assert_eq!(other.parse::<JobHandle>().unwrap().as_item(), None, "{other}");
        }
    }

    #[test]
    fn an_invalid_handle_is_named_with_the_remedy() {
        let problem = |text: &str| text.parse::<JobHandle>().unwrap_err().to_string();
        assert!(
            problem("abc").starts_with("invalid job handle `abc`: write kind and id, such as `video:abc`")
        );
        assert!(
            problem("vidoe:abc")
                .contains("the kind `vidoe` does not exist; the kinds are video, video-agent,")
        );
        assert!(problem("video: ").ends_with("the id is empty"));
    }
}
