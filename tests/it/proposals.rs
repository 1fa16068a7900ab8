//! `cargo xtask spec lint --fix` proposes overlay actions that answer findings.

use serde_json::{Value, json};
use xtask::generate;
use xtask::names_lock::NamesLock;
use xtask::overlay;
use xtask::propose::propose;
use xtask::rehearse::edits::{self, Step};

use super::broken_documents::sample;

/// An overlay in the style of the project's, with one action.
const OVERLAY: &str = "overlay: 1.0.0\ninfo:\n  title: t\n  version: 1.0.0\nactions:\n  \
                       - target: $.info\n    description: A note.\n    update:\n      x-note: true\n";

/// The document with a change, and a part of the action that answers the finding about it.
fn cases() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let flyers = "/paths/~1v3~1flyers";
    let operation = |extra: Value| {
        let mut get = json!({"operationId": "listFlyers", "tags": ["Flyers"],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}}});
        get.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"get": get})
    };
    let text = json!({"schema": {"type": "string"}});
    vec![
        ("ignored-section", "/webhooks", json!({}), "target: $.webhooks\n"),
        (
            "security-scheme",
            "/components/securitySchemes/Basic",
            json!({"type": "http", "scheme": "basic"}),
            "target: $.components.securitySchemes.Basic\n",
        ),
        (
            "operation-id-missing",
            flyers,
            {
                let mut item = operation(json!({}));
                item["get"].as_object_mut().unwrap().remove("operationId");
                item
            },
            "operationId: getFlyers\n",
        ),
        (
            "ignored-section",
            flyers,
            operation(json!({"callbacks": {}})),
            "target: $.paths['/v3/flyers'].get.callbacks\n",
        ),
        (
            "parameter-schema",
            flyers,
            operation(
                json!({"parameters": [{"name": "filter", "in": "query", "schema": {"type": "object"}}]}),
            ),
            "parameters[?@.name == 'filter']",
        ),
        (
            "response-media-types",
            flyers,
            operation(json!({"responses": {"200": {"description": "", "content": {
                "application/json": {"schema": {"type": "object"}}, "text/plain": text}}}})),
            ".responses['200'].content['text/plain']",
        ),
        (
            "schema-keyword",
            "/components/schemas/VideoDetail/properties/odd",
            json!({"type": "string", "contentEncoding": "base64"}),
            "target: $.components.schemas.VideoDetail.properties.odd.contentEncoding\n",
        ),
        (
            "variant-name-collision",
            "/components/schemas/VideoDetail/properties/mood",
            json!({"type": "string", "enum": ["so_so", "so-so"]}),
            ".enum[?@ == ",
        ),
        (
            "additional-members",
            "/components/schemas/VideoDetail/properties/counts",
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer"}}),
            ".counts.additionalProperties\n",
        ),
    ]
}

#[test]
fn each_proposal_answers_its_finding() {
    let lock = NamesLock::default();
    let base = sample();
    for (rule, pointer, value, expected) in cases() {
        let mut document = base.clone();
        edits::apply(&mut document, &[Step::Set { set: pointer.to_owned(), value }]).unwrap();
        let overlay = overlay::parse(OVERLAY).unwrap();
        let found = generate::prepare(document.clone(), &overlay, &lock).expect_err(rule);
        assert!(found.has(rule), "{rule}:\n{found}");
        let proposals = propose(&document, OVERLAY, &lock).unwrap();
        assert!(proposals.text.contains(expected), "{rule}: {}\n{:?}", proposals.text, proposals.open);
        assert_eq!(proposals.open, [], "{rule}");
        let overlay = overlay::parse(&format!("{OVERLAY}{}", proposals.text)).unwrap();
        if let Err(findings) = generate::prepare(document, &overlay, &lock) {
            panic!("{rule}:\n{findings}");
        }
    }
}
