//! Operations: the generator's builders, made to go through the one seam, with errors that say which field and why; and
//! a table of facts about each, for the transport.

use anyhow::{Context, Result, bail};
use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::visit_mut::VisitMut;
use syn::{Item, ItemStruct, Stmt, Type};

use super::docs;
use super::gates::Gates;
use super::send;
use super::structs::{Shorten, argument_of};
use crate::lower::extension;
use crate::walk::{self, Operation};

/// One operation, ready to be emitted.
pub struct Emitted {
    /// The method on `Client`.
    pub method: TokenStream,
    /// The builder.
    pub builder: TokenStream,
    /// The fact table entry.
    pub facts: TokenStream,
    /// The name of the fact table entry.
    pub constant: syn::Ident,
    /// The feature that it needs, as an attribute.
    pub gate: TokenStream,
}

/// One settable part of an operation: a parameter or its body.
#[derive(Debug, Clone)]
pub struct Part {
    /// Rust name.
    pub ident: syn::Ident,
    /// Type of the value.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
}

/// Reads the parts of an operation from the generator's builder struct.
pub fn parts(builders: &[Item], operation: &str) -> Result<Vec<Part>> {
    let wanted = operation.to_upper_camel_case();
    let item = builders
        .iter()
        .find_map(|item| match item {
            Item::Struct(item) if item.ident == wanted => Some(item),
            _ => None,
        })
        .with_context(|| format!("operation `{operation}`: the generator made no builder `{wanted}`"))?;
    let fields =
        item.fields.iter().filter(|field| field.ident.as_ref().is_some_and(|ident| ident != "client"));
    fields.map(|field| part(item, field)).collect()
}

fn part(item: &ItemStruct, field: &syn::Field) -> Result<Part> {
    let mut ty = field.ty.clone();
    Shorten.visit_type_mut(&mut ty);
    let Some(ident) = field.ident.clone() else { bail!("builder `{}` has an unnamed field", item.ident) };
    // `Result<T, String>`: the first argument is what the setter converts into.
    let Type::Path(path) = &ty else {
        bail!("builder `{}`: field `{ident}` has an unforeseen type", item.ident)
    };
    let first = path.path.segments.last().and_then(|segment| match &segment.arguments {
        syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(syn::GenericArgument::Type(first)) => Some(first.clone()),
            _ => None,
        },
        _ => None,
    });
    let Some(held) = first else { bail!("builder `{}`: field `{ident}` has an unforeseen type", item.ident) };
    let inner = argument_of(&held, "Option");
    let optional = inner.is_some();
    let mut ty = inner.unwrap_or(held);
    plain_body(&mut ty);
    Ok(Part { ident, ty, optional })
}

/// A body that the generator holds as `types::builder::X` or `types::X` is held as `X`.
fn plain_body(ty: &mut Type) {
    if let Type::Path(path) = ty
        && path.path.segments.first().is_some_and(|first| first.ident == "types")
        && let Some(last) = path.path.segments.last().cloned()
    {
        path.path.segments = std::iter::once(last).collect();
    }
}

