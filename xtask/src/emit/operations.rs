//! Reads the arguments and the reply of an operation from the lowered document, and emits the facts about it for
//! transports.

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

/// An argument of a call: a parameter, the body, or the file of a form.
#[derive(Debug, Clone)]
pub struct Argument<'a> {
    /// Name in Rust.
    pub ident: Ident,
    /// Name on the wire; `body` for the body.
    pub wire: String,
    /// Its place in the request.
    pub place: Place,
    /// Its schema; null for the file of a form.
    pub schema: &'a Value,
    /// Whether it may be omitted.
    pub optional: bool,
    /// Its description in the document.
    pub description: &'a str,
    /// Whether the service has deprecated it.
    pub deprecated: bool,
}

/// The place of an argument in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
    /// The body.
    Body,
    /// The file of a form.
    Form,
}

impl Argument<'_> {
    /// Its Rust type.
    pub fn ty(&self) -> TokenStream {
        rust_type::of(self.schema)
    }

    /// The attribute of the setters of a deprecated parameter.
    pub fn deprecation(&self) -> Option<TokenStream> {
        self.deprecated.then(|| quote!(#[deprecated(note = "the service has deprecated this parameter")]))
    }
}

/// The arguments of an operation, in the order of the document, with the body last.
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
                deprecated: parameter.get("deprecated") == Some(&true.into()),
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
        deprecated: false,
    }));
    let body = operation.request_media().filter_map(|(_, media)| media.get("schema")).next();
    let required = operation.value.pointer("/requestBody/required").and_then(Value::as_bool);
    all.extend(body.map(|schema| Argument {
        ident: format_ident!("body"),
        wire: "body".to_owned(),
        place: Place::Body,
        schema,
        optional: required != Some(true),
        description: "The body of the request.",
        deprecated: false,
    }));
    all
}

/// The name of an argument. A Rust keyword gets an underscore.
fn argument_ident(wire: &str) -> Ident {
    let name = wire.to_snake_case();
    syn::parse_str::<Ident>(&name).unwrap_or_else(|_| format_ident!("{name}_"))
}

/// The names of the parts of an operation's form.
pub fn form_parts(operation: &Operation<'_>) -> Vec<String> {
    let form =
        operation.value.pointer(&format!("/{}/properties", extension::MULTIPART)).and_then(Value::as_object);
    form.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The schema of an operation's successful response, and what it describes.
pub fn reply<'a>(operation: &Operation<'a>) -> Option<(Reply, &'a Value)> {
    let json = operation.success_media().find(|(_, media, _)| media.as_str() == "application/json");
    let schema = json.and_then(|(_, _, object)| object.get("schema"))?;
    Some((Reply::of(operation.value).unwrap_or(Reply::Whole), schema))
}

/// The type of the events of an event stream.
pub fn events<'a>(operation: &Operation<'a>) -> Option<&'a str> {
    operation.value.get(extension::EVENTS).and_then(Value::as_str)
}

/// The name of the static with the facts about an operation.
pub fn constant(id: &str) -> Ident {
    format_ident!("{}", id.to_shouty_snake_case())
}

/// The name of an operation's call builder.
pub fn builder(id: &str) -> Ident {
    format_ident!("{}Builder", id.to_upper_camel_case())
}

/// A member that is a string; empty if it is missing.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The strings of a member that is a list.
pub fn texts<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Emits the facts about an operation.
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

/// The components that an operation uses, directly or by references.
pub fn components(lowered: &Value, operation: &Operation<'_>) -> std::collections::BTreeSet<String> {
    let mut used = std::collections::BTreeSet::new();
    walk::references(operation.value, &mut used);
    used.extend(events(operation).map(str::to_owned));
    walk::closure(lowered, used)
}
