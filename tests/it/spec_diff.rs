//! What `cargo xtask spec diff` says of edits that a provider makes: the kind, the place, the words, the verdict.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use xtask::diff::change::Change;
use xtask::diff::diff;
use xtask::diff::kind::Kind;
use xtask::diff::render::{self, Verdict};
use xtask::generate::workspace_root;
use xtask::walk;

/// One step of an edit, by JSON pointers into the published document.
enum JobProgress {
    /// Puts a value there; what is above it exists.
    Set(&'static str, Value),
    /// Takes the value away.
    Remove(&'static str),
    /// Takes a value from one place to another.
    Move(&'static str, &'static str),
}

use JobProgress::{Move, Remove, Set};

fn document() -> Value {
    serde_json::from_slice(&fs::read(workspace_root().join("openapi/heygen.json")).unwrap()).unwrap()
}

fn split(pointer: &str) -> (&str, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = split(pointer);
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} does not exist")) {
        Value::Object(map) => {
            map.insert(name, value);
        }
        Value::Array(items) if name == "-" => items.push(value),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => panic!("{parent} is {other}"),
    }
}

fn take(document: &mut Value, pointer: &str) -> Value {
    let (parent, name) = split(pointer);
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} does not exist")) {
        Value::Object(map) => map.remove(&name).unwrap_or_else(|| panic!("{pointer} does not exist")),
        Value::Array(items) => items.remove(name.parse().unwrap()),
        other => panic!("{parent} is {other}"),
    }
}

fn edited(steps: &[JobProgress]) -> Value {
    let mut document = document();
    for step in steps {
        match step {
            Set(pointer, value) => put(&mut document, pointer, value.clone()),
            Remove(pointer) => drop(take(&mut document, pointer)),
            Move(from, to) => {
                let value = take(&mut document, from);
                put(&mut document, to, value);
            }
        }
    }
    document
}

fn found<'a>(changes: &'a [Change], kind: Kind, subject: &str, words: &str) -> Option<&'a Change> {
    changes
        .iter()
        .find(|change| change.kind == kind && change.subject == subject && change.sentence.contains(words))
}

const DETAIL: &str = "/components/schemas/VideoDetail/properties";
const SPEECH: &str = "/components/schemas/CreateSpeechRequest";

