//! Brand voices, which v3 calls brand glossaries.

use heygen_api::operations;
use serde_json::{Value, json};

use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable};
use super::source::Node;

/// `GET /v1/brand_voice/list`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: glossaries };
/// `POST /v1/brand_voice/{brand_voice_id}`.
pub(crate) const UPDATE: Conversion = Conversion { forward: update, back: updated };

fn list(planning: &Planning<'_>) -> Option<()> {
    let mut request = PlannedRequest::new(&operations::LIST_BRAND_GLOSSARIES, "lists brand glossaries");
    let limit = planning.query("limit");
    limit.carried("?limit");
    request = request
        .with_query("limit", limit.float().filter(|limit| (1.0..=100.0).contains(limit)).unwrap_or(100.0));
    let token = planning.query("token");
    token.carried("?token");
    if let Some(text) = token.text() {
        request = request.with_query("token", text);
    }
    let list = planning.request(request);
    let names = planning.query("name_only");
    names.carried("whether each glossary is read");
    if names.boolean() != Some(true) {
        let request = PlannedRequest::new(&operations::GET_BRAND_GLOSSARY, "reads each glossary");
        planning.request(request.for_each("brand_glossary_id", list, "/brand_glossary_id"));
    }
    Some(())
}

/// Pairs of the members of each entry.
fn pairs(glossary: &Value, list: &str, first: &str, second: &str) -> Value {
    let entries = glossary.get(list).and_then(Value::as_array).into_iter().flatten();
    entries.map(|entry| json!([entry.get(first), entry.get(second)])).collect()
}

/// A brand voice. v3 has no tones.
fn brand_voice(glossary: &Value) -> Value {
    let kept = glossary.get("do_not_translate_terms").and_then(Value::as_array).into_iter().flatten();
    json!({
        "id": glossary.get("brand_glossary_id"),
        "name": glossary.get("name"),
        "blacklist": kept.map(|entry| entry.get("term").cloned().unwrap_or_default()).collect::<Value>(),
        "whitelist": pairs(glossary, "forced_translations", "term", "translation"),
        "tones": [],
        "vocabulary": pairs(glossary, "terms", "term", "pronunciation"),
    })
}

fn glossaries(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let index = answers.bodies.len().saturating_sub(1);
    let list: Vec<Value> = answers.items(index).map(brand_voice).collect();
    let first = answers.whole(0);
    let has_more = first.get("has_more").and_then(Value::as_bool).unwrap_or(false);
    Ok(json!({
        // v3 does not count the glossaries.
        "total": (!has_more).then_some(list.len()),
        "list": list,
        "token": first.get("next_token").filter(|_| has_more),
    }))
}

fn update(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    body.get("name").put_text(&mut output, "name");
    let blacklist = body.get("blacklist");
    if blacklist.value().is_array() {
        let terms: Vec<Value> =
            blacklist.items().iter().filter_map(Node::text).map(|term| json!({"term": term})).collect();
        blacklist.put(&mut output, "do_not_translate_terms", terms);
    }
    put_pairs(&body.get("whitelist"), &mut output, "forced_translations", "translation");
    put_pairs(&body.get("vocabulary"), &mut output, "terms", "pronunciation");
    for name in ["tones", "tone"] {
        body.get(name).lose(
            Severity::Spoken,
            "v3 stores no tones",
            "describe the tone in the prompt, if you use Video Agent",
        );
    }
    let request =
        PlannedRequest::new(&operations::UPDATE_BRAND_GLOSSARY, "replaces the lists that are given");
    let request = request.with_parameter("brand_glossary_id", planning.path("brand_voice_id"));
    planning.request(request.with_body(output.into_value()));
    Some(())
}

/// Carries a list of pairs.
fn put_pairs(node: &Node<'_>, output: &mut Output, list: &str, second: &str) {
    if !node.value().is_array() {
        return;
    }
    let mut entries = Vec::new();
    for pair in node.items() {
        let parts = pair.items();
        match (parts.first().and_then(Node::text), parts.get(1).and_then(Node::text)) {
            (Some(from), Some(to)) if parts.len() == 2 => entries.push(json!({"term": from, second: to})),
            _ => pair.problem("an entry is a list of two texts; write [\"from\", \"to\"]"),
        }
    }
    node.put(output, list, entries);
}

fn updated(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(brand_voice(answers.data(0)))
}
