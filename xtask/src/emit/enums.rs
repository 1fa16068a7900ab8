//! Emits open string enums: a variant for each value in the document, and `Unknown` for any other value.
//!
//! Programs can neither construct the content of `Unknown` nor match on it. So when a later version adds a variant for a
//! value, no existing program depends on the value being unknown.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::{docs, text};
use crate::rust_name::variants;

/// Emits one enumeration. The macro `open_enum!` of heygen-api has the code that all share.
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
