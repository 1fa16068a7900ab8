//! Runs of workflows. Each run belongs to one version.

use std::cmp::Ordering;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::bounded_json;
use crate::call::Call;
use crate::clock::iso;
use crate::env::Env;
use crate::links::link;
use crate::marker::Marker;
use crate::model::run::Run;
use crate::resources::paging::{limit, page, page_of};
use crate::resources::{graph, inputs, workflows};
use crate::retention;
use crate::schedule::{Schedule, Stage};
use crate::state::State;

/// Maximum size of a body in bytes, as documented.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// How long a run waits, in seconds.
const WAITING_TIME: u64 = 5;

/// How long a run takes after that, in seconds.
const RUNNING_TIME: u64 = 115;

/// The progress of a run. Its nodes run one after another.
struct Progress {
    /// Number of nodes.
    nodes: u64,
    /// Number of nodes that have succeeded.
    done: u64,
    /// Status of the node after them.
    current: &'static str,
    /// Status of the remaining nodes.
    rest: &'static str,
}

impl Progress {
    /// Status of the node with this number.
    fn status(&self, number: u64) -> &'static str {
        match number.cmp(&self.done) {
            Ordering::Less => "succeeded",
            Ordering::Equal => self.current,
            Ordering::Greater => self.rest,
        }
    }

    /// Number of nodes with this status.
    fn count(&self, status: &str) -> usize {
        (0..self.nodes).filter(|number| self.status(*number) == status).count()
    }
}

impl Run {
    /// The time up to which the run progresses: now, or when it was canceled.
    fn until(&self, now: u64) -> u64 {
        self.canceled.map_or(now, |canceled| canceled.min(now))
    }

