//! Plans: the v3 requests that replace a legacy request.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::cost::Cost;
use super::endpoint::Endpoint;
use super::fallback::Fallback;
use super::input_path::InputPath;
use super::look_up::{LookUp, LookUps};
use super::loss::{Loss, Problem, Refusal, shown_at};
use super::migrate_error::MigrateError;
use super::options::MigrateOptions;
use super::planned_request::{Action, PlannedRequest};
use super::planning::{Answers, Conversion, Made, Planning, Remembered};
use super::source::{Carried, Findings, Source, Values};

/// The v3 requests that replace a legacy request, in their order, with what is lost and what it costs.
///
/// A plan is made by [`LegacyRequest::plan`](super::LegacyRequest::plan). Making one sends nothing: print it, inspect it, or
/// let [`Legacy::run_plan`](super::Legacy::run_plan) carry it out.
#[derive(Clone)]
#[must_use]
pub struct Plan {
    endpoint: &'static Endpoint,
    conversion: Conversion,
    values: Values,
    file: Option<Bytes>,
    options: MigrateOptions,
    look_ups: Vec<(LookUp, bool)>,
    requests: Vec<PlannedRequest>,
    losses: Vec<Loss>,
    costs: Vec<Cost>,
    carried: Vec<Carried>,
}

impl Plan {
    pub(crate) fn make(
        endpoint: &'static Endpoint,
        conversion: Conversion,
        values: &Values,
        answers: &LookUps,
        options: &MigrateOptions,
    ) -> Result<Self, Refusal> {
        let source = Source::new(values);
        let planning = Planning::new(&source, options, answers);
        let done = match is_answer(&values.body) {
            true => {
                planning
                    .body()
                    .problem("this is an answer of the old service, and not a request; send the request");
                None
            }
            false => (conversion.forward)(&planning),
        };
        let Made { look_ups, requests, costs } = planning.into_made();
        let Findings { carried, mut losses, mut problems } = source.finish();
        if done.is_none() && problems.is_empty() {
            problems.push(Problem {
                path: InputPath::body(),
                message: "the request is incomplete".to_owned(),
                code: "invalid_parameter",
            });
        }
        losses.sort_by(|one, other| one.path.cmp(&other.path));
        let refused: Vec<Loss> = losses.iter().filter(|loss| options.refuses(loss)).cloned().collect();
        if !problems.is_empty() || !refused.is_empty() {
            return Err(Refusal { problems, losses: refused });
        }
        let values = values.clone();
        let options = options.clone();
        Ok(Self {
            endpoint,
            conversion,
            values,
            file: None,
            options,
            look_ups,
            requests,
            losses,
            costs,
            carried,
        })
    }

    /// Adds the file of an upload.
    pub(crate) fn with_file(mut self, file: Option<Bytes>) -> Self {
        self.file = file;
        self
    }

    /// The options that the plan was made with.
    pub(crate) fn options(&self) -> &MigrateOptions {
        &self.options
    }

    /// The file of an upload, and its media type.
    pub(crate) fn file(&self) -> Option<(&Bytes, Option<&str>)> {
        Some((self.file.as_ref()?, self.values.media_type.as_deref()))
    }

    /// The legacy endpoint.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// What the plan has to know from the service.
    pub fn look_ups(&self) -> impl Iterator<Item = &LookUp> {
        self.look_ups.iter().map(|(look_up, _)| look_up)
    }

    /// The look-ups that were not answered when the plan was made. Until they are, the plan assumes the usual answer: a look
    /// that has Avatar III, and a template whose variables are all given.
    pub fn unanswered(&self) -> impl Iterator<Item = &LookUp> {
        self.look_ups.iter().filter(|(_, answered)| !answered).map(|(look_up, _)| look_up)
    }

    /// The v3 requests, in their order.
    pub fn requests(&self) -> &[PlannedRequest] {
        &self.requests
    }

    /// The values that are not carried.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// The losses, with those that only the answers of the requests show.
    pub(crate) fn losses_after(&self, answers: &[Value]) -> Vec<Loss> {
        let mut losses = self.losses.clone();
        for (request, answer) in self.requests.iter().zip(answers) {
            let Some(Fallback::ConsentLink(loss)) = request.fallback() else { continue };
            if let Some(problem) = answer.pointer("/error/message").and_then(Value::as_str) {
                let alternative = "the avatar exists, so do not create it again: ask for a link with \
                                   `POST /v3/avatars/{group_id}/consent`, and let the person agree there";
                let reason = format!("v3 did not take the recorded consent: {problem}");
                losses.push(Loss { reason, alternative: alternative.to_owned(), ..loss.clone() });
            } else if answer.pointer("/data/url").is_some_and(Value::is_string) {
                losses.push(loss.clone());
            }
        }
        losses
    }

