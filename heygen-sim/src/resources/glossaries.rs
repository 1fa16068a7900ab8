//! Brand glossaries: pronunciations and translations of terms.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::bounded_json;
use crate::call::Call;
use crate::clock::iso;
use crate::env::Env;
use crate::resources::inputs::trimmed;
use crate::resources::paging::page;
use crate::state::State;

/// The lists of a glossary, and the members of their entries that must not be blank.
const LISTS: [(&str, &[&str]); 3] = [
    ("terms", &["term", "pronunciation"]),
    ("do_not_translate_terms", &["term"]),
    ("forced_translations", &["term", "translation"]),
];

fn missing(id: &str) -> ApiError {
    ApiError::not_found("resource_not_found", format!("no brand glossary {id}"))
}

/// Refuses a body that names an unknown glossary, in either of the two members.
pub(super) fn check(state: &State, body: &Value) -> Result<(), ApiError> {
    for name in ["brand_glossary_id", "brand_voice_id"] {
        if let Some(id) = body.get(name).and_then(Value::as_str)
            && !state.glossaries.contains(id)
        {
            return Err(missing(id).at(name));
        }
    }
    Ok(())
}

/// The entries of a list, with trimmed texts; `None` if the body does not have the list.
fn entries(body: &Value, list: &str, members: &[&str]) -> Result<Option<Value>, ApiError> {
    let Some(given) = body.get(list).and_then(Value::as_array) else { return Ok(None) };
    let mut entries = given.clone();
    for (number, entry) in entries.iter_mut().enumerate() {
        for member in members {
            let text = entry.get(member).and_then(Value::as_str).unwrap_or_default();
            entry[*member] = trimmed(&format!("{list}.{number}.{member}"), text)?.into();
        }
    }
    Ok(Some(entries.into()))
}

/// A glossary, as responses show it: without empty lists of translation rules.
fn view(mut glossary: Value) -> Value {
    for list in ["do_not_translate_terms", "forced_translations"] {
        if glossary[list].as_array().is_none_or(Vec::is_empty) {
            glossary.as_object_mut().map(|glossary| glossary.remove(list));
        }
    }
    glossary
}

/// Trims a name, and refuses one that another glossary has.
fn check_name(state: &State, name: &str, own: &str) -> Result<String, ApiError> {
    let name = trimmed("name", name)?;
    let taken = state.glossaries.values().any(|glossary| {
        let other = glossary["name"].as_str().unwrap_or_default();
        glossary["brand_glossary_id"] != own && other.to_lowercase() == name.to_lowercase()
    });
    if taken {
        return Err(ApiError::conflict("another glossary has this name").at("name"));
    }
    Ok(name)
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let name = check_name(state, call.text("name").unwrap_or_default(), "")?;
    let id = env.id();
    let now = iso(call.now);
    let mut glossary = json!({"brand_glossary_id": id, "name": name, "created_at": now, "updated_at": now});
    for (list, members) in LISTS {
        glossary[list] = entries(&call.body, list, members)?.unwrap_or_else(|| json!([]));
    }
    state.glossaries.insert_sized(id, glossary.clone(), bounded_json::memory(&glossary));
    data_with(StatusCode::CREATED, view(glossary))
}

pub(super) fn list(_: &Env, state: &State, call: &Call) -> Answer {
    page(call, &state.glossaries, |glossary| {
        let mut item = glossary.clone();
        for (list, _) in LISTS {
            item.as_object_mut().map(|item| item.remove(list));
        }
        Some(item)
    })
}

pub(super) fn get(_: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("brand_glossary_id");
    data(view(state.glossaries.get(id).cloned().ok_or_else(|| missing(id))?))
}

pub(super) fn update(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("brand_glossary_id");
    let mut glossary = state.glossaries.get(id).cloned().ok_or_else(|| missing(id))?;
    if let Some(name) = call.text("name") {
        glossary["name"] = check_name(state, name, id)?.into();
    }
    for (list, members) in LISTS {
        if let Some(entries) = entries(&call.body, list, members)? {
            glossary[list] = entries;
        }
    }
    glossary["updated_at"] = iso(call.now).into();
    if let Some(stored) = state.glossaries.get_mut(id) {
        *stored = glossary.clone();
    }
    state.glossaries.resize(id, bounded_json::memory(&glossary));
    data(view(glossary))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("brand_glossary_id");
    state.glossaries.remove(id).ok_or_else(|| missing(id))?;
    data(json!({"brand_glossary_id": id}))
}
