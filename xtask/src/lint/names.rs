//! Rules on names: no two of a kind, and none that is taken in Rust.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::emit::enums;
use crate::lower::{extension, unions};
use crate::walk;

/// Names that the emitted modules use for themselves.
const RESERVED_TYPES: [&str; 25] = [
    "BTreeMap",
    "BuildError",
    "Client",
    "Debug",
    "Deserialize",
    "Deserializer",
    "Display",
    "Err",
    "Error",
    "EventStream",
    "FilePart",
    "None",
    "Ok",
    "Option",
    "Patch",
    "QueryParam",
    "RequestBuilder",
    "Response",
    "Result",
    "Self",
    "Serialize",
    "Some",
    "String",
    "UnknownMember",
    "UnknownValue",
];
const RESERVED_FIELDS: [&str; 2] = ["build", "problem"];
const RESERVED_PARAMETERS: [&str; 8] =
    ["client", "header_map", "new", "request", "response", "self", "send", "url"];
const RESERVED_METHODS: [&str; 5] = ["base_url", "builder", "execute", "new", "clone"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    operations(lowered, found);
    for (name, schema) in walk::components(lowered) {
        let place = format!("#/components/schemas/{name}");
        let mut say =
            |rule, problem: String, remedy: &str| found.push(Diagnostic::new(rule, &place, problem, remedy));
        let is_name =
            name.to_upper_camel_case() == *name && name.starts_with(|c: char| c.is_ascii_uppercase());
        if !is_name || RESERVED_TYPES.contains(&name.as_str()) {
            say(
                "type-name",
                format!("`{name}` cannot be the name of a type"),
                "set x-rust-name in the overlay",
            );
        }
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let names: Vec<&String> = properties.map(|(name, _)| name).collect();
        for (one, two) in twice(names.iter().map(|name| (name.to_snake_case(), (*name).clone()))) {
            say(
                "field-name-collision",
                format!("`{one}` and `{two}` would be one field"),
                "rename one of the two",
            );
        }
        for property in &names {
            if !property.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                say("field-name", format!("`{property}` cannot be a field"), "rename it in the overlay");
            }
            if RESERVED_FIELDS.contains(&property.as_str()) {
                say(
                    "field-name",
                    format!("`{property}` is a method of every builder"),
                    "rename it in the overlay",
                );
            }
        }
        let variants = enums::variants(schema).into_iter().map(|(ident, value)| (ident.to_string(), value));
        let members = unions::members(schema).into_iter().map(|member| member.value);
        let members = members.map(|value| (enums::variant_name(&value).to_string(), value));
        for (one, two) in twice(variants.chain(members)) {
            say(
                "variant-name-collision",
                format!("`{one}` and `{two}` would be one variant"),
                "drop one of the two",
            );
        }
        let is_unknown = |(ident, _): &(proc_macro2::Ident, String)| ident == "Unknown" || ident == "Self";
        if enums::variants(schema).iter().any(is_unknown) {
            say(
                "variant-name",
                "a value would take the name `Unknown`".into(),
                "drop it: it is what unknown means",
            );
        }
    }
}

fn operations(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let all = walk::operations(lowered);
    let mut say = |place: String, rule, problem: String, remedy: &str| {
        found.push(Diagnostic::new(rule, place, problem, remedy));
    };
    let by_name = all.iter().map(|operation| (operation.id().to_upper_camel_case(), operation.id()));
    for (one, two) in twice(by_name) {
        let problem = format!("`{one}` and `{two}` would be one method");
        say(two.clone(), "operation-name-collision", problem, "rename one of the two in the overlay");
    }
    for operation in &all {
        let id = operation.id();
        let keyword = syn::parse_str::<syn::Ident>(&id).is_err() || RESERVED_METHODS.contains(&id.as_str());
        if keyword || id.to_snake_case() != id {
            let problem = format!("`{id}` cannot be the name of a method");
            say(id.clone(), "operation-name", problem, "rename it in the overlay");
        }
        let parameters = operation.parameters().filter_map(|one| one.get("name").and_then(Value::as_str));
        let form = operation
            .value
            .pointer(&format!("/{}/properties", extension::MULTIPART))
            .and_then(Value::as_object);
        let form = form.into_iter().flatten().map(|(name, _)| name.as_str());
        let body = operation.value.get("requestBody").map(|_| "body");
        let names: Vec<&str> = parameters.chain(form).chain(body).collect();
        for (one, two) in twice(names.iter().map(|name| (name.to_snake_case(), (*name).to_owned()))) {
            let problem = format!("`{one}` and `{two}` would be one argument");
            say(id.clone(), "parameter-name-collision", problem, "rename one of the two");
        }
        for name in names.iter().filter(|name| RESERVED_PARAMETERS.contains(&name.to_snake_case().as_str())) {
            let problem = format!("`{name}` is taken in every builder of a call");
            say(id.clone(), "parameter-name", problem, "write the operation by hand");
        }
    }
}

/// The pairs of originals that share a name.
fn twice(names: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut clashes = Vec::new();
    for (name, original) in names {
        if let Some(other) = seen.insert(name, original.clone()) {
            clashes.push((other, original));
        }
    }
    clashes
}