/// An edit with what it is expected to be: kind, subject, words of the sentence, and the verdict on the whole.
type Edit = (&'static str, Vec<JobProgress>, Kind, &'static str, &'static str, Verdict);

fn edits() -> Vec<Edit> {
    use Kind::*;
    use Verdict::{Additive, Breaking};
    let text = || json!({"type": "string"});
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    vec![
        // The document.
        (
            "another address",
            vec![Set("/servers/0/url", json!("https://api2.heygen.com"))],
            AddressRemoved,
            "the document",
            "https://api.heygen.com",
            Breaking,
        ),
        (
            "a second address",
            vec![Set("/servers/-", json!({"url": "https://eu.heygen.com"}))],
            AddressAdded,
            "the document",
            "https://eu.heygen.com",
            Additive,
        ),
        (
            "another key header",
            vec![Set("/components/securitySchemes/ApiKeyAuth/name", json!("x-heygen-key"))],
            SchemeChanged,
            "the document",
            "a key in the header `x-heygen-key`",
            Breaking,
        ),
        (
            "a scheme more",
            vec![Set("/components/securitySchemes/Mutual", json!({"type": "mutualTLS"}))],
            SchemeAdded,
            "the document",
            "mutualTLS",
            Additive,
        ),
        (
            "a scheme less",
            vec![Remove("/components/securitySchemes/BearerAuth")],
            SchemeRemoved,
            "the document",
            "HTTP bearer",
            Breaking,
        ),
        (
            "down to OpenAPI 3.0",
            vec![Set("/openapi", json!("3.0.3"))],
            VersionChanged,
            "the document",
            "3.0.3",
            Additive,
        ),
        (
            "a section of webhooks",
            vec![Set("/webhooks", json!({}))],
            SectionAdded,
            "the document",
            "`webhooks`",
            Additive,
        ),
        (
            "another text",
            vec![Set("/info/description", json!("Another."))],
            TextChanged,
            "the document",
            "info.description",
            Additive,
        ),
        // Operations.
        (
            "an operation more",
            vec![Set("/paths/~1v3~1clock", json!({"get": {"operationId": "getClock", "responses": {}}}))],
            OperationAdded,
            "GET /v3/clock",
            "was added",
            Additive,
        ),
        (
            "an operation less",
            vec![Remove("/paths/~1v3~1videos~1{video_id}/delete")],
            OperationRemoved,
            "DELETE /v3/videos/{video_id}",
            "was removed",
            Breaking,
        ),
        (
            "a path moved",
            vec![Move("/paths/~1v3~1videos~1{video_id}", "/paths/~1v3~1films~1{video_id}")],
            OperationMoved,
            "GET /v3/films/{video_id}",
            "from GET /v3/videos/{video_id}",
            Breaking,
        ),
        (
            "a path parameter renamed",
            vec![Move("/paths/~1v3~1videos~1{video_id}", "/paths/~1v3~1videos~1{id}")],
            OperationMoved,
            "GET /v3/videos/{id}",
            "from GET /v3/videos/{video_id}",
            Breaking,
        ),
        (
            "an operationId renamed",
            vec![Set("/paths/~1v3~1videos/post/operationId", json!("makeVideo"))],
            OperationRenamed,
            "POST /v3/videos",
            "`makeVideo`",
            Breaking,
        ),
        (
            "an operation deprecated",
            vec![Set("/paths/~1v3~1videos/get/deprecated", json!(true))],
            OperationDeprecated,
            "GET /v3/videos",
            "deprecated",
            Breaking,
        ),
        (
            "an operation excluded",
            vec![Set("/paths/~1v3~1videos/get/x-excluded", json!(true))],
            GateAdded,
            "GET /v3/videos",
            "out of its reference",
            Breaking,
        ),
        (
            "another scope",
            vec![Set("/paths/~1v3~1videos/post/x-heygen-required-scopes/0", json!("films:write"))],
            ScopeAdded,
            "POST /v3/videos",
            "`films:write`",
            Breaking,
        ),
        (
            "one way to authenticate less",
            vec![Set("/paths/~1v3~1videos/post/security", json!([{"BearerAuth": []}]))],
            SecurityChanged,
            "POST /v3/videos",
            "to BearerAuth",
            Breaking,
        ),
        (
            "an address of its own",
            vec![Set("/paths/~1v3~1videos/post/servers", json!([{"url": "https://fast.heygen.com"}]))],
            AddressAdded,
            "POST /v3/videos",
            "https://fast.heygen.com",
            Additive,
        ),
        (
            "another tag",
            vec![Set("/paths/~1v3~1videos/post/tags/0", json!("Films"))],
            ResourceChanged,
            "POST /v3/videos",
            "from the resource Videos to Films",
            Additive,
        ),
        (
            "a pager lost",
            vec![Remove("/paths/~1v3~1videos/get/parameters/1")],
            PagerLost,
            "GET /v3/videos",
            "no longer comes in pages",
            Breaking,
        ),
        (
            "a next token lost",
            vec![Remove(
                "/paths/~1v3~1videos/get/responses/200/content/application~1json/schema/properties/next_token",
            )],
            PagerLost,
            "GET /v3/videos",
            "no longer comes in pages",
            Breaking,
        ),
        (
            "`has_more` lost",
            vec![Remove(
                "/paths/~1v3~1videos/get/responses/200/content/application~1json/schema/properties/has_more",
            )],
            FieldRemoved,
            "GET /v3/videos",
            "`reply.has_more`",
            Breaking,
        ),
        // Parameters and bodies.
        (
            "a parameter more",
            vec![Set(
                "/paths/~1v3~1videos/get/parameters/-",
                json!({"in": "query", "name": "sort", "schema": text()}),
            )],
            ParameterAdded,
            "GET /v3/videos",
            "`query sort`",
            Additive,
        ),
        (
            "a required parameter more",
            vec![Set(
                "/paths/~1v3~1videos/get/parameters/-",
                json!({"in": "query", "name": "sort", "required": true, "schema": text()}),
            )],
            RequiredParameterAdded,
            "GET /v3/videos",
            "`query sort`",
            Breaking,
        ),
        (
            "a parameter less",
            vec![Remove("/paths/~1v3~1videos/get/parameters/3")],
            ParameterRemoved,
            "GET /v3/videos",
            "`query title`",
            Breaking,
        ),
        (
            "a parameter required",
            vec![Set("/paths/~1v3~1videos/get/parameters/3/required", json!(true))],
            ParameterRequired,
            "GET /v3/videos",
            "`query title`",
            Breaking,
        ),
        (
            "a parameter in another style",
            vec![Set("/paths/~1v3~1videos/get/parameters/3/explode", json!(false))],
            ParameterStyle,
            "GET /v3/videos",
            "`query title`",
            Breaking,
        ),
        (
            "fewer items on a page",
            vec![Set("/paths/~1v3~1videos/get/parameters/0/schema/maximum", json!(50))],
            BoundTightened,
            "GET /v3/videos",
            "`maximum` 50; it was `maximum` 100",
            Breaking,
        ),
        (
            "more items on a page",
            vec![Set("/paths/~1v3~1videos/get/parameters/0/schema/maximum", json!(200))],
            BoundLoosened,
            "GET /v3/videos",
            "`maximum` 200",
            Additive,
        ),
        (
            "another default",
            vec![Set("/paths/~1v3~1videos/get/parameters/0/schema/default", json!(20))],
            DefaultChanged,
            "GET /v3/videos",
            "`20` where it is left out; it was `10`",
            Breaking,
        ),
        (
            "a body that may be left out",
            vec![Set("/paths/~1v3~1videos/post/requestBody/required", json!(false))],
            BodyOptional,
            "POST /v3/videos",
            "optional now",
            Additive,
        ),
        (
            "no body any more",
            vec![Remove("/paths/~1v3~1videos/post/requestBody")],
            BodyRemoved,
            "POST /v3/videos",
            "no longer takes a body",
            Breaking,
        ),
        (
            "a second media type",
            vec![Set("/paths/~1v3~1videos/post/requestBody/content/application~1xml", json!({}))],
            MediaAdded,
            "POST /v3/videos",
            "`application/xml`",
            Additive,
        ),
        // Answers.
        (
            "another refusal",
            vec![Set("/paths/~1v3~1videos/post/responses/418", json!({"description": "A teapot"}))],
            FailureAdded,
            "POST /v3/videos",
            "418",
            Additive,
        ),
        (
            "another success",
            vec![Set("/paths/~1v3~1videos/post/responses/202", json!({"description": "Later"}))],
            SuccessAdded,
            "POST /v3/videos",
            "202",
            Breaking,
        ),
        (
            "a header less",
            vec![Remove("/paths/~1v3~1videos/post/responses/429/headers/Retry-After")],
            HeaderRemoved,
            "POST /v3/videos",
            "`retry-after`",
            Breaking,
        ),
        // Schemas.
        (
            "a field more",
            vec![Set("/components/schemas/VideoDetail/properties/mood", text())],
            FieldAdded,
            "VideoDetail",
            "`mood`",
            Additive,
        ),
        (
            "a required field more in a reply",
            vec![
                Set("/components/schemas/VideoDetail/properties/mood", text()),
                Set("/components/schemas/VideoDetail/required/-", json!("mood")),
            ],
            RequiredFieldAdded,
            "VideoDetail",
            "`mood`",
            Additive,
        ),
        (
            "a required field more in a request",
            vec![
                Set("/components/schemas/CreateSpeechRequest/properties/mood", text()),
                Set("/components/schemas/CreateSpeechRequest/required/-", json!("mood")),
            ],
            RequiredFieldAdded,
            "CreateSpeechRequest",
            "`mood`",
            Breaking,
        ),
        (
            "a field less",
            vec![Remove("/components/schemas/VideoDetail/properties/title")],
            FieldRemoved,
            "VideoDetail",
            "`title`",
            Breaking,
        ),
        (
            "a field renamed",
            vec![Move(
                "/components/schemas/VideoDetail/properties/title",
                "/components/schemas/VideoDetail/properties/name",
            )],
            FieldRemoved,
            "VideoDetail",
            "`title`",
            Breaking,
        ),
        (
            "a field required",
            vec![Set("/components/schemas/CreateSpeechRequest/required/-", json!("seed"))],
            FieldRequired,
            "CreateSpeechRequest",
            "`seed`",
            Breaking,
        ),
        (
            "a field optional",
            vec![Remove("/components/schemas/CreateSpeechRequest/required/2")],
            FieldOptional,
            "CreateSpeechRequest",
            "`language`",
            Breaking,
        ),
        (
            "null allowed",
            vec![Set("/components/schemas/VideoDetail/properties/id/type", json!(["string", "null"]))],
            NullAllowed,
            "VideoDetail",
            "`id`",
            Breaking,
        ),
        (
            "null forbidden",
            vec![Set(
                "/components/schemas/CreateSpeechRequest/properties/seed",
                json!({"maximum": 4294967295u32, "minimum": 0, "type": "integer"}),
            )],
            NullForbidden,
            "CreateSpeechRequest",
            "`seed`",
            Breaking,
        ),
        (
            "another type",
            vec![Set("/components/schemas/VideoDetail/properties/id/type", json!("integer"))],
            TypeChanged,
            "VideoDetail",
            "integer; it was string",
            Breaking,
        ),
        (
            "a format",
            vec![Set("/components/schemas/VideoDetail/properties/id/format", json!("uuid"))],
            FormatChanged,
            "VideoDetail",
            "`uuid`",
            Breaking,
        ),
        (
            "a value more",
            vec![Set("/components/schemas/VideoStatus/enum/-", json!("paused"))],
            ValueAdded,
            "VideoStatus",
            "\"paused\"",
            Additive,
        ),
        (
            "a value less",
            vec![Remove("/components/schemas/VideoResolution/enum/0")],
            ValueRemoved,
            "VideoResolution",
            "\"4k\"",
            Breaking,
        ),
        (
            "an enumeration instead of text",
            vec![Set("/components/schemas/VideoDetail/properties/id/enum", json!(["a"]))],
            ValuesClosed,
            "VideoDetail",
            "\"a\"",
            Breaking,
        ),
        (
            "a shorter text",
            vec![Set("/components/schemas/CreateSpeechRequest/properties/text/maxLength", json!(100))],
            BoundTightened,
            "CreateSpeechRequest",
            "`maxLength` 100",
            Breaking,
        ),
        (
            "another pattern",
            vec![Set("/components/schemas/CreateSpeechRequest/properties/text/pattern", json!("^a"))],
            BoundTightened,
            "CreateSpeechRequest",
            "`pattern`",
            Breaking,
        ),
        (
            "extra fields",
            vec![Remove("/components/schemas/CreateSpeechRequest/additionalProperties")],
            ExtraAllowed,
            "CreateSpeechRequest",
            "does not name",
            Additive,
        ),
        (
            "no extra fields",
            vec![Set("/components/schemas/VideoDetail/additionalProperties", json!(false))],
            ExtraForbidden,
            "VideoDetail",
            "does not name",
            Additive,
        ),
        (
            "a field deprecated",
            vec![Set("/components/schemas/VideoDetail/properties/title/deprecated", json!(true))],
            FieldDeprecated,
            "VideoDetail",
            "`title`",
            Additive,
        ),
        (
            "a field read-only",
            vec![Set("/components/schemas/CreateSpeechRequest/properties/text/readOnly", json!(true))],
            AccessChanged,
            "CreateSpeechRequest",
            "`read-only`",
            Breaking,
        ),
        (
            "a rule that nothing reads",
            vec![Set("/components/schemas/CreateSpeechRequest/not", json!({"required": ["seed"]}))],
            RuleChanged,
            "CreateSpeechRequest",
            "not",
            Breaking,
        ),
        (
            "a text",
            vec![Set(
                "/components/schemas/CreateSpeechRequest/properties/text/description",
                json!("Other words."),
            )],
            TextChanged,
            "CreateSpeechRequest",
            "`text`",
            Additive,
        ),
        (
            "a member of a union less",
            vec![Remove("/components/schemas/Scene/properties/background/anyOf/0/oneOf/2")],
            MemberRemoved,
            "Scene",
            "`video`",
            Breaking,
        ),
        (
            "one type among several",
            vec![Set(
                "/paths/~1v3~1voices/post/requestBody/content/application~1json/schema",
                json!({"anyOf": [reference("DesignVoiceRequest"), reference("CreateSpeechRequest")]}),
            )],
            BecameUnion,
            "POST /v3/voices",
            "`CreateSpeechRequest`",
            Breaking,
        ),
        (
            "the error schema renamed",
            vec![Move("/components/schemas/VideoStatusEntry", "/components/schemas/StatusEntry")],
            ComponentRenamed,
            "StatusEntry",
            "`VideoStatusEntry` is named `StatusEntry`",
            Breaking,
        ),
    ]
}

#[test]
fn every_edit_has_its_kind_its_place_and_its_verdict() {
    let old = document();
    let edits = edits();
    assert!(edits.len() >= 60, "{}", edits.len());
    for (label, steps, kind, subject, words, verdict) in edits {
        let changes = diff(&old, &edited(&steps));
        let all = render::text(&changes);
        let change =
            found(&changes, kind, subject, words).unwrap_or_else(|| panic!("{label}: {kind:?}\n{all}"));
        assert_eq!(Verdict::of(&changes), verdict, "{label}\n{all}");
        assert!(all.contains(&change.sentence), "{label}\n{all}");
        assert!(change.pointer.starts_with("#/"), "{label}: {}", change.pointer);
        // Nothing else is blamed: an edit of one place is at most a handful of changes.
        assert!(changes.len() <= 12, "{label}: {} changes\n{all}", changes.len());
    }
}

#[test]
fn a_document_does_not_differ_from_itself() {
    let document = document();
    let changes = diff(&document, &document);
    assert_eq!(changes, []);
    assert_eq!(Verdict::of(&changes).exit_status(), 0);
}

#[test]
fn swapped_documents_give_the_mirrored_changes() {
    let old = document();
    for (label, steps, ..) in edits() {
        let new = edited(&steps);
        let count = |changes: &[Change], mirror: bool| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for change in changes {
                // What is optional or required is known of what was added only.
                let kind = match if mirror { change.kind.mirror() } else { change.kind } {
                    Kind::RequiredFieldAdded => Kind::FieldAdded,
                    Kind::RequiredParameterAdded => Kind::ParameterAdded,
                    kind => kind,
                };
                *counts.entry(kind.name().to_owned()).or_default() += 1;
            }
            counts
        };
        assert_eq!(count(&diff(&old, &new), true), count(&diff(&new, &old), false), "{label}");
    }
}

