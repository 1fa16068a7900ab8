//! Rules on names: they are unique, valid in Rust, and not used by the generated code itself.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::lower::{extension, unions};
use crate::rust_name::{constructor_name, variant_name, variants};
use crate::walk::{self, Operation};

/// Names that the generated modules import or define for their own use, and those of the prelude of Rust: a type of this name
/// would take their place.
const RESERVED_TYPES: [&str; 71] = [
    "AsMut",
    "AsRef",
    "BTreeMap",
    "Box",
    "BoxFuture",
    "BuildError",
    "Bytes",
    "Call",
    "Client",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deserialize",
    "Deserializer",
    "Display",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "Error",
    "EventStream",
    "ExactSizeIterator",
    "Extend",
    "Extra",
    "FilePart",
    "Fn",
    "FnMut",
    "FnOnce",
    "FormCall",
    "From",
    "FromIterator",
    "Future",
    "Gate",
    "IdempotencyKey",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "IntoValue",
    "Iterator",
    "List",
    "Method",
    "None",
    "Ok",
    "Operation",
    "Option",
    "Ord",
    "Page",
    "PartialEq",
    "PartialOrd",
    "Patch",
    "Problems",
    "Response",
    "Result",
    "Self",
    "Send",
    "Serialize",
    "Sized",
    "Some",
    "String",
    "Sync",
    "SystemTime",
    "ToOwned",
    "ToString",
    "Transfer",
    "TryFrom",
    "TryInto",
    "UnknownMember",
    "UnknownValue",
    "Unpin",
    "Vec",
];
const RESERVED_FIELDS: [&str; 5] = ["build", "clone", "default", "extra", "problems"];
const RESERVED_PARAMETERS: [&str; 6] = ["clone", "extra", "into_future", "page_token", "self", "send"];
const RESERVED_METHODS: [&str; 6] = ["base_url", "builder", "clone", "execute", "new", "request"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    lint_operations(lowered, found);
    for (name, schema) in walk::components(lowered) {
        let place = format!("#/components/schemas/{name}");
        let mut report =
            |rule, problem: String, remedy: &str| found.push(Diagnostic::new(rule, &place, problem, remedy));
        let is_name =
            name.to_upper_camel_case() == *name && name.starts_with(|c: char| c.is_ascii_uppercase());
        if !is_name || RESERVED_TYPES.contains(&name.as_str()) || name.ends_with("Builder") {
            report(
                "type-name",
                format!(
                    "the component name `{name}` is not usable as a type name: it is not camel case, is reserved, or ends in `Builder`"
                ),
                "choose another name: update {x-rust-name: …} of the component in the overlay",
            );
        }
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let names: Vec<&String> = properties.map(|(name, _)| name).collect();
        for (one, two) in collisions(names.iter().map(|name| (name.to_snake_case(), (*name).clone()))) {
            report(
                "field-name-collision",
                format!("the properties `{one}` and `{two}` would both become the same field"),
                "rename or remove one of the two in the overlay",
            );
        }
        for property in &names {
            if !property.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                report(
                    "field-name",
                    format!(
                        "the property `{property}` is not usable as a field name: it must start with a letter or `_`"
                    ),
                    "rename or remove it in the overlay",
                );
            }
            if RESERVED_FIELDS.contains(&property.as_str()) {
                report(
                    "field-name",
                    format!("the property `{property}` has the name of a method that every builder has"),
                    "rename or remove it in the overlay",
                );
            }
        }
        let setters = names.iter().map(|name| name.to_snake_case());
        for (one, two) in collisions(setters.flat_map(|name| {
            let maybe = format!("maybe_{name}");
            [(name.clone(), name.clone()), (maybe, name)]
        })) {
            if one != two {
                report(
                    "field-name-collision",
                    format!("the properties `{one}` and `{two}` would have setters with the same name"),
                    "rename or remove one of the two in the overlay",
                );
            }
        }
        let members = unions::members(schema);
        let constructors =
            members.iter().map(|member| (constructor_name(&member.value), member.value.clone()));
        for (one, two) in collisions(constructors) {
            report(
                "constructor-name-collision",
                format!("the tags `{one}` and `{two}` would have constructors with the same name"),
                "remove one of the two in the overlay",
            );
        }
        let values = variants(schema).into_iter().map(|(ident, value)| (ident.to_string(), value));
        let members = unions::members(schema).into_iter().map(|member| member.value);
        let members = members.map(|value| (variant_name(&value).to_string(), value));
        for (one, two) in collisions(values.chain(members)) {
            report(
                "variant-name-collision",
                format!("the values `{one}` and `{two}` would have variants with the same name"),
                "remove one of the two in the overlay",
            );
        }
    }
}

