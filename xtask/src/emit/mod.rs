//! Emitting: the lowered document becomes the text of files.
//!
//! [`progenitor`] makes structs and operations; [`structs`], [`builders`], [`operations`] and [`send`] rework what it made;
//! [`enums`], [`unions`] and [`pages`] say what it cannot; [`tables`] writes what the tests across crates walk over.

pub mod builders;
pub mod docs;
pub mod enums;
pub mod gates;
pub mod operations;
pub mod pages;
pub mod progenitor;
pub mod send;
pub mod structs;
pub mod tables;
pub mod unions;

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::Item;

use crate::files::MARK;
use crate::lower::extension;
use crate::walk;
use gates::Gates;

/// A file to be written, relative to where the client's generated code goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Which of the outputs it belongs to.
    pub kind: Kind,
    /// Name below the output's folder.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// The outputs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The client's generated module.
    Client,
    /// The tables of the tests across crates.
    Tests,
}

/// Emits all Rust files.
pub fn emit(lowered: &Value) -> Result<Vec<File>> {
    let generated = progenitor::run(lowered)?;
    let (types, builders) = (module(&generated, "types")?, module(&generated, "builder")?);
    let gates = Gates::of(lowered);
    let structs = structs::collect(types, lowered)?;
    let (requests, _) = walk::directions(lowered);
    let built = |name: &str| requests.contains(name);
    let operations = walk::operations(lowered)
        .iter()
        .map(|operation| operations::emit(operation, &builders, &gates))
        .collect::<Result<Vec<_>>>()?;
    let (methods, calls, facts): (Vec<_>, Vec<_>, Vec<_>) = (
        operations.iter().map(|one| &one.method).collect(),
        operations.iter().map(|one| &one.builder).collect(),
        operations.iter().map(|one| &one.facts).collect(),
    );
    let listed = operations.iter().map(|one| {
        let (constant, gate) = (&one.constant, &one.gate);
        quote!(#gate &#constant)
    });
    let service = service(lowered)?;
    let rust = |name, doc: &str, tokens| file(Kind::Client, name, doc, tokens);
    Ok(vec![
        rust(
            "mod.rs",
            "Everything that the document says, as Rust.",
            quote! {
                #[cfg(feature = "client")]
                pub mod builder;
                pub mod operations;
                pub mod types;
                #[cfg(feature = "client")]
                mod client;
                #[cfg(feature = "client")]
                mod pages;
            },
        )?,
        rust(
            "types/mod.rs",
            "Types of requests and replies.",
            quote! {
                pub mod builder;
                mod enums;
                mod structs;
                mod unions;

                pub use enums::*;
                pub use structs::*;
                pub use unions::*;

                pub use crate::{BuildError, Patch, UnknownMember, UnknownValue};
            },
        )?,
        rust("types/enums.rs", "Open enumerations.", {
            let items = enums::emit(lowered, &gates);
            quote! {
                use crate::open::{UnknownValue, open_enum};
                #items
            }
        })?,
        rust("types/unions.rs", "Tagged unions.", {
            let items = unions::emit(lowered, &gates);
            quote! {
                use serde::de::Error as _;
                use serde::{Deserialize, Deserializer, Serialize};

                use super::*;
                #items
            }
        })?,
        rust("types/structs.rs", "Structs.", {
            let items = structs::emit(&structs, &gates, built);
            quote! {
                use std::collections::BTreeMap;
                use std::fmt;
                use std::time::SystemTime;

                use serde::{Deserialize, Serialize};

                use super::*;
                use crate::{redact, timestamp};
                #items
            }
        })?,
        rust("types/builder.rs", "Builders of the structs that requests hold.", {
            let items = builders::emit(&qualified(&structs), &gates, built);
            quote! {
                use std::collections::BTreeMap;
                use std::fmt::{self, Display};

                use crate::construct;
                use crate::{BuildError, Patch, types};
                #items
            }
        })?,
        rust(
            "client.rs",
            "One method for each operation.",
            quote! {
                use super::builder;
                use crate::Client;
                impl Client { #(#methods)* }
            },
        )?,
        rust(
            "builder.rs",
            "One builder for the call of each operation.",
            quote! {
                use std::fmt::Display;

                use super::operations;
                use super::types::*;
                use crate::multipart;
                use crate::request::{QueryParam, RequestBuilder, header, header_value};
                use crate::{Client, Error, EventStream, FilePart, Response};
                #(#calls)*
            },
        )?,
        rust("pages.rs", "Lists that come in pages.", pages::emit(lowered, &gates)?)?,
        rust(
            "operations.rs",
            "What the document says of each operation, for the transport.",
            quote! {
                use http::Method;

                use crate::operation::{Gate, IdempotencyKey, Operation, Transfer};

                #service

                /// Every operation that this build of the crate has, by path and method.
                pub static ALL: &[&Operation] = &[#(#listed),*];
                #(#facts)*
            },
        )?,
        file(
            Kind::Tests,
            "generated.rs",
            "Tables over every operation and type.",
            tables::emit(lowered, &builders, &structs)?,
        )?,
    ])
}

/// Where the service is and how it takes a key, as the document says.
fn service(lowered: &Value) -> Result<TokenStream> {
    let read = |key: &str| {
        let found = lowered.get(key).and_then(Value::as_str);
        found.with_context(|| format!("the document has no server address or no key header ({key})"))
    };
    let (base, header) = (read(extension::BASE_URL)?, read(extension::API_KEY_HEADER)?);
    Ok(quote! {
        /// Address of the service.
        pub const BASE_URL: &str = #base;

        /// Header that carries an API key.
        pub const API_KEY_HEADER: &str = #header;
    })
}

/// Inside `types::builder` a type is `types::X`, for `X` is the builder there.
fn qualified(structs: &[structs::Struct]) -> Vec<structs::Struct> {
    use syn::visit_mut::VisitMut;
    struct Qualify;
    impl VisitMut for Qualify {
        fn visit_path_mut(&mut self, path: &mut syn::Path) {
            syn::visit_mut::visit_path_mut(self, path);
            let std =
                ["Option", "String", "Vec", "BTreeMap", "Patch", "bool", "f64", "i64", "i32", "u32", "u64"];
            if path.leading_colon.is_none()
                && let [only] = path.segments.iter().collect::<Vec<_>>().as_slice()
                && !std.iter().any(|name| only.ident == name)
            {
                let only = (*only).clone();
                *path = syn::parse_quote!(types::#only);
            }
        }
    }
    let mut all = structs.to_vec();
    for field in all.iter_mut().flat_map(|one| &mut one.fields) {
        Qualify.visit_type_mut(&mut field.ty);
        field.inner.iter_mut().for_each(|inner| Qualify.visit_type_mut(inner));
    }
    all
}

fn module(file: &syn::File, name: &str) -> Result<Vec<Item>> {
    let found = file.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == name => module.content.as_ref(),
        _ => None,
    });
    found
        .map(|(_, items)| items.clone())
        .with_context(|| format!("the generator's output has no module `{name}`"))
}

fn file(kind: Kind, name: &'static str, doc: &str, tokens: TokenStream) -> Result<File> {
    let parsed: syn::File = syn::parse2(tokens).with_context(|| format!("the emitted {name} is not Rust"))?;
    let body = space_out(&prettyplease::unparse(&parsed));
    let text = format!("//! {doc}\n//!\n//! {MARK}; not to be edited.\n\n{body}");
    Ok(File { kind, name, text })
}

/// Blank lines as people write them: after the imports, and between items.
fn space_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let (mut closed, mut imported) = (false, false);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let starts_item = indent <= 4 && !line.trim_start().starts_with('}') && !line.trim().is_empty();
        let imports = ["use ", "pub use ", "mod ", "pub mod "].iter().any(|start| line.starts_with(start));
        if (closed && starts_item) || (imported && !imports && indent == 0 && starts_item) {
            out.push('\n');
        }
        closed = indent <= 4 && (line.trim() == "}" || line == "};");
        // An import over several lines ends with its brace.
        imported =
            imports && line.ends_with(';') || (imported && indent > 0) || (imports && line.ends_with('{'));
        if line == "};" {
            imported = true;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
