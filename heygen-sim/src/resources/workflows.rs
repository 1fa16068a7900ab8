//! Workflows: their drafts and their published versions.

use std::collections::VecDeque;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::bounded_json;
use crate::call::Call;
use crate::env::Env;
use crate::model::workflow::{Version, Workflow};
use crate::resources::graph;
use crate::resources::paging::{limit, page, page_of};
use crate::state::State;

/// Maximum memory of the graphs of a workflow, in bytes. Above it, the oldest versions are removed.
const MAX_MEMORY: usize = 32 * 1024 * 1024;

/// Maximum number of versions of a workflow. A run keeps its own version.
const MAX_VERSIONS: usize = 100;

impl Version {
    fn new(env: &Env, number: u64, graph: &Value) -> Self {
        let checksum = const_hex::encode(Sha256::digest(graph.to_string()));
        Self { id: env.id(), number, graph: Arc::new(graph.clone()), checksum }
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
            "product_graph": complete_graph(&self.graph),
        })
    }
}

impl Workflow {
    /// The memory of its graphs, in bytes.
    fn memory(&self) -> usize {
        let versions = self.versions.iter().map(|version| bounded_json::memory(&version.graph));
        bounded_json::memory(&self.draft) + versions.sum::<usize>()
    }

    fn view(&self) -> Value {
        let latest = self.versions.back();
        json!({
            "id": self.id,
            "name": self.name,
            "meta": self.meta,
            "status": "active",
            "draft_revision": self.revision,
            "draft_product_graph": complete_graph(&self.draft),
            "latest_version": latest.map(|version| json!({"id": version.id, "version_number": version.number})),
        })
    }
}

/// A graph with all members, including the optional ones.
fn complete_graph(graph: &Value) -> Value {
    let or = |name: &str, default: Value| graph.get(name).cloned().unwrap_or(default);
    json!({"schema_version": graph["schema_version"], "nodes": or("nodes", json!([])),
        "inputs": or("inputs", json!({})), "outputs": or("outputs", json!({}))})
}

pub(super) fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Workflow, ApiError> {
    let workflow = state.workflows.get_mut(id);
    workflow.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no workflow {id}")))
}

/// Refuses an invalid graph.
fn check(graph: &Value) -> Result<(), ApiError> {
    let problems = graph::problems(graph);
    let Some((first, _)) = problems.first() else { return Ok(()) };
    let message = format!("the graph is not valid: {first}");
    let refusal = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "graph_invalid", message);
    Err(refusal.at("product_graph").with_details(problems))
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let graph = &call.body["product_graph"];
    check(graph)?;
    let name = call.text("name").unwrap_or_default();
    if state.workflows.values().any(|workflow| workflow.name == name) {
        return Err(ApiError::conflict("another workflow has this name").at("name"));
    }
    let id = env.id();
    let workflow = Workflow {
        id: id.clone(),
        name: name.to_owned(),
        meta: call.body.get("meta").filter(|meta| !meta.is_null()).cloned(),
        draft: graph.clone(),
        revision: 1,
        versions: VecDeque::from([Version::new(env, 1, graph)]),
    };
    let (view, size) = (workflow.view(), workflow.memory());
    state.workflows.insert_sized(id, workflow, size);
    data_with(StatusCode::CREATED, view)
}

pub(super) fn list(_: &Env, state: &State, call: &Call) -> Answer {
    page(call, &state.workflows, |workflow| {
        Some(json!({"id": workflow.id, "name": workflow.name, "status": "active",
            "draft_revision": workflow.revision}))
    })
}

pub(super) fn get(_: &Env, state: &mut State, call: &Call) -> Answer {
    data(find(state, call.id("workflow_id"))?.view())
}

pub(super) fn update(_: &Env, state: &mut State, call: &Call) -> Answer {
    let workflow = find(state, call.id("workflow_id"))?;
    if call.body["expected_revision"].as_u64() != Some(workflow.revision) {
        let message = format!("the draft has revision {} now", workflow.revision);
        return Err(ApiError::conflict(message).at("expected_revision"));
    }
    check(&call.body["product_graph"])?;
    workflow.draft = call.body["product_graph"].clone();
    workflow.revision += 1;
    let (view, size) = (workflow.view(), workflow.memory());
    state.workflows.resize(call.id("workflow_id"), size);
    data(view)
}

pub(super) fn publish(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("workflow_id");
    let workflow = find(state, id)?;
    let graph = &call.body["product_graph"];
    check(graph)?;
    if let Some(latest) =
        workflow.versions.back().filter(|latest| complete_graph(&latest.graph) == complete_graph(graph))
    {
        return data(latest.view(id));
    }
    let number = workflow.versions.back().map_or(0, |latest| latest.number) + 1;
    let version = Version::new(env, number, graph);
    let view = version.view(id);
    workflow.versions.push_back(version);
    while workflow.versions.len() > MAX_VERSIONS
        || (workflow.memory() > MAX_MEMORY && workflow.versions.len() > 1)
    {
        workflow.versions.pop_front();
    }
    let size = workflow.memory();
    state.workflows.resize(id, size);
    data_with(StatusCode::CREATED, view)
}

pub(super) fn versions(_: &Env, state: &mut State, call: &Call) -> Answer {
    let workflow = find(state, call.id("workflow_id"))?;
    let items = workflow.versions.iter().rev().map(
        |version| json!({"id": version.id, "version_number": version.number, "checksum": version.checksum}),
    );
    page_of(call, items.collect(), limit(call))
}

pub(super) fn version(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("workflow_id");
    let workflow = find(state, id)?;
    let wanted = call.id("version_number");
    let version = workflow.versions.iter().find(|version| version.number.to_string() == wanted);
    let missing = || ApiError::not_found("resource_not_found", format!("no version {wanted}"));
    data(version.ok_or_else(missing)?.view(id))
}