fn lint_operations(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let all = walk::operations(lowered);
    let mut report = |place: String, rule, problem: String, remedy: &str| {
        found.push(Diagnostic::new(rule, place, problem, remedy));
    };
    let by_name = all.iter().map(|operation| (operation.id().to_upper_camel_case(), operation.id()));
    for (one, two) in collisions(by_name) {
        let problem = format!("the operations `{one}` and `{two}` would both become the same method");
        report(two.clone(), "operation-name-collision", problem, "change one `operationId` in the overlay");
    }
    lint_bodies(lowered, &all, found);
    let mut report = |place: String, rule, problem: String, remedy: &str| {
        found.push(Diagnostic::new(rule, place, problem, remedy));
    };
    for operation in &all {
        let id = operation.id();
        let reserved = syn::parse_str::<syn::Ident>(&id).is_err() || RESERVED_METHODS.contains(&id.as_str());
        if reserved || id.to_snake_case() != id {
            let problem = format!(
                "the operation id `{id}` is not usable as a method name: it is not snake case, is a keyword, or is reserved"
            );
            report(id.clone(), "operation-name", problem, "change the `operationId` in the overlay");
        }
        let named = operation.parameters().filter(|one| one.get("$ref").is_none());
        let parameters = named.map(|one| one.get("name").and_then(Value::as_str).unwrap_or_default());
        let form = operation
            .value
            .pointer(&format!("/{}/properties", extension::MULTIPART))
            .and_then(Value::as_object);
        let form = form.into_iter().flatten().map(|(name, _)| name.as_str());
        let body = operation.value.get("requestBody").map(|_| "body");
        let names: Vec<&str> = parameters.chain(form).chain(body).collect();
        for (one, two) in collisions(names.iter().map(|name| (name.to_snake_case(), (*name).to_owned()))) {
            let problem = format!("the parameters `{one}` and `{two}` would have setters with the same name");
            report(
                id.clone(),
                "parameter-name-collision",
                problem,
                "rename or remove one of the two in the overlay",
            );
        }
        let is_name = |name: &str| {
            syn::parse_str::<syn::Ident>(&format!("{}_", name.to_snake_case())).is_ok()
                && name.to_snake_case() != ""
        };
        for name in names.iter().filter(|name| !is_name(name)) {
            report(
                id.clone(),
                "parameter-name",
                format!("a parameter has the name `{name}`, which cannot become a name in Rust"),
                "correct its `name` in the overlay",
            );
        }
        for name in names.iter().filter(|name| RESERVED_PARAMETERS.contains(&name.to_snake_case().as_str())) {
            let problem =
                format!("the parameter `{name}` has the name of a method that every call builder has");
            report(
                id.clone(),
                "parameter-name",
                problem,
                "remove the operation in the overlay, and write it by hand",
            );
        }
    }
}

/// The request body of `verb_noun` must be named `VerbNounRequest`, or `VerbNounBody` if it is a union. A body of several
/// operations is named after one of them.
fn lint_bodies(lowered: &Value, all: &[Operation<'_>], found: &mut Vec<Diagnostic>) {
    let mut operations_by_body: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for operation in all {
        for body in walk::bodies(operation) {
            operations_by_body.entry(body).or_default().push(operation.id());
        }
    }
    for (body, operations) in operations_by_body {
        let schema = walk::component(lowered, &body);
        let kind =
            if schema.is_some_and(|schema| unions::tag(schema).is_some()) { "Body" } else { "Request" };
        let names: Vec<String> =
            operations.iter().map(|id| format!("{}{kind}", id.to_upper_camel_case())).collect();
        if !names.contains(&body) {
            let name = names.first().cloned().unwrap_or_default();
            found.push(Diagnostic::new(
                "body-name",
                format!("#/components/schemas/{body}"),
                format!("`{body}` is the request body of `{}`, but is not named after it", operations.join("`, `")),
                format!("name it after the operation: update {{x-rust-name: {name}}} of the component in the overlay"),
            ));
        }
    }
}

/// Finds the originals whose names collide; `names` yields name and original.
fn collisions(names: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (name, original) in names {
        if let Some(other) = seen.insert(name, original.clone()) {
            pairs.push((other, original));
        }
    }
    pairs
}
