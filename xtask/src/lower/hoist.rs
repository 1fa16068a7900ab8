//! Moves inline enumerations, unions and objects to components. Equal ones become one component: every place that takes a
//! file takes the same `AssetInput`.
//!
//! The name of the component is the schema's `x-rust-name`, which the overlay sets. Without one, it is made of the owner
//! and the property, such as `VideoAgentConfigOrientation`; of several places, the shortest name is used. A name that an
//! earlier run gave, and that is in `names.lock`, stays.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use super::extension;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::names_lock::{self, NamesLock};
use crate::walk::{self, Place};

/// Keywords that describe the place rather than the type. They stay when the type becomes a component.
const PLACE_KEYWORDS: [&str; 6] =
    ["description", "nullable", "deprecated", extension::CLEARABLE, extension::SENSITIVE, extension::EXAMPLE];

/// Runs the pass.
pub fn apply(document: &mut Value, lock: &NamesLock) -> Result<(), Diagnostics> {
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    merge_named(document, &mut given)?;
    loop {
        let groups = group_innermost(document, lock);
        if groups.is_empty() {
            break;
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut found = Vec::new();
        for group in &groups {
            match add_component(document, group, lock) {
                Ok(name) => {
                    names.extend(group.places.iter().map(|place| (place.pointer.clone(), name.clone())));
                    given.extend(group.places.iter().map(|place| (path_of(place), name.clone())));
                }
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        Diagnostics::into_result(found)?;
        walk::schemas_mut(document, |place, schema| {
            if let Some(name) = names.get(&place.pointer) {
                replace_by_reference(schema, name);
            }
        });
    }
    document[names_lock::EXTENSION]["inline"] = serde_json::json!(given);
    Ok(())
}

/// Replaces inline schemas that have the name of an equal component by a reference to it.
fn merge_named(document: &mut Value, given: &mut BTreeMap<String, String>) -> Result<(), Diagnostics> {
    let components: BTreeMap<String, String> =
        walk::components(document).map(|(name, schema)| (name.clone(), key(schema))).collect();
    let mut found = Vec::new();
    walk::schemas_mut(document, |place, schema| {
        let Some(name) = schema.get(extension::RUST_NAME).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        match components.get(&name) {
            Some(component) if *component == key(schema) => {
                replace_by_reference(schema, &name);
                given.insert(path_of(place), name);
            }
            Some(_) => found.push(name_collision(&place.pointer, &name)),
            None => {}
        }
    });
    Diagnostics::into_result(found)
}

/// Equal inline schemas, which become one component.
struct Group {
    schema: Value,
    /// `x-rust-name`, or the name that an earlier run gave.
    name: Option<String>,
    /// `x-rust-description`.
    rust_description: Option<String>,
    places: Vec<Place>,
    descriptions: Vec<String>,
}

/// Groups equal inline schemas. Those that contain another inline schema are left for a later iteration.
fn group_innermost(document: &Value, lock: &NamesLock) -> Vec<Group> {
    let mut places: BTreeMap<String, Vec<(Place, Value)>> = BTreeMap::new();
    walk::schemas(document, |place, schema| {
        if is_hoisted(place, schema) && !contains_inline(schema) {
            places.entry(key(schema)).or_default().push((place.clone(), schema.clone()));
        }
    });
    let owners = owners_of_locked_names(document, &places, lock);
    let mut groups = Vec::new();
    for (key, places) in places {
        let named = places.iter().find_map(|(_, schema)| schema.get(extension::RUST_NAME)?.as_str());
        if let Some(name) = named {
            groups.push(Group::new(Some(name.to_owned()), places.iter()));
            continue;
        }
        // Two types that have become equal stay two types.
        let locked = |place: &Place| {
            let name = lock.inline.get(&path_of(place))?;
            (owners.get(name) == Some(&key)).then_some(name)
        };
        let names: BTreeSet<&String> = places.iter().filter_map(|(place, _)| locked(place)).collect();
        match names.first() {
            None => groups.push(Group::new(None, places.iter())),
            Some(first) => groups.extend(names.iter().map(|name| {
                let of = places.iter().filter(|(place, _)| locked(place).unwrap_or(first) == *name);
                Group::new(Some((*name).clone()), of)
            })),
        }
    }
    groups
}

/// The schemas that keep their names, by name. If the schemas at the places of one name are no longer equal, the one at most
/// of these places keeps the name.
fn owners_of_locked_names(
    document: &Value,
    places: &BTreeMap<String, Vec<(Place, Value)>>,
    lock: &NamesLock,
) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<&String, BTreeMap<&String, usize>> = BTreeMap::new();
    for (key, places) in places {
        for name in places.iter().filter_map(|(place, _)| lock.inline.get(&path_of(place))) {
            *counts.entry(name).or_default().entry(key).or_default() += 1;
        }
    }
    let free = counts.into_iter().filter(|(name, _)| walk::component(document, name).is_none());
    free.filter_map(|(name, keys)| {
        let (key, _) = keys.into_iter().rev().max_by_key(|(_, count)| *count)?;
        Some((name.clone(), key.clone()))
    })
    .collect()
}

impl Group {
    fn new<'a>(name: Option<String>, places: impl Iterator<Item = &'a (Place, Value)>) -> Self {
        let mut group = Self {
            schema: Value::Null,
            name,
            rust_description: None,
            places: Vec::new(),
            descriptions: Vec::new(),
        };
        for (place, schema) in places {
            let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
            if group.schema.is_null() {
                group.schema = without_place(schema);
            }
            group.places.push(place.clone());
            group.descriptions.extend(text("description"));
            group.rust_description = text(extension::RUST_DESCRIPTION).or(group.rust_description);
        }
        group
    }
}

/// The place of an inline schema as `names.lock` names it.
fn path_of(place: &Place) -> String {
    std::iter::once(&place.owner).chain(&place.trail).map(String::as_str).collect::<Vec<_>>().join(".")
}

fn add_component(document: &mut Value, group: &Group, lock: &NamesLock) -> Result<String, Box<Diagnostic>> {
    let pointer = group.places.first().map(|place| place.pointer.as_str()).unwrap_or_default();
    let mut derived: Vec<String> = group.places.iter().map(name_of).collect();
    derived.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    // A new type does not take the name of another one.
    let is_free = |name: &&String| !lock.has_type(name) && walk::component(document, name).is_none();
    let name = group.name.as_ref().or_else(|| derived.iter().find(is_free)).or_else(|| derived.first());
    let name = name.cloned().unwrap_or_default();
    let mut schema = group.schema.clone();
    let mut descriptions = group.descriptions.clone();
    descriptions.dedup();
    if let Some(text) = &group.rust_description {
        schema["description"] = text.clone().into();
    } else if let ([only], true) = (descriptions.as_slice(), group.places.len() == group.descriptions.len()) {
        schema["description"] = only.clone().into();
    }
    match walk::components_mut(document).insert(name.clone(), schema) {
        None => Ok(name),
        Some(_) => Err(Box::new(name_collision(pointer, &name))),
    }
}

fn name_collision(pointer: &str, name: &str) -> Diagnostic {
    Diagnostic::new(
        "type-name-collision",
        pointer,
        format!("the inline schema would become the type `{name}`, but another type has this name"),
        "give it another name in the overlay: update {x-rust-name: …}",
    )
}

fn is_hoisted(place: &Place, schema: &Value) -> bool {
    if place.is_component_root() {
        return false;
    }
    let is_enum =
        schema.get("enum").is_some() && schema.get("type").and_then(Value::as_str) == Some("string");
    let is_union = schema.get("oneOf").is_some()
        && (schema.get("discriminator").is_some() || schema.get(extension::BY_JSON_TYPE).is_some());
    let is_object = schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    is_enum || is_union || is_object
}

fn contains_inline(schema: &Value) -> bool {
    let mut document = serde_json::json!({"components": {"schemas": {"Root": without_place(schema)}}});
    let mut inline = false;
    walk::schemas_mut(&mut document, |place, inner| inline |= is_hoisted(place, inner));
    inline
}

fn name_of(place: &Place) -> String {
    let mut words: Vec<&str> =
        std::iter::once(&place.owner).chain(&place.trail).map(String::as_str).collect();
    if let [_, body @ "Body", ..] = words.as_mut_slice()
        && place.in_operation
    {
        *body = "Request";
    }
    // `AA` would not be camel case.
    let name: String = words.into_iter().map(ToUpperCamelCase::to_upper_camel_case).collect();
    name.to_upper_camel_case()
}

fn without_place(schema: &Value) -> Value {
    let map = schema.as_object().cloned().unwrap_or_default();
    let kept = map
        .into_iter()
        .filter(|(key, _)| !PLACE_KEYWORDS.contains(&key.as_str()))
        .filter(|(key, _)| key != extension::RUST_NAME && key != extension::RUST_DESCRIPTION);
    Value::Object(kept.collect())
}

/// A key for comparing schemas. Schemas with equal keys are the same type; descriptions and examples, at any depth, are
/// ignored.
pub(super) fn key(schema: &Value) -> String {
    fn without_texts(value: &mut Value) {
        match value {
            Value::Object(map) => {
                if map.get("description").is_some_and(Value::is_string) {
                    map.remove("description");
                }
                map.remove(extension::EXAMPLE);
                map.values_mut().for_each(without_texts);
            }
            Value::Array(items) => items.iter_mut().for_each(without_texts),
            _ => {}
        }
    }
    let mut without_place = without_place(schema);
    without_texts(&mut without_place);
    walk::canonical(without_place).to_string()
}

fn replace_by_reference(schema: &mut Value, name: &str) {
    let Some(map) = schema.as_object_mut() else { return };
    let mut kept: Map<String, Value> = std::mem::take(map);
    kept.retain(|key, _| PLACE_KEYWORDS.contains(&key.as_str()));
    *map = kept;
    let reference = walk::reference_to(name);
    if map.is_empty() {
        *schema = reference;
    } else {
        map.insert("allOf".into(), Value::Array(vec![reference]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lowered(schemas: Value) -> Result<Value, Diagnostics> {
        let mut document = json!({"components": {"schemas": schemas}});
        apply(&mut document, &NamesLock::default()).map(|()| document["components"]["schemas"].clone())
    }

    #[test]
    fn equal_enumerations_become_one_type_with_the_shortest_name() {
        let side = json!({"type": "string", "enum": ["l", "r"]});
        let schemas = lowered(json!({
            "Long": {"properties": {"side": side}},
            "A": {"properties": {"side": {"type": "string", "enum": ["l", "r"], "description": "Which."}}}}));
        let schemas = schemas.unwrap();
        assert_eq!(schemas["ASide"], side);
        assert_eq!(schemas["Long"]["properties"]["side"], json!({"$ref": "#/components/schemas/ASide"}));
        assert_eq!(
            schemas["A"]["properties"]["side"],
            json!({"allOf": [{"$ref": "#/components/schemas/ASide"}], "description": "Which."})
        );
    }

    #[test]
    fn inner_objects_become_components_before_outer_ones() {
        let inner = json!({"type": "object", "properties": {"x": {"type": "string"}}});
        let outer = json!({"type": "object", "properties": {"b": inner}});
        let schemas = lowered(json!({"A": {"properties": {"a": outer}}})).unwrap();
        assert_eq!(schemas["Aa"]["properties"]["b"], json!({"$ref": "#/components/schemas/Aab"}));
        assert_eq!(schemas["Aab"], inner);
    }

    #[test]
    fn x_rust_name_may_be_the_name_of_an_equal_component() {
        let named = json!({"type": "string", "enum": ["l"], "x-rust-name": "Side"});
        let schemas =
            lowered(json!({"Side": {"type": "string", "enum": ["l"]}, "A": {"properties": {"s": named}}}));
        let schemas = schemas.unwrap();
        assert_eq!(schemas["A"]["properties"]["s"], json!({"$ref": "#/components/schemas/Side"}));
    }

    #[test]
    fn x_rust_description_becomes_the_description_of_the_type() {
        let place = |text: &str| json!({"type": "string", "enum": ["l"], "description": text, "x-rust-name": "Side", "x-rust-description": "A side."});
        let schemas =
            lowered(json!({"A": {"properties": {"s": place("Here."), "t": place("There.")}}})).unwrap();
        assert_eq!(schemas["Side"], json!({"type": "string", "enum": ["l"], "description": "A side."}));
    }

    #[test]
    fn a_name_of_another_type_is_refused() {
        let side = json!({"type": "string", "enum": ["l", "r"]});
        let error =
            lowered(json!({"A": {"properties": {"side": side}}, "ASide": {"type": "object"}})).unwrap_err();
        assert!(error.has("type-name-collision"));
        let named = json!({"type": "string", "enum": ["l"], "x-rust-name": "Side"});
        let error =
            lowered(json!({"Side": {"type": "object"}, "A": {"properties": {"s": named}}})).unwrap_err();
        assert!(error.has("type-name-collision"));
    }

    fn locked(schemas: Value, inline: &[(&str, &str)]) -> Value {
        let inline = inline.iter().map(|(place, name)| ((*place).to_owned(), (*name).to_owned())).collect();
        let mut document = json!({"components": {"schemas": schemas}});
        apply(&mut document, &NamesLock { inline, ..NamesLock::default() }).unwrap();
        document
    }

    #[test]
    fn a_locked_name_stays_when_a_shorter_one_or_another_type_comes() {
        let status = json!({"type": "string", "enum": ["on", "off"]});
        let of = |schema: &Value| json!({"properties": {"status": schema}});
        // A new component with an equal enumeration would give a shorter name.
        let document = locked(
            json!({"Podcast": of(&status), "Job": of(&status)}),
            &[("Podcast.status", "PodcastStatus")],
        );
        assert_eq!(
            document["x-names"]["inline"],
            json!({"Podcast.status": "PodcastStatus", "Job.status": "PodcastStatus"})
        );
        // A new type does not take the name of another one, even if that one has changed.
        // It comes first, and its shortest name is the one that is locked for the other type.
        let other = json!({"type": "string", "enum": ["a"]});
        let podcast = json!({"properties": {"status": other, "later_status": other}});
        let document = locked(
            json!({"Podcast": podcast, "PodcastDetail": of(&status)}),
            &[("PodcastDetail.status", "PodcastStatus")],
        );
        assert_eq!(
            document["x-names"]["inline"],
            json!({
                "Podcast.later_status": "PodcastLaterStatus",
                "Podcast.status": "PodcastLaterStatus",
                "PodcastDetail.status": "PodcastStatus",
            })
        );
    }

    #[test]
    fn types_that_become_equal_stay_apart_and_of_those_that_become_different_most_places_keep_the_name() {
        let one = json!({"type": "string", "enum": ["a"]});
        let two = json!({"type": "string", "enum": ["b"]});
        let lock = [("A.x", "Ax"), ("B.x", "BX")];
        let document = locked(
            json!({"A": {"properties": {"x": one}}, "B": {"properties": {"x": one, "y": one}}}),
            &lock,
        );
        assert_eq!(document["x-names"]["inline"], json!({"A.x": "Ax", "B.x": "BX", "B.y": "Ax"}));
        let lock = [("A.x", "Shared"), ("B.x", "Shared"), ("C.x", "Shared")];
        let schemas = json!({"A": {"properties": {"x": two}}, "B": {"properties": {"x": one}}, "C": {"properties": {"x": one}}});
        let document = locked(schemas, &lock);
        assert_eq!(document["x-names"]["inline"], json!({"A.x": "Ax", "B.x": "Shared", "C.x": "Shared"}));
    }
}
