//! Rules for workflows: graphs, revisions, names, idempotency keys, and the inputs of runs.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Harness, INVALID, Refusal, Reply, invalid, rule};

const PATH: &str = "/v3/workflows";
const RUNS: &str = "/v3/workflow-runs";

/// A speech node, with a binding for its text.
fn speak(id: &str, text: Value) -> Value {
    json!({"id": id, "type": "text_to_speech", "bindings": {"text": text}})
}

fn graph(nodes: Value) -> Value {
    json!({"schema_version": "1.0.0", "nodes": nodes,
        "inputs": {"topic": {"type": "text"}, "picture": {"type": "image", "required": false}}})
}

fn good() -> Value {
    graph(json!([speak("one", json!({"kind": "run_input", "name": "topic"}))]))
}

#[tokio::test]
async fn a_graph_must_be_executable() {
    let mut harness = Harness::new().await;
    let text = json!({"kind": "literal", "value": "Hi"});
    let after =
        |id: &str, other: &str| super::changed(&speak(id, text.clone()), &json!({"depends_on": [other]}));
    let base = json!({"name": "Film", "product_graph": good()});
    let with = |nodes: Value| json!({"name": "Another", "product_graph": {"nodes": nodes}});
    let broken = |what, nodes| rule(what, with(nodes), 422, "graph_invalid", "product_graph");
    let rules = vec![
        rule("the same name", json!({}), 409, "conflict", "name"),
        broken("no node", json!([])),
        broken("a circle", json!([after("one", "two"), after("two", "one")])),
        broken("an unknown type", json!([{"id": "one", "type": "juggle"}])),
        broken("a family without its variant", json!([{"id": "one", "type": "generate_video"}])),
        broken("a port that is not bound", json!([{"id": "one", "type": "text_to_speech"}])),
        broken("an unknown input", json!([speak("one", json!({"kind": "run_input", "name": "nothing"}))])),
        broken(
            "a value of another type",
            json!([speak("one", json!({"kind": "run_input", "name": "picture"}))]),
        ),
        broken("two nodes of one name", json!([speak("one", text.clone()), speak("one", text.clone())])),
        broken("a node that is not there", json!([after("one", "two")])),
        rule(
            "another version of the schema",
            json!({"name": "Another", "product_graph": {"schema_version": "9"}}),
            422,
            "graph_invalid",
            "product_graph",
        ),
    ];
    let allowed = [with(json!([after("one", "two"), speak("two", text.clone())]))];
    harness.check_rules(PATH, &base, &allowed, rules).await;

    // The error lists every problem with its node.
    let twice = json!({"name": "Third", "product_graph": graph(json!([{"id": "one", "type": "juggle"}, {"id": "two", "type": "text_to_speech"}]))});
    let reply = harness.send(Method::POST, PATH, None, Some(&twice)).await;
    harness.check_refusal("two mistakes", &reply, Refusal(422, "graph_invalid", "product_graph"));
    let nodes = reply.body["error"]["errors"].as_array().unwrap();
    let nodes: Vec<&str> = nodes.iter().map(|one| one["node_id"].as_str().unwrap()).collect();
    assert_eq!(nodes, ["one", "two"]);
    // No workflow was created.
    let names = harness.get(PATH).await.body["data"].as_array().unwrap().len();
    assert_eq!(names, 2);
    harness.finish();
}

async fn create_workflow(harness: &Harness, name: &str) -> String {
    harness.post(PATH, json!({"name": name, "product_graph": good()})).await.text("/data/id")
}

#[tokio::test]
async fn drafts_have_revisions_and_versions_never_change() {
    let mut harness = Harness::new().await;
    let (id, other) = (create_workflow(&harness, "Film").await, create_workflow(&harness, "Other").await);
    let path = format!("{PATH}/{id}");
    let draft = |revision: u64, graph: Value| json!({"expected_revision": revision, "product_graph": graph});
    let stale = (409, "conflict", "expected_revision");
    harness.expect_refusal("a stale revision", Method::PATCH, &path, Some(draft(0, good())), stale).await;
    let invalid = (422, "graph_invalid", "product_graph");
    let empty = graph(json!([]));
    harness
        .expect_refusal("an invalid draft", Method::PATCH, &path, Some(draft(1, empty.clone())), invalid)
        .await;
    let changed = harness.send(Method::PATCH, &path, None, Some(&draft(1, good()))).await;
    assert_eq!(changed.body["data"]["draft_revision"], 2);
    harness.expect_refusal("the same once more", Method::PATCH, &path, Some(draft(1, good())), stale).await;

    let versions = |id: &str| format!("{PATH}/{id}/versions");
    harness
        .expect_post_refusal("an invalid version", &versions(&id), json!({"product_graph": empty}), invalid)
        .await;
    let text = graph(json!([speak("one", json!({"kind": "literal", "value": "Hi"}))]));
    let new = json!({"product_graph": text});
    let publish = async |harness: &Harness, id: &str, body: &Value, key: Option<&str>| -> Reply {
        harness.send(Method::POST, &versions(id), key, Some(body)).await
    };
    // Created, replayed, and equal to the latest version.
    for (key, status) in [(Some("once"), 201), (Some("once"), 200), (None, 200)] {
        let reply = publish(&harness, &id, &new, key).await;
        assert_eq!((reply.status, &reply.body["data"]["version_number"]), (status, &json!(2)));
    }
    let old = json!({"product_graph": good()});
    let reply = publish(&harness, &id, &old, Some("once")).await;
    harness.check_refusal("another graph with the key", &reply, Refusal(409, "conflict", ""));
    let reply = publish(&harness, &other, &new, Some("once")).await;
    harness.check_refusal("another workflow with the key", &reply, Refusal(409, "conflict", ""));
    // Publishing an old graph again creates a new version: this is how to revert.
    let back = publish(&harness, &id, &old, None).await;
    assert_eq!((back.status, &back.body["data"]["version_number"]), (201, &json!(3)));
    let missing = (404, "resource_not_found", "");
    let path = format!("{PATH}/{id}/versions/9");
    harness.expect_refusal("an unknown version", Method::GET, &path, None, missing).await;
    harness.finish();
}

