//! Inlines aliases: components that are neither objects with properties, nor enumerations, nor unions. The generator would
//! make each of them a newtype, which users would have to unwrap; so each reference to one is replaced by its schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::documentation::is_plain;
use crate::walk;

/// Runs the pass. A component that contains itself stays, because inlining it would never end.
pub fn apply(document: &mut Value) {
    let mut waiting: BTreeMap<String, Value> = walk::components(document)
        .filter(|(name, schema)| is_alias(schema) && !contains_itself(document, name))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    walk::components_mut(document).retain(|name, _| !waiting.contains_key(name));
    let mut ready = BTreeMap::new();
    while let Some(name) = waiting.keys().next().cloned() {
        resolve(name, &mut waiting, &mut ready);
    }
    walk::schemas_mut(document, |_, schema| inline(schema, &ready));
}

/// Moves an alias from `waiting` to `ready`, after the aliases that it refers to, which are inlined in it.
fn resolve(name: String, waiting: &mut BTreeMap<String, Value>, ready: &mut BTreeMap<String, Value>) {
    // A list of its own instead of recursion: chains may be long.
    let mut pending = vec![name];
    while let Some(name) = pending.last() {
        let Some(schema) = waiting.get(name) else {
            pending.pop();
            continue;
        };
        let mut inner = BTreeSet::new();
        walk::references(schema, &mut inner);
        inner.retain(|one| waiting.contains_key(one));
        if !inner.is_empty() {
            pending.extend(inner);
            continue;
        }
        if let Some((name, mut schema)) = waiting.remove_entry(&name.clone()) {
            walk::in_schema_mut(&mut schema, |schema| inline(schema, ready));
            ready.insert(name, schema);
        }
    }
}

fn inline(schema: &mut Value, aliases: &BTreeMap<String, Value>) {
    let direct = walk::reference(schema).and_then(|name| aliases.get(name)).cloned();
    // Children are visited first, so the reference in an `allOf` with one member has been replaced already.
    let wrapped = || match schema.get("allOf")?.as_array()?.as_slice() {
        [only] if only.get("$ref").is_none() => Some(only.clone()),
        _ => None,
    };
    let Some(alias) = direct.or_else(wrapped) else { return };
    let Some(map) = schema.as_object_mut() else { return };
    map.remove("$ref");
    map.remove("allOf");
    for (key, value) in alias.as_object().into_iter().flatten() {
        map.entry(key).or_insert_with(|| value.clone());
    }
}

/// Whether a component is an alias: it has neither properties nor values nor members of its own. Values of numbers and booleans
/// do not count: they make no type.
pub fn is_alias(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else { return true };
    let is_enumeration = map.contains_key("enum") && !is_plain(map);
    !is_enumeration && ["properties", "oneOf", "anyOf"].iter().all(|keyword| !map.contains_key(*keyword))
}

/// Whether a component refers to itself, directly or through other components.
pub fn contains_itself(document: &Value, name: &str) -> bool {
    let mut next = BTreeSet::new();
    if let Some(schema) = walk::component(document, name) {
        walk::references(schema, &mut next);
    }
    walk::closure(document, next).contains(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn an_alias_of_an_alias_is_inlined() {
        let mut document = json!({"components": {"schemas": {
            "Any": {"description": "any value"},
            "Ids": {"type": "array", "items": {"$ref": "#/components/schemas/Any"}},
            "A": {"properties": {"ids": {"allOf": [{"$ref": "#/components/schemas/Ids"}], "description": "mine"}}}}}});
        super::apply(&mut document);
        assert_eq!(
            document["components"]["schemas"],
            json!({"A": {"properties": {"ids":
                {"type": "array", "items": {"description": "any value"}, "description": "mine"}}}})
        );
    }

    #[test]
    fn a_list_of_numbers_is_an_alias() {
        let mut document = json!({"components": {"schemas": {
            "Rate": {"type": "integer", "enum": [25, 30]},
            "A": {"properties": {"rate": {"$ref": "#/components/schemas/Rate"}}}}}});
        super::apply(&mut document);
        let expected = json!({"A": {"properties": {"rate": {"type": "integer", "enum": [25, 30]}}}});
        assert_eq!(document["components"]["schemas"], expected);
    }

    #[test]
    fn an_alias_that_contains_itself_stays() {
        let mut document = json!({"components": {"schemas": {
            "Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}});
        let before = document.clone();
        super::apply(&mut document);
        assert_eq!(document, before);
    }
}
