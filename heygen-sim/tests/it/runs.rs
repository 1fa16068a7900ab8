//! Tests of workflow runs: later responses never contradict earlier ones.

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;

/// Creates a workflow of four nodes that run one after another.
async fn workflow(program: &Program) -> String {
    let node = |number: usize| {
        let text = json!({"kind": "run_input", "name": "topic"});
        let previous = number.checked_sub(1).map(|previous| format!("n{previous}"));
        json!({"id": format!("n{number}"), "type": "text_to_speech", "bindings": {"text": text},
            "depends_on": previous.into_iter().collect::<Vec<_>>()})
    };
    let graph = json!({"schema_version": "1.0.0", "inputs": {"topic": {"type": "text"}},
        "nodes": (0..4).map(node).collect::<Value>(), "outputs": {}});
    let created = program.post("/v3/workflows", json!({"name": "w", "product_graph": graph})).await;
    created["id"].as_str().unwrap().to_owned()
}

async fn run(program: &Program, workflow: &str, topic: &str) -> String {
    let body = json!({"workflow_id": workflow, "inputs": {"topic": topic}});
    let key = topic.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let created =
        program.send(Method::POST, "/v3/workflow-runs", &[("idempotency-key", &key)], Some(body)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    format!("/v3/workflow-runs/{}", created.body["data"]["id"].as_str().unwrap())
}

/// Reads a run and its nodes.
async fn read(program: &Program, run: &str) -> (Value, Vec<Value>) {
    let nodes = program.get(&format!("{run}/nodes")).await;
    (program.get(run).await, nodes.as_array().unwrap().clone())
}

fn statuses(nodes: &[Value]) -> Vec<&str> {
    nodes.iter().map(|node| node["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_cancelled_run_does_not_change() {
    let program = Program::start().await;
    let workflow = workflow(&program).await;
    let run = run(&program, &workflow, "bees [sim:fail][sim:takes=105]").await;
    let other = self::run(&program, &workflow, "wasps [sim:takes=105]").await;
    let early = self::run(&program, &workflow, "ants").await;
    program.post(&format!("{early}/cancel"), Value::Null).await;
    program.advance(60);
    let before = read(&program, &other).await;
    assert_eq!(statuses(&before.1), ["succeeded", "succeeded", "processing", "pending"]);
    for run in [&run, &other] {
        program.post(&format!("{run}/cancel"), Value::Null).await;
    }
    let (cancelled, nodes) = read(&program, &other).await;
    assert_eq!((&cancelled["status"], &cancelled["error"]), (&json!("canceled"), &Value::Null));
    assert_eq!(cancelled["started_at"], before.0["started_at"]);
    assert_eq!(statuses(&nodes), ["succeeded", "succeeded", "canceled", "canceled"]);
    assert_eq!(nodes[..2], before.1[..2]);
    assert_eq!(nodes[2]["started_at"], before.1[2]["started_at"]);
    assert_eq!(nodes[2]["completed_at"], cancelled["completed_at"]);
    let then = (read(&program, &run).await, read(&program, &other).await, read(&program, &early).await);
    program.advance(1000);
    assert_eq!(
        (read(&program, &run).await, read(&program, &other).await, read(&program, &early).await),
        then
    );
    assert_eq!((&then.2.0["started_at"], &then.2.1[0]["started_at"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn times_are_ordered_and_do_not_change() {
    let program = Program::start().await;
    let workflow = workflow(&program).await;
    let topics = ["bees", "[sim:takes=1]", "[sim:fail]", "[sim:partial]", "[sim:hang]", "[sim:takes=0]"];
    let mut runs = Vec::new();
    for topic in topics {
        runs.push((topic, run(&program, &workflow, topic).await, Vec::<Value>::new()));
    }
    for _ in 0..130 {
        let now = program.sim.now();
        for (topic, run, before) in &mut runs {
            let (run, nodes) = read(&program, run).await;
            let time = |value: &Value| {
                value.as_str().map(|text| text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
            };
            let times = |value: &Value| (time(&value["started_at"]), time(&value["completed_at"]));
            let mut last = time(&run["created_at"]).unwrap();
            for (number, node) in nodes.iter().enumerate() {
                let (started, completed) = times(node);
                for time in [started, completed].into_iter().flatten() {
                    assert!(last <= time && time <= now as i64, "{topic}: {node}");
                    last = time;
                }
                assert_eq!(
                    completed.is_some(),
                    matches!(node["status"].as_str(), Some("succeeded" | "failed")),
                    "{topic}: {node}"
                );
                // An ended node does not change.
                if let Some(before) = before.get(number).filter(|before| !before["completed_at"].is_null()) {
                    assert_eq!(node, before, "{topic}");
                }
            }
            let (started, completed) = times(&run);
            assert!(
                completed.is_none_or(|completed| started.unwrap() <= completed && last <= completed),
                "{topic}: {run}"
            );
            *before = nodes;
        }
        program.advance(1);
    }
    let ends: Vec<(Value, String)> = {
        let mut ends = Vec::new();
        for (_, run, nodes) in &runs {
            ends.push((program.get(run).await["status"].clone(), statuses(nodes).join(" ")));
        }
        ends
    };
    let all = "succeeded succeeded succeeded succeeded";
    let expected = [
        ("succeeded", all),
        ("succeeded", all),
        ("failed", "failed skipped skipped skipped"),
        ("partial", "succeeded succeeded succeeded failed"),
        ("processing", "succeeded succeeded processing pending"),
        ("succeeded", all),
    ];
    assert_eq!(ends, expected.map(|(run, nodes)| (json!(run), nodes.to_owned())));
}

#[tokio::test]
async fn a_workflow_keeps_its_newest_versions_and_a_run_keeps_its_version() {
    let program = Program::start().await;
    let workflow = workflow(&program).await;
    let run = run(&program, &workflow, "bees").await;
    let graph = |text: usize| {
        let text = json!({"kind": "literal", "value": text.to_string()});
        json!({"product_graph": {"schema_version": "1.0.0",
            "nodes": [{"id": "one", "type": "text_to_speech", "bindings": {"text": text}}]}})
    };
    let versions = format!("/v3/workflows/{workflow}/versions");
    for number in 0..100 {
        program.post(&versions, graph(number)).await;
    }
    let kept = program.get(&format!("{versions}?limit=100")).await;
    let numbers: Vec<u64> =
        kept.as_array().unwrap().iter().map(|item| item["version_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (2..=101).rev().collect::<Vec<_>>());
    assert_eq!(program.refused(Method::GET, &format!("{versions}/1"), None).await.0, 404);
    let (run, nodes) = read(&program, &run).await;
    assert_eq!((&run["workflow"]["version_number"], nodes.len()), (&json!(1), 4));
}
