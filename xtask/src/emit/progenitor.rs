//! Runs progenitor, the generator that creates Rust structs from the lowered components.

use anyhow::{Context, Result, anyhow};
use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use serde_json::Value;

use crate::lower::unions;
use crate::walk;

/// Runs progenitor on a document that passed lint.
pub fn run(lowered: &Value) -> Result<syn::File> {
    // This crate emits the operations.
    let components = serde_json::json!({
        "openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {},
        "components": {"schemas": lowered["components"]["schemas"]},
    });
    let document: openapiv3::OpenAPI =
        serde_json::from_value(components).context("the lowered document is not valid OpenAPI 3.0")?;
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap");
    // This crate emits open enums and tagged unions; progenitor only refers to them.
    for (name, schema) in walk::components(lowered) {
        if schema.get("enum").is_some() || unions::is_union(schema) {
            settings.with_replacement(
                name,
                format!("crate::types::{name}"),
                replaced_impls(schema).into_iter(),
            );
        }
    }
    let tokens = std::panic::catch_unwind(move || Generator::new(&settings).generate_tokens(&document))
        .map_err(|_| {
            anyhow!("progenitor panicked on a document that passed lint; add a rule to xtask/src/lint")
        })?
        .map_err(|error| anyhow!("progenitor does not support the document: {error}"))?;
    syn::parse2(tokens).context("the output of progenitor is not valid Rust")
}

/// The items of the module `types` in the output of progenitor.
pub fn types(generated: syn::File) -> Result<Vec<syn::Item>> {
    let module = generated.items.into_iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => module.content,
        _ => None,
    });
    module.map(|(_, items)| items).context("the output of progenitor has no module `types`")
}

fn replaced_impls(schema: &Value) -> Vec<TypeImpl> {
    match schema.get("enum") {
        Some(_) => vec![TypeImpl::Display, TypeImpl::FromStringIrrefutable],
        None => Vec::new(),
    }
}
