//! Merges the members of `allOf` into one schema: an object has the properties of all of them. What cannot be merged stays,
//! and lint reports it.

use serde_json::{Map, Value};

use crate::walk;

/// Maximum number of schemas that are inside each other, so that a circle of components ends.
const MAX_DEPTH: usize = 32;

/// Keywords that describe a schema. Those of a component describe the component, not what is made of it.
const TEXTS: [&str; 6] = ["title", "description", "example", "examples", "default", "deprecated"];

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let components: Map<String, Value> =
        walk::components(document).map(|(name, schema)| (name.clone(), schema.clone())).collect();
    walk::schemas_mut(document, |_, schema| {
        if let Some(merged) = schema.as_object().and_then(|map| merge(map, &components, 0)) {
            *schema = Value::Object(merged);
        }
    });
}

/// The schema without its `allOf`; `None` if it has none, only renames a component by it, or cannot be merged.
fn merge(
    schema: &Map<String, Value>,
    components: &Map<String, Value>,
    depth: usize,
) -> Option<Map<String, Value>> {
    let members = schema.get("allOf")?.as_array()?;
    let mut own = schema.clone();
    own.remove("allOf");
    let is_text = |keyword: &String| TEXTS.contains(&keyword.as_str()) || keyword.starts_with("x-");
    let reference = matches!(members.as_slice(), [only] if walk::reference(only).is_some());
    if reference && own.keys().all(|keyword| is_text(keyword) || keyword == "nullable") {
        return None;
    }
    members
        .iter()
        .try_fold(own, |whole, member| combine(whole, &flat(member, components, depth)?, components, depth))
}

/// A schema without `$ref` and `allOf`.
fn flat(schema: &Value, components: &Map<String, Value>, depth: usize) -> Option<Map<String, Value>> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(name) = walk::reference(schema) {
        let mut component = flat(components.get(name)?, components, depth + 1)?;
        component.retain(|keyword, _| !TEXTS.contains(&keyword.as_str()) && keyword != "discriminator");
        let siblings = schema.as_object()?.iter().filter(|(keyword, _)| *keyword != "$ref");
        let siblings: Map<String, Value> =
            siblings.map(|(keyword, value)| (keyword.clone(), value.clone())).collect();
        return combine(siblings, &component, components, depth + 1);
    }
    let map = schema.as_object()?;
    match map.get("allOf").and_then(Value::as_array) {
        None => Some(map.clone()),
        Some(members) => {
            let mut own = map.clone();
            own.remove("allOf");
            let all = members.iter();
            all.map(|member| flat(member, components, depth + 1))
                .try_fold(own, |whole, member| combine(whole, &member?, components, depth + 1))
        }
    }
}

/// What is valid for both schemas; `None` if this pass cannot say it in one schema.
fn combine(
    mut whole: Map<String, Value>,
    other: &Map<String, Value>,
    components: &Map<String, Value>,
    depth: usize,
) -> Option<Map<String, Value>> {
    for (keyword, value) in other {
        let Some(known) = whole.get(keyword).filter(|known| *known != value) else {
            whole.insert(keyword.clone(), value.clone());
            continue;
        };
        let combined = match keyword.as_str() {
            "properties" => properties(known.as_object()?, value.as_object()?, components, depth)?,
            "items" => both(known, value, components, depth)?,
            "required" => union(known.as_array()?, value.as_array()?),
            "enum" => common(known.as_array()?, value.as_array()?)?,
            "type" => types(known, value)?,
            "minimum" | "minLength" | "minItems" | "exclusiveMinimum" => number(known, value, f64::max)?,
            "maximum" | "maxLength" | "maxItems" | "exclusiveMaximum" => number(known, value, f64::min)?,
            "nullable" => (known == &Value::Bool(true) && value == &Value::Bool(true)).into(),
            "additionalProperties" => match (known, value) {
                (Value::Bool(true), other) | (other, Value::Bool(true)) => other.clone(),
                (Value::Bool(false), _) | (_, Value::Bool(false)) => Value::Bool(false),
                _ => return None,
            },
            // The outer text describes the whole, and every pattern only restricts.
            "pattern" => known.clone(),
            text if TEXTS.contains(&text) || text.starts_with("x-") => known.clone(),
            _ => return None,
        };
        whole.insert(keyword.clone(), combined);
    }
    Some(whole)
}

fn properties(
    known: &Map<String, Value>,
    added: &Map<String, Value>,
    components: &Map<String, Value>,
    depth: usize,
) -> Option<Value> {
    let mut all = known.clone();
    for (name, schema) in added {
        let merged = match all.get(name) {
            Some(other) => both(other, schema, components, depth)?,
            None => schema.clone(),
        };
        all.insert(name.clone(), merged);
    }
    Some(Value::Object(all))
}

