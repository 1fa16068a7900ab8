//! A union with a discriminator becomes one tagged enum. Its tag lives in the enum, so it goes from the members; each
//! variant's tag value stands in the discriminator's mapping, taken from the member where the document leaves it out.
//! One member may leave its tag open: it stands for all values that the mapping does not have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::extension;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk;

/// One member of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Component that holds the fields.
    pub component: String,
    /// Value of the tag.
    pub value: String,
}

/// The tag of a union component.
pub fn tag(schema: &Value) -> Option<&str> {
    schema.get("oneOf")?;
    schema.pointer("/discriminator/propertyName")?.as_str()
}

/// The members of a union component, one for each value of the tag; a component may stand for several.
pub fn members(schema: &Value) -> Vec<Member> {
    let mapping = schema.pointer("/discriminator/mapping").and_then(Value::as_object).into_iter().flatten();
    let mapping: Vec<(&String, &str)> =
        mapping.filter_map(|(value, target)| Some((value, target.as_str()?))).collect();
    let references = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    references
        .filter_map(|member| Some((member.get("$ref").and_then(Value::as_str)?, walk::reference(member)?)))
        .flat_map(|(target, component)| {
            let values = mapping.iter().filter(move |(_, to)| *to == target);
            values.map(move |(value, _)| Member { component: component.to_owned(), value: (*value).clone() })
        })
        .collect()
}

/// Runs the pass.
pub fn apply(document: &mut Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    let unions: Vec<(String, Value)> = walk::components(document)
        .filter(|(_, schema)| tag(schema).is_some())
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let alone = standalone(document);
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for (name, mut union) in unions {
        let place = format!("#/components/schemas/{name}");
        let tag = tag(&union).unwrap_or_default().to_owned();
        complete_mapping(document, &mut union, &tag, &place, &mut found);
        for member in members(&union) {
            if alone.contains(&member.component) {
                found.push(Diagnostic::new(
                    "union-member-alone",
                    &place,
                    format!(
                        "`{}` is a member and is also used outside a union, where it needs its tag",
                        member.component
                    ),
                    "give the other place a component of its own, or make it the union",
                ));
            }
            if let Some(other) =
                tags.insert(member.component.clone(), tag.clone()).filter(|other| *other != tag)
            {
                found.push(Diagnostic::new(
                    "union-tags-differ",
                    &place,
                    format!("`{}` is tagged by `{tag}` here and by `{other}` elsewhere", member.component),
                    "give each union members of its own",
                ));
            }
        }
        walk::components_mut(document).insert(name, union);
    }
    Diagnostics::into_result(found)?;
    for (component, tag) in tags {
        if let Some(schema) = walk::components_mut(document).get_mut(&component) {
            without_property(schema, &tag);
        }
    }
    Ok(())
}

/// Components that something other than a union's `oneOf` refers to.
fn standalone(document: &Value) -> BTreeSet<String> {
    let mut rest = document.clone();
    walk::schemas_mut(&mut rest, |_, schema| {
        if tag(schema).is_some()
            && let Some(map) = schema.as_object_mut()
        {
            map.remove("oneOf");
            map.remove("discriminator");
        }
    });
    let mut referred = BTreeSet::new();
    walk::references(&rest, &mut referred);
    referred
}

fn complete_mapping(
    document: &Value,
    union: &mut Value,
    tag: &str,
    place: &str,
    found: &mut Vec<Diagnostic>,
) {
    let known: BTreeSet<String> = members(union).into_iter().map(|member| member.component).collect();
    let listed: Vec<Value> = union.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut mapping, mut open) = (Map::new(), None);
    for member in &listed {
        let Some(component) = walk::reference(member) else {
            let problem = "a member of the union is no reference to a component".to_owned();
            found.push(Diagnostic::new("union-member-inline", place, problem, "make the member a component"));
            continue;
        };
        let schema = document.pointer(&format!("/components/schemas/{}", walk::escape(component)));
        let property =
            schema.and_then(|schema| schema.pointer(&format!("/properties/{}", walk::escape(tag))));
        let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
        if property.is_none() || required.is_none_or(|names| names.iter().all(|name| name != tag)) {
            found.push(Diagnostic::new(
                "union-tag-optional",
                place,
                format!(
                    "the member `{component}` does not require the tag `{tag}`, so nothing tells it apart"
                ),
                format!("target $.components.schemas['{component}'], update {{required: [{tag}]}}"),
            ));
        }
        if known.contains(component) {
            continue;
        }
        match property.and_then(|property| property.pointer("/enum/0")).and_then(Value::as_str) {
            Some(value) => {
                mapping.insert(value.to_owned(), walk::reference_to(component)["$ref"].clone());
            }
            None if known.len() + 1 == listed.len() => open = Some(member.clone()),
            None => found.push(Diagnostic::new(
                "union-tag-unknown",
                place,
                format!("neither the mapping nor `{component}` itself says which `{tag}` stands for it"),
                "add it to the discriminator's mapping",
            )),
        }
    }
    if let Some(discriminator) = union.get_mut("discriminator").and_then(Value::as_object_mut) {
        let all = discriminator.entry("mapping").or_insert_with(|| Map::new().into());
        all.as_object_mut().into_iter().for_each(|all| all.extend(std::mem::take(&mut mapping)));
    }
    if let Some(open) = open {
        set_open_member(union, &open);
    }
}

fn set_open_member(union: &mut Value, open: &Value) {
    if let Some(members) = union.get_mut("oneOf").and_then(Value::as_array_mut) {
        members.retain(|member| member != open);
    }
    union[extension::OPEN_MEMBER] = open.clone();
}

fn without_property(schema: &mut Value, name: &str) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove(name);
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|one| one != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn member(value: &str) -> Value {
        json!({"required": ["t", "x"], "properties": {"t": {"enum": [value]}, "x": {"type": "string"}}})
    }

    fn union() -> Value {
        json!({"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}],
               "discriminator": {"propertyName": "t", "mapping": {"a": "#/components/schemas/A"}}})
    }

    #[test]
    fn the_tag_moves_from_the_members_into_a_complete_mapping() {
        let mut document =
            json!({"components": {"schemas": {"U": union(), "A": member("a"), "B": member("b")}}});
        apply(&mut document).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["A"], json!({"required": ["x"], "properties": {"x": {"type": "string"}}}));
        let values: Vec<String> = members(&schemas["U"]).into_iter().map(|member| member.value).collect();
        assert_eq!(values, ["a", "b"]);
    }

    #[test]
    fn one_member_may_stand_for_every_other_tag() {
        let open = json!({"required": ["t"], "properties": {"t": {"type": "string"}}});
        let mut document = json!({"components": {"schemas": {"U": union(), "A": member("a"), "B": open}}});
        apply(&mut document).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["U"]["x-open-member"], json!({"$ref": "#/components/schemas/B"}));
        assert_eq!(schemas["B"], open);
    }

    #[test]
    fn a_member_with_an_optional_tag_is_refused() {
        let optional = json!({"properties": {"t": {"enum": ["b"]}}});
        let mut document =
            json!({"components": {"schemas": {"U": union(), "A": member("a"), "B": optional}}});
        assert!(apply(&mut document).unwrap_err().has("union-tag-optional"));
    }

    #[test]
    fn a_member_that_is_used_alone_is_refused() {
        let mut document = json!({"components": {"schemas": {"U": union(), "A": member("a"), "B": member("b"),
            "C": {"properties": {"a": {"$ref": "#/components/schemas/A"}}}}}});
        assert!(apply(&mut document).unwrap_err().has("union-member-alone"));
    }
}
