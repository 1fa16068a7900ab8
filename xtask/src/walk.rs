//! Traverses an OpenAPI document that is a JSON value: its operations, its schemas, its references.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The HTTP methods that a path item may hold, in the order of the OpenAPI specification.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

const SCHEMA_PREFIX: &str = "#/components/schemas/";

/// The place of a schema in the document: its owner (a component or an operation), and the path from the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Component name or operation id.
    pub owner: String,
    /// Path from the owner: property names, `Item` for array items, `Value` for map values. If the owner is an operation,
    /// the path starts with `Body`, `Response` or the name of a parameter.
    pub trail: Vec<String>,
    /// JSON pointer to the schema, for messages.
    pub pointer: String,
    /// Whether the owner is an operation.
    pub in_operation: bool,
}

impl Place {
    fn step(&self, trail: Option<&str>, pointer: &str) -> Self {
        let mut next = self.clone();
        next.trail.extend(trail.map(str::to_owned));
        next.pointer = format!("{}/{pointer}", self.pointer);
        next
    }

    /// Whether the schema is a component, not a schema inside one.
    pub fn is_component_root(&self) -> bool {
        !self.in_operation && self.trail.is_empty()
    }
}

/// Escapes a member name for use in a JSON pointer.
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name of the component that the schema's `$ref` refers to.
pub fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMA_PREFIX)
}

/// The name of the component that a schema refers to, by `$ref` or by an `allOf` with one member.
pub fn target(schema: &Value) -> Option<&str> {
    reference(schema).or_else(|| match schema.get("allOf")?.as_array()?.as_slice() {
        [only] => reference(only),
        _ => None,
    })
}

/// Creates a `$ref` to a component schema.
pub fn reference_to(component: &str) -> Value {
    serde_json::json!({ "$ref": format!("{SCHEMA_PREFIX}{component}") })
}

/// The component schema with this name.
pub fn component<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    document.pointer("/components/schemas")?.get(name)
}

/// The component schemas by name; empty if the document has none.
pub fn components(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten()
}

/// The component schemas by name, mutable. The section is created if it is missing.
pub fn components_mut(document: &mut Value) -> &mut Map<String, Value> {
    object_at(object_at(as_object(document), "components"), "schemas")
}

fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("the value was just made an object"),
    }
}

fn object_at<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    as_object(map.entry(key).or_insert(Value::Null))
}

/// One operation of the document.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    /// Path template, such as `/v3/videos/{video_id}`.
    pub path: &'a str,
    /// Method in lower case.
    pub method: &'a str,
    /// The operation object.
    pub value: &'a Value,
}

impl<'a> Operation<'a> {
    /// The `operationId`, or method and path if the operation has none.
    pub fn id(&self) -> String {
        match self.value.get("operationId").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!("{} {}", self.method.to_uppercase(), self.path),
        }
    }

    /// The parameters of the operation.
    pub fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        self.value.get("parameters").and_then(Value::as_array).into_iter().flatten()
    }

    /// The request body: media type, and media type object.
    pub fn request_media(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.value.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten()
    }

    /// The responses by status.
    pub fn responses(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.value.get("responses").and_then(Value::as_object).into_iter().flatten()
    }

    /// The successful responses: status, media type, and media type object.
    pub fn success_media(&self) -> impl Iterator<Item = (&'a String, &'a String, &'a Value)> {
        self.responses().filter(|(status, _)| is_success(status)).flat_map(|(status, response)| {
            let content = response.get("content").and_then(Value::as_object).into_iter().flatten();
            content.map(move |(media, object)| (status, media, object))
        })
    }
}

/// The names of the components that are the operation's request body, one for each media type.
pub fn bodies(operation: &Operation<'_>) -> BTreeSet<String> {
    let schemas = operation.request_media().filter_map(|(_, object)| object.get("schema"));
    schemas.filter_map(target).map(str::to_owned).collect()
}

/// Whether a key of `responses` is a 2xx status.
pub fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// All operations, sorted by path, then by method in the order of [`METHODS`].
pub fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            METHODS
                .iter()
                .filter_map(move |method| item.get(*method).map(|value| Operation { path, method, value }))
        })
        .collect()
}

/// Visits every operation, mutable: path, method, operation.
pub fn operations_mut(document: &mut Value, mut visit: impl FnMut(&str, &str, &mut Value)) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                visit(path, method, operation);
            }
        }
    }
}

