//! Open string enums: the values that the document names, and room for any other.
//!
//! An unknown value travels in `Unknown`, whose content cannot be built or matched from outside: when the value gets a
//! name in a later version, no program that compiled before can have named it.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::{docs, text};
use crate::rust_name::variants;

/// The text of one enumeration: the macro `open_enum` has what is the same for all.
pub fn emit(name: &str, schema: &Value, gate: &TokenStream) -> Result<String> {
    let ident = format_ident!("{name}");
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let pairs = variants(schema);
    let listed = pairs.iter().map(|(_, value)| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let known = format!("One of {listed}, or a value that this version does not know.");
    let docs = docs::attributes(&match description {
        "" => known,
        text => format!("{text}\n\n{known}"),
    });
    let variants = pairs.iter().map(|(variant, value)| quote!(#variant = #value));
    text::inside(
        "open_enum",
        gate,
        &text::items(quote! {
            #(#docs)*
            pub enum #ident { #(#variants,)* }
        })?,
    )
}
