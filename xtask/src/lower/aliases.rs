//! Inlines aliases: components that are neither objects with properties, nor enumerations, nor unions. The generator would
//! make each of them a newtype, which users would have to unwrap; so each reference to one is replaced by its schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::walk;

/// Runs the pass. A component that contains itself stays, because inlining it would never end.
pub fn apply(document: &mut Value) {
    loop {
        let all: BTreeSet<&String> = walk::components(document)
            .filter(|(name, schema)| is_alias(schema) && !contains_itself(document, name))
            .map(|(name, _)| name)
            .collect();
        // Innermost first: an alias that refers to an alias is inlined in a later iteration.
        let ready: BTreeMap<String, Value> = walk::components(document)
            .filter(|(name, _)| all.contains(name))
            .filter(|(_, schema)| {
                let mut inner = BTreeSet::new();
                walk::references(schema, &mut inner);
                inner.iter().all(|name| !all.contains(name))
            })
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect();
        if ready.is_empty() {
            return;
        }
        walk::components_mut(document).retain(|name, _| !ready.contains_key(name));
        walk::schemas_mut(document, |_, schema| inline(schema, &ready));
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

fn is_alias(schema: &Value) -> bool {
    ["properties", "enum", "oneOf", "anyOf"].iter().all(|keyword| schema.get(keyword).is_none())
}

fn contains_itself(document: &Value, name: &str) -> bool {
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
    fn an_alias_that_contains_itself_stays() {
        let mut document = json!({"components": {"schemas": {
            "Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}});
        let before = document.clone();
        super::apply(&mut document);
        assert_eq!(document, before);
    }
}
