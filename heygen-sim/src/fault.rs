//! Faults on request: the failures of networks, gateways and servers.

pub(crate) mod apply;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::document::document;

/// A failure that the simulator causes on request: what happens, to which requests, and how often.
///
/// By default, a fault applies to every request. `POST /__sim/faults` accepts the same as JSON.
///
/// ```
/// use heygen_sim::Fault;
///
/// // For the second and the third read of a video, the gateway is down.
/// let fault = Fault::answer(502, "text/html", "<h1>Bad Gateway</h1>")
///     .on("getVideoV3")
///     .after(1)
///     .times(2);
/// // One create request in ten is executed, but its response is lost.
/// let lost = Fault::close_after().on("createVideo").with_probability(0.1);
/// # let _ = (fault, lost);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Fault {
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    after: u32,
    #[serde(default)]
    times: Option<u32>,
    #[serde(default = "always")]
    probability: f64,
    effect: Effect,
}

fn always() -> f64 {
    1.0
}

/// What a fault can apply to beside the operations of the document.
pub(crate) const OTHER_TARGETS: [&str; 3] = ["files", "uploads", "oauth"];

/// The effect of a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// Sends this response. The request is not executed.
    Answer {
        status: u16,
        #[serde(default)]
        content_type: String,
        #[serde(default)]
        body: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// Waits before the request is executed.
    Delay { seconds: f64 },
    /// Closes the connection. The request is not executed.
    CloseBefore,
    /// Executes the request, and closes the connection without a response.
    CloseAfter,
    /// Resets the connection. The request is not executed.
    Reset,
    /// Closes the connection in the middle of the body.
    HalfBody,
    /// Sends half of the real `Content-Length`, and cuts the body to it.
    WrongLength,
    /// Waits before each quarter of the body.
    SlowBody { seconds: f64 },
    /// Breaks off an event stream after this number of events.
    CutStream { events: usize },
    /// Ends an event stream with an error event after this number of events.
    FailStream { events: usize },
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { operation: None, after: 0, times: None, probability: 1.0, effect }
    }

    /// Sends this response. The request is not executed.
    pub fn answer(status: u16, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        let (content_type, body) = (content_type.into(), body.into());
        Self::new(Effect::Answer { status, content_type, body, headers: BTreeMap::new() })
    }

    /// Sends this status with an empty body. The request is not executed.
    pub fn status(status: u16) -> Self {
        Self::answer(status, "", "")
    }

    /// Refuses with this status, code and message, as the service does. The request is not executed.
    ///
    /// ```
    /// # async fn example(sim: heygen_sim::Sim) -> Result<(), heygen_sim::InvalidFault> {
    /// use heygen_sim::Fault;
    ///
    /// let fault = Fault::refuse(429, "rate_limit_exceeded", "Too many requests");
    /// sim.inject(fault.on("create_video").times(2).header("Retry-After", "1"))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"error": {"code": code, "message": message}});
        Self::answer(status, "application/json", body.to_string())
    }

    /// Executes the request after a delay, by the simulator's clock. A refusal is delayed too.
    ///
    /// During the delay, the idempotency key is in progress. An operation of the document is executed even if the client
    /// disconnects.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::Delay { seconds: by.as_secs_f64() })
    }

    /// Closes the connection. The request is not executed.
    pub fn close_before() -> Self {
        Self::new(Effect::CloseBefore)
    }

    /// Executes the request, and closes the connection without a response.
    pub fn close_after() -> Self {
        Self::new(Effect::CloseAfter)
    }

    /// Resets the connection. The request is not executed.
    pub fn reset() -> Self {
        Self::new(Effect::Reset)
    }

    /// Executes the request, and closes the connection in the middle of the response's body.
    pub fn half_body() -> Self {
        Self::new(Effect::HalfBody)
    }

    /// Executes the request, and sends half of the real `Content-Length` with half of the body.
    pub fn wrong_length() -> Self {
        Self::new(Effect::WrongLength)
    }

    /// Executes the request, and waits before each quarter of the body, by the simulator's clock.
    pub fn slow_body(pause: Duration) -> Self {
        Self::new(Effect::SlowBody { seconds: pause.as_secs_f64() })
    }

    /// Breaks off an event stream after `events` events. Other responses do not change.
    pub fn cut_stream(events: usize) -> Self {
        Self::new(Effect::CutStream { events })
    }

    /// Ends an event stream with an error event after `events` events. Other responses do not change.
    pub fn fail_stream(events: usize) -> Self {
        Self::new(Effect::FailStream { events })
    }

    /// Applies only to requests of this operation: an `operationId` of the document, such as `createVideo`, or the name of the
    /// method in a client, such as `create_video`; `files` for downloads from signed links,
    /// `uploads` for the slots of direct uploads, or `oauth` for the token endpoint.
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Does not apply to the first `requests` matching requests.
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Applies at most `times` times.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Applies with this probability, from 0 to 1. The seed determines the affected requests.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Adds a header, such as `Retry-After`, to an [`answer`](Self::answer). Does nothing for other effects.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Effect::Answer { headers, .. } = &mut self.effect {
            headers.insert(name.into(), value.into());
        }
        self
    }

    fn validate(&self) -> Result<(), InvalidFault> {
        let invalid = |message: String| Err(InvalidFault(message));
        if let Some(operation) = &self.operation {
            let known = OTHER_TARGETS.contains(&operation.as_str());
            if !known && document().route(operation).is_none() {
                return invalid(format!(
                    "`{operation}` is not an operation: take an operationId of the document, such as `createVideo` or `create_video`, or `files`, `uploads` or `oauth`"
                ));
            }
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return invalid(format!("a probability must be between 0 and 1, not {}", self.probability));
        }
        match &self.effect {
            Effect::Answer { status, headers, content_type, .. } => {
                if !(200..=599).contains(status) {
                    return invalid(format!(
                        "{status} is not a status to answer with: take one from 200 to 599"
                    ));
                }
                let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                for (name, value) in pairs.chain([("content-type", content_type.as_str())]) {
                    let good = name.parse::<http::HeaderName>().is_ok()
                        && http::HeaderValue::from_str(value).is_ok();
                    if !good {
                        return invalid(format!("`{name}: {value}` is not a valid header"));
                    }
                    if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
                        return invalid(format!(
                            "the header `{name}` frames the response and is set by the simulator; use `half_body` or `wrong_length` for a broken one"
                        ));
                    }
                }
            }
            Effect::Delay { seconds } | Effect::SlowBody { seconds }
                if (Duration::try_from_secs_f64(*seconds).is_err() || *seconds > 1e9) =>
            {
                return invalid(format!("`{seconds}` is not a valid delay in seconds"));
            }
            Effect::CutStream { .. } | Effect::FailStream { .. } => {
                if let Some(operation) = &self.operation
                    && !document().route(operation).is_some_and(|route| route.streams)
                {
                    return invalid(format!("`{operation}` does not answer with an event stream"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Headers that say how the response is framed.
const FRAMING: [&str; 6] = ["connection", "content-length", "te", "trailer", "transfer-encoding", "upgrade"];

/// The error when a [`Fault`] is invalid. The message names the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFault(String);

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFault {}

/// The faults that are set, in their order.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<ActiveFault>,
    /// Number of the next fault.
    next: u64,
}

/// A fault that is set.
#[derive(Debug, Clone)]
pub(crate) struct ActiveFault {
    /// Number of the fault, from 0. It is never used for another one.
    pub(crate) number: u64,
    pub(crate) fault: Fault,
    /// Number of requests that matched.
    matched: u32,
    /// Number of requests to which it was applied.
    pub(crate) applied: u32,
}

impl Faults {
    /// Sets a fault.
    pub(crate) fn add(&mut self, mut fault: Fault) -> Result<(), InvalidFault> {
        fault.operation = fault.operation.map(|name| document().operation_id(&name).unwrap_or(name));
        fault.validate()?;
        self.active.push(ActiveFault { number: self.next, fault, matched: 0, applied: 0 });
        self.next += 1;
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// Removes the fault with this number. Returns `false` if it is not set.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.number != number);
        self.active.len() < before
    }

    /// The faults.
    pub(crate) fn active(&self) -> &[ActiveFault] {
        &self.active
    }

    /// The faults, with how often each was applied.
    pub(crate) fn list(&self) -> Vec<(Fault, u32)> {
        self.active.iter().map(|active| (active.fault.clone(), active.applied)).collect()
    }

    /// The effect on a request of `operation`: that of the first fault that matches and is due.
    pub(crate) fn take_due(&mut self, operation: &str, mut random: impl FnMut() -> f64) -> Option<Effect> {
        for active in &mut self.active {
            let fault = &active.fault;
            if fault.operation.as_deref().is_some_and(|wanted| wanted != operation) {
                continue;
            }
            active.matched += 1;
            let due = active.matched > fault.after && fault.times.is_none_or(|times| active.applied < times);
            if due && (fault.probability >= 1.0 || random() < fault.probability) {
                active.applied += 1;
                return Some(fault.effect.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_its_name_in_the_document_and_in_clients() {
        for (name, id) in [
            ("create_video", "createVideo"),
            ("createVideo", "createVideo"),
            ("get_video", "getVideoV3"),
            ("get_video_agent_session", "getVideoAgentSession"),
            ("get_video_v2", "getVideo"),
            ("files", "files"),
        ] {
            let mut faults = Faults::default();
            faults.add(Fault::status(500).on(name)).unwrap();
            assert_eq!(faults.list()[0].0.operation.as_deref(), Some(id));
        }
        assert!(Faults::default().add(Fault::status(500).on("make_video")).is_err());
    }

    #[test]
    fn headers_that_frame_the_response_are_refused() {
        for name in ["Content-Length", "transfer-encoding", "Connection"] {
            let refused = Faults::default().add(Fault::status(200).header(name, "1")).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
        let refusal = Fault::refuse(429, "rate_limit_exceeded", "m").header("Retry-After", "1");
        assert!(Faults::default().add(refusal).is_ok());
    }

    #[test]
    fn faults_apply_to_the_requests_that_they_match() {
        let mut faults = Faults::default();
        faults.add(Fault::status(503).on("getVideoV3").after(1).times(2)).unwrap();
        faults.add(Fault::close_after().on("createVideo").with_probability(0.5)).unwrap();
        let mut read = || faults.take_due("getVideoV3", || 0.0).is_some();
        assert_eq!([read(), read(), read(), read()], [false, true, true, false]);
        assert!(faults.take_due("createVideo", || 0.49).is_some());
        assert!(faults.take_due("createVideo", || 0.5).is_none());
        assert!(faults.take_due("listVoicesV3", || 0.0).is_none());
        assert_eq!(faults.list().iter().map(|(_, applied)| *applied).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn invalid_faults_are_refused() {
        let mut faults = Faults::default();
        for fault in [
            Fault::status(503).on("getVidoe"),
            Fault::status(99),
            Fault::status(503).with_probability(1.5),
            Fault::status(503).header("bad header", "x"),
            Fault::delay(Duration::from_secs(u64::MAX)),
            Fault::cut_stream(1).on("createVideo"),
            Fault::fail_stream(1).on("files"),
        ] {
            assert!(faults.add(fault.clone()).is_err(), "{fault:?}");
        }
        for operation in ["streamModelSpeech", "streamAvatarRealtimeWords"] {
            faults.add(Fault::cut_stream(1).on(operation)).unwrap();
        }
    }
}
