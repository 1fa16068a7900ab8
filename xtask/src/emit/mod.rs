//! Emits the files of the client from the lowered document.
//!
//! [`progenitor`] generates structs for the components, and [`structs`] completes them. [`enums`], [`unions`], [`builders`] and
//! [`calls`] emit what progenitor does not support. [`resources`] decides the file of each item, [`text`] formats it.
//! [`samples`] emits the schemas for samples, [`tables`] the tables for the tests that involve several crates.

pub mod builders;
pub mod calls;
pub mod conversions;
pub mod docs;
pub mod enums;
pub mod example;
pub mod gates;
pub mod layout;
pub mod operations;
pub mod pages;
pub mod progenitor;
pub mod resources;
pub mod rust_type;
pub mod samples;
pub mod structs;
pub mod tables;
pub mod text;
pub mod unions;
pub mod value_unions;

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::lower::resources::SHARED;
use crate::lower::{extension, unions as tagged};
use crate::names_lock::{NamesLock, OldName};
use crate::walk::{self, Operation};
use example::Examples;
use gates::Gates;
use resources::{Resource, Resources};
use structs::{Direction, Struct};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The output that the file belongs to.
    pub kind: Kind,
    /// Path below the folder of the output.
    pub name: String,
    /// The content.
    pub text: String,
}

/// The outputs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The client's generated module.
    Client,
    /// The tables for tests.
    Tests,
}

/// The inputs for the files of the client.
struct Emitter<'a> {
    lowered: &'a Value,
    operations: Vec<Operation<'a>>,
    structs: Vec<Struct>,
    gates: Gates,
    /// Conversions between types, each with the name of the type in whose file it is.
    conversions: Vec<(String, String)>,
    directions: (std::collections::BTreeSet<String>, std::collections::BTreeSet<String>),
}