#[tokio::test]
async fn a_run_needs_a_key_and_the_inputs_of_its_version() {
    let mut harness = Harness::new().await;
    let id = create_workflow(&harness, "Film").await;
    let (speech, picture) = (harness.upload("speech.mp3").await, harness.upload("thumbnail.png").await);
    let base = json!({"workflow_id": id, "inputs": {"topic": "Bees"}});
    let input = |name: &str, value: Value| json!({"inputs": {name: value}});
    let missing = "resource_not_found";
    let allowed = [
        input("picture", json!(picture)),
        input("picture", json!({"type": "asset_id", "asset_id": picture})),
        input("picture", json!({"type": "url", "url": "https://example.com/a.png"})),
        json!({"version_number": 1}),
    ];
    let rules = vec![
        invalid("an input that is missing", input("topic", Value::Null), "inputs.topic"),
        invalid("an input that is unknown", input("nothing", json!("x")), "inputs.nothing"),
        invalid("a number for a text", input("topic", json!(7)), "inputs.topic"),
        invalid("a number for an image", input("picture", json!(7)), "inputs.picture"),
        invalid("an object for an image", input("picture", json!({"kind": "x"})), "inputs.picture"),
        invalid("audio for an image", input("picture", json!(speech)), "inputs.picture"),
        invalid(
            "audio for an image, in full",
            input("picture", json!({"type": "asset_id", "asset_id": speech})),
            "inputs.picture.asset_id",
        ),
        rule("an unknown asset", input("picture", json!("x")), 404, "asset_not_found", "inputs.picture"),
        rule("an unknown workflow", json!({"workflow_id": "x"}), 404, missing, "workflow_id"),
        rule("an unknown version", json!({"version_number": 9}), 404, missing, "version_number"),
    ];
    let run = async |harness: &Harness, key: &str, body: &Value| {
        harness.send(Method::POST, RUNS, Some(key), Some(body)).await
    };
    for (number, change) in [&json!({})].into_iter().chain(&allowed).enumerate() {
        let reply = run(&harness, &format!("good-{number}"), &super::changed(&base, change)).await;
        assert_eq!(reply.status, 201, "{change}: {}", reply.body);
    }
    for (number, rule) in rules.into_iter().enumerate() {
        let reply = run(&harness, &format!("bad-{number}"), &super::changed(&base, &rule.change)).await;
        harness.check_refusal(rule.label, &reply, rule.refusal);
    }
    harness.expect_post_refusal("no key", RUNS, base.clone(), (400, INVALID, "Idempotency-Key")).await;
    let other = super::changed(&base, &input("topic", json!("Wasps")));
    let reply = run(&harness, "good-0", &other).await;
    harness.check_refusal("a key with other inputs", &reply, Refusal(409, "conflict", ""));
    // The key of a run never expires.
    harness.advance(100 * 24 * 60 * 60);
    assert_eq!(run(&harness, "good-0", &base).await.status, 200);
    harness.finish();
}

/// Authors choose the names of inputs. Only inputs that are declared as files are treated as files.
#[tokio::test]
async fn an_input_may_have_any_name() {
    let mut harness = Harness::new().await;
    let picture = harness.upload("thumbnail.png").await;
    let speech = harness.upload("speech.mp3").await;
    let graph = json!({"schema_version": "1.0.0",
        "nodes": [speak("one", json!({"kind": "run_input", "name": "video_url"}))],
        "inputs": {"video_url": {"type": "text"}, "video": {"type": "image", "required": false},
            "audio_asset_id": {"type": "json", "required": false}}});
    let id = harness.post(PATH, json!({"name": "Film", "product_graph": graph})).await.text("/data/id");
    let base = json!({"workflow_id": id, "inputs": {"video_url": "my clip"}});
    let file = |id: &str| json!({"inputs": {"video": {"type": "asset_id", "asset_id": id}}});
    let data = json!({"inputs": {"audio_asset_id": {"type": "asset_id", "asset_id": "none"}}});
    for (number, change) in [json!({}), file(&picture), data].iter().enumerate() {
        let body = super::changed(&base, change);
        let reply = harness.send(Method::POST, RUNS, Some(&format!("good-{number}")), Some(&body)).await;
        assert_eq!(reply.status, 201, "{change}: {}", reply.body);
    }
    let refused =
        harness.send(Method::POST, RUNS, Some("bad"), Some(&super::changed(&base, &file(&speech)))).await;
    harness.check_refusal("audio for an image", &refused, Refusal(400, INVALID, "inputs.video.asset_id"));
    harness.finish();
}

#[tokio::test]
async fn every_node_type_lists_its_required_inputs() {
    let harness = Harness::new().await;
    let types = harness.get(&format!("{PATH}/node-types")).await;
    for family in types.body["data"]["families"].as_array().unwrap() {
        for variant in family["variants"].as_array().unwrap() {
            let required = |ports: &str| {
                let ports = variant[ports].as_array().unwrap().iter();
                ports.map(|port| port["required"].clone()).collect::<Vec<_>>()
            };
            assert!(required("input_ports").iter().all(Value::is_boolean), "{variant}");
            assert!(required("output_ports").iter().all(Value::is_null), "{variant}");
        }
    }
}
