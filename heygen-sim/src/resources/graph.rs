//! Graphs of workflows: the node types, and the validation of graphs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::answer::{Answer, data};
use crate::call::Call;
use crate::env::Env;
use crate::state::State;

/// The version of the graph schema.
const SCHEMA_VERSION: &str = "1.0.0";

/// Node types of the workflows of v1.
pub(super) const LEGACY_TYPES: [&str; 4] =
    ["GenerateImageNode", "GenerateVideoNode", "TTSNode", "TrimVideoNode"];

/// A port: its name, the type of its value, and whether it must be bound.
type Port = (&'static str, &'static str, bool);

/// A node type: a family and, if the family has several, a variant.
pub(super) struct NodeType {
    family: &'static str,
    variant: Option<&'static str>,
    display_name: &'static str,
    category: &'static str,
    inputs: &'static [Port],
    outputs: &'static [Port],
}

/// The node types of the simulator. The service has more, but does not publish them.
const NODE_TYPES: [NodeType; 6] = [
    NodeType {
        family: "text_to_speech",
        variant: None,
        display_name: "Text to speech",
        category: "audio",
        inputs: &[("text", "text", true), ("voice_id", "text", false)],
        outputs: &[("audio", "audio", true)],
    },
    NodeType {
        family: "generate_image",
        variant: None,
        display_name: "Generate image",
        category: "image",
        inputs: &[("prompt", "text", true)],
        outputs: &[("image", "image", true)],
    },
    NodeType {
        family: "generate_video",
        variant: Some("avatar"),
        display_name: "Avatar video",
        category: "video",
        inputs: &[("avatar", "avatar", true), ("script", "text", false), ("audio", "audio", false)],
        outputs: &[("video", "video", true)],
    },
    NodeType {
        family: "generate_video",
        variant: Some("cinematic"),
        display_name: "Cinematic video",
        category: "video",
        inputs: &[("prompt", "text", true), ("image", "image", false)],
        outputs: &[("video", "video", true)],
    },
    NodeType {
        family: "translate_video",
        variant: None,
        display_name: "Translate video",
        category: "video",
        inputs: &[("video", "video", true), ("language", "text", true)],
        outputs: &[("video", "video", true)],
    },
    NodeType {
        family: "compose_json",
        variant: None,
        display_name: "Compose JSON",
        category: "data",
        inputs: &[("value", "json", true)],
        outputs: &[("value", "json", true)],
    },
];

pub(super) fn node_types(_: &Env, _: &State, _: &Call) -> Answer {
    let mut families = BTreeMap::<&str, Vec<Value>>::new();
    let port = |port: &Port, required: Option<bool>| json!({"name": port.0, "type": port.1, "required": required, "description": port.0});
    for node in &NODE_TYPES {
        families.entry(node.family).or_default().push(json!({
            "variant": node.variant,
            "display_name": node.display_name,
            "category": node.category,
            "description": node.display_name,
            "contract_version": "1",
            "lifecycle": "available",
            "config_schema": {"type": "object"},
            "input_ports": node.inputs.iter().map(|one| port(one, Some(one.2))).collect::<Value>(),
            "output_ports": node.outputs.iter().map(|one| port(one, None)).collect::<Value>(),
        }));
    }
    let families: Vec<Value> = families
        .into_iter()
        .map(|(family, variants)| json!({"family": family, "display_name": family.replace('_', " "), "variants": variants}))
        .collect();
    data(json!({"families": families}))
}

/// A problem of a graph: a message, and the id of the node that it concerns.
pub(super) type Problem = (String, Option<String>);

/// The nodes and inputs of a graph.
struct Graph<'a> {
    nodes: BTreeMap<&'a str, (&'a Value, Option<&'static NodeType>)>,
    inputs: Option<&'a Map<String, Value>>,
}

/// A string member; empty if it is missing.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The type of a node; `None` if it is unknown.
fn node_type(node: &Value) -> Option<&'static NodeType> {
    let (family, variant) = (text(node, "type"), node.get("variant").and_then(Value::as_str));
    let mut family = NODE_TYPES.iter().filter(|known| known.family == family);
    match variant {
        Some(variant) => family.find(|known| known.variant == Some(variant)),
        // A family with one node type needs no variant.
        None => family.next().filter(|_| family.next().is_none()),
    }
}

