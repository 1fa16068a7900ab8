//! Reports what would happen to recorded requests and to the source of programs.
//!
//! ```
//! use heygen_ext::migrate::{MigrateOptions, inspect};
//!
//! let command = r#"curl -X POST https://api.heygen.com/v2/video_translate \
//!   -H 'X-Api-Key: KEY' -H 'Content-Type: application/json' \
//!   -d '{"video_url": "https://a.example/a.mp4", "output_language": "French"}'"#;
//! let report = inspect::inspect("run.sh", command, &MigrateOptions::new());
//! let entry = &report.entries[0];
//! let endpoint = entry.endpoint.unwrap();
//! assert_eq!(endpoint.counterpart(), "POST /v3/video-translations");
//! println!("{report}");
//! ```

mod curl;
mod har;
mod postman;
mod recorded;
mod source_text;

use std::fmt;

use http::Method;
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::look_up::LookUps;
use super::loss::Policy;
use super::migrate_error::MigrateError;
use super::options::MigrateOptions;
use super::plan::{Plan, loss_to_json};
use super::request::LegacyRequest;
use recorded::Recorded;

/// What would happen to the requests in a text.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// One entry for each request, or for each URL in the source of a program.
    pub entries: Vec<Entry>,
}

/// What would happen to one request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Where the request is: the name of the text, and the line or the number in it.
    pub place: String,
    /// Method and path of the request.
    pub request: String,
    /// The endpoint; `None` if neither v1 nor v2 had it.
    pub endpoint: Option<&'static Endpoint>,
    /// What would happen.
    pub outcome: Outcome,
}

/// What would happen to a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// It becomes this plan.
    Planned(Box<Plan>),
    /// The policy refuses it. With [`Policy::Lenient`], it would become the plan, if there is one.
    Refused(MigrateError, Option<Box<Plan>>),
    /// Only its URL is known, as in the source of a program.
    Named,
}

/// Finds the requests of v1 and v2 in a text, and plans them. Nothing is sent.
///
/// The text may be a HAR file, a Postman collection, a file with `curl` commands, JSON with the members `url`, `method` and
/// `body` (one object, a list of them, or one in each line), or the source of a program in any language, in which the URLs are
/// found. `name` is that of the file: it is part of the places in the report.
///
/// A URL may begin with an expression, such as `$BASE/v2/voices`. Without a host, only paths of v1 and v2 are reported. A path
/// without a version is found only if the source contains the base URL with the version as a string, such as
/// `https://api.heygen.com/v2`. URLs that are built otherwise are not found: record the requests of such a program.
pub fn inspect(name: &str, text: &str, options: &MigrateOptions) -> Report {
    let found = match serde_json::from_str::<Value>(text) {
        Ok(value) => har::entries(name, &value)
            .or_else(|| postman::requests(name, &value))
            .or_else(|| recorded::from_json(name, &value)),
        Err(_) => recorded::from_json_lines(name, text),
    };
    let found = found.unwrap_or_else(|| {
        let commands = curl::commands(name, text);
        let urls = source_text::urls(name, text, |line, path| commands.has(line, path));
        commands.found.into_iter().chain(urls).collect()
    });
    Report { entries: found.into_iter().map(|recorded| entry(recorded, options)).collect() }
}

fn entry(recorded: Recorded, options: &MigrateOptions) -> Entry {
    let Recorded { place, method, target, body, is_whole } = recorded;
    let request = format!("{method} {}", recorded::path_of(&target));
    let made = LegacyRequest::new(&method, &target);
    let endpoint = made.as_ref().ok().map(LegacyRequest::endpoint);
    let outcome = match (made, body) {
        (Err(error), _) => Outcome::Refused(error, None),
        (Ok(made), Some(body)) => outcome_of(made.body(body.media_type.as_deref(), body.bytes), options),
        (Ok(made), None) if is_whole || made.endpoint().is_without_counterpart() => {
            outcome_of(Ok(made), options)
        }
        (Ok(_), None) => Outcome::Named,
    };
    Entry { place, request, endpoint, outcome }
}

