//! Workflows: definitions, drafts, and versions that never change.

use std::collections::VecDeque;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{graph, page, page_of};
use crate::door::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, data, data_with};
use crate::state::State;
use crate::world::World;

/// Versions of a workflow that are kept: a run has its own for as long as it is there.
const VERSIONS: usize = 100;

pub(crate) struct Workflow {
    pub(super) id: String,
    name: String,
    meta: Option<Value>,
    draft: Value,
    revision: u64,
    /// The newest, the oldest of them first.
    pub(super) versions: VecDeque<Version>,
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(super) id: String,
    pub(super) number: u64,
    /// Shared by the runs that are bound to it.
    pub(super) graph: Arc<Value>,
    checksum: String,
}

impl Version {
    fn new(world: &World, number: u64, graph: &Value) -> Self {
        let checksum = const_hex::encode(Sha256::digest(graph.to_string()));
        Self { id: world.id(), number, graph: Arc::new(graph.clone()), checksum }
    }

    fn view(&self, workflow: &str) -> Value {
        json!({
            "id": self.id,
            "definition_id": workflow,
            "version_number": self.number,
            "checksum": self.checksum,
            "compiler_version": "1.0.0",
            "adapter_manifest_digest": const_hex::encode(Sha256::digest("adapters of the simulator")),
            "plan_summary": graph::plan(&self.graph),
            "product_graph": whole(&self.graph),
        })
    }
}

impl Workflow {
    fn view(&self) -> Value {
        let latest = self.versions.back();
        json!({
            "id": self.id,
            "name": self.name,
            "meta": self.meta,
            "status": "active",
            "draft_revision": self.revision,
            "draft_product_graph": whole(&self.draft),
            "latest_version": latest.map(|version| json!({"id": version.id, "version_number": version.number})),
        })
    }
}

/// A graph with the members that may be left out.
fn whole(graph: &Value) -> Value {
    let or = |name: &str, default: Value| graph.get(name).cloned().unwrap_or(default);
    json!({"schema_version": graph["schema_version"], "nodes": or("nodes", json!([])),
        "inputs": or("inputs", json!({})), "outputs": or("outputs", json!({}))})
}

pub(super) fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Workflow, Refusal> {
    let workflow = state.workflows.get_mut(id);
    workflow.ok_or_else(|| Refusal::not_found("resource_not_found", format!("no workflow {id}")))
}

fn check(graph: &Value) -> Result<(), Refusal> {
    let problems = graph::problems(graph);
    let Some((first, _)) = problems.first() else { return Ok(()) };
    let message = format!("the graph is not valid: {first}");
    let refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "graph_invalid", message);
    Err(refusal.at("product_graph").with_details(problems))
}

pub(super) fn create(world: &World, state: &mut State, call: &Call) -> Answer {
    let graph = &call.body["product_graph"];
    check(graph)?;
    let name = call.text("name").unwrap_or_default();
    if state.workflows.values().any(|workflow| workflow.name == name) {
        return Err(Refusal::conflict("another workflow has this name").at("name"));
    }
    let id = world.id();
    let workflow = Workflow {
        id: id.clone(),
        name: name.to_owned(),
        meta: call.body.get("meta").filter(|meta| !meta.is_null()).cloned(),
        draft: graph.clone(),
        revision: 1,
        versions: VecDeque::from([Version::new(world, 1, graph)]),
    };
    let view = workflow.view();
    state.workflows.insert(id, workflow);
    data_with(StatusCode::CREATED, view)
}

pub(super) fn list(_: &World, state: &mut State, call: &Call) -> Answer {
    page(call, &state.workflows, |workflow| {
        Some(json!({"id": workflow.id, "name": workflow.name, "status": "active",
            "draft_revision": workflow.revision}))
    })
}

pub(super) fn get(_: &World, state: &mut State, call: &Call) -> Answer {
    data(find(state, call.id("workflow_id"))?.view())
}

pub(super) fn update(_: &World, state: &mut State, call: &Call) -> Answer {
    let workflow = find(state, call.id("workflow_id"))?;
    if call.body["expected_revision"].as_u64() != Some(workflow.revision) {
        let message = format!("the draft's revision is {} by now", workflow.revision);
        return Err(Refusal::conflict(message).at("expected_revision"));
    }
    check(&call.body["product_graph"])?;
    workflow.draft = call.body["product_graph"].clone();
    workflow.revision += 1;
    data(workflow.view())
}

pub(super) fn publish(world: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.id("workflow_id");
    let workflow = find(state, id)?;
    let graph = &call.body["product_graph"];
    check(graph)?;
    if let Some(latest) = workflow.versions.back().filter(|latest| whole(&latest.graph) == whole(graph)) {
        return data(latest.view(id));
    }
    let number = workflow.versions.back().map_or(0, |latest| latest.number) + 1;
    let version = Version::new(world, number, graph);
    let view = version.view(id);
    workflow.versions.push_back(version);
    if workflow.versions.len() > VERSIONS {
        workflow.versions.pop_front();
    }
    data_with(StatusCode::CREATED, view)
}

pub(super) fn versions(_: &World, state: &mut State, call: &Call) -> Answer {
    let workflow = find(state, call.id("workflow_id"))?;
    let items = workflow.versions.iter().rev().map(
        |version| json!({"id": version.id, "version_number": version.number, "checksum": version.checksum}),
    );
    page_of(call, items.collect(), super::limit(call))
}

pub(super) fn version(_: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.id("workflow_id");
    let workflow = find(state, id)?;
    let wanted = call.id("version_number");
    let version = workflow.versions.iter().find(|version| version.number.to_string() == wanted);
    let missing = || Refusal::not_found("resource_not_found", format!("no version {wanted}"));
    data(version.ok_or_else(missing)?.view(id))
}
