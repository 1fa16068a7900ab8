//! Loads and checks an OpenAPI document. Errors name the file, and the line or the place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::keyword_types;
use crate::versions;
use crate::walk::{self, METHODS};

/// Reads and checks an OpenAPI 3.0, 3.1 or 3.2 document in JSON or YAML.
pub fn load(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the OpenAPI document {}", path.display()))?;
    parse(&text, &path.display().to_string())
}

/// Parses an OpenAPI 3.0, 3.1 or 3.2 document. Text that starts with `{` is JSON, any other text YAML. Errors call it `name`.
pub fn parse(text: &str, name: &str) -> Result<Value> {
    let value: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).with_context(|| format!("{name} is not valid JSON"))?
    } else {
        serde_norway::from_str(text).with_context(|| format!("{name} is neither JSON nor valid YAML"))?
    };
    if let Some(version) = value.get("swagger").and_then(scalar) {
        bail!(
            "{name} is a Swagger {version} document (member `swagger`), but this pipeline reads OpenAPI 3.0 to 3.2; \
             convert the document to OpenAPI 3.1 first"
        );
    }
    match value.get("openapi").and_then(scalar) {
        Some(version) if versions::is_supported(&version) => {}
        Some(version) => bail!(
            "{name} has `openapi: {version}`, but this pipeline reads OpenAPI 3.0 to 3.2; convert the document first"
        ),
        None => bail!("{name} is not an OpenAPI document: it has no member `openapi`; check the path"),
    }
    if !value.get("paths").is_some_and(Value::is_object) {
        bail!(
            "{name} describes no operations: it has no object `paths`; check that the document is complete"
        );
    }
    Ok(walk::canonical(value))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Checks that the target of every `$ref` exists, and that no component is an alias of itself.
///
/// It runs before the overlay is applied, so that findings are about the document as published.
pub fn check_references(document: &Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    dangling_references(document, document, "#", &mut found);
    recursive_aliases(document, &mut found);
    Diagnostics::into_result(found)
}

/// Checks what every later stage relies on: keywords have values of their type, the target of every `$ref` exists, no
/// component is an alias of itself, each operation has a unique id, and it declares exactly the parameters of its path.
pub fn check(document: &Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    dangling_references(document, document, "#", &mut found);
    recursive_aliases(document, &mut found);
    found.extend(keyword_types::check(document));
    validate_operations(document, &mut found);
    validate_service(document, &mut found);
    additional_members(document, &mut found);
    Diagnostics::into_result(found)
}

