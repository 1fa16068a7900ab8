//! What a plan cannot carry from a legacy request to v3, and what to do about it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::input_path::InputPath;
use crate::redaction::redact;

/// A value of a legacy request that has no counterpart in v3.
///
/// It prints as one line: `video_inputs[0].character.scale: 1.5 is lost (shown): v3 does not scale the avatar; place …`.
/// The word in parentheses is the [`Severity`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Loss {
    /// Where the value is in the request.
    pub path: InputPath,
    /// The value: all that is below the path.
    pub value: Value,
    /// Why it cannot be carried.
    pub reason: String,
    /// What to use instead.
    pub alternative: String,
    /// What the loss changes.
    pub severity: Severity,
    /// Whether the video would be rendered by a newer engine, which has an option of its own.
    pub(crate) is_engine: bool,
}

/// What a [`Loss`] changes. [`Policy::Strict`] refuses a plan with a loss of one of the last three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Nothing: the result is the same.
    Harmless,
    /// What the program receives: a member of an answer or of an event, or the place of the result in the workspace.
    Reported,
    /// What the video shows.
    Shown,
    /// What the audience hears, or reads as text.
    Spoken,
    /// What the call costs.
    Billed,
}

impl Severity {
    /// Whether [`Policy::Strict`] refuses a plan with such a loss.
    pub fn is_refused_by_strict(self) -> bool {
        self >= Self::Shown
    }

    /// The severity in lower case, such as `shown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Harmless => "harmless",
            Self::Reported => "reported",
            Self::Shown => "shown",
            Self::Spoken => "spoken",
            Self::Billed => "billed",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do with a plan that loses something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Policy {
    /// Refuse a plan whose losses change what the video shows or says, or what it costs.
    #[default]
    Strict,
    /// Make the plan without the lost values, and list them in [`Plan::losses`](super::Plan::losses).
    ///
    /// That includes what costs more: a look without Avatar III is rendered by an engine that costs several times as much, and
    /// avatars are created for a charge where they were free. [`Plan::costs`](super::Plan::costs) lists it. To accept only some
    /// losses, take [`Policy::Strict`] with [`MigrateOptions::accept_loss`](super::MigrateOptions::accept_loss).
    Lenient,
}

/// Why a legacy request cannot become a plan. No request is sent.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// What is wrong with the request: values that neither API accepts, and values that no plan may ignore.
    pub problems: Vec<Problem>,
    /// The losses that [`Policy::Strict`] does not accept.
    pub losses: Vec<Loss>,
}

impl Refusal {
    /// The v3 error code that describes the refusal best.
    pub fn code(&self) -> &'static str {
        self.problems.first().map_or("invalid_parameter", |problem| problem.code)
    }
}

/// What is wrong with a value of a legacy request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// Where the value is. The path of the object, if a member is missing.
    pub path: InputPath,
    /// What is wrong, and the remedy.
    pub message: String,
    /// The v3 error code of the problem: `invalid_parameter`, `avatar_not_found`, ….
    pub code: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.problems.iter().map(ToString::to_string);
        let losses = self.losses.iter().map(ToString::to_string);
        let remedy = self.remedy().map(|remedy| format!("so nothing was sent: {remedy}"));
        let parts: Vec<String> = problems.chain(losses).chain(remedy).collect();
        f.write_str(&parts.join("; "))
    }
}

impl Refusal {
    /// How losses can be avoided or accepted; `None` if nothing would be lost.
    pub(crate) fn remedy(&self) -> Option<String> {
        if self.losses.is_empty() {
            return None;
        }
        let (engines, others): (Vec<&Loss>, Vec<&Loss>) = self.losses.iter().partition(|loss| loss.is_engine);
        let names: BTreeSet<&str> = others.iter().filter_map(|loss| loss.path.last_member()).collect();
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let mut remedy = "change the request, or accept ".to_owned();
        if !names.is_empty() {
            remedy.push_str(&format!("this with `accept_loss` ({}), or ", names.join(", ")));
        }
        if !engines.is_empty() {
            remedy.push_str("the higher price with `accept_engine_change`, or ");
        }
        remedy.push_str(
            "everything with `Policy::Lenient`; the gateway has `--accept-loss`, `--accept-engine-change` and `--lenient`",
        );
        Some(remedy)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({self})")
    }
}

impl std::error::Error for Refusal {}

/// The maximum length of a value in a message, in characters.
const SHOWN_LENGTH: usize = 60;

/// A value as messages show it: without secrets, and shortened.
pub(crate) fn shown(value: &Value) -> String {
    let mut value = value.clone();
    redact(&mut value);
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A value as messages show it. The name of its member says whether it is a secret.
pub(crate) fn shown_at(path: &InputPath, value: &Value) -> String {
    let Some(name) = path.last_member() else { return shown(value) };
    let mut named = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    redact(&mut named);
    shown(named.get(name).unwrap_or(&Value::Null))
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, reason, alternative, severity, is_engine } = self;
        let what = if *is_engine { "would get another engine" } else { "is lost" };
        write!(f, "{path}: {} {what} ({severity}): {reason}; {alternative}", shown_at(path, value))
    }
}

impl fmt::Debug for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loss({self})")
    }
}
