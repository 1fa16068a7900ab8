//! What the emitters need to know of an operation: its arguments and its reply, read from the lowered document; and the
//! facts about it that a transport wants.

use anyhow::Result;
use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Ident;

use super::gates::Gates;
use super::rust_type;
use super::text;
use crate::lower::extension;
use crate::lower::replies::Reply;
use crate::walk::{self, Operation};

/// A parameter, the body, or the part of a form.
#[derive(Debug, Clone)]
pub struct Argument<'a> {
    /// Name in Rust.
    pub ident: Ident,
    /// Name on the wire; `body` for the body.
    pub wire: String,
    /// Where it goes.
    pub place: Place,
    /// Its schema; nothing for the part of a form.
    pub schema: &'a Value,
    /// Whether it may be left out.
    pub optional: bool,
    /// What the document says of it.
    pub description: &'a str,
}

/// Where an argument goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
    /// It is the body.
    Body,
    /// It is the file of a form.
    Form,
}

impl Argument<'_> {
    /// Its Rust type.
    pub fn ty(&self) -> TokenStream {
        rust_type::of(self.schema)
    }
}

/// The arguments of an operation, in the order in which the document has them; the body last.
pub fn arguments<'a>(operation: &Operation<'a>) -> Vec<Argument<'a>> {
    let mut all: Vec<Argument<'a>> = operation
        .parameters()
        .map(|parameter| {
            let wire = text(parameter, "name").to_owned();
            Argument {
                ident: argument_ident(&wire),
                place: match text(parameter, "in") {
                    "path" => Place::Path,
                    "header" => Place::Header,
                    _ => Place::Query,
                },
                wire,
                schema: parameter.get("schema").unwrap_or(&Value::Null),
                optional: parameter.get("required").and_then(Value::as_bool) != Some(true),
                description: text(parameter, "description"),
            }
        })
        .collect();
    all.extend(form_parts(operation).into_iter().map(|wire| Argument {
        ident: argument_ident(&wire),
        wire,
        place: Place::Form,
        schema: &Value::Null,
        optional: false,
        description: "",
    }));
    let body = operation.request_media().filter_map(|(_, media)| media.get("schema")).next();
    all.extend(body.map(|schema| Argument {
        ident: format_ident!("body"),
        wire: "body".to_owned(),
        place: Place::Body,
        schema,
        optional: false,
        description: "The body of the request.",
    }));
    all
}

/// The name of an argument; a word of Rust's gets an underscore.
fn argument_ident(wire: &str) -> Ident {
    let name = wire.to_snake_case();
    syn::parse_str::<Ident>(&name).unwrap_or_else(|_| format_ident!("{name}_"))
}

/// The parts of the form that an operation takes.
pub fn form_parts(operation: &Operation<'_>) -> Vec<String> {
    let form =
        operation.value.pointer(&format!("/{}/properties", extension::MULTIPART)).and_then(Value::as_object);
    form.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The schema of an operation's success, and how it stands to the body.
pub fn reply<'a>(operation: &Operation<'a>) -> Option<(Reply, &'a Value)> {
    let json = operation.success_media().find(|(_, media, _)| media.as_str() == "application/json");
    let schema = json.and_then(|(_, _, object)| object.get("schema"))?;
    Some((Reply::of(operation.value).unwrap_or(Reply::Whole), schema))
}

/// The type of the events of an event stream.
pub fn events<'a>(operation: &Operation<'a>) -> Option<&'a str> {
    operation.value.get(extension::EVENTS).and_then(Value::as_str)
}

/// The name of the operation's facts.
pub fn constant(id: &str) -> Ident {
    format_ident!("{}", id.to_shouty_snake_case())
}

/// The name of the builder of the operation's call.
pub fn builder(id: &str) -> Ident {
    format_ident!("{}Builder", id.to_upper_camel_case())
}

/// A member that holds text.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a member that is a list.
pub fn texts<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The text of the facts about an operation.
pub fn facts(operation: &Operation<'_>, gates: &Gates) -> Result<String> {
    let id = operation.id();
    let (constant, gate) = (constant(&id), gates.of_operation(&id));
    let original = text(operation.value, extension::OPERATION_ID);
    let (path, method) = (operation.path, format_ident!("{}", operation.method.to_uppercase()));
    let scopes: Vec<&str> = texts(operation.value, extension::SCOPES).collect();
    let scopes = (!scopes.is_empty()).then(|| quote!(.with_scopes(&[#(#scopes),*])));
    let key = operation.parameters().find(|parameter| text(parameter, "name") == "Idempotency-Key");
    let key = key.map(|parameter| match parameter.get("required").and_then(Value::as_bool) {
        Some(true) => quote!(.with_idempotency_key(IdempotencyKey::Required)),
        _ => quote!(.with_idempotency_key(IdempotencyKey::Optional)),
    });
    let transfer = if events(operation).is_some() {
        quote!(.with_transfer(Transfer::Events))
    } else if !form_parts(operation).is_empty() {
        quote!(.with_transfer(Transfer::Upload))
    } else {
        TokenStream::new()
    };
    let gated = match gates.feature(&id) {
        Some("preview") => quote!(.with_gate(Gate::Preview)),
        Some("legacy") => quote!(.with_gate(Gate::Legacy)),
        _ => TokenStream::new(),
    };
    let doc = format!(" `{} {path}`, the document's `{original}`.", operation.method.to_uppercase());
    text::items(quote! {
        #[doc = #doc]
        #gate
        pub static #constant: Operation =
            Operation::documented(#id, #original, Method::#method, #path) #scopes #key #transfer #gated;
    })
}

/// All operations of a resource.
pub fn of_resource<'a>(all: &[Operation<'a>], resource: &str) -> Vec<Operation<'a>> {
    all.iter().filter(|one| text(one.value, extension::RESOURCE) == resource).copied().collect()
}

/// The components that an operation's requests and successes lead to.
pub fn components(lowered: &Value, operation: &Operation<'_>) -> std::collections::BTreeSet<String> {
    let mut used = std::collections::BTreeSet::new();
    walk::references(operation.value, &mut used);
    used.extend(events(operation).map(str::to_owned));
    walk::closure(lowered, used)
}