fn dangling_references(document: &Value, value: &Value, pointer: &str, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                let inside = reference.strip_prefix('#');
                if inside.is_none_or(|inside| document.pointer(inside).is_none()) {
                    let problem = match inside {
                        Some(_) => format!("the target of `$ref: {reference}` does not exist"),
                        None => {
                            format!("`$ref: {reference}` refers to another document, which is not supported")
                        }
                    };
                    let remedy = "add the missing component, or refer to one that exists in this document";
                    found.push(Diagnostic::new("dangling-reference", pointer, problem, remedy));
                }
            }
            for (name, child) in
                map.iter().filter(|(name, _)| !matches!(name.as_str(), "example" | "examples"))
            {
                dangling_references(document, child, &format!("{pointer}/{}", walk::escape(name)), found);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                dangling_references(document, child, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Finds components that are only an alias of another component, which leads back to an alias: they have no type.
fn recursive_aliases(document: &Value, found: &mut Vec<Diagnostic>) {
    let aliases: BTreeMap<&str, &str> = walk::components(document)
        .filter_map(|(name, schema)| Some((name.as_str(), walk::target(schema)?)))
        .collect();
    for start in aliases.keys() {
        let (mut seen, mut at) = (BTreeSet::from([*start]), *start);
        while let Some(next) = aliases.get(at) {
            if !seen.insert(next) {
                found.push(Diagnostic::new(
                    "recursive-alias",
                    format!("#/components/schemas/{start}"),
                    format!("the component is an alias that leads back to `{next}` and never to a type"),
                    "replace the `$ref` of one component in the cycle with a schema",
                ));
                break;
            }
            at = next;
        }
    }
}

/// Finds an address, a key header or a section that the client would silently not use.
fn validate_service(document: &Value, found: &mut Vec<Diagnostic>) {
    let mut report = |rule, place: String, problem: String, remedy: String| {
        found.push(Diagnostic::new(rule, place, problem, remedy));
    };
    let address = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let host = address.strip_prefix("https://").unwrap_or_default();
    if host.is_empty() || host.starts_with('/') || address.contains(['{', '}', '?', '#', ' ']) {
        report(
            "server-url",
            "#/servers/0/url".to_owned(),
            format!(
                "`{address}` is not the address of the service: it must be absolute, use https, and have no variables"
            ),
            "set it in the overlay: target $.servers[0], update {url: https://…}".to_owned(),
        );
    }
    let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    for (name, scheme) in schemes.into_iter().flatten() {
        let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_key = text("type") == "apiKey" && text("in") == "header";
        let is_token = text("type") == "oauth2"
            || text("type") == "http" && text("scheme").eq_ignore_ascii_case("bearer");
        let place = format!("#/components/securitySchemes/{}", walk::escape(name));
        if is_key && !is_header_name(text("name")) {
            report(
                "key-header",
                place,
                format!("`{}` is not a valid name of a header", text("name")),
                "correct the `name` in the overlay".to_owned(),
            );
        } else if !is_key && !is_token {
            report(
                "security-scheme",
                place,
                "the client sends an API key in a header, or a bearer token; it does not support this scheme"
                    .to_owned(),
                format!(
                    "remove it in the overlay if requests work without it: target $.components.securitySchemes['{name}'], remove: true"
                ),
            );
        }
    }
    if key_header(document).is_none() {
        report(
            "key-header",
            "#/components/securitySchemes".to_owned(),
            "the document has no scheme of type `apiKey` in a header, or its root `security` names none"
                .to_owned(),
            "add one in the overlay: target $.components.securitySchemes, update".to_owned(),
        );
    }
    for section in ["webhooks"] {
        if document.get(section).is_some() {
            report(
                "ignored-section",
                format!("#/{section}"),
                format!("nothing here reads the section `{section}`"),
                format!(
                    "describe what it changes in the code for webhooks, and remove it in the overlay: target $.{section}, remove: true"
                ),
            );
        }
    }
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        // OpenAPI 3.2 has operations in these members too.
        for member in ["query", "additionalOperations"] {
            if item.get(member).is_some() {
                report(
                    "ignored-section",
                    format!("#/paths/{}/{member}", walk::escape(path)),
                    "the client supports only the methods of OpenAPI 3.1".to_owned(),
                    format!("remove it in the overlay: target $.paths['{path}'].{member}, remove: true"),
                );
            }
        }
        let of_path = std::iter::once((String::new(), item));
        let of_operations =
            METHODS.iter().filter_map(|method| Some((format!("/{method}"), item.get(*method)?)));
        for (below, value) in of_path.chain(of_operations) {
            if value.get("callbacks").is_some() {
                report(
                    "ignored-section",
                    format!("#/paths/{}{below}/callbacks", walk::escape(path)),
                    "nothing here reads the requests that the service sends back".to_owned(),
                    format!(
                        "describe what they change in the code for callbacks, and remove them in the overlay: target $.paths['{path}'].*.callbacks, remove: true"
                    ),
                );
            }
            if value.get("servers").is_some_and(|servers| Some(servers) != document.get("servers")) {
                report(
                    "operation-server",
                    format!("#/paths/{}{below}/servers", walk::escape(path)),
                    "the client would send the request to the address of the service, not to this one".to_owned(),
                    "remove `servers` in the overlay if the address of the service works too, or remove the operation".to_owned(),
                );
            }
        }
    }
}

/// Finds objects with properties whose further members have a type: their structs have no place for it.
fn additional_members(document: &Value, found: &mut Vec<Diagnostic>) {
    walk::schemas(document, |place, schema| {
        let has =
            |keyword: &str| schema.get(keyword).and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        if has("properties") && has("additionalProperties") {
            found.push(Diagnostic::new(
                "additional-members",
                &place.pointer,
                "members beside the `properties` have a schema, but the struct would have no field for them",
                "remove `properties` in the overlay to make it a map, or `additionalProperties` if the service sends no others",
            ));
        }
    });
}

/// The header of the first API key that the root `security` names; without root `security`, of the first scheme.
pub fn key_header(document: &Value) -> Option<&str> {
    let schemes = document.pointer("/components/securitySchemes")?.as_object()?;
    let is_key = |scheme: &&Value| {
        scheme.get("type") == Some(&"apiKey".into()) && scheme.get("in") == Some(&"header".into())
    };
    let required = document.get("security").and_then(Value::as_array).into_iter().flatten();
    let named = required.filter_map(Value::as_object).flatten().filter_map(|(name, _)| schemes.get(name));
    let mut all = named.chain(schemes.values().filter(|_| document.get("security").is_none()));
    all.find(is_key)?.get("name")?.as_str()
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn validate_operations(document: &Value, found: &mut Vec<Diagnostic>) {
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        if item.get("$ref").is_some() {
            found.push(Diagnostic::new(
                "path-reference",
                format!("#/paths/{}", walk::escape(path)),
                "the path item is a `$ref`, which the generator does not support",
                "replace the `$ref` with a copy of the path item",
            ));
        }
    }
    for operation in walk::operations(document) {
        let place = format!("{} {}", operation.method.to_uppercase(), operation.path);
        match operation.value.get("operationId").and_then(Value::as_str) {
            None => found.push(Diagnostic::new(
                "operation-id-missing",
                &place,
                "the operation has no `operationId`, so its method has no name",
                format!(
                    "add an action to the overlay: target $.paths['{}'].{}, update {{operationId: …}}",
                    operation.path, operation.method
                ),
            )),
            Some(id) => {
                if let Some(other) = ids.insert(id, place.clone()) {
                    found.push(Diagnostic::new(
                        "operation-id-twice",
                        &place,
                        format!("`operationId: {id}` is also the id of {other}"),
                        "change the `operationId` of one of the two by an action in the overlay",
                    ));
                }
            }
        }
        validate_path_parameters(document, &operation, &place, found);
    }
}

fn validate_path_parameters(
    document: &Value,
    operation: &walk::Operation<'_>,
    place: &str,
    found: &mut Vec<Diagnostic>,
) {
    let shared = document
        .pointer(&format!("/paths/{}/parameters", walk::escape(operation.path)))
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let declared: BTreeSet<&str> = operation
        .parameters()
        .chain(shared)
        .map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("path"))
        .filter_map(|parameter| parameter.get("name").and_then(Value::as_str))
        .collect();
    let templated: BTreeSet<&str> = operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    for name in declared.symmetric_difference(&templated) {
        let problem = if templated.contains(name) {
            format!("the path contains `{{{name}}}`, but no parameter declares it")
        } else {
            format!("the path parameter `{name}` is declared, but does not occur in the path")
        };
        let remedy = "declare exactly the parameters that the path contains";
        found.push(Diagnostic::new("path-parameter", place, problem, remedy));
    }
}

/// Returns the target of a `$ref`, which may be another `$ref`. Returns `value` if it has no `$ref`, or if the target
/// does not exist.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

/// Whether a key of a path item is an HTTP method, so that its value is an operation.
pub fn is_method(key: &str) -> bool {
    METHODS.contains(&key)
}