/// All problems of a graph; empty if it is valid.
pub(super) fn problems(graph: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if text(graph, "schema_version") != SCHEMA_VERSION {
        problems.push((format!("schema_version must be {SCHEMA_VERSION}"), None));
    }
    let mut parsed = Graph { nodes: BTreeMap::new(), inputs: graph["inputs"].as_object() };
    for node in graph["nodes"].as_array().into_iter().flatten() {
        let id = text(node, "id");
        let kind = node_type(node);
        if parsed.nodes.insert(id, (node, kind)).is_some() {
            problems.push((format!("two nodes are called {id}"), Some(id.to_owned())));
        }
        if kind.is_none() {
            let message = format!("no node type {} with variant {}", node["type"], node["variant"]);
            problems.push((message, Some(id.to_owned())));
        }
    }
    if parsed.nodes.is_empty() {
        problems.push(("a graph has at least one node".to_owned(), None));
    }
    for (id, (node, kind)) in &parsed.nodes {
        if let Some(kind) = kind {
            check_node(&parsed, id, node, kind, &mut problems);
        }
        for other in node["depends_on"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !parsed.nodes.contains_key(other) {
                problems.push((
                    format!("depends_on names `{other}`, which is not a node"),
                    Some((*id).to_owned()),
                ));
            }
        }
    }
    for (name, output) in graph["outputs"].as_object().into_iter().flatten() {
        if parsed.output(text(output, "node_id"), text(output, "port")).is_none() {
            problems.push((format!("output {name} does not belong to a node"), None));
        }
    }
    if problems.is_empty() && order(graph).is_none() {
        problems.push(("the nodes form a cycle".to_owned(), None));
    }
    problems
}

impl Graph<'_> {
    /// Type of a node's output; `Some("")` if the type of the node is unknown.
    fn output(&self, node: &str, port: &str) -> Option<&'static str> {
        match self.nodes.get(node)?.1 {
            Some(kind) => kind.outputs.iter().find(|(name, ..)| *name == port).map(|(_, kind, _)| *kind),
            None => Some(""),
        }
    }

    /// Why a binding does not match a port of the type `wanted`; `None` if it does.
    fn binding_problem(&self, binding: &Value, wanted: &str) -> Option<String> {
        let fits = |given: &str| given == wanted || wanted == "json" || given.is_empty();
        match text(binding, "kind") {
            "literal" => {
                let value = &binding["value"];
                let fits = wanted == "json" || value.is_string() || value.is_object();
                (!fits).then(|| format!("a literal {value} is not a {wanted}"))
            }
            "node_output" => {
                let (node, port) = (text(binding, "node_id"), text(binding, "port"));
                match self.output(node, port) {
                    None => Some(format!("the output {node}.{port} does not exist")),
                    Some(given) => (!fits(given)).then(|| format!("{node}.{port} is {given}, not {wanted}")),
                }
            }
            "run_input" => {
                let name = text(binding, "name");
                match self.inputs.and_then(|inputs| inputs.get(name)) {
                    None => Some(format!("no input {name} is declared")),
                    Some(declared) => {
                        let given = text(declared, "type");
                        (!fits(given)).then(|| format!("input {name} is {given}, not {wanted}"))
                    }
                }
            }
            kind if wanted != "json" => {
                Some(format!("a binding of kind `{kind}` is only allowed for json ports"))
            }
            "object" => {
                let fields = binding["fields"].as_object().into_iter().flatten();
                fields.filter_map(|(_, field)| self.binding_problem(field, "json")).next()
            }
            _ => {
                let items = binding["items"].as_array().into_iter().flatten();
                items.filter_map(|item| self.binding_problem(item, "json")).next()
            }
        }
    }
}

/// Reports the problems of a node's bindings.
fn check_node(graph: &Graph<'_>, id: &str, node: &Value, kind: &NodeType, problems: &mut Vec<Problem>) {
    let mut report = |message: String| problems.push((message, Some(id.to_owned())));
    let bindings = node["bindings"].as_object();
    for (port, _, required) in kind.inputs {
        if *required && bindings.is_none_or(|bindings| !bindings.contains_key(*port)) {
            report(format!("port {port} is not bound"));
        }
    }
    for (port, binding) in bindings.into_iter().flatten() {
        match kind.inputs.iter().find(|(name, ..)| name == port) {
            None => report(format!("the port {port} does not exist")),
            Some((_, wanted, _)) => {
                if let Some(message) = graph.binding_problem(binding, wanted) {
                    report(format!("port {port}: {message}"));
                }
            }
        }
    }
}

/// Collects the ids of the nodes whose outputs a binding uses.
fn sources<'a>(binding: &'a Value, found: &mut BTreeSet<&'a str>) {
    if text(binding, "kind") == "node_output" {
        found.insert(text(binding, "node_id"));
    }
    let fields = binding["fields"].as_object().into_iter().flatten().map(|(_, field)| field);
    let items = binding["items"].as_array().into_iter().flatten();
    fields.chain(items).for_each(|inner| sources(inner, found));
}

/// Ids of the nodes that must end before this one starts.
fn parents(node: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (_, binding) in node["bindings"].as_object().into_iter().flatten() {
        sources(binding, &mut found);
    }
    found.extend(node["depends_on"].as_array().into_iter().flatten().filter_map(Value::as_str));
    found
}

