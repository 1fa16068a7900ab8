//! Entries of a ledger.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::jobs::handle::JobHandle;

/// A request that was submitted, or is about to be, with its jobs. Debug does not show the body, which may contain secrets.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Digest of operation, parameter and body, and which of several equal requests it is: `9f86d081…-1`.
    pub id: String,
    /// Name of the method on the client, such as `create_video`.
    pub operation: String,
    /// Value of the path parameter, if the operation has one.
    pub parameter: Option<String>,
    /// The body.
    pub body: Value,
    /// The key that makes a repetition safe.
    pub idempotency_key: String,
    /// When the request was about to leave, in seconds since 1970.
    pub created_at: u64,
    /// The jobs that it started; empty until the answer arrived.
    pub jobs: Vec<EntryJob>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("operation", &self.operation)
            .field("created_at", &self.created_at)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

/// A job of an entry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EntryJob {
    /// Kind and id.
    pub handle: JobHandle,
    /// How it ended; `None` while it runs.
    pub end: Option<JobEnd>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEnd {
    /// It has its result.
    Completed,
    /// It failed, with this message.
    Failed(String),
    /// It was cancelled, stopped or deleted.
    Stopped,
}

/// The state of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryState {
    /// The request may not have arrived.
    Sending,
    /// At least one of its jobs runs.
    Running,
    /// All of its jobs have ended.
    Ended,
}

impl Entry {
    /// The state.
    pub fn state(&self) -> EntryState {
        match self.jobs.as_slice() {
            [] => EntryState::Sending,
            jobs if jobs.iter().any(|job| job.end.is_none()) => EntryState::Running,
            _ => EntryState::Ended,
        }
    }

    /// Adds the jobs, unless the entry has them.
    pub(crate) fn add_jobs(&mut self, jobs: &[JobHandle]) {
        if self.jobs.is_empty() {
            self.jobs = jobs.iter().map(|handle| EntryJob { handle: handle.clone(), end: None }).collect();
        }
    }

    /// Records the end of a job.
    pub(crate) fn end_job(&mut self, job: &JobHandle, end: &JobEnd) {
        for one in self.jobs.iter_mut().filter(|one| one.handle == *job) {
            one.end = Some(end.clone());
        }
    }
}

// By hand, because a derive macro would make this crate slower to build.

impl Serialize for JobEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Completed => json!("completed"),
            Self::Failed(message) => json!({ "failed": message }),
            Self::Stopped => json!("stopped"),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JobEnd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match (value.as_str(), value.get("failed").and_then(Value::as_str)) {
            (Some("completed"), _) => Ok(Self::Completed),
            (Some("stopped"), _) => Ok(Self::Stopped),
            (_, Some(message)) => Ok(Self::Failed(message.to_owned())),
            _ => Err(D::Error::custom(format!("`{value}` is not the end of a job"))),
        }
    }
}

impl Serialize for EntryJob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({"handle": self.handle, "end": self.end}).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EntryJob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        Ok(Self { handle: member(&mut value, "handle")?, end: member(&mut value, "end")? })
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({
            "id": self.id,
            "operation": self.operation,
            "parameter": self.parameter,
            "body": self.body,
            "idempotency_key": self.idempotency_key,
            "created_at": self.created_at,
            "jobs": self.jobs,
        })
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        Ok(Self {
            id: member(&mut value, "id")?,
            operation: member(&mut value, "operation")?,
            parameter: member(&mut value, "parameter")?,
            body: member(&mut value, "body")?,
            idempotency_key: member(&mut value, "idempotency_key")?,
            created_at: member(&mut value, "created_at")?,
            jobs: member::<Option<_>, _>(&mut value, "jobs")?.unwrap_or_default(),
        })
    }
}

/// Takes a member out of an object. A missing one is null.
pub(super) fn member<T: serde::de::DeserializeOwned, E: serde::de::Error>(
    value: &mut Value,
    name: &str,
) -> Result<T, E> {
    let member = value.get_mut(name).map(Value::take).unwrap_or_default();
    T::deserialize(member).map_err(|error| E::custom(format!("`{name}`: {error}")))
}

/// The digest of a request, in hexadecimal.
pub(crate) fn digest(operation: &str, parameter: Option<&str>, body: &Value) -> String {
    let mut hasher = Sha256::new();
    // Lengths keep the parts apart.
    for part in [operation, parameter.unwrap_or_default(), &body.to_string()] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    const_hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_equal_requests_have_the_same_digest() {
        let body = json!({"a": 1, "b": 2});
        let same = serde_json::from_str::<Value>(r#"{"b":2,"a":1}"#).unwrap();
        let one = digest("create_video", None, &body);
        assert_eq!(one, digest("create_video", None, &same));
        for other in [
            digest("create_lipsync", None, &body),
            digest("create_video", Some("t"), &body),
            digest("create_video", None, &json!({"a": 1})),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_state_follows_from_the_jobs() {
        let mut entry: Entry =
            serde_json::from_value(json!({"id": "d-1", "operation": "create_video", "body": {},
            "idempotency_key": "k", "created_at": 0}))
            .unwrap();
        assert_eq!(entry.state(), EntryState::Sending);
        let jobs: Vec<JobHandle> = vec!["video:a".parse().unwrap(), "video:b".parse().unwrap()];
        entry.add_jobs(&jobs);
        entry.end_job(&jobs[0], &JobEnd::Completed);
        assert_eq!(entry.state(), EntryState::Running);
        entry.end_job(&jobs[1], &JobEnd::Failed("m".to_owned()));
        assert_eq!(entry.state(), EntryState::Ended);
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
    }
}
