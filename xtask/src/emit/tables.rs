//! Emits tables for the tests that involve several crates: how to call each operation with arguments from JSON, and how to
//! decode and encode each type. So a new operation in the document is tested at once.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::visit_mut::VisitMut;

use super::operations::{self, Place, arguments};
use super::structs::Struct;
use super::text;
use crate::lower::replies::Reply;
use crate::lower::unions;
use crate::walk::{self, Operation};

/// Emits the tables.
pub fn emit(lowered: &Value, structs: &[Struct]) -> Result<String> {
    let calls: Vec<_> = walk::operations(lowered).iter().map(call).collect();
    let all: Vec<_> = walk::operations(lowered)
        .iter()
        .map(|operation| {
            format_ident!("{}", heck::ToShoutySnakeCase::to_shouty_snake_case(operation.id().as_str()))
        })
        .collect();
    let unions =
        walk::components(lowered).filter(|(_, schema)| unions::is_union(schema)).map(|(name, _)| name);
    let rounds = structs.iter().map(|one| &one.name).chain(unions).map(|name| {
        let ident = format_ident!("{name}");
        quote!((#name, round::<types::#ident>))
    });
    let enums = walk::components(lowered).filter(|(_, schema)| schema.get("enum").is_some()).map(|(name, _)| {
        let ident = format_ident!("{name}");
        quote!((#name, |value| { let value = types::#ident::from(value); (value.to_string(), matches!(value, types::#ident::Unknown(_))) }, types::#ident::VALUES))
    });
    let samples = walk::components(lowered).map(|(name, _)| {
        let ident = format_ident!("{name}");
        quote!((#name, sampled::<types::#ident>))
    });
    let (_, responses) = walk::directions(lowered);
    let open = unions_of(lowered).filter(|name| responses.contains(*name)).map(|name| {
        let ident = format_ident!("{name}");
        let schema = lowered.pointer(&format!("/components/schemas/{name}"));
        let tag = schema.and_then(unions::tag).unwrap_or_default();
        quote!((#name, #tag, |value| Ok(matches!(serde_json::from_value(value)?, types::#ident::Unknown(_)))))
    });
    let tables = text::items(quote! {
        /// Every operation of the document.
        pub static OPERATIONS: &[&Operation] = &[#(&operations::#all),*];

        /// How to call each operation.
        pub const CALLS: &[(&str, Call)] = &[#(#calls),*];

        /// How each struct and union decodes and encodes.
        pub const ROUNDS: &[(&str, Round)] = &[#(#rounds),*];

        /// How to make the sample of each type.
        pub const SAMPLES: &[(&str, Sampled)] = &[#(#samples),*];

        /// How each enumeration reads a value.
        pub const ENUMS: &[OpenEnum] = &[#(#enums),*];

        /// How each union in a reply reads a member; whether it did not know it.
        pub const UNIONS: &[OpenUnion] = &[#(#open),*];
    })?;
    let imports = [
        "heygen_api::Client",
        "heygen_api::Operation",
        "heygen_api::operations",
        "heygen_api::types",
        "serde_json::Value",
        "crate::Argument",
        "crate::Call",
        "crate::CallFuture",
        "crate::OpenEnum",
        "crate::OpenUnion",
        "crate::Reply",
        "crate::Round",
        "crate::Sampled",
        "crate::round",
        "crate::sampled",
    ];
    Ok(text::file("Tables over every operation and type.", &imports, &[tables]))
}

fn unions_of(lowered: &Value) -> impl Iterator<Item = &String> {
    walk::components(lowered).filter(|(_, schema)| unions::tag(schema).is_some()).map(|(name, _)| name)
}

fn call(operation: &Operation<'_>) -> TokenStream {
    let id = operation.id();
    let method = format_ident!("{id}");
    let sets = arguments(operation).into_iter().map(|argument| {
        let (ident, wire, ty) = (&argument.ident, &argument.wire, QualifyTypes.qualify(argument.ty()));
        match argument.place {
            Place::Form => quote!(let call = call.#ident(Argument::file(given));),
            Place::Body => quote!(let call = call.#ident(Argument::body::<#ty>(given)?);),
            _ => quote!(let call = call.#ident(Argument::named::<#ty>(given, #wire)?);),
        }
    });
    let reply = match (operations::events(operation), Reply::of(operation.value)) {
        (Some(_), _) => quote!(Reply::events(&reply)),
        (None, Some(Reply::Bytes)) => quote!(Reply::bytes(&reply)),
        _ => quote!(Reply::of(&reply)),
    };
    quote! {
        (#id, |client: &Client, arguments: &Value| -> CallFuture {
            let (client, arguments) = (client.clone(), arguments.clone());
            Box::pin(async move {
                let (client, given) = (&client, &arguments);
                let _ = given;
                let call = client.#method();
                #(#sets)*
                let reply = call.send().await?;
                #reply
            })
        })
    }
}

/// Qualifies the types of the client as `types::X`, because the tables are in another crate.
struct QualifyTypes;

impl QualifyTypes {
    fn qualify(mut self, ty: TokenStream) -> TokenStream {
        match syn::parse2::<syn::Type>(ty.clone()) {
            Ok(mut parsed) => {
                self.visit_type_mut(&mut parsed);
                quote!(#parsed)
            }
            Err(_) => ty,
        }
    }
}

impl VisitMut for QualifyTypes {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        syn::visit_mut::visit_path_mut(self, path);
        let known = ["Option", "String", "Vec", "bool", "f64", "i64", "i32", "u32", "u64"];
        if let Some(only) = path.get_ident().filter(|only| !known.iter().any(|name| *only == name)).cloned() {
            *path = syn::parse_quote!(types::#only);
        }
    }
}