#[test]
fn kinds_mirror_each_other() {
    for kind in Kind::ALL {
        let twice = kind.mirror().mirror();
        let required = matches!(kind, Kind::RequiredFieldAdded | Kind::RequiredParameterAdded);
        assert!(twice == *kind || required, "{kind:?}");
    }
}

/// The document in other spellings that mean the same: titles and examples, `null` in a list of types, a component written
/// out at its places, and an inline schema as a component.
fn respelled(value: Value, document: &Value, is_schema: bool) -> Value {
    let Value::Object(map) = value else { return value };
    let mut map: serde_json::Map<String, Value> = map
        .into_iter()
        .map(|(name, child)| {
            let child = match (name.as_str(), child) {
                ("properties" | "schemas", Value::Object(inner)) => {
                    inner.into_iter().map(|(name, child)| (name, respelled(child, document, true))).collect()
                }
                ("items" | "additionalProperties" | "schema", child) => respelled(child, document, true),
                ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                    all.into_iter().map(|child| respelled(child, document, true)).collect()
                }
                ("parameters", Value::Array(all)) => {
                    all.into_iter().map(|child| respelled(child, document, false)).collect()
                }
                ("example" | "examples" | "enum" | "required" | "mapping" | "default" | "x-mint", child) => {
                    child
                }
                (_, child) => respelled(child, document, false),
            };
            (name, child)
        })
        .collect();
    if is_schema {
        if let Some(Value::Array(members)) = map.get("anyOf")
            && let [one, null] = &members[..]
            && null == &json!({"type": "null"})
            && one.get("type").is_some_and(Value::is_string)
            && !map.contains_key("description")
        {
            let (one, ty) = (one.clone(), one["type"].clone());
            map.remove("anyOf");
            map.extend(one.as_object().unwrap().clone());
            map.insert("type".into(), json!([ty, "null"]));
        }
        let is_text = map.len() == 1 && map.get("$ref") == Some(&json!("#/components/schemas/VideoStatus"));
        if is_text {
            map = document["components"]["schemas"]["VideoStatus"].as_object().unwrap().clone();
        }
        map.insert("title".into(), json!("A Title"));
    }
    Value::Object(map)
}