    pub(crate) fn status(&self, now: u64) -> &'static str {
        match self.schedule.stage(now) {
            _ if self.canceled.is_some() => "canceled",
            Stage::Waiting => "pending",
            Stage::Running(_) => "processing",
            Stage::Done if self.partial => "partial",
            Stage::Done => "succeeded",
            Stage::Failed => "failed",
        }
    }

    /// The nodes, in the order in which they run.
    fn nodes(&self) -> Vec<&Value> {
        graph::order(&self.version.graph).unwrap_or_default()
    }

    /// The time that all nodes take, in milliseconds. For a run that does not end, it is the usual time.
    fn duration(&self) -> u64 {
        let duration = self.schedule.ends().map(|ends| ends.saturating_sub(self.schedule.starts()));
        duration.unwrap_or(RUNNING_TIME * 1000)
    }

    /// When `done` of the `nodes` are done, in milliseconds since 1970. All nodes take the same time.
    fn done_at(&self, done: u64, nodes: u64) -> u64 {
        self.schedule.starts() + (self.duration() * done).div_ceil(nodes.max(1))
    }

    fn progress(&self, now: u64, nodes: usize) -> Progress {
        let until = self.until(now);
        let nodes = nodes as u64;
        let passed = until.saturating_sub(self.schedule.starts()).min(self.duration());
        // A run that does not end stops after half of its nodes.
        let most = if self.schedule.ends().is_some() { nodes.saturating_sub(1) } else { nodes / 2 };
        let done =
            if self.schedule.will_fail() { 0 } else { (passed * nodes / self.duration().max(1)).min(most) };
        let (done, current, rest) = match (self.schedule.stage(until), self.canceled) {
            (Stage::Waiting, Some(_)) => (0, "canceled", "canceled"),
            (Stage::Running(_), Some(_)) => (done, "canceled", "canceled"),
            (Stage::Waiting, None) => (0, "pending", "pending"),
            (Stage::Running(_), None) => (done, "processing", "pending"),
            (Stage::Done, _) if self.partial => (nodes.saturating_sub(1), "failed", "failed"),
            (Stage::Done, _) => (nodes, "", ""),
            (Stage::Failed, _) => (0, "failed", "skipped"),
        };
        Progress { nodes, done, current, rest }
    }

    /// When the run started, in milliseconds since 1970; `None` before.
    fn started(&self, now: u64) -> Option<u64> {
        Some(self.schedule.starts()).filter(|starts| self.until(now) >= *starts)
    }

    /// When the run ended, in milliseconds since 1970; `None` before.
    fn ended(&self, now: u64) -> Option<u64> {
        self.canceled.or(self.schedule.ends().filter(|ends| now >= *ends))
    }

    fn error(&self, now: u64) -> Option<Value> {
        let (code, message) = self.schedule.failure(self.until(now))?;
        let node = self.nodes().first().map(|node| node["id"].clone());
        Some(json!({"code": code, "message": message, "node_id": node}))
    }

    fn outputs(&self, env: &Env, now: u64) -> Vec<Value> {
        let status = self.status(now);
        let declared = self.version.graph["outputs"].as_object().into_iter().flatten();
        let last = self.nodes().last().map(|node| node["id"].clone());
        let types = graph::NodeTypes::of(&self.version.graph);
        let outputs = declared.map(|(name, output)| {
            let ready =
                status == "succeeded" || (status == "partial" && Some(&output["node_id"]) != last.as_ref());
            let over = matches!(status, "failed" | "canceled" | "partial");
            let kind = types.output(output);
            let file = match kind {
                "video" => Some("video.mp4"),
                "image" => Some("thumbnail.png"),
                "audio" => Some("speech.mp3"),
                _ => None,
            };
            let url = file.filter(|_| ready).map(|file| link(env, &format!("{}/{name}/{file}", self.id)));
            json!({
                "name": name,
                "status": if ready { "ready" } else if over { "failed" } else { "pending" },
                "type": ready.then_some(kind),
                "artifact_id": ready.then(|| format!("{}-{name}", self.id)),
                "delivery": ready.then_some(if file.is_some() { "reference" } else { "inline" }),
                "value": (ready && file.is_none()).then(|| self.inputs.clone()),
                "is_public": ready.then_some(false),
                "expires_in": url.as_ref().map(|_| env.settings.link_lifetime.as_secs()),
                "url": url,
            })
        });
        outputs.collect()
    }

    fn view(&self, env: &Env, now: u64) -> Value {
        let nodes = self.nodes().len();
        let progress = self.progress(now, nodes);
        json!({
            "id": self.id,
            "status": self.status(now),
            "workflow": {"id": self.workflow, "version_id": self.version.id, "version_number": self.version.number},
            "created_at": iso(self.schedule.created),
            "started_at": self.started(now).map(iso),
            "completed_at": self.ended(now).map(iso),
            "error": self.error(now),
            "outputs": self.outputs(env, now),
            "progress": {
                "total": nodes,
                "pending": progress.count("pending"),
                "processing": progress.count("processing"),
                "succeeded": progress.count("succeeded"),
                "failed": progress.count("failed"),
                "skipped": progress.count("skipped"),
                "canceled": progress.count("canceled"),
            },
        })
    }
}