/// Emits all files.
pub fn emit(lowered: &Value) -> Result<Vec<File>> {
    let generated = progenitor::run(lowered)?;
    let structs = structs::collect(progenitor::types(generated)?, lowered)?;
    let operations = walk::operations(lowered);
    let resources = Resources::of(lowered, &operations);
    let gates = Gates::of(lowered);
    let mut conversions = conversions::emit(lowered, &structs, &gates)?;
    conversions.extend(pages::conversions(lowered, &operations, &gates)?);
    let tables = tables::emit(lowered, &structs)?;
    let samples = samples::emit(lowered)?;
    let directions = walk::directions(lowered);
    let emitter = Emitter { lowered, operations, structs, gates, conversions, directions };
    let mut files = Vec::new();
    let mut modules = Vec::new();
    let shared = Resource { name: SHARED.into(), title: "shared types".into(), description: String::new() };
    for resource in resources.all.iter().chain([&shared]) {
        let mut kinds = Vec::new();
        for (kind, text) in emitter.resource(resource, &resources)? {
            files.push(File {
                kind: Kind::Client,
                name: format!("resources/{}/{kind}.rs", resource.name),
                text,
            });
            kinds.push(kind);
        }
        modules.push((resources::module(&resource.name), kinds));
    }
    files.extend(emitter.roots(&modules)?);
    files.push(File { kind: Kind::Client, name: "schemas.json".to_owned(), text: samples });
    files.push(File { kind: Kind::Tests, name: "generated.rs".to_owned(), text: tables });
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// The modules of the resources, each with its files.
type Modules = [(syn::Ident, Vec<&'static str>)];

impl Emitter<'_> {
    fn direction(&self, component: &str) -> Direction {
        match (self.directions.0.contains(component), self.directions.1.contains(component)) {
            (true, true) => Direction::Both,
            (true, false) => Direction::Request,
            _ => Direction::Reply,
        }
    }

    fn find(&self, name: &str) -> Option<&Struct> {
        self.structs.iter().find(|one| one.name == name)
    }

    /// The files of a resource: types, builders, calls and operations. A file without items is omitted.
    fn resource(&self, resource: &Resource, resources: &Resources) -> Result<Vec<(&'static str, String)>> {
        let components = resources.types(self.lowered, &resource.name);
        let mut types = Vec::new();
        let mut builders = Vec::new();
        for (name, schema) in &components {
            let gate = self.gates.of_type(name);
            if schema.get("enum").is_some() {
                types.push(enums::emit(name, schema, &gate)?);
            } else if tagged::tag(schema).is_some() {
                let direction = |component: &str| self.direction(component);
                types.push(unions::emit(self.lowered, name, &self.structs, &direction, &gate)?);
            } else if tagged::is_union(schema) {
                types.push(value_unions::emit(self.lowered, name, self.direction(name), &gate)?);
            } else if let Some(one) = self.find(name) {
                let direction = self.direction(name);
                types.push(structs::emit(one, direction, &gate)?);
                if direction != Direction::Reply {
                    builders.push(builders::emit(one, direction, &gate)?);
                }
            }
            types.extend(self.conversions.iter().filter(|(of, _)| of == *name).map(|(_, text)| text.clone()));
        }
        let operations = operations::of_resource(&self.operations, &resource.name);
        let examples = Examples::new(self.lowered, &self.structs);
        let mut calls = Vec::new();
        if !operations.is_empty() {
            let (title, description) = (&resource.title, &resource.description);
            calls.push(calls::methods(title, description, &operations, &examples, &self.gates)?);
        }
        for operation in &operations {
            calls.push(calls::builder(operation, &self.gates)?);
            calls.push(pages::emit(self.lowered, operation, &self.gates)?);
        }
        let facts = operations.iter().map(|one| operations::facts(one, &self.gates));
        let facts = facts.collect::<Result<Vec<_>>>()?;
        let files = [
            ("types", "Types", &TYPE_IMPORTS[..], types),
            ("builders", "Builders of the structs that requests hold", &BUILDER_IMPORTS, builders),
            (
                "calls",
                "One method of the client for each operation, and the builder of its call",
                &CALL_IMPORTS,
                calls,
            ),
            ("operations", "The facts of each operation that the transport needs", &FACT_IMPORTS, facts),
        ];
        let made = files.into_iter().filter(|(.., pieces)| !pieces.is_empty());
        let made = made.map(|(kind, doc, imports, pieces)| {
            (kind, text::file(&format!("{doc}: {}.", resource.title), imports, &pieces))
        });
        Ok(made.collect())
    }

    /// Deprecated aliases of types that have other names now, and of their builders.
    fn old_names(&self) -> Result<(TokenStream, TokenStream)> {
        let (mut types, mut builders) = (TokenStream::new(), TokenStream::new());
        for (old, OldName { now, .. }) in NamesLock::of(self.lowered)?.aliases {
            let gate = self.gates.of_type(&now);
            let note = format!("renamed to `{now}`");
            let doc = format!(" The old name of [`{now}`].");
            let built = self.find(&now).is_some() && self.direction(&now) != Direction::Reply;
            let (alias, name) = (format_ident!("{old}"), format_ident!("{now}"));
            types.extend(quote!(#[doc = #doc] #gate #[deprecated(note = #note)] pub type #alias = #name;));
            if built {
                let (note, doc) =
                    (format!("renamed to `{now}Builder`"), format!(" The old name of [`{now}Builder`]."));
                let (alias, name) = (format_ident!("{old}Builder"), format_ident!("{now}Builder"));
                builders
                    .extend(quote!(#[doc = #doc] #gate #[deprecated(note = #note)] pub type #alias = #name;));
            }
        }
        Ok((types, builders))
    }

    /// The files that re-export the resources under the public paths.
    fn roots(&self, modules: &Modules) -> Result<Vec<File>> {
        let with = |kind: &str| {
            let having: Vec<_> =
                modules.iter().filter(|(_, kinds)| kinds.contains(&kind)).map(|(name, _)| name).collect();
            let kind = format_ident!("{kind}");
            quote!(#(pub use crate::generated::resources::#having::#kind::*;)*)
        };
        // If every item of a resource needs a feature, its modules are empty without it.
        let (types, builders, calls, facts) =
            (with("types"), with("builders"), with("calls"), with("operations"));
        let (old_types, old_builders) = self.old_names()?;
        let service = service(self.lowered)?;
        let listed = self.operations.iter().map(|operation| {
            let id = operation.id();
            let (constant, gate) = (operations::constant(&id), self.gates.of_operation(&id));
            quote!(#gate &#constant)
        });
        let tree = modules.iter().map(|(name, kinds)| {
            let kinds = kinds.iter().map(|kind| {
                let name = format_ident!("{kind}");
                let gate = (*kind == "calls").then(|| quote!(#[cfg(feature = "client")]));
                quote!(#gate pub(crate) mod #name;)
            });
            quote!(pub(crate) mod #name { #(#kinds)* })
        });
        let files: [(&str, &str, TokenStream); 5] = [
            (
                "mod.rs",
                "The client that is generated from the OpenAPI document.",
                quote! {
                    #[cfg(feature = "client")]
                    pub mod builder;
                    pub mod operations;
                    mod resources;
                    pub mod types;
                },
            ),
            (
                "types.rs",
                "Types of requests and replies.",
                quote! {
                    #types
                    #old_types
                    pub use crate::builder_support::{BuildError, IntoValue};
                    pub use crate::open::{Extra, UnknownMember, UnknownValue};
                    pub use crate::patch::Patch;
                    /// Builders of the structs that requests hold.
                    pub mod builder { #builders #old_builders }
                },
            ),
            ("builder.rs", "One builder for the call of each operation.", calls),
            (
                "operations.rs",
                "The facts of the service and of each operation.",
                quote! {
                    use crate::operation::Operation;
                    #facts
                    #service
                    /// Every operation that this build of the crate has, by path and method.
                    pub static ALL: &[&Operation] = &[#(#listed),*];
                },
            ),
            ("resources/mod.rs", "The document's resources, each in files of its own.", quote!(#(#tree)*)),
        ];
        let made = files.into_iter().map(|(name, doc, tokens)| {
            let text = text::file(doc, &[], &[text::items(tokens)?]);
            Ok(File { kind: Kind::Client, name: name.to_owned(), text })
        });
        made.collect()
    }
}

const TYPE_IMPORTS: [&str; 12] = [
    "std::collections::BTreeMap",
    "std::time::SystemTime",
    "serde::Deserialize",
    "crate::builder_support::member",
    "crate::object::object",
    "crate::open::open_enum",
    "crate::redact::redacted_debug",
    "crate::timestamp",
    "crate::union::union",
    "crate::union::value_union",
    "crate::types::*",
    "crate::types::builder::*",
];

const BUILDER_IMPORTS: [&str; 4] = [
    "std::collections::BTreeMap",
    "crate::builder_support::Problems",
    "crate::builder_support::builder",
    "crate::types::*",
];

const CALL_IMPORTS: [&str; 17] = [
    "bytes::Bytes",
    "crate::transport::BoxFuture",
    "crate::client::Client",
    "crate::error::Error",
    "crate::events::EventStream",
    "crate::multipart::FilePart",
    "crate::list::List",
    "crate::operation::Operation",
    "crate::page::Page",
    "crate::response::Response",
    "crate::call::Call",
    "crate::call::FormCall",
    "crate::call_builder::call",
    "crate::operations::*",
    "crate::list::list",
    "crate::types::*",
    "crate::types::builder::*",
];

const FACT_IMPORTS: [&str; 5] = [
    "http::Method",
    "crate::operation::Gate",
    "crate::operation::IdempotencyKey",
    "crate::operation::Operation",
    "crate::operation::Transfer",
];

/// Emits the base URL of the service and the header for API keys, as the document has them.
fn service(lowered: &Value) -> Result<TokenStream> {
    let read = |key: &str| {
        let found = lowered.get(key).and_then(Value::as_str);
        found.with_context(|| format!("the document has no `{key}`: add a server and a security scheme of type `apiKey` in the overlay"))
    };
    let (base, header) = (read(extension::BASE_URL)?, read(extension::API_KEY_HEADER)?);
    Ok(quote! {
        /// Address of the service.
        pub const BASE_URL: &str = #base;

        /// Header that carries an API key.
        pub const API_KEY_HEADER: &str = #header;
    })
}