fn outcome_of(request: Result<LegacyRequest, MigrateError>, options: &MigrateOptions) -> Outcome {
    let request = match request {
        Ok(request) => request,
        Err(error) => return Outcome::Refused(error, None),
    };
    match request.plan(&LookUps::new(), options) {
        Ok(plan) => Outcome::Planned(Box::new(plan)),
        Err(error) => {
            let lenient = request.plan(&LookUps::new(), &options.clone().policy(Policy::Lenient)).ok();
            Outcome::Refused(error, lenient.map(Box::new))
        }
    }
}

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        self.entries.iter().map(Entry::to_json).collect()
    }

    /// Whether every request is known to go on without a change of the program. A request whose body is not known, such as one
    /// in source code, may be refused.
    pub fn is_clean(&self) -> bool {
        self.entries.iter().all(|entry| match entry.outcome {
            Outcome::Planned(_) => true,
            Outcome::Refused(..) => false,
            Outcome::Named => {
                entry.endpoint.is_some_and(|one| [Method::GET, Method::DELETE].contains(one.method()))
            }
        })
    }
}

impl Entry {
    /// What to change in the program.
    pub fn advice(&self) -> String {
        let counterpart = self.endpoint.map(Endpoint::counterpart).unwrap_or_default();
        match &self.outcome {
            Outcome::Planned(plan) if plan.losses().is_empty() => {
                format!("call {counterpart}, or keep the call and change the base URL to a gateway")
            }
            Outcome::Planned(plan) => {
                let matters = plan.losses().iter().any(|loss| loss.severity.is_refused_by_strict());
                let what = match matters {
                    true => "its losses change what is seen, heard or paid, so check them first",
                    false => "its losses change nothing that is seen, heard or paid",
                };
                format!("call {counterpart}; {what}")
            }
            Outcome::Refused(_, Some(_)) => {
                format!("remove what is lost, or accept the losses; then call {counterpart}")
            }
            Outcome::Refused(MigrateError::NoCounterpart(_), _) => {
                format!("use instead: {counterpart}")
            }
            Outcome::Refused(..) => "correct the request: see the problem".to_owned(),
            Outcome::Named => format!("call {counterpart}; record a request to see what its body becomes"),
        }
    }

    fn to_json(&self) -> Value {
        let mut entry = json!({
            "place": self.place,
            "request": self.request,
            "endpoint": self.endpoint.map(ToString::to_string),
            "level": self.endpoint.map(|endpoint| endpoint.level().as_str()),
            "counterpart": self.endpoint.map(Endpoint::counterpart),
            "advice": self.advice(),
        });
        match &self.outcome {
            Outcome::Planned(plan) => entry["plan"] = plan.to_json(),
            Outcome::Refused(error, plan) => {
                entry["problem"] = error.to_string().into();
                if let MigrateError::Refused(refusal) = error {
                    entry["losses"] = refusal.losses.iter().map(loss_to_json).collect();
                }
                entry["lenient_plan"] = plan.as_ref().map(|plan| plan.to_json()).unwrap_or_default();
            }
            Outcome::Named => {}
        }
        entry
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str("no requests of v1 or v2; pass a HAR file, a Postman collection, curl commands or source code");
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n\n" };
            write!(f, "{separator}{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names in a file may have line ends, and codes that a terminal obeys.
        let printable = |text: &str| text.replace(char::is_control, "\u{fffd}");
        write!(f, "{}: {}", printable(&self.place), printable(&self.request))?;
        match &self.outcome {
            Outcome::Planned(plan) => write!(f, "\n{plan}")?,
            // The advice says what to use instead.
            Outcome::Refused(MigrateError::NoCounterpart(_), _) => {
                f.write_str("\n  has no counterpart in v3")?
            }
            Outcome::Refused(MigrateError::Refused(refusal), _) => {
                refusal.problems.iter().try_for_each(|problem| write!(f, "\n  refused: {problem}"))?;
                refusal.losses.iter().try_for_each(|loss| write!(f, "\n  refused: {loss}"))?;
                refusal.remedy().iter().try_for_each(|remedy| write!(f, "\n  remedy: {remedy}"))?;
            }
            Outcome::Refused(error, _) => write!(f, "\n  refused: {error}")?,
            Outcome::Named => {
                if let Some(endpoint) = self.endpoint {
                    write!(f, "\n{endpoint} ({}): {}", endpoint.level(), endpoint.counterpart())?;
                }
            }
        }
        write!(f, "\n  change: {}", self.advice())
    }
}
