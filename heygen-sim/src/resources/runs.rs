//! Runs of workflows, bound to one version each.

use http::StatusCode;
use serde_json::{Value, json};

use super::{graph, inputs, iso, page, page_of, workflows};
use crate::course::{Course, Stage};
use crate::door::Call;
use crate::files::link;
use crate::kept;
use crate::marker::Marker;
use crate::refusal::Refusal;
use crate::reply::{Answer, data, data_with};
use crate::state::State;
use crate::world::World;

/// Bytes of a body, as the document states them.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Seconds until a run starts, and that it takes.
const WAITS: u64 = 5;
const RUNS: u64 = 115;

pub(crate) struct Run {
    id: String,
    workflow: String,
    version: workflows::Version,
    inputs: Value,
    course: Course,
    /// When it was cancelled.
    canceled: Option<u64>,
    /// Whether it ends with part of its outputs.
    partial: bool,
}

impl Run {
    fn status(&self, now: u64) -> &'static str {
        match self.course.stage(now) {
            _ if self.canceled.is_some() => "canceled",
            Stage::Waiting => "pending",
            Stage::Running(_) => "processing",
            Stage::Done if self.partial => "partial",
            Stage::Done => "succeeded",
            Stage::Failed => "failed",
        }
    }

    fn nodes(&self) -> Vec<&Value> {
        graph::order(&self.version.graph).unwrap_or_default()
    }

    /// Status of each node: they run one after the other.
    fn node_statuses(&self, now: u64) -> Vec<&'static str> {
        let count = self.nodes().len();
        let statuses = |done: usize, current: &'static str, rest: &'static str| {
            (0..count)
                .map(|number| match number.cmp(&done) {
                    std::cmp::Ordering::Less => "succeeded",
                    std::cmp::Ordering::Equal => current,
                    std::cmp::Ordering::Greater => rest,
                })
                .collect()
        };
        match (self.status(now), self.course.stage(now)) {
            ("canceled", _) => statuses(0, "canceled", "canceled"),
            ("succeeded", _) => statuses(count, "", ""),
            ("partial", _) => statuses(count - 1, "failed", "failed"),
            ("failed", _) => statuses(0, "failed", "skipped"),
            (_, Stage::Running(percent)) => {
                statuses(count * usize::try_from(percent).unwrap_or(0) / 100, "processing", "pending")
            }
            _ => statuses(0, "pending", "pending"),
        }
    }

    fn error(&self, now: u64) -> Option<Value> {
        let (code, message) = self.course.failure(now)?;
        let node = self.nodes().first().map(|node| node["id"].clone());
        Some(json!({"code": code, "message": message, "node_id": node}))
    }

    fn outputs(&self, world: &World, now: u64) -> Vec<Value> {
        let status = self.status(now);
        let declared = self.version.graph["outputs"].as_object().into_iter().flatten();
        let last = self.nodes().last().map(|node| node["id"].clone());
        let outputs = declared.map(|(name, output)| {
            let ready =
                status == "succeeded" || (status == "partial" && Some(&output["node_id"]) != last.as_ref());
            let over = matches!(status, "failed" | "canceled" | "partial");
            let kind = graph::output_type(&self.version.graph, output);
            let file = match kind {
                "video" => Some("video.mp4"),
                "image" => Some("thumbnail.png"),
                "audio" => Some("speech.mp3"),
                _ => None,
            };
            let url = file.filter(|_| ready).map(|file| link(world, &format!("{}/{name}/{file}", self.id)));
            json!({
                "name": name,
                "status": if ready { "ready" } else if over { "failed" } else { "pending" },
                "type": ready.then_some(kind),
                "artifact_id": ready.then(|| format!("{}-{name}", self.id)),
                "delivery": ready.then_some(if file.is_some() { "reference" } else { "inline" }),
                "value": (ready && file.is_none()).then(|| self.inputs.clone()),
                "is_public": ready.then_some(false),
                "expires_in": url.as_ref().map(|_| world.settings.link_lifetime.as_secs()),
                "url": url,
            })
        });
        outputs.collect()
    }

    fn view(&self, world: &World, now: u64) -> Value {
        let status = self.status(now);
        let nodes = self.node_statuses(now);
        let count = |status: &str| nodes.iter().filter(|one| **one == status).count();
        let started = !matches!(status, "pending") && self.canceled.is_none();
        let ended = self.canceled.or(self.course.ends().filter(|ends| now >= *ends));
        json!({
            "id": self.id,
            "status": status,
            "workflow": {"id": self.workflow, "version_id": self.version.id, "version_number": self.version.number},
            "created_at": iso(self.course.created),
            "started_at": started.then(|| iso(self.course.created + WAITS * 1000)),
            "completed_at": ended.map(iso),
            "error": self.error(now),
            "outputs": self.outputs(world, now),
            "progress": {
                "total": nodes.len(),
                "pending": count("pending"),
                "processing": count("processing"),
                "succeeded": count("succeeded"),
                "failed": count("failed"),
                "skipped": count("skipped"),
                "canceled": count("canceled"),
            },
        })
    }
}