/// What is valid for two schemas that may be references.
fn both(known: &Value, added: &Value, components: &Map<String, Value>, depth: usize) -> Option<Value> {
    let says_nothing = |schema: &Value| {
        schema.as_object().is_some_and(|map| map.keys().all(|key| TEXTS.contains(&key.as_str())))
    };
    if known == added || says_nothing(added) {
        return Some(known.clone());
    }
    if says_nothing(known) {
        return Some(added.clone());
    }
    let merged = combine(
        flat(known, components, depth + 1)?,
        &flat(added, components, depth + 1)?,
        components,
        depth + 1,
    );
    merged.map(Value::Object)
}

fn union(known: &[Value], added: &[Value]) -> Value {
    let new = added.iter().filter(|one| !known.contains(one));
    known.iter().chain(new).cloned().collect()
}

fn common(known: &[Value], added: &[Value]) -> Option<Value> {
    let both: Vec<Value> = known.iter().filter(|one| added.contains(one)).cloned().collect();
    (!both.is_empty()).then(|| both.into())
}

/// The types that both allow. Every integer is a number.
fn types(known: &Value, added: &Value) -> Option<Value> {
    let list = |types: &Value| match types {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let (known, added) = (list(known), list(added));
    let number = Value::from("number");
    let both: Vec<Value> = known
        .iter()
        .filter(|one| added.contains(one) || (*one == "integer" && added.contains(&number)))
        .chain(
            added.iter().filter(|one| *one == "integer" && known.contains(&number) && !known.contains(one)),
        )
        .cloned()
        .collect();
    match both.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        _ => Some(both.into()),
    }
}

fn number(known: &Value, added: &Value, choose: fn(f64, f64) -> f64) -> Option<Value> {
    let (one, other) = (known.as_f64()?, added.as_f64()?);
    Some(if (choose(one, other) - one).abs() < f64::EPSILON { known.clone() } else { added.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn lowered(schema: Value) -> Value {
        let mut document = json!({"components": {"schemas": {
            "Base": {"type": "object", "description": "Base.", "required": ["id"],
                "properties": {"id": {"type": "string"}, "status": {"type": "string"}}},
            "Middle": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"at": {"type": "integer"}}}]},
            "Circle": {"allOf": [{"$ref": "#/components/schemas/Circle"}, {"type": "object"}]},
            "Tested": schema}}});
        super::apply(&mut document);
        document["components"]["schemas"]["Tested"].clone()
    }

    fn reference(name: &str) -> Value {
        crate::walk::reference_to(name)
    }

    #[test]
    fn an_object_has_the_properties_of_all_members() {
        let schema = json!({"description": "Whole.", "allOf": [reference("Middle"),
            {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "status": {"type": "string", "enum": ["a"]}}}]});
        let expected = json!({"description": "Whole.", "type": "object", "required": ["id", "name"], "properties": {
            "id": {"type": "string"}, "status": {"type": "string", "enum": ["a"]},
            "at": {"type": "integer"}, "name": {"type": "string"}}});
        assert_eq!(lowered(schema), expected);
    }

    #[test]
    fn siblings_are_merged_too() {
        let schema = json!({"properties": {"name": {"type": "string"}}, "allOf": [reference("Base")]});
        let merged = lowered(schema);
        assert_eq!(merged["properties"].as_object().unwrap().len(), 3);
        assert_eq!(merged.get("description"), None);
    }

    #[test]
    fn restrictions_are_narrowed() {
        let schema = json!({"allOf": [{"type": ["number", "null"], "minimum": 1, "maximum": 9},
            {"type": "integer", "minimum": 3, "maximum": 12, "enum": [4, 5]}, {"enum": [5, 6]}]});
        assert_eq!(lowered(schema), json!({"type": "integer", "minimum": 3, "maximum": 9, "enum": [5]}));
    }

    #[test]
    fn what_only_names_a_component_stays() {
        let schema = json!({"description": "d", "allOf": [reference("Base")]});
        assert_eq!(lowered(schema.clone()), schema);
    }

    #[test]
    fn contradictions_and_circles_stay() {
        for schema in [
            json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]}),
            json!({"allOf": [{"format": "uuid"}, {"format": "date"}]}),
            json!({"allOf": [reference("Circle"), reference("Base")]}),
        ] {
            assert_eq!(lowered(schema.clone()), schema);
        }
    }
}
