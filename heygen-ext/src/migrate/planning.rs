//! A plan while it is made.

use std::cell::{Cell, RefCell};

use heygen_api::{Operation, operations};
use http::StatusCode;
use serde_json::Value;

use super::cost::{Cost, CostChange};
use super::input_path::Place;
use super::look_up::{Known, LookUp, LookUps};
use super::options::MigrateOptions;
use super::planned_request::{Action, PlannedRequest};
use super::source::{Node, Source, Values};

/// What a conversion reads and writes.
pub(crate) struct Planning<'a> {
    source: &'a Source<'a>,
    pub(crate) options: &'a MigrateOptions,
    answers: &'a LookUps,
    made: RefCell<Made>,
    without_4k: Cell<bool>,
}

/// What a conversion has written.
#[derive(Default)]
pub(crate) struct Made {
    /// The look-ups, and whether they are answered.
    pub(crate) look_ups: Vec<(LookUp, bool)>,
    pub(crate) requests: Vec<PlannedRequest>,
    pub(crate) costs: Vec<Cost>,
}

impl<'a> Planning<'a> {
    pub(crate) fn new(source: &'a Source<'a>, options: &'a MigrateOptions, answers: &'a LookUps) -> Self {
        Self { source, options, answers, made: RefCell::default(), without_4k: Cell::new(false) }
    }

    pub(crate) fn body(&self) -> Node<'a> {
        self.source.node(Place::Body)
    }

    pub(crate) fn query(&self, name: &str) -> Node<'a> {
        self.source.node(Place::Query).get(name)
    }

    /// The media type of a body that is a file.
    pub(crate) fn media_type(&self) -> Option<&'a str> {
        self.source.media_type()
    }

    /// Carries a path parameter: it becomes one of the v3 path.
    pub(crate) fn path(&self, name: &str) -> String {
        let node = self.source.node(Place::Path).get(name);
        node.carried("the path");
        node.text().unwrap_or_default()
    }

    /// Carries a required query parameter, or records that it is missing.
    pub(crate) fn required_query(&self, name: &str) -> Option<String> {
        let node = self.query(name);
        node.carried("the path");
        let text = node.text();
        if text.is_none() {
            node.missing(name, &format!("add `?{name}=…`"));
        }
        text
    }

    /// Adds a request for all pages of a list.
    pub(crate) fn list(&self, operation: &'static Operation, limit: u32, query: &[(&'static str, &str)]) {
        let request = PlannedRequest::new(operation, "lists all pages").with_action(Action::AllPages);
        let request = request.with_query("limit", limit);
        let request = query.iter().fold(request, |request, (name, value)| request.with_query(name, value));
        self.request(request);
    }

    /// The answer to a look-up. The plan lists the look-up.
    pub(crate) fn look_up(&self, look_up: LookUp) -> Known<'a> {
        let known = self.answers.get(&look_up);
        let entry = (look_up, !matches!(known, Known::Unanswered));
        let mut made = self.made.borrow_mut();
        if !made.look_ups.contains(&entry) {
            made.look_ups.push(entry);
        }
        known
    }

    /// Records that the video has a look that cannot be rendered in 4K.
    pub(crate) fn exclude_4k(&self) {
        self.without_4k.set(true);
    }

    pub(crate) fn is_without_4k(&self) -> bool {
        self.without_4k.get()
    }

    /// Adds a request, and returns its index.
    pub(crate) fn request(&self, request: PlannedRequest) -> usize {
        let requests = &mut self.made.borrow_mut().requests;
        requests.push(request);
        requests.len() - 1
    }

    /// The index of the request that uploads a silence of this duration. A plan has one for each duration.
    pub(crate) fn silence(&self, seconds: f64) -> usize {
        let known = self.made.borrow().requests.iter().position(|one| one.silence() == Some(seconds));
        known.unwrap_or_else(|| {
            let purpose = format!("uploads a silence of {seconds} seconds");
            self.request(PlannedRequest::new(&operations::UPLOAD_ASSET, purpose).with_silence(seconds))
        })
    }

    pub(crate) fn cost(&self, change: CostChange, reason: impl Into<String>) {
        let cost = Cost::new(change, reason);
        let mut made = self.made.borrow_mut();
        if !made.costs.contains(&cost) {
            made.costs.push(cost);
        }
    }

    pub(crate) fn into_made(self) -> Made {
        self.made.into_inner()
    }
}

/// The answers of a plan, from which the legacy answer is made.
pub(crate) struct Answers<'a> {
    /// The legacy request.
    pub(crate) request: &'a Values,
    /// The whole bodies, in the order of the requests.
    pub(crate) bodies: &'a [Value],
    /// The current time, in seconds since 1970.
    pub(crate) now: u64,
    /// What the create call of the same video contained.
    pub(crate) remembered: Option<&'a Remembered>,
}

/// What the create call of a video contained that v3 does not return.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) callback_id: Option<String>,
    pub(crate) with_captions: bool,
}

impl<'a> Answers<'a> {
    /// The member `data` of the answer with this index.
    pub(crate) fn data(&self, index: usize) -> &'a Value {
        self.bodies.get(index).and_then(|body| body.get("data")).unwrap_or(&Value::Null)
    }

    /// The member `data` of the last answer.
    pub(crate) fn last_data(&self) -> &'a Value {
        self.data(self.bodies.len().saturating_sub(1))
    }

    /// The items of the list with this index.
    pub(crate) fn items(&self, index: usize) -> impl Iterator<Item = &'a Value> {
        self.data(index).as_array().into_iter().flatten()
    }

    /// A query parameter of the legacy request.
    pub(crate) fn query(&self, name: &str) -> Option<&'a str> {
        self.request.query.get(name)?.as_str()
    }

    pub(crate) fn whole(&self, index: usize) -> Value {
        self.bodies.get(index).cloned().unwrap_or_default()
    }
}

/// Why the answers of v3 do not fit into a legacy answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unanswerable {
    /// The HTTP status of the legacy answer.
    pub(crate) status: StatusCode,
    /// The v3 error code.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Unanswerable {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

/// Makes the requests of a plan. `None` if a problem was recorded that leaves nothing to do.
pub(crate) type Forward = fn(&Planning<'_>) -> Option<()>;

/// Makes the legacy answer: the member `data` of its envelope.
pub(crate) type Back = fn(&Answers<'_>) -> Result<Value, Unanswerable>;

/// The whole body of the first answer, for an endpoint that has the envelope of v3.
pub(crate) fn whole(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(answers.whole(0))
}

/// No data.
pub(crate) fn nothing(_: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(Value::Null)
}

/// The member `data` of the first answer, unchanged.
pub(crate) fn same_data(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(answers.data(0).clone())
}

/// Both directions of an endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Conversion {
    pub(crate) forward: Forward,
    pub(crate) back: Back,
}
