//! Emits a method of the client for each operation, and the builder that it returns. The macro `call!` of heygen-api has the
//! code that all builders share.

use anyhow::{Result, bail};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::example::Examples;
use super::gates::Gates;
use super::operations::{self, Argument, Place, arguments, events, reply, texts};
use super::{docs, rust_type, text};
use crate::lower::extension;
use crate::lower::replies::Reply;
use crate::walk::Operation;

/// Emits the methods of one resource, with its heading.
pub fn methods(
    title: &str,
    description: &str,
    all: &[Operation<'_>],
    examples: &Examples<'_>,
    gates: &Gates,
) -> Result<String> {
    let methods = all.iter().map(|operation| method(operation, examples, gates));
    let heading = match description {
        "" => format!("# {title}"),
        text => format!("# {title}\n\n{text}."),
    };
    let heading = docs::attributes(&heading);
    text::items(quote!(#(#heading)* impl Client { #(#methods)* }))
}

fn method(operation: &Operation<'_>, examples: &Examples<'_>, gates: &Gates) -> TokenStream {
    let id = operation.id();
    let (ident, builder) = (format_ident!("{id}"), operations::builder(&id));
    let (constant, gate) = (operations::constant(&id), gates.of_operation(&id));
    let refusals: Vec<&str> = texts(operation.value, extension::REFUSALS).collect();
    let summary = operations::text(operation.value, "summary").trim_end_matches('.');
    let mut paragraphs = vec![format!("{summary}.")];
    paragraphs.push(operations::text(operation.value, "description").to_owned());
    if !refusals.is_empty() {
        paragraphs
            .push(format!("# Errors\n\nThe service documents the error statuses {}.", refusals.join(", ")));
    }
    let docs = docs::attributes(&paragraphs.join("\n\n"));
    let example = docs::code(&examples.of(operation));
    let original = operations::text(operation.value, extension::OPERATION_ID);
    let words = texts(operation.value, extension::SEARCH_WORDS);
    let aliases: Vec<&str> =
        [original, operation.path].into_iter().chain(words).filter(|one| *one != id).collect();
    let required: Vec<_> = arguments(operation)
        .into_iter()
        .filter(|one| !one.optional && !matches!(one.place, Place::Path | Place::Form))
        .map(|one| one.wire)
        .collect();
    let form = operation.value.get(extension::FORM_BODY).map(|_| quote!(.with_form_body()));
    let call = quote!(Call::new(self, &#constant, &[#(#required),*])#form);
    let call = match operations::form_parts(operation).as_slice() {
        [] => call,
        [part, ..] => quote!(FormCall::new(#call, #part)),
    };
    let deprecated = operation.value.get("deprecated") == Some(&true.into());
    let deprecation =
        deprecated.then(|| quote!(#[deprecated(note = "the service has deprecated this operation")]));
    quote! {
        #(#docs)*
        #(#example)*
        #[doc(alias(#(#aliases),*))]
        #deprecation
        #gate
        pub fn #ident(&self) -> #builder {
            #builder(#call)
        }
    }
}

/// Emits the call builder of an operation.
pub fn builder(operation: &Operation<'_>, gates: &Gates) -> Result<String> {
    let id = operation.id();
    let (builder, gate) = (operations::builder(&id), gates.of_operation(&id));
    let arguments = arguments(operation);
    let forms = arguments.iter().filter(|one| one.place == Place::Form).count();
    let (method, output) = output(operation);
    let (core, clone) = match forms {
        0 => ("Call", "#[derive(Clone)]\n"),
        1 if method == "data" => ("FormCall", ""),
        _ => bail!("operation `{id}`: unsupported form; it must have one file, and a JSON reply with `data`"),
    };
    let definition = format!(
        "/// Builder of a call of [`Client::{id}`].\n{clone}{builder}({core}), \"{} {}\", {method} -> {}\n",
        operation.method.to_uppercase(),
        operation.path,
        rust_type::spelled(&output),
    );
    let definition = text::inside("call", &gate, &definition)?;
    let has_body = arguments.iter().any(|one| one.place == Place::Body);
    let extra = has_body.then(|| {
        quote! {
            /// Adds a member to the body that has no setter in this version.
            pub fn extra(self, member: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                Self(self.0.extra(member, value))
            }
        }
    });
    let setters = arguments.iter().map(|argument| setter(argument, forms == 1));
    let optional = arguments.iter().filter(|one| one.optional).map(|one| maybe(one, forms == 1));
    Ok(definition + &text::setters(&builder, &gate, quote!(#(#setters)* #extra), optional.collect())?)
}

/// The method that reads the reply, and the type of the result.
fn output(operation: &Operation<'_>) -> (&'static str, TokenStream) {
    if let Some(event) = events(operation) {
        let event = format_ident!("{event}");
        return ("events", quote!(EventStream<#event>));
    }
    match Reply::of(operation.value) {
        Some(Reply::Text) => return ("text", quote!(String)),
        Some(Reply::Bytes) => return ("bytes", quote!(Bytes)),
        _ => {}
    }
    match reply(operation) {
        Some((Reply::Data, schema)) => ("data", rust_type::of(schema)),
        Some((Reply::Whole, schema)) => ("whole", rust_type::of(schema)),
        Some((Reply::Page, schema)) => {
            let item = rust_type::of(schema);
            ("page", quote!(Page<#item>))
        }
        Some((Reply::Text | Reply::Bytes, _)) | None => ("empty", quote!(())),
    }
}

fn setter(argument: &Argument<'_>, form: bool) -> TokenStream {
    let (ident, wire) = (&argument.ident, &argument.wire);
    let docs = docs::attributes(&match argument.description {
        "" if argument.place == Place::Form => {
            format!("The part `{wire}` of the form. The file is streamed; it is not read into memory.")
        }
        "" => format!("The parameter `{wire}`."),
        text => text.to_owned(),
    });
    if argument.place == Place::Form {
        return quote! {
            #(#docs)*
            pub fn #ident(self, part: impl Into<FilePart>) -> Self {
                Self(self.0.part(part))
            }
        };
    }
    let (taken, set) = conversion(argument, false);
    let set = around(set, form);
    let deprecation = argument.deprecation();
    quote! {
        #(#docs)*
        #deprecation
        pub fn #ident(self, value: #taken) -> Self {
            Self(#set)
        }
    }
}

fn maybe(argument: &Argument<'_>, form: bool) -> TokenStream {
    let ident = format_ident!("maybe_{}", argument.ident.to_string().trim_end_matches('_'));
    let (taken, set) = conversion(argument, true);
    let set = around(set, form);
    let deprecation = argument.deprecation();
    quote! {
        #deprecation
        pub fn #ident(self, value: Option<#taken>) -> Self {
            Self(#set)
        }
    }
}

/// Applies a setter to the call, or to the call inside a form.
fn around(set: TokenStream, form: bool) -> TokenStream {
    if form { quote!(self.0.map(|call| call #set)) } else { quote!(self.0 #set) }
}

/// The type of a setter's argument, and the expression that sets it.
fn conversion(argument: &Argument<'_>, maybe: bool) -> (TokenStream, TokenStream) {
    let (ty, wire) = (argument.ty(), &argument.wire);
    let taken = quote!(impl IntoValue<#ty>);
    if let (Place::Query, Some(item)) = (argument.place, rust_type::item(argument.schema)) {
        let taken = quote!(impl IntoIterator<Item: IntoValue<#item>>);
        let value = if maybe { quote!(value.into_iter().flatten()) } else { quote!(value) };
        return (taken, quote!(.query_list::<#item>(#wire, #value)));
    }
    let set = match (argument.place, maybe) {
        (Place::Path, _) => quote!(.path::<#ty>(#wire, value)),
        (Place::Header, false) => {
            let field = argument.ident.to_string();
            quote!(.header::<#ty>(#wire, #field, value))
        }
        (Place::Header, true) => {
            let field = argument.ident.to_string();
            quote!(.maybe_header::<#ty>(#wire, #field, value))
        }
        (Place::Body, false) => quote!(.body::<#ty>(value)),
        (Place::Body, true) => quote!(.maybe_body::<#ty>(value)),
        (_, false) => quote!(.query::<#ty>(#wire, value)),
        (_, true) => quote!(.maybe_query::<#ty>(#wire, value)),
    };
    (taken, set)
}