#[test]
fn other_spellings_are_no_change_of_meaning() {
    let old = document();
    let new = respelled(old.clone(), &old, false);
    assert_ne!(old, new);
    assert_eq!(render::text(&diff(&old, &new)), render::text(&[]));

    // A schema that moves into a component is a new name of a type, and nothing else.
    let mut new = old.clone();
    let place = "/components/schemas/CreateSpeechRequest/properties/seed/anyOf/0";
    let schema = new.pointer(place).unwrap().clone();
    put(&mut new, "/components/schemas/Seed", schema);
    put(&mut new, place, json!({"$ref": "#/components/schemas/Seed"}));
    let changes = diff(&old, &new);
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [Kind::ComponentAdded]);
    assert_eq!(Verdict::of(&changes), Verdict::Additive);

    // A component through `allOf`.
    let mut new = old.clone();
    let schema = new.pointer(SPEECH).unwrap().clone();
    put(&mut new, SPEECH, json!({"allOf": [schema]}));
    assert_eq!(diff(&old, &new), []);
}

/// Every keyword of every schema, one at a time: a change of it is found, at the place where it is.
#[test]
fn a_change_anywhere_in_a_schema_is_found() {
    let old = document();
    let mut places: Vec<(String, Value)> = Vec::new();
    walk::schemas(&old, |place, schema| {
        let Some(map) = schema.as_object() else { return };
        for (key, value) in map {
            let other = match (key.as_str(), value) {
                ("maxLength" | "minLength" | "maximum" | "minimum" | "maxItems" | "minItems", value) => {
                    json!(value.as_f64().unwrap_or_default() + 7.0)
                }
                ("enum", Value::Array(values)) => {
                    values.iter().cloned().chain([json!("a value more")]).collect()
                }
                ("required", Value::Array(names)) => names.iter().skip(1).cloned().collect(),
                ("description", _) => json!("Other words."),
                ("pattern", _) => json!("^other$"),
                ("format", _) => json!("other"),
                ("default", Value::Null) => json!("other"),
                ("default", _) => json!("another default"),
                ("type", Value::String(name)) => json!(if name == "string" { "integer" } else { "string" }),
                _ => continue,
            };
            places.push((format!("{}/{key}", place.pointer.trim_start_matches('#')), other));
        }
    });
    assert!(places.len() > 3000, "{}", places.len());
    // A step that meets every kind of place, and is quick.
    let mut tried = 0;
    for (pointer, other) in places.iter().step_by(83) {
        // `null` in a union has no type of its own.
        if old.pointer(pointer) == Some(&json!("null")) {
            continue;
        }
        let mut new = old.clone();
        put(&mut new, pointer, other.clone());
        let changes = diff(&old, &new);
        assert!(!changes.is_empty(), "{pointer} -> {other}");
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
}

#[test]
fn the_forms_have_the_same_changes() {
    let old = document();
    let new = edited(&[
        Set("/components/schemas/VideoDetail/properties/mood", json!({"type": "string"})),
        Remove("/components/schemas/VideoDetail/properties/title"),
        Set("/components/schemas/Mood", json!({"type": "string"})),
    ]);
    let changes = diff(&old, &new);
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("spec_diff_text", render::text(&changes));
        insta::assert_snapshot!("spec_diff_markdown", render::markdown(&changes));
    });
    let parsed: Value = serde_json::from_str(&render::json(&changes).unwrap()).unwrap();
    assert_eq!(parsed.as_array().unwrap().len(), changes.len());
    assert_eq!(parsed[0]["kind"], "field-removed");
    assert_eq!(parsed[0]["pointer"], format!("#{DETAIL}/title"));
    assert_eq!(parsed[0]["items"], json!(["types::VideoDetail::title"]));
    assert!(parsed[0]["operations"].as_array().unwrap().contains(&json!("GET /v3/videos/{video_id}")));
}