/// Checks inputs against those that the version declares.
fn check_inputs(state: &State, graph: &Value, given: &Value, now: u64) -> Result<(), ApiError> {
    let declared = graph["inputs"].as_object();
    for (name, input) in declared.into_iter().flatten() {
        let required = input.get("required") != Some(&Value::Bool(false));
        if required && given.get(name).is_none_or(Value::is_null) {
            return Err(ApiError::invalid(format!("inputs.{name}"), "the version requires this input"));
        }
    }
    for (name, value) in given.as_object().into_iter().flatten() {
        let at = format!("inputs.{name}");
        let Some(input) = declared.and_then(|declared| declared.get(name)) else {
            return Err(ApiError::invalid(at, "the version declares no such input"));
        };
        let kind = input["type"].as_str().unwrap_or_default();
        let kinds = inputs::kinds(kind);
        match (kind, value) {
            ("text", Value::String(_)) => {}
            ("text", _) => return Err(ApiError::invalid(at, "a text is needed")),
            // Inputs of other types may have any value.
            _ if kinds.is_empty() => {}
            (_, Value::Null) => {}
            (_, Value::String(asset)) => drop(inputs::asset(state, &at, asset, kinds, now)?),
            _ if ["url", "asset_id", "base64"].iter().any(|form| value["type"] == *form) => {
                inputs::file(state, &at, value, kinds, now)?;
            }
            _ => return Err(ApiError::invalid(at, format!("an asset id or a file is needed for {kind}"))),
        }
    }
    Ok(())
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.text("workflow_id").unwrap_or_default();
    let workflow = workflows::find(state, id).map_err(|refusal| refusal.at("workflow_id"))?;
    let wanted = call.body.get("version_number").and_then(Value::as_u64);
    let version =
        workflow.versions.iter().rev().find(|version| wanted.is_none_or(|wanted| wanted == version.number));
    let missing = || ApiError::not_found("resource_not_found", "no such version").at("version_number");
    let version = version.cloned().ok_or_else(missing)?;
    let inputs = call.body.get("inputs").cloned().unwrap_or_else(|| json!({}));
    check_inputs(state, &version.graph, &inputs, call.now)?;
    // Every text among the inputs may contain a marker.
    let texts = inputs.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let marker = Marker::of(&json!({"text": texts.collect::<Vec<_>>().join(" ")}))?;
    let run = Run {
        id: env.id(),
        workflow: id.to_owned(),
        version,
        inputs: retention::without_files(&inputs),
        schedule: Schedule::new(call.now, WAITING_TIME, RUNNING_TIME, &marker),
        canceled: None,
        partial: marker.partial,
    };
    let view = run.view(env, call.now);
    let size = bounded_json::memory(&run.inputs);
    state.runs.insert_sized(run.id.clone(), run, size);
    data_with(StatusCode::CREATED, view)
}

fn find<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Run, ApiError> {
    let id = call.id("run_id");
    let run = state.runs.get_mut(id);
    run.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no run {id}")))
}

pub(super) fn get(env: &Env, state: &mut State, call: &Call) -> Answer {
    data(find(state, call)?.view(env, call.now))
}

pub(super) fn list(_: &Env, state: &State, call: &Call) -> Answer {
    let workflow = call.query.get("workflow_id").cloned().unwrap_or_default();
    page(call, &state.runs, |run| {
        (run.workflow == workflow).then(|| {
            json!({"id": run.id, "status": run.status(call.now), "version_id": run.version.id,
                "created_at": iso(run.schedule.created)})
        })
    })
}

pub(super) fn cancel(env: &Env, state: &mut State, call: &Call) -> Answer {
    let run = find(state, call)?;
    if !run.schedule.is_over(call.now) && run.canceled.is_none() {
        run.canceled = Some(call.now);
    }
    data(run.view(env, call.now))
}

pub(super) fn nodes(_: &Env, state: &mut State, call: &Call) -> Answer {
    let run = find(state, call)?;
    let nodes = run.nodes();
    let (count, progress) = (nodes.len() as u64, run.progress(call.now, nodes.len()));
    let error = run.error(call.now);
    let items = (0..).zip(nodes).map(|(number, node)| {
        let status = progress.status(number);
        // The node that was running when the run was canceled had started, too.
        let begun = number <= progress.done && !matches!(status, "pending" | "skipped");
        let started = run.started(call.now).filter(|_| begun).map(|_| match number {
            0 => run.schedule.starts(),
            _ => run.done_at(number, count),
        });
        let completed = match status {
            "succeeded" => Some(run.done_at(number + 1, count)),
            "failed" | "canceled" => run.ended(call.now).filter(|_| started.is_some()),
            _ => None,
        };
        json!({
            "node_id": node["id"],
            "node_type": node["type"],
            "status": status,
            "started_at": started.map(iso),
            "completed_at": completed.map(iso),
            "error": if status == "failed" { error.clone() } else { None },
        })
    });
    page_of(call, items.collect(), limit(call))
}
