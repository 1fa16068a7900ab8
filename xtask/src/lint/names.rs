//! Rules on names: no two of a kind, and none that is taken in Rust.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::lower::{extension, unions};
use crate::rust_name::{constructor_name, variant_name, variants};
use crate::walk::{self, Operation};

/// Names that the emitted modules use for themselves.
const RESERVED_TYPES: [&str; 36] = [
    "BTreeMap",
    "BoxFuture",
    "BuildError",
    "Call",
    "Client",
    "Debug",
    "Deserialize",
    "Deserializer",
    "Display",
    "Err",
    "Error",
    "EventStream",
    "Extra",
    "FilePart",
    "FormCall",
    "Gate",
    "IdempotencyKey",
    "IntoValue",
    "List",
    "Method",
    "None",
    "Ok",
    "Operation",
    "Option",
    "Page",
    "Patch",
    "Problems",
    "Response",
    "Result",
    "Self",
    "Serialize",
    "Some",
    "String",
    "Transfer",
    "UnknownMember",
    "UnknownValue",
];
const RESERVED_FIELDS: [&str; 5] = ["build", "clone", "default", "extra", "problems"];
const RESERVED_PARAMETERS: [&str; 6] = ["clone", "extra", "into_future", "page_token", "self", "send"];
const RESERVED_METHODS: [&str; 6] = ["base_url", "builder", "clone", "execute", "new", "request"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    operations(lowered, found);
    for (name, schema) in walk::components(lowered) {
        let place = format!("#/components/schemas/{name}");
        let mut say =
            |rule, problem: String, remedy: &str| found.push(Diagnostic::new(rule, &place, problem, remedy));
        let is_name =
            name.to_upper_camel_case() == *name && name.starts_with(|c: char| c.is_ascii_uppercase());
        if !is_name || RESERVED_TYPES.contains(&name.as_str()) || name.ends_with("Builder") {
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
        let setters = names.iter().map(|name| name.to_snake_case());
        for (one, two) in twice(setters.flat_map(|name| {
            let maybe = format!("maybe_{name}");
            [(name.clone(), name.clone()), (maybe, name)]
        })) {
            if one != two {
                say(
                    "field-name-collision",
                    format!("`{one}` and `{two}` would have setters of one name"),
                    "rename one of the two",
                );
            }
        }
        let members = unions::members(schema);
        let constructors =
            members.iter().map(|member| (constructor_name(&member.value), member.value.clone()));
        for (one, two) in twice(constructors) {
            say(
                "constructor-name-collision",
                format!("`{one}` and `{two}` would have one constructor"),
                "drop one of the two",
            );
        }
        let named = variants(schema).into_iter().map(|(ident, value)| (ident.to_string(), value));
        let members = unions::members(schema).into_iter().map(|member| member.value);
        let members = members.map(|value| (variant_name(&value).to_string(), value));
        for (one, two) in twice(named.chain(members)) {
            say(
                "variant-name-collision",
                format!("`{one}` and `{two}` would be one variant"),
                "drop one of the two",
            );
        }
        let is_unknown = |(ident, _): &(proc_macro2::Ident, String)| ident == "Unknown" || ident == "Self";
        if variants(schema).iter().any(is_unknown) {
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
    bodies(lowered, &all, found);
    let mut say = |place: String, rule, problem: String, remedy: &str| {
        found.push(Diagnostic::new(rule, place, problem, remedy));
    };
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

/// The body of `verb_noun` is `VerbNounRequest`, or `VerbNounBody` when it is a union; one that several operations take
/// has the name of one of them.
fn bodies(lowered: &Value, all: &[Operation<'_>], found: &mut Vec<Diagnostic>) {
    let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for operation in all {
        for body in walk::bodies(operation) {
            takers.entry(body).or_default().push(operation.id());
        }
    }
    for (body, operations) in takers {
        let schema = lowered.pointer(&format!("/components/schemas/{}", walk::escape(&body)));
        let kind =
            if schema.is_some_and(|schema| unions::tag(schema).is_some()) { "Body" } else { "Request" };
        let names: Vec<String> =
            operations.iter().map(|id| format!("{}{kind}", id.to_upper_camel_case())).collect();
        if !names.contains(&body) {
            let name = names.first().cloned().unwrap_or_default();
            found.push(Diagnostic::new(
                "body-name",
                format!("#/components/schemas/{body}"),
                format!("`{body}` is the body of `{}`", operations.join("`, `")),
                format!("name it after the operation: update {{x-rust-name: {name}}}"),
            ));
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