/// Visits every schema, mutable, children before parents.
pub fn schemas_mut(document: &mut Value, mut visit: impl FnMut(&Place, &mut Value)) {
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in all {
            let place = Place {
                owner: name.clone(),
                trail: Vec::new(),
                pointer: format!("{SCHEMA_PREFIX}{}", escape(name)),
                in_operation: false,
            };
            visit_schema(schema, &place, &mut visit);
        }
    }
    operations_mut(document, |path, method, operation| {
        let owner = match operation.get("operationId").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!("{method} {path}"),
        };
        let pointer = format!("#/paths/{}/{method}", escape(path));
        let place = Place { owner, trail: Vec::new(), pointer, in_operation: true };
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            for (index, parameter) in parameters.iter_mut().enumerate() {
                let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Some(schema) = parameter.get_mut("schema") {
                    visit_schema(
                        schema,
                        &place.step(Some(&name), &format!("parameters/{index}/schema")),
                        &mut visit,
                    );
                }
            }
        }
        if let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) {
            for (media, object) in content {
                let pointer = format!("requestBody/content/{}/schema", escape(media));
                if let Some(schema) = object.get_mut("schema") {
                    visit_schema(schema, &place.step(Some("Body"), &pointer), &mut visit);
                }
            }
        }
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            for (status, response) in responses {
                let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
                    continue;
                };
                for (media, object) in content {
                    let pointer = format!("responses/{status}/content/{}/schema", escape(media));
                    if let Some(schema) = object.get_mut("schema") {
                        visit_schema(schema, &place.step(Some("Response"), &pointer), &mut visit);
                    }
                }
            }
        }
    });
}

/// Visits every schema, children before parents.
pub fn schemas(document: &Value, mut visit: impl FnMut(&Place, &Value)) {
    // A copy of the document costs milliseconds. A second implementation of the traversal could come to differ.
    let mut copy = document.clone();
    schemas_mut(&mut copy, |place, schema| visit(place, schema));
}

/// Visits a schema and every schema in it, mutable, children before parents.
pub fn in_schema_mut(schema: &mut Value, mut visit: impl FnMut(&mut Value)) {
    let place =
        Place { owner: String::new(), trail: Vec::new(), pointer: String::new(), in_operation: false };
    visit_schema(schema, &place, &mut |_, schema| visit(schema));
}

fn visit_schema(schema: &mut Value, place: &Place, visit: &mut impl FnMut(&Place, &mut Value)) {
    if let Some(map) = schema.as_object_mut() {
        for section in ["properties", "patternProperties"] {
            if let Some(properties) = map.get_mut(section).and_then(Value::as_object_mut) {
                for (name, child) in properties {
                    visit_schema(
                        child,
                        &place.step(Some(name), &format!("{section}/{}", escape(name))),
                        visit,
                    );
                }
            }
        }
        for (keyword, word) in [("items", "Item"), ("additionalProperties", "Value"), ("not", "Not")] {
            if let Some(child) = map.get_mut(keyword).filter(|child| child.is_object()) {
                visit_schema(child, &place.step(Some(word), keyword), visit);
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf", "prefixItems"] {
            if let Some(members) = map.get_mut(keyword).and_then(Value::as_array_mut) {
                let several = members.iter().filter(|m| m.get("type") != Some(&"null".into())).count() > 1;
                for (index, child) in members.iter_mut().enumerate() {
                    let word = several.then(|| format!("Variant{}", index + 1));
                    visit_schema(child, &place.step(word.as_deref(), &format!("{keyword}/{index}")), visit);
                }
            }
        }
    }
    visit(place, schema);
}

/// Adds to `into` the names of all component schemas that `value` refers to, at any depth.
pub fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            into.extend(reference(value).map(str::to_owned));
            map.values().for_each(|child| references(child, into));
        }
        Value::Array(items) => items.iter().for_each(|child| references(child, into)),
        _ => {}
    }
}

/// All components that can be reached from `roots` by references, `roots` included.
pub fn closure(document: &Value, roots: BTreeSet<String>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut pending: Vec<String> = roots.into_iter().collect();
    while let Some(name) = pending.pop() {
        let Some(schema) = document.pointer(&format!("/components/schemas/{}", escape(&name))) else {
            continue;
        };
        if reached.insert(name) {
            let mut found = BTreeSet::new();
            references(schema, &mut found);
            pending.extend(found);
        }
    }
    reached
}

/// The components that can be reached from requests, and those that can be reached from successful responses.
pub fn directions(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut requests, mut responses) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations(document) {
        operation.parameters().for_each(|parameter| references(parameter, &mut requests));
        operation.request_media().for_each(|(_, object)| references(object, &mut requests));
        operation.success_media().for_each(|(_, _, object)| references(object, &mut responses));
    }
    (closure(document, requests), closure(document, responses))
}

/// Sorts the members of every object by name, so that their order in the file does not affect the output.
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(String, Value)> = map.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().map(|(name, child)| (name, canonical(child))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        other => other,
    }
}