    /// How the cost changes. Empty for calls that are free of charge on both sides.
    pub fn costs(&self) -> &[Cost] {
        &self.costs
    }

    /// The values that are carried, and where to.
    pub fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// Makes the whole legacy answer from the answers of the requests: for each, its whole body. `now` is the time that an
    /// answer contains if v3 does not report it.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Answer`]: the answers of v3 do not have what the legacy answer contains.
    pub fn answer(&self, answers: &[Value], now: SystemTime) -> Result<Value, MigrateError> {
        self.answer_with(answers, now, None)
    }

    pub(crate) fn answer_with(
        &self,
        bodies: &[Value],
        now: SystemTime,
        remembered: Option<&Remembered>,
    ) -> Result<Value, MigrateError> {
        for (index, request) in self.requests.iter().enumerate() {
            let body = bodies.get(index).unwrap_or(&Value::Null);
            // An empty answer is read as `data` without members.
            let has =
                |name: &str| body.get(name).is_some_and(|value| !value.is_null() && *value != json!({}));
            let is_optional = request.operation().method() == Method::DELETE
                || request.action() == Action::AwaitVideoOfSession
                || matches!(request.fallback(), Some(Fallback::ConsentLink(_)));
            if !is_optional && !has("data") && !has("error") {
                return Err(MigrateError::Answer {
                    status: StatusCode::BAD_GATEWAY,
                    code: "internal_error",
                    message: format!(
                        "the answer to `{request}` has nothing in `data`; if you sent the request, pass the whole \
                         body of the answer"
                    ),
                });
            }
        }
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let data = (self.conversion.back)(&Answers { request: &self.values, bodies, now, remembered })?;
        Ok(self.endpoint.envelope().success(data))
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// The plan as JSON, for a report. Values that may be secret are redacted.
    pub fn to_json(&self) -> Value {
        let text = |value: &dyn fmt::Display| Value::from(value.to_string());
        json!({
            "legacy": self.endpoint.to_string(),
            "level": self.endpoint.level().as_str(),
            "look_ups": self.look_ups.iter().map(|(one, _)| text(one)).collect::<Vec<_>>(),
            "requests": self.requests.iter().map(PlannedRequest::to_json).collect::<Vec<_>>(),
            "losses": self.losses.iter().map(loss_to_json).collect::<Vec<_>>(),
            "costs": self.costs.iter().map(cost_to_json).collect::<Vec<_>>(),
            "carried": self.carried.iter().map(|one| json!({"from": text(&one.from), "to": one.to}))
                .collect::<Vec<_>>(),
        })
    }
}

/// Whether a body has the members of the old envelopes: of one, or of both mixed.
fn is_answer(body: &Value) -> bool {
    let envelope = ["code", "data", "error", "message", "msg", "warning"];
    body.as_object().is_some_and(|members| {
        members.contains_key("data")
            && members.len() > 1
            && members.keys().all(|name| envelope.contains(&name.as_str()))
    })
}

/// A loss as JSON, for a report.
pub(crate) fn loss_to_json(loss: &Loss) -> Value {
    json!({
        "path": loss.path.to_string(),
        "value": shown_at(&loss.path, &loss.value),
        "severity": loss.severity.as_str(),
        "reason": loss.reason,
        "alternative": loss.alternative,
    })
}

/// A cost as JSON, for a report.
pub(crate) fn cost_to_json(cost: &Cost) -> Value {
    json!({"change": cost.change.as_str(), "reason": cost.reason})
}

impl fmt::Display for Plan {
    /// Prints the plan in several lines: look-ups, requests with their bodies, losses, costs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.endpoint, self.endpoint.level())?;
        for (look_up, answered) in &self.look_ups {
            write!(f, "\n  look up {look_up}{}", if *answered { "" } else { " (not answered yet)" })?;
        }
        for (index, request) in self.requests.iter().enumerate() {
            write!(f, "\n  {}. {request}", index + 1)?;
            if let Some(body) = request.to_json().get("body").filter(|body| !body.is_null()) {
                write!(f, "\n     {body}")?;
            }
        }
        self.losses.iter().try_for_each(|loss| write!(f, "\n  loss: {loss}"))?;
        self.costs.iter().try_for_each(|cost| write!(f, "\n  cost: {cost}"))
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("endpoint", &self.endpoint)
            .field("requests", &self.requests)
            .field("losses", &self.losses)
            .finish_non_exhaustive()
    }
}
