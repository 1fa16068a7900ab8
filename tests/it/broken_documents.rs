//! Documents that are broken at random: the pipeline refuses each of them at a named place, or generates code that parses.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use heygen_api::operations::GET_VIDEO;
use serde_json::{Map, Value, json};
use xtask::generate::{self, Prepared};
use xtask::overlay::{self, Overlay};
use xtask::{document, emit, lower, walk};

use super::pipeline::NO_OVERLAY;

/// Numbers that look random, but are the same in each run (splitmix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// The document with its overlay, reduced to some operations of each kind and what they use: small, so that thousands of
/// documents can be made of it.
pub(super) fn sample() -> Value {
    let mut document = super::overlaid();
    let kept = [
        "/v3/videos",
        GET_VIDEO.path(),
        "/v3/assets",
        "/v3/video-agents",
        "/v3/webhooks/endpoints",
        "/v3/webhooks/endpoints/{endpoint_id}",
        "/v3/brand-glossaries/{brand_glossary_id}",
    ];
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| kept.contains(&path.as_str()));
    assert!(paths.len() > 4, "{:?}", paths.keys());
    lower::prune::apply(&mut document);
    document
}

/// The JSON pointers to all values in a document.
pub(super) fn pointers(value: &Value) -> Vec<String> {
    fn add(value: &Value, pointer: &str, all: &mut Vec<String>) {
        let mut below = |name: &str, child: &Value| {
            let pointer = format!("{pointer}/{}", walk::escape(name));
            all.push(pointer.clone());
            add(child, &pointer, all);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(name, child)| below(name, child)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, child)| below(&index.to_string(), child))
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    add(value, "", &mut all);
    all
}

