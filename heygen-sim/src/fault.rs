//! Faults on demand: what networks, gateways and servers do on bad days.

pub(crate) mod apply;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::document::document;

/// Something that goes wrong, for which requests and how often.
///
/// Without limits it strikes every request. The same in JSON goes to `POST /__sim/faults`.
///
/// ```
/// use heygen_sim::Fault;
///
/// // The second and the third read of a video meet a gateway that is down.
/// let fault = Fault::answer(502, "text/html", "<h1>Bad Gateway</h1>")
///     .on("getVideoV3")
///     .after(1)
///     .times(2);
/// // One create in ten is carried out, and its answer is lost.
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

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// This answer, and the request is not carried out.
    Answer {
        status: u16,
        #[serde(default)]
        content_type: String,
        #[serde(default)]
        body: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// So long until it is carried out.
    Delay { seconds: f64 },
    /// The connection closes; the request is not carried out.
    CloseBefore,
    /// The request is carried out; the connection closes without an answer.
    CloseAfter,
    /// The connection is reset; the request is not carried out.
    Reset,
    /// The connection closes in the middle of the body.
    HalfBody,
    /// `Content-Length` is too small by half, and the body is cut to it.
    WrongLength,
    /// So long before each quarter of the body.
    SlowBody { seconds: f64 },
    /// An event stream breaks after so many events.
    CutStream { events: usize },
    /// An event stream reports an error after so many events, and ends.
    FailStream { events: usize },
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { operation: None, after: 0, times: None, probability: 1.0, effect }
    }

    /// Answers this; the request is not carried out.
    pub fn answer(status: u16, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        let (content_type, body) = (content_type.into(), body.into());
        Self::new(Effect::Answer { status, content_type, body, headers: BTreeMap::new() })
    }

    /// Answers this status with an empty body; the request is not carried out.
    pub fn status(status: u16) -> Self {
        Self::answer(status, "", "")
    }

    /// Carries the request out so much later, by the simulator's clock; a refusal comes so much later too.
    ///
    /// Meanwhile its idempotency key is in flight. An operation of the document is carried out even when the caller has
    /// gone.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::Delay { seconds: by.as_secs_f64() })
    }

    /// Closes the connection; the request is not carried out.
    pub fn close_before() -> Self {
        Self::new(Effect::CloseBefore)
    }

    /// Carries the request out, and closes the connection without an answer.
    pub fn close_after() -> Self {
        Self::new(Effect::CloseAfter)
    }

    /// Resets the connection; the request is not carried out.
    pub fn reset() -> Self {
        Self::new(Effect::Reset)
    }

    /// Carries the request out, and closes the connection in the middle of the answer's body.
    pub fn half_body() -> Self {
        Self::new(Effect::HalfBody)
    }

    /// Carries the request out, and announces half of the body's length.
    pub fn wrong_length() -> Self {
        Self::new(Effect::WrongLength)
    }

    /// Carries the request out, and waits before each quarter of the body, by the simulator's clock.
    pub fn slow_body(pause: Duration) -> Self {
        Self::new(Effect::SlowBody { seconds: pause.as_secs_f64() })
    }

    /// Breaks an event stream after so many events. Other answers stay as they are.
    pub fn cut_stream(events: usize) -> Self {
        Self::new(Effect::CutStream { events })
    }

    /// Ends an event stream with an error event after so many events. Other answers stay as they are.
    pub fn fail_stream(events: usize) -> Self {
        Self::new(Effect::FailStream { events })
    }

    /// Only requests of this operation: an `operationId` of the document, `files` for downloads from signed links,
    /// `uploads` for the slots of direct uploads, `oauth` for the token endpoint.
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Lets so many matching requests pass first.
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Strikes so often and no more.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes with this probability, from 0 to 1; which requests are struck follows from the seed.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Adds a header to an [`answer`](Self::answer), such as `Retry-After`. Other effects have none.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Effect::Answer { headers, .. } = &mut self.effect {
            headers.insert(name.into(), value.into());
        }
        self
    }

    fn check(&self) -> Result<(), InvalidFault> {
        let wrong = |message: String| Err(InvalidFault(message));
        if let Some(operation) = &self.operation {
            let known = ["files", "uploads", "oauth"].contains(&operation.as_str());
            if !known && document().route(operation).is_none() {
                return wrong(format!(
                    "`{operation}` is not an operation: take an operationId of the document, `files`, `uploads` or `oauth`"
                ));
            }
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return wrong(format!("a probability lies between 0 and 1, not at {}", self.probability));
        }
        match &self.effect {
            Effect::Answer { status, headers, content_type, .. } => {
                if !(200..=599).contains(status) {
                    return wrong(format!(
                        "{status} is not a status to answer with: take one from 200 to 599"
                    ));
                }
                let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                for (name, value) in pairs.chain([("content-type", content_type.as_str())]) {
                    let good = name.parse::<http::HeaderName>().is_ok()
                        && http::HeaderValue::from_str(value).is_ok();
                    if !good {
                        return wrong(format!("`{name}: {value}` is not a valid header"));
                    }
                }
            }
            Effect::Delay { seconds } | Effect::SlowBody { seconds }
                if (Duration::try_from_secs_f64(*seconds).is_err() || *seconds > 1e9) =>
            {
                return wrong(format!("{seconds} is not a time to wait"));
            }
            Effect::CutStream { .. } | Effect::FailStream { .. } => {
                if let Some(operation) = &self.operation
                    && !document().route(operation).is_some_and(|route| route.streams)
                {
                    return wrong(format!("`{operation}` answers with no stream of events"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A [`Fault`] that makes no sense; the message says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFault(String);

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFault {}

/// The faults that are set, and how often each has met its requests.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Set>);

#[derive(Debug)]
struct Set {
    fault: Fault,
    seen: u32,
    struck: u32,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), InvalidFault> {
        fault.check()?;
        self.0.push(Set { fault, seen: 0, struck: 0 });
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The faults with how often each struck.
    pub(crate) fn list(&self) -> Vec<(Fault, u32)> {
        self.0.iter().map(|set| (set.fault.clone(), set.struck)).collect()
    }

    /// What strikes a request of that operation: the first fault that matches and is due.
    pub(crate) fn strike(&mut self, operation: &str, mut chance: impl FnMut() -> f64) -> Option<Effect> {
        for set in &mut self.0 {
            let fault = &set.fault;
            if fault.operation.as_deref().is_some_and(|wanted| wanted != operation) {
                continue;
            }
            set.seen += 1;
            let due = set.seen > fault.after && fault.times.is_none_or(|times| set.struck < times);
            if due && (fault.probability >= 1.0 || chance() < fault.probability) {
                set.struck += 1;
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
    fn faults_strike_the_requests_that_they_are_for() {
        let mut faults = Faults::default();
        faults.add(Fault::status(503).on("getVideoV3").after(1).times(2)).unwrap();
        faults.add(Fault::close_after().on("createVideo").with_probability(0.5)).unwrap();
        let mut read = || faults.strike("getVideoV3", || 0.0).is_some();
        assert_eq!([read(), read(), read(), read()], [false, true, true, false]);
        assert!(faults.strike("createVideo", || 0.49).is_some());
        assert!(faults.strike("createVideo", || 0.5).is_none());
        assert!(faults.strike("listVoicesV3", || 0.0).is_none());
        assert_eq!(faults.list().iter().map(|(_, struck)| *struck).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused() {
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