/// Emits one operation.
pub fn emit(operation: &Operation<'_>, builders: &[Item], gates: &Gates) -> Result<Emitted> {
    let id = operation.id();
    let parts = parts(builders, &id)?;
    let constant = format_ident!("{}", id.to_shouty_snake_case());
    let send = send::statements(builders, &id, &segments(operation, &parts))?;
    let gate = gates.of_operation(&id);
    Ok(Emitted {
        method: method(operation, &id, &parts, &gate),
        builder: builder(operation, &id, &parts, send, &constant, &gate)?,
        facts: facts(operation, &id, &constant, gates.feature(&id), &gate),
        constant,
        gate,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn has_body(operation: &Operation<'_>) -> bool {
    operation.value.get("requestBody").is_some()
}

fn form_parts(operation: &Operation<'_>) -> Vec<String> {
    let form =
        operation.value.pointer(&format!("/{}/properties", extension::MULTIPART)).and_then(Value::as_object);
    form.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The type that the answer decodes into; `None` for an answer without a body.
pub fn answer(operation: &Operation<'_>) -> Option<String> {
    let json = operation.success_media().find(|(_, media, _)| media.as_str() == "application/json");
    json.and_then(|(_, _, object)| object.get("schema")).and_then(walk::target).map(str::to_owned)
}

/// The type of the events of an event stream.
pub fn events(operation: &Operation<'_>) -> Option<String> {
    operation.value.get(extension::EVENTS).and_then(Value::as_str).map(str::to_owned)
}

fn method(operation: &Operation<'_>, id: &str, parts: &[Part], gate: &TokenStream) -> TokenStream {
    let ident = format_ident!("{id}");
    let builder = format_ident!("{}", id.to_upper_camel_case());
    let refusals: Vec<&str> = operation
        .value
        .get(extension::REFUSALS)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let summary = text(operation.value, "summary").trim_end_matches('.');
    let mut said = vec![format!("{summary}.")];
    said.push(text(operation.value, "description").to_owned());
    if !refusals.is_empty() {
        said.push(format!("# Errors\n\nThe document lists the refusals {}.", refusals.join(", ")));
    }
    said.push(example(operation, id, parts));
    let docs = docs::attributes(&said.join("\n\n"));
    quote! {
        #(#docs)*
        #gate
        pub fn #ident(&self) -> builder::#builder {
            builder::#builder::new(self.clone())
        }
    }
}

/// An example that compiles: a body comes from outside, a required parameter is a literal.
fn example(operation: &Operation<'_>, id: &str, parts: &[Part]) -> String {
    let mut arguments = String::new();
    let mut calls = String::new();
    for part in parts.iter().filter(|part| !part.optional) {
        let name = &part.ident;
        let ty = super::structs::spelled(&part.ty);
        if name == "body" && has_body(operation) {
            arguments.push_str(&format!(", body: heygen_api::types::{ty}"));
            calls.push_str(".body(body)");
        } else if ty == "String" {
            calls.push_str(&format!(".{name}(\"{name}\")"));
        } else {
            let path =
                if ty.chars().next().is_some_and(char::is_uppercase) { "heygen_api::types::" } else { "" };
            arguments.push_str(&format!(", {name}: {path}{ty}"));
            calls.push_str(&format!(".{name}({name})"));
        }
    }
    for name in form_parts(operation) {
        arguments.push_str(&format!(", {name}: heygen_api::FilePart"));
        calls.push_str(&format!(".{name}({name})"));
    }
    let then = if events(operation).is_some() {
        format!("let events = client.{id}(){calls}.send().await?.into_inner();")
    } else {
        format!("let answer = client.{id}(){calls}.send().await?;\nprintln!(\"{{:?}}\", *answer);")
    };
    format!(
        "# Example\n\n```no_run\n# async fn example(client: heygen_api::Client{arguments}) -> Result<(), heygen_api::Error> \
         {{\n{then}\n# Ok(())\n# }}\n```"
    )
}

fn builder(
    operation: &Operation<'_>,
    id: &str,
    parts: &[Part],
    send: Vec<Stmt>,
    constant: &syn::Ident,
    gate: &TokenStream,
) -> Result<TokenStream> {
    let ident = format_ident!("{}", id.to_upper_camel_case());
    let form = form_parts(operation);
    let form_idents: Vec<_> = form.iter().map(|name| format_ident!("{name}")).collect();
    let link = format!(" Builder of a call of [`Client::{id}`](crate::Client::{id}).");
    let idents: Vec<_> = parts.iter().map(|part| &part.ident).collect();
    let held = parts.iter().map(|part| {
        let ty = &part.ty;
        if part.optional { quote!(Option<#ty>) } else { quote!(#ty) }
    });
    let initial = parts.iter().map(|part| match part.optional {
        true => quote!(Ok(None)),
        false => {
            let missing = format!("`{}` was not set", part.ident);
            quote!(Err(#missing.to_owned()))
        }
    });
    let setters = parts.iter().map(|part| setter(operation, part));
    let form_setters = form.iter().zip(&form_idents).map(|(name, ident)| {
        let doc = format!(" The part `{name}` of the form: required; streamed, not held in memory.");
        quote! {
            #[doc = #doc]
            pub fn #ident(mut self, part: impl Into<FilePart>) -> Self {
                self.#ident = Some(part.into());
                self
            }
        }
    });
    let take = parts.iter().map(|part| {
        let ident = &part.ident;
        quote!(let #ident = #ident.map_err(|problem| Error::invalid_request(&operations::#constant, problem))?;)
    });
    let attach = form.iter().zip(&form_idents).map(|(name, ident)| {
        quote! {
            let request = multipart::attach(&operations::#constant, request, #name, #ident)?;
        }
    });
    let attach: Vec<_> = attach.collect();
    if attach.len() > 1 {
        bail!("operation `{id}`: a form of several parts needs an emitter that can write one");
    }
    let (output, decode) = match (events(operation), answer(operation)) {
        (Some(event), _) => {
            let event = format_ident!("{event}");
            (quote!(EventStream<#event>), quote!(Ok(Response::events(&operations::#constant, response))))
        }
        (None, Some(answer)) => {
            let answer = format_ident!("{answer}");
            (quote!(#answer), quote!(Response::json(&operations::#constant, response).await))
        }
        (None, None) => (quote!(()), quote!(Ok(Response::empty(response)))),
    };
    let derive = if form.is_empty() { quote!(#[derive(Clone, Debug)]) } else { quote!(#[derive(Debug)]) };
    let route = format!(" Sends the request: `{} {}`.", operation.method.to_uppercase(), operation.path);
    Ok(quote! {
        #[doc = #link]
        #gate
        #derive
        #[must_use = "a call does nothing until it is sent"]
        pub struct #ident {
            client: Client,
            #(#idents: Result<#held, String>,)*
            #(#form_idents: Option<FilePart>,)*
        }

        #gate
        impl #ident {
            pub(crate) fn new(client: Client) -> Self {
                Self { client, #(#idents: #initial,)* #(#form_idents: None,)* }
            }

            #(#setters)*
            #(#form_setters)*

            #[doc = #route]
            pub async fn send(self) -> Result<Response<#output>, Error> {
                let Self { client, #(#idents,)* #(#form_idents,)* } = self;
                #(#take)*
                #(#send)*
                #(#attach)*
                let response = client.execute(request, &operations::#constant).await?;
                #decode
            }
        }
    })
}

/// The parameters in the path: the name on the wire, and the variable.
fn segments(operation: &Operation<'_>, parts: &[Part]) -> Vec<(String, syn::Ident)> {
    let in_path = operation.parameters().filter(|parameter| text(parameter, "in") == "path");
    in_path
        .filter_map(|parameter| {
            let name = text(parameter, "name");
            let part = parts.iter().find(|part| is_named(part, name))?;
            Some((name.to_owned(), part.ident.clone()))
        })
        .collect()
}

/// Whether a part is the parameter of that name on the wire.
fn is_named(part: &Part, name: &str) -> bool {
    heck::ToSnakeCase::to_snake_case(name) == part.ident.to_string().trim_end_matches('_')
}

fn setter(operation: &Operation<'_>, part: &Part) -> TokenStream {
    let (ident, ty) = (&part.ident, &part.ty);
    let is_body = ident == "body" && has_body(operation);
    let described = operation.parameters().find(|parameter| is_named(part, text(parameter, "name")));
    let doc = match (is_body, described.map(|parameter| text(parameter, "description"))) {
        (true, _) => "The body of the request: required.".to_owned(),
        (false, Some(description)) if !description.is_empty() => description.to_owned(),
        (false, _) => format!("The parameter `{ident}`."),
    };
    let docs = docs::attributes(&doc);
    let keep = if part.optional { quote!(.map(Some)) } else { TokenStream::new() };
    let complaint = format!("`{ident}`: {{problem}}");
    quote! {
        #(#docs)*
        pub fn #ident<V>(mut self, value: V) -> Self where V: TryInto<#ty>, V::Error: Display {
            self.#ident = value.try_into() #keep .map_err(|problem| format!(#complaint));
            self
        }
    }
}

fn facts(
    operation: &Operation<'_>,
    id: &str,
    constant: &syn::Ident,
    feature: Option<&str>,
    gate: &TokenStream,
) -> TokenStream {
    let original = text(operation.value, extension::OPERATION_ID);
    let (path, method) = (operation.path, format_ident!("{}", operation.method.to_uppercase()));
    let scopes: Vec<&str> = operation
        .value
        .get(extension::SCOPES)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let key = operation.parameters().find(|parameter| text(parameter, "name") == "Idempotency-Key");
    let key = match key.map(|parameter| parameter.get("required").and_then(Value::as_bool).unwrap_or(false)) {
        None => TokenStream::new(),
        Some(false) => quote!(.with_idempotency_key(IdempotencyKey::Optional)),
        Some(true) => quote!(.with_idempotency_key(IdempotencyKey::Required)),
    };
    let transfer = if events(operation).is_some() {
        quote!(.with_transfer(Transfer::Events))
    } else if !form_parts(operation).is_empty() {
        quote!(.with_transfer(Transfer::Upload))
    } else {
        TokenStream::new()
    };
    let gated = match feature {
        Some("preview") => quote!(.with_gate(Gate::Preview)),
        Some("legacy") => quote!(.with_gate(Gate::Legacy)),
        _ => TokenStream::new(),
    };
    let scopes = (!scopes.is_empty()).then(|| quote!(.with_scopes(&[#(#scopes),*])));
    let doc = format!(" `{} {path}`, the document's `{original}`.", operation.method.to_uppercase());
    quote! {
        #[doc = #doc]
        #gate
        pub static #constant: Operation =
            Operation::documented(#id, #original, Method::#method, #path) #scopes #key #transfer #gated;
    }
}