fn remove(document: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&name),
        Value::Array(items) => {
            let index = name.parse().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

/// A schema or another value that does not fit most places.
fn strange(chance: &mut Chance, document: &Value) -> Value {
    // An earlier change may have removed them all.
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let components: Vec<&str> =
        schemas.into_iter().flatten().map(|(name, _)| name.as_str()).chain(["Gone"]).collect();
    let reference = json!({"$ref": format!("#/components/schemas/{}", chance.pick(&components))});
    let choices = [
        Value::Null,
        json!(true),
        json!(-1.5),
        json!(""),
        json!("Self"),
        json!("a\u{202e}b \" */ {} `"),
        json!([]),
        json!({}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": ["string", "null"], "enum": ["", "unknown", "1", "a-b", "a_b", null]}),
        json!({"type": "integer", "enum": [1, 2]}),
        json!({"type": "array", "items": reference}),
        json!({"type": "object", "additionalProperties": reference}),
        json!({"type": "object", "properties": {"type": reference, "self": {"type": "string"}, "": {}}}),
        json!({"allOf": [reference, {"type": "object", "properties": {"x": {"type": "boolean"}}}]}),
        json!({"oneOf": [reference, {"type": "string"}]}),
        json!({"anyOf": [reference, reference]}),
        json!({"$ref": "#/components/schemas/Gone"}),
        json!({"$ref": "#/paths"}),
        reference,
    ];
    chance.pick(&choices).clone()
}

/// Changes a value at random (removes it, replaces it, copies another to it, renames it or nests it), and returns its place.
fn damage(document: &mut Value, chance: &mut Chance) -> String {
    let all = pointers(document);
    let at = chance.pick(&all).clone();
    let value = document.pointer(&at).unwrap().clone();
    match chance.below(6) {
        0 => drop(remove(document, &at)),
        1 | 2 => *document.pointer_mut(&at).unwrap() = strange(chance, &document.clone()),
        3 => {
            let other = chance.pick(&all);
            *document.pointer_mut(&at).unwrap() = document.pointer(other).unwrap().clone();
        }
        4 => {
            let (parent, _) = at.rsplit_once('/').unwrap();
            let parent = parent.to_owned();
            if let Some(map) = document.pointer_mut(&parent).and_then(Value::as_object_mut) {
                let names = ["new", "type", "Body", "String", "$ref", "1", "", "ünï", "a b", "V3", "default"];
                map.insert((*chance.pick(&names)).to_owned(), value);
            }
            if chance.below(2) == 0 {
                remove(document, &at);
            }
        }
        _ => {
            let nested =
                (0..chance.below(100)).fold(value, |inner, _| json!({"type": "array", "items": inner}));
            *document.pointer_mut(&at).unwrap() = nested;
        }
    }
    at
}

/// The result of a run.
#[derive(Debug)]
enum Outcome {
    Refused,
    Generated,
}

/// Runs the pipeline. The error says what is wrong with it.
fn outcome(text: &str, overlay: &Overlay) -> Result<Outcome, String> {
    let run = || -> Result<Outcome, String> {
        let Ok(document) = document::parse(text, "document.json") else { return Ok(Outcome::Refused) };
        match generate::prepare(document, overlay, &Default::default()) {
            Err(refused) => {
                let unclear = |one: &&xtask::diagnostic::Diagnostic| {
                    one.place.trim().is_empty() || one.problem.is_empty() || one.remedy.is_empty()
                };
                match refused.0.iter().find(unclear) {
                    Some(one) => Err(format!("an unclear finding: {one}")),
                    None => Ok(Outcome::Refused),
                }
            }
            Ok(Prepared { lowered, .. }) => match emit::emit(&lowered) {
                Ok(files) => {
                    let problem = |name: &str, text: &str| match name.ends_with(".json") {
                        true => serde_json::from_str::<Value>(text).err().map(|error| error.to_string()),
                        false => syn::parse_file(text).err().map(|error| error.to_string()),
                    };
                    let parsed = files.iter().map(|file| (&file.name, problem(&file.name, &file.text)));
                    match parsed.filter_map(|(name, problem)| Some((name, problem?))).next() {
                        Some((name, error)) => Err(format!("{name} does not parse: {error}")),
                        None => Ok(Outcome::Generated),
                    }
                }
                Err(error) => Err(format!("lint passed, but: {error:#}")),
            },
        }
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(format!(
            "panicked: {}",
            text.or(panic.downcast_ref::<&str>().map(|t| (*t).into())).unwrap_or_default()
        ))
    })
}

/// What breaks a pipeline that recurses: chains and rings of references, and schemas in schemas.
#[test]
fn long_chains_rings_and_deep_schemas_end() {
    let base = sample();
    let overlay = overlay::parse(NO_OVERLAY).unwrap();
    let with = |schemas: Vec<(String, Value)>, first: &str| {
        let mut document = base.clone();
        let all = document["components"]["schemas"].as_object_mut().unwrap();
        all.extend(schemas);
        all["VideoDetail"]["properties"]["new"] = json!({"$ref": format!("#/components/schemas/{first}")});
        document.to_string()
    };
    let to = |name: String| json!({"$ref": format!("#/components/schemas/{name}")});
    let chain = |length: usize, wrap: fn(Value) -> Value| {
        let mut all: Vec<(String, Value)> =
            (0..length).map(|at| (format!("Link{at}"), wrap(to(format!("Link{}", at + 1))))).collect();
        all.push((format!("Link{length}"), json!({"type": "string"})));
        all
    };
    let ring = |length: usize, wrap: fn(Value) -> Value| {
        let all = (0..length).map(|at| (format!("Link{at}"), wrap(to(format!("Link{}", (at + 1) % length)))));
        all.collect::<Vec<_>>()
    };
    let plain: fn(Value) -> Value = |next| next;
    let list: fn(Value) -> Value = |next| json!({"type": "array", "items": next});
    let object: fn(Value) -> Value = |next| json!({"type": "object", "properties": {"next": next}});
    let deep = (0..50).fold(json!({"type": "string"}), |inner, _| list(inner));
    for (document, is_refused) in [
        (with(chain(800, plain), "Link0"), false),
        (with(chain(800, list), "Link0"), true),
        (with(chain(100, object), "Link0"), false),
        (with(ring(100, plain), "Link0"), true),
        (with(ring(100, object), "Link0"), true),
        (with(ring(100, list), "Link0"), true),
        (with(vec![("Link0".into(), deep)], "Link0"), true),
    ] {
        let outcome = outcome(&document, &overlay);
        assert_eq!(matches!(outcome, Ok(Outcome::Refused)), is_refused, "{outcome:?}");
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

#[test]
fn a_form_whose_reply_lacks_data_is_refused() {
    let mut document = sample();
    let data = "/paths/~1v3~1assets/post/responses/200/content/application~1json/schema/properties/data";
    remove(&mut document, data).unwrap();
    let overlay = overlay::parse(NO_OVERLAY).unwrap();
    let refused = generate::prepare(document, &overlay, &Default::default()).unwrap_err();
    assert!(refused.has("form-reply"), "{refused}");
    assert!(refused.to_string().contains("POST /v3/assets"), "{refused}");
}

#[test]
fn a_broken_document_is_refused_at_a_place_or_becomes_code_that_parses() {
    let sample = sample();
    let overlay = overlay::parse(NO_OVERLAY).unwrap();
    // A longer run: HEYGEN_BROKEN_DOCUMENTS=5000. With HEYGEN_ACCEPTED_DOCUMENTS=FOLDER, what is accepted is written there, and
    // `cargo xtask rehearse --overlay FOLDER/overlay.yaml FOLDER/*.json` compiles it.
    let folder = std::env::var_os("HEYGEN_ACCEPTED_DOCUMENTS").map(PathBuf::from);
    if let Some(folder) = &folder {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("overlay.yaml"), NO_OVERLAY).unwrap();
    }
    let runs: u64 = std::env::var("HEYGEN_BROKEN_DOCUMENTS").map_or(400, |runs| runs.parse().unwrap());
    let (mut refused, mut generated, mut faults) = (0, 0, Map::new());
    for seed in 0..runs {
        let mut chance = Chance(seed);
        let mut document = sample.clone();
        let places: Vec<String> = (0..=chance.below(3)).map(|_| damage(&mut document, &mut chance)).collect();
        match outcome(&document.to_string(), &overlay) {
            Ok(Outcome::Refused) => refused += 1,
            Ok(Outcome::Generated) => {
                generated += 1;
                if let Some(folder) = &folder {
                    fs::write(folder.join(format!("{seed}.json")), document.to_string()).unwrap();
                }
            }
            Err(fault) => drop(faults.insert(fault, json!([seed, places]))),
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), serde_json::to_string_pretty(&faults).unwrap());
    // Otherwise the test would show nothing about one of the two outcomes.
    assert!(refused > runs / 10 && generated > runs / 10, "{refused} refused, {generated} generated");
}
