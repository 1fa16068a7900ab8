//! Prepares unions with a discriminator, each of which becomes one tagged enum. The enum has the tag, so the tag is removed
//! from the members. The mapping of the discriminator is completed: a value that it lacks is read from the member.
//!
//! One member may have a tag without a fixed value. It stands for all values that are not in the mapping.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::extension;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk;

/// One member of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Component with the fields.
    pub component: String,
    /// Value of the tag.
    pub value: String,
}

/// The name of the tag of a union component; `None` if the schema is not a union.
pub fn tag(schema: &Value) -> Option<&str> {
    schema.get("oneOf")?;
    schema.pointer("/discriminator/propertyName")?.as_str()
}

/// Whether a component becomes an enum with a variant for each member, by a tag or by the JSON types.
pub fn is_union(schema: &Value) -> bool {
    tag(schema).is_some() || schema.get(extension::BY_JSON_TYPE).is_some()
}

/// The members of a union component, one for each value of the tag. Several values may have the same component.
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
    let outside = used_outside_unions(document);
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for (name, mut union) in unions {
        let place = format!("#/components/schemas/{name}");
        let tag = tag(&union).unwrap_or_default().to_owned();
        complete_mapping(document, &mut union, &tag, &place, &mut found);
        for member in members(&union) {
            if outside.contains(&member.component) {
                found.push(Diagnostic::new(
                    "union-member-alone",
                    &place,
                    format!(
                        "`{}` is a member of the union, and is also used outside it, where it needs its tag",
                        member.component
                    ),
                    "use another component in the other place, or use the union there",
                ));
            }
            if let Some(other) =
                tags.insert(member.component.clone(), tag.clone()).filter(|other| *other != tag)
            {
                found.push(Diagnostic::new(
                    "union-tags-differ",
                    &place,
                    format!(
                        "the tag of `{}` is `{tag}` here, but `{other}` in another union",
                        member.component
                    ),
                    "use different components in the two unions",
                ));
            }
        }
        walk::components_mut(document).insert(name, union);
    }
    Diagnostics::into_result(found)?;
    for (component, tag) in tags {
        if let Some(schema) = walk::components_mut(document).get_mut(&component) {
            remove_property(schema, &tag);
        }
    }
    Ok(())
}

/// Components that are referred to outside the `oneOf` of a union.
fn used_outside_unions(document: &Value) -> BTreeSet<String> {
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
            let problem = "a member of the union is not a reference to a component".to_owned();
            found.push(Diagnostic::new(
                "union-member-inline",
                place,
                problem,
                "make the member a component in the overlay",
            ));
            continue;
        };
        let schema = walk::component(document, component);
        let property =
            schema.and_then(|schema| schema.pointer(&format!("/properties/{}", walk::escape(tag))));
        let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
        if property.is_none() || required.is_none_or(|names| names.iter().all(|name| name != tag)) {
            found.push(Diagnostic::new(
                "union-tag-optional",
                place,
                format!(
                    "the member `{component}` does not require the tag `{tag}`, so it cannot be recognized"
                ),
                format!("require it in the overlay: target $.components.schemas['{component}'], update {{required: [{tag}]}}"),
            ));
        }
        if known.contains(component) {
            continue;
        }
        // The value of a member that was inline is a component by now.
        let values = property.map(|property| {
            walk::target(property).and_then(|name| walk::component(document, name)).unwrap_or(property)
        });
        match values.and_then(|values| values.pointer("/enum/0")).and_then(Value::as_str) {
            Some(value) => {
                mapping.insert(value.to_owned(), walk::reference_to(component)["$ref"].clone());
            }
            None if known.len() + 1 == listed.len() => open = Some(member.clone()),
            None => found.push(Diagnostic::new(
                "union-tag-unknown",
                place,
                format!("neither the mapping nor `{component}` has the value of `{tag}` for this member"),
                "add the value to the mapping of the discriminator in the overlay",
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

fn remove_property(schema: &mut Value, name: &str) {
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
    fn a_member_without_a_fixed_tag_stands_for_every_other_tag() {
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
    fn a_member_that_is_used_outside_the_union_is_refused() {
        let mut document = json!({"components": {"schemas": {"U": union(), "A": member("a"), "B": member("b"),
            "C": {"properties": {"a": {"$ref": "#/components/schemas/A"}}}}}});
        assert!(apply(&mut document).unwrap_err().has("union-member-alone"));
    }
}