/// Inputs against what the version declares.
fn check_inputs(state: &State, graph: &Value, given: &Value, now: u64) -> Result<(), Refusal> {
    let declared = graph["inputs"].as_object();
    for (name, input) in declared.into_iter().flatten() {
        let required = input.get("required") != Some(&Value::Bool(false));
        if required && given.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::invalid(format!("inputs.{name}"), "the version requires this input"));
        }
    }
    for (name, value) in given.as_object().into_iter().flatten() {
        let at = format!("inputs.{name}");
        let Some(input) = declared.and_then(|declared| declared.get(name)) else {
            return Err(Refusal::invalid(at, "the version declares no such input"));
        };
        let kind = input["type"].as_str().unwrap_or_default();
        let kinds = inputs::kinds(kind);
        match (kind, value) {
            ("text", Value::String(_)) => {}
            ("text", _) => return Err(Refusal::invalid(at, "a text is needed")),
            // What other inputs hold is the author's affair, whatever they are called.
            _ if kinds.is_empty() => {}
            (_, Value::Null) => {}
            (_, Value::String(asset)) => drop(inputs::asset(state, &at, asset, kinds, now)?),
            _ if ["url", "asset_id", "base64"].iter().any(|form| value["type"] == *form) => {
                inputs::file(state, &at, value, kinds, now)?;
            }
            _ => return Err(Refusal::invalid(at, format!("an asset id or a file is needed for {kind}"))),
        }
    }
    Ok(())
}

pub(super) fn create(world: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.text("workflow_id").unwrap_or_default();
    let workflow = workflows::find(state, id).map_err(|refusal| refusal.at("workflow_id"))?;
    let wanted = call.body.get("version_number").and_then(Value::as_u64);
    let version =
        workflow.versions.iter().rev().find(|version| wanted.is_none_or(|wanted| wanted == version.number));
    let missing = || Refusal::not_found("resource_not_found", "no such version").at("version_number");
    let version = version.cloned().ok_or_else(missing)?;
    let inputs = call.body.get("inputs").cloned().unwrap_or_else(|| json!({}));
    check_inputs(state, &version.graph, &inputs, call.now)?;
    // Any text among the inputs may carry a marker.
    let texts = inputs.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let marker = Marker::of(&json!({"text": texts.collect::<Vec<_>>().join(" ")}))?;
    let run = Run {
        id: world.id(),
        workflow: id.to_owned(),
        version,
        inputs: kept::without_files(&inputs),
        course: Course::new(call.now, WAITS, RUNS, &marker),
        canceled: None,
        partial: marker.partial,
    };
    let view = run.view(world, call.now);
    state.runs.insert(run.id.clone(), run);
    data_with(StatusCode::CREATED, view)
}

fn find<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Run, Refusal> {
    let id = call.id("run_id");
    let run = state.runs.get_mut(id);
    run.ok_or_else(|| Refusal::not_found("resource_not_found", format!("no run {id}")))
}

pub(super) fn get(world: &World, state: &mut State, call: &Call) -> Answer {
    data(find(state, call)?.view(world, call.now))
}

pub(super) fn list(_: &World, state: &mut State, call: &Call) -> Answer {
    let workflow = call.query.get("workflow_id").cloned().unwrap_or_default();
    page(call, &state.runs, |run| {
        (run.workflow == workflow).then(|| {
            json!({"id": run.id, "status": run.status(call.now), "version_id": run.version.id,
                "created_at": iso(run.course.created)})
        })
    })
}

pub(super) fn cancel(world: &World, state: &mut State, call: &Call) -> Answer {
    let run = find(state, call)?;
    if !run.course.is_over(call.now) && run.canceled.is_none() {
        run.canceled = Some(call.now);
    }
    data(run.view(world, call.now))
}

pub(super) fn nodes(_: &World, state: &mut State, call: &Call) -> Answer {
    let run = find(state, call)?;
    let statuses = run.node_statuses(call.now);
    let error = run.error(call.now);
    let items = run.nodes().into_iter().zip(statuses).map(|(node, status)| {
        let started = !matches!(status, "pending" | "skipped" | "canceled");
        let over = matches!(status, "succeeded" | "failed");
        json!({
            "node_id": node["id"],
            "node_type": node["type"],
            "status": status,
            "started_at": started.then(|| iso(run.course.created + WAITS * 1000)),
            "completed_at": over.then(|| iso(run.course.ends().unwrap_or(call.now).min(call.now))),
            "error": if status == "failed" { error.clone() } else { None },
        })
    });
    page_of(call, items.collect(), super::limit(call))
}
