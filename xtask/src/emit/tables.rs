//! Tables for the tests across crates: how to call each operation from JSON, and how to take each type through a round
//! of decoding and encoding. They are written from the same document, so that a new operation is tested the day it
//! appears.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Item;

use super::operations;
use super::structs::{Struct, spelled};
use crate::lower::{extension, unions};
use crate::walk::{self, Operation};

/// Emits the tables.
pub fn emit(lowered: &Value, builders: &[Item], structs: &[Struct]) -> Result<TokenStream> {
    let calls = walk::operations(lowered)
        .iter()
        .map(|operation| call(operation, builders))
        .collect::<Result<Vec<_>>>()?;
    let all: Vec<_> = walk::operations(lowered)
        .iter()
        .map(|operation| {
            format_ident!("{}", heck::ToShoutySnakeCase::to_shouty_snake_case(operation.id().as_str()))
        })
        .collect();
    let rounds = structs.iter().map(|one| &one.name).chain(unions_of(lowered)).map(|name| {
        let ident = format_ident!("{name}");
        quote!((#name, round::<types::#ident>))
    });
    let enums = walk::components(lowered).filter(|(_, schema)| schema.get("enum").is_some()).map(|(name, _)| {
        let ident = format_ident!("{name}");
        quote!((#name, |value| { let value = types::#ident::from(value); (value.to_string(), matches!(value, types::#ident::Unknown(_))) }, types::#ident::VALUES))
    });
    let (_, responses) = walk::directions(lowered);
    let open = unions_of(lowered).filter(|name| responses.contains(*name)).map(|name| {
        let ident = format_ident!("{name}");
        let schema = lowered.pointer(&format!("/components/schemas/{name}"));
        let tag = schema.and_then(unions::tag).unwrap_or_default();
        quote!((#name, #tag, |value| Ok(matches!(serde_json::from_value(value)?, types::#ident::Unknown(_)))))
    });
    Ok(quote! {
        use heygen_api::{Client, Error, Operation, operations, types};
        use serde_json::Value;

        use crate::{Argument, Call, CallFuture, OpenEnum, OpenUnion, Round, round};

        /// Every operation of the document.
        pub static OPERATIONS: &[&Operation] = &[#(&operations::#all),*];

        /// How to call each operation.
        pub const CALLS: &[(&str, Call)] = &[#(#calls),*];

        /// How each struct and union decodes and encodes.
        pub const ROUNDS: &[(&str, Round)] = &[#(#rounds),*];

        /// How each enumeration reads a value.
        pub const ENUMS: &[OpenEnum] = &[#(#enums),*];

        /// How each union in a reply reads a member; whether it did not know it.
        pub const UNIONS: &[OpenUnion] = &[#(#open),*];
    })
}

fn unions_of(lowered: &Value) -> impl Iterator<Item = &String> {
    walk::components(lowered).filter(|(_, schema)| unions::tag(schema).is_some()).map(|(name, _)| name)
}

fn call(operation: &Operation<'_>, builders: &[Item]) -> Result<TokenStream> {
    let id = operation.id();
    let method = format_ident!("{id}");
    let parts = operations::parts(builders, &id)?;
    let sets = parts.iter().map(|part| {
        let (ident, wire) = (&part.ident, wire_name(operation, &part.ident.to_string()));
        let argument = match (
            part.ident == "body" && operation.value.get("requestBody").is_some(),
            spelled(&part.ty).as_str(),
        ) {
            (true, _) => quote!(Argument::body(given)?),
            (false, _) => quote!(Argument::named(given, #wire)?),
        };
        let mut ty = part.ty.clone();
        let is_type =
            spelled(&part.ty).chars().next().is_some_and(char::is_uppercase) && spelled(&part.ty) != "String";
        if is_type {
            let inner = part.ty.clone();
            ty = syn::parse_quote!(types::#inner);
        }
        quote!(let call = call.#ident::<#ty>(#argument);)
    });
    let form =
        operation.value.pointer(&format!("/{}/properties", extension::MULTIPART)).and_then(Value::as_object);
    let form = form.into_iter().flatten().map(|(name, _)| {
        let ident = format_ident!("{name}");
        quote!(let call = call.#ident(Argument::file(given));)
    });
    Ok(quote! {
        (#id, |client: &Client, arguments: &Value| -> CallFuture {
            let (client, arguments) = (client.clone(), arguments.clone());
            Box::pin(async move {
                let (client, given) = (&client, &arguments);
                let _ = given;
                let call = client.#method();
                #(#sets)*
                #(#form)*
                call.send().await.map(|_| ()).map_err(|error: Error| error.into())
            })
        })
    })
}

fn wire_name(operation: &Operation<'_>, ident: &str) -> String {
    let names = operation.parameters().filter_map(|parameter| parameter.get("name").and_then(Value::as_str));
    let same = |name: &&str| heck::ToSnakeCase::to_snake_case(*name) == ident.trim_end_matches('_');
    names.into_iter().find(same).unwrap_or(ident).to_owned()
}