/// The nodes in an order in which they can run. Otherwise they keep the order of the graph. `None` if there is a cycle.
pub(super) fn order(graph: &Value) -> Option<Vec<&Value>> {
    let nodes = graph["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parents: Vec<BTreeSet<&str>> = nodes.iter().map(parents).collect();
    let mut children = HashMap::<&str, Vec<usize>>::new();
    for (number, parents) in parents.iter().enumerate() {
        parents.iter().for_each(|parent| children.entry(parent).or_default().push(number));
    }
    // Kahn's algorithm: count the parents of each node that have not run, and run the nodes that have none left.
    let mut left: Vec<usize> = parents.iter().map(BTreeSet::len).collect();
    let free = left.iter().enumerate().filter(|(_, left)| **left == 0).map(|(number, _)| number);
    let mut ready: BTreeSet<usize> = free.collect();
    let mut ordered = Vec::new();
    while let Some(node) = ready.pop_first().and_then(|number| nodes.get(number)) {
        ordered.push(node);
        for child in children.remove(text(node, "id")).unwrap_or_default() {
            if let Some(left) = left.get_mut(child) {
                *left -= 1;
                if *left == 0 {
                    ready.insert(child);
                }
            }
        }
    }
    (ordered.len() == nodes.len()).then_some(ordered)
}

/// The `plan_summary` of a version.
pub(super) fn plan(graph: &Value) -> Vec<Value> {
    let nodes = order(graph).unwrap_or_default().into_iter();
    nodes
        .map(|node| {
            json!({"node_id": node["id"], "family": node["type"], "variant": node.get("variant"),
                "contract_version": "1", "adapter_version": "1", "parents": parents(node)})
        })
        .collect()
}

/// The node types of a graph, by node id.
pub(super) struct NodeTypes<'a>(HashMap<&'a str, &'static NodeType>);

impl<'a> NodeTypes<'a> {
    pub(super) fn of(graph: &'a Value) -> Self {
        let nodes = graph["nodes"].as_array().into_iter().flatten();
        Self(nodes.filter_map(|node| Some((text(node, "id"), node_type(node)?))).collect())
    }

    /// Type of a declared output's value.
    pub(super) fn output(&self, output: &Value) -> &'static str {
        let node = self.0.get(text(output, "node_id"));
        let mut ports = node.into_iter().flat_map(|node| node.outputs);
        ports.find(|(name, ..)| *name == text(output, "port")).map_or("json", |(_, kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: Value) -> Value {
        json!({"schema_version": "1.0.0", "nodes": nodes, "inputs": {"topic": {"type": "text"}},
            "outputs": {"speech": {"node_id": "speak", "port": "audio"}}})
    }

    #[test]
    fn a_valid_graph_has_no_problems() {
        let speak = json!({"id": "speak", "type": "text_to_speech", "bindings": {"text": {"kind": "run_input", "name": "topic"}}});
        let video = json!({"id": "film", "type": "generate_video", "variant": "avatar", "bindings": {
            "avatar": {"kind": "literal", "value": "Anna"}, "audio": {"kind": "node_output", "node_id": "speak", "port": "audio"}}});
        let graph = graph(json!([video, speak]));
        assert_eq!(problems(&graph), []);
        let names: Vec<&str> = order(&graph).unwrap().iter().map(|node| text(node, "id")).collect();
        assert_eq!(names, ["speak", "film"]);
        assert_eq!(plan(&graph)[1]["parents"], json!(["speak"]));
    }

    /// This test would take an hour if the search for a node took linear time.
    #[test]
    fn a_long_chain_of_nodes_is_ordered_in_linear_time() {
        let node = |number: usize| {
            let text = json!({"kind": "literal", "value": "x"});
            json!({"id": number.to_string(), "type": "text_to_speech", "bindings": {"text": text},
                "depends_on": [(number + 1).to_string()]})
        };
        let mut nodes: Vec<Value> = (0..50_000).map(node).collect();
        nodes.last_mut().unwrap()["depends_on"] = json!([]);
        nodes[0]["id"] = json!("speak");
        let graph = graph(Value::from(nodes));
        assert_eq!(problems(&graph), []);
        assert_eq!(text(order(&graph).unwrap()[0], "id"), "49999");
    }

    #[test]
    fn each_problem_is_reported() {
        let of = |nodes: Value| {
            problems(&graph(nodes)).into_iter().map(|(message, _)| message).collect::<Vec<_>>().join("; ")
        };
        let speak =
            |bindings: Value| json!([{"id": "speak", "type": "text_to_speech", "bindings": bindings}]);
        assert!(of(json!([])).contains("at least one node"));
        assert!(of(speak(json!({}))).contains("port text is not bound"));
        assert!(
            of(speak(json!({"text": {"kind": "run_input", "name": "tpoic"}}))).contains("no input tpoic")
        );
        assert!(of(speak(json!({"text": {"kind": "literal", "value": 7}}))).contains("is not a text"));
        assert!(
            of(speak(json!({"text": {"kind": "list", "items": []}}))).contains("only allowed for json ports")
        );
        assert!(
            of(speak(json!({"text": {"kind": "node_output", "node_id": "speak", "port": "audio"}})))
                .contains("is audio, not text")
        );
        assert!(of(json!([{"id": "speak", "type": "generate_video"}])).contains("no node type"));
        let cycle = json!([
            {"id": "speak", "type": "text_to_speech", "bindings": {"text": {"kind": "literal", "value": "x"}}, "depends_on": ["other"]},
            {"id": "other", "type": "text_to_speech", "bindings": {"text": {"kind": "literal", "value": "x"}}, "depends_on": ["speak"]},
        ]);
        assert!(of(cycle).contains("cycle"));
    }
}
