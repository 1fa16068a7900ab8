//! A v3 request of a plan.

use std::fmt;

use heygen_api::Operation;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::fallback::Fallback;
use super::fill::{Fill, Target};
use super::output::Output;
use crate::redaction::redact;

/// Stands for the user of the key until it is looked up.
pub(crate) const USER_OF_THE_KEY: &str = "(the user of the key)";

/// Bytes that are percent-encoded in a path or a query.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A v3 request of a [`Plan`](super::Plan), ready to be sent, except for values that an earlier answer of the plan has.
///
/// It prints as one line: `POST /v3/avatars/{group_id}/consent: hands in the consent`.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct PlannedRequest {
    operation: &'static Operation,
    action: Action,
    parameters: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    fills: Vec<Fill>,
    fallback: Option<Fallback>,
    /// The duration of the silence that is uploaded, in seconds.
    silence: Option<f64>,
    purpose: String,
}

/// How a request of a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// It is sent once.
    Send,
    /// It is sent once for each page of a list, and the answer has the items of all pages.
    AllPages,
    /// It uploads the file that is the body of the legacy request.
    Upload,
    /// It uploads a silent audio file that is made for the plan.
    UploadSilence,
    /// It is sent once for each item of an earlier answer, and the answer has the list of all data.
    SendForEach,
    /// It is sent until the look is finished, up to a deadline.
    AwaitLook,
    /// It is sent until the video is finished, up to a deadline.
    AwaitVideo,
    /// It is sent until the session has named its video, for some seconds. It is not sent if the first answer
    /// already has the id of the video.
    AwaitVideoOfSession,
}

impl PlannedRequest {
    pub(crate) fn new(operation: &'static Operation, purpose: impl Into<String>) -> Self {
        Self {
            operation,
            action: Action::Send,
            parameters: Vec::new(),
            query: Vec::new(),
            body: None,
            fills: Vec::new(),
            fallback: None,
            silence: None,
            purpose: purpose.into(),
        }
    }

    pub(crate) fn with_action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    /// Sets what is sent if the service refuses the request.
    pub(crate) fn with_fallback(mut self, fallback: Fallback) -> Self {
        self.fallback = Some(fallback);
        self
    }

    pub(crate) fn with_parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    pub(crate) fn with_query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets the body, with its values from earlier answers.
    pub(crate) fn with_output(mut self, output: Output) -> Self {
        let (body, fills) = output.into_parts();
        self.fills.extend(fills);
        self.with_body(body)
    }

    /// Uploads a silence of this duration.
    pub(crate) fn with_silence(mut self, seconds: f64) -> Self {
        self.action = Action::UploadSilence;
        self.silence = Some(seconds);
        self
    }

    /// Sets a path parameter from an earlier answer.
    pub(crate) fn with_parameter_from(
        mut self,
        name: &'static str,
        request: usize,
        pointer: &'static str,
    ) -> Self {
        let fill = Fill { target: Target::Parameter(name), request, pointer };
        let placeholder = fill.placeholder();
        self.fills.push(fill);
        self.with_parameter(name, placeholder)
    }

    /// Sends the request once for each item of an earlier list. The path parameter is a member of the item.
    pub(crate) fn for_each(mut self, name: &'static str, request: usize, pointer: &'static str) -> Self {
        self.action = Action::SendForEach;
        self.with_parameter_from(name, request, pointer)
    }

    /// The same request for one item of the list that it is sent for.
    pub(crate) fn for_item(&self, item: &Value) -> Option<Self> {
        let fill = self.fills.first()?;
        let one = Self { fills: vec![Fill { request: 0, ..fill.clone() }], ..self.clone() };
        one.filled(std::slice::from_ref(item))
    }

    /// The index of the answer with the list that it is sent for.
    pub(crate) fn list_index(&self) -> Option<usize> {
        Some(self.fills.first()?.request)
    }

    /// Sets a member of the body from an earlier answer. The body has a placeholder there.
    pub(crate) fn with_member_from(
        mut self,
        member: &'static str,
        request: usize,
        pointer: &'static str,
    ) -> Self {
        let fill = Fill { target: Target::Body(member.to_owned()), request, pointer };
        if let Some(place) = self.body.as_mut().and_then(|body| body.pointer_mut(member)) {
            *place = fill.placeholder().into();
        }
        self.fills.push(fill);
        self
    }

    pub(crate) fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref()
    }

    /// The same request with another id in the place of this one.
    pub(crate) fn with_id(&self, id: &str, other: &str) -> Self {
        let mut changed = self.clone();
        let values = changed.parameters.iter_mut().chain(&mut changed.query).map(|(_, value)| value);
        values.filter(|value| *value == id).for_each(|value| other.clone_into(value));
        if let Some(group) = changed.body.as_mut().and_then(|body| body.get_mut("avatar_group_id")) {
            *group = other.into();
        }
        changed
    }

    /// The operation.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// How it is carried out.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The duration of the silence that it uploads, in seconds.
    pub(crate) fn silence(&self) -> Option<f64> {
        self.silence
    }

    /// The path parameters by name.
    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }

    /// The query parameters by name.
    pub fn query(&self) -> &[(&'static str, String)] {
        &self.query
    }

    /// The JSON body. A text such as `(answer 1: /data/asset_id)` stands for a value of an earlier answer.
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// What the request is for.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// The path with its parameters and query, percent-encoded. In round brackets stands what is not known yet, such as
    /// `(answer 1: /data/avatar_id)`.
    pub fn path(&self) -> String {
        let is_unknown = |value: &str| {
            value == USER_OF_THE_KEY || self.fills.iter().any(|fill| fill.placeholder() == value)
        };
        let encode = |value: &str| match is_unknown(value) {
            true => value.to_owned(),
            false => utf8_percent_encode(value, RESERVED).to_string(),
        };
        let mut path = self.operation.path().to_owned();
        for (name, value) in &self.parameters {
            path = path.replace(&format!("{{{name}}}"), &encode(value));
        }
        let query: Vec<_> =
            self.query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The same request with the values of earlier answers; `None` if an answer lacks one.
    pub(crate) fn filled(&self, answers: &[Value]) -> Option<Self> {
        let mut filled = self.clone();
        for fill in &self.fills {
            let value = answers.get(fill.request)?.pointer(fill.pointer).filter(|value| !value.is_null())?;
            match &fill.target {
                Target::Parameter(name) => {
                    let text = value.as_str()?.to_owned();
                    filled.parameters.iter_mut().filter(|(given, _)| given == name).for_each(|(_, value)| {
                        value.clone_from(&text);
                    });
                }
                Target::Body(member) => *filled.body.as_mut()?.pointer_mut(member)? = value.clone(),
            }
        }
        Some(filled)
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(body) = &mut body {
            redact(body);
        }
        json!({
            "method": self.operation.method().as_str(),
            "path": self.path(),
            "body": body,
            "purpose": self.purpose,
        })
    }
}

impl fmt::Display for PlannedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.operation.method(), self.path(), self.purpose)?;
        self.fallback.iter().try_for_each(|fallback| write!(f, "; {fallback}"))
    }
}

impl fmt::Debug for PlannedRequest {
    /// Shows method, path and purpose: the body may contain signed links.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlannedRequest({} {}: {})", self.operation.method(), self.operation.path(), self.purpose)
    }
}
