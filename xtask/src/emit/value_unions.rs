//! Emits unions whose members have different JSON types: one enum for each, with a variant for each type.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::structs::Direction;
use super::{docs, rust_type, text};
use crate::lower::value_unions::{JsonType, members};
use crate::walk;
use serde_json::Value;

/// Emits one union.
pub fn emit(lowered: &Value, name: &str, direction: Direction, gate: &TokenStream) -> Result<String> {
    let Some(schema) = walk::component(lowered, name) else { return Ok(String::new()) };
    let (ident, open) = (format_ident!("{name}"), direction != Direction::Request);
    let members = members(lowered, schema);
    let types: Vec<_> = members.iter().map(|member| rust_type::of(member.schema)).collect();
    let variants: Vec<_> = members
        .iter()
        .zip(&types)
        .map(|(member, ty)| format_ident!("{}", variant(member.kind, &rust_type::spelled(ty))))
        .collect();
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default().trim();
    let told_apart = "The type of the JSON value selects the variant.";
    let docs = docs::attributes(&match description {
        "" => told_apart.to_owned(),
        text => format!("{text}\n\n{told_apart}"),
    });
    let variant_docs = members.iter().map(|member| {
        let line = format!(" {}.", word(member.kind));
        quote!(#[doc = #line])
    });
    let unknown = open.then(|| {
        quote! {
            /// A value of a type that this version does not know, as the JSON that was received.
            Unknown(UnknownMember),
        }
    });
    let item = text::items(quote! {
        #(#docs)*
        #gate
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #ident {
            #(#variant_docs #variants(#types),)*
            #unknown
        }
    })?;
    let kept = if open { " or Unknown" } else { "" };
    let head = format!("value_union! {{ {name}{kept} {{");
    let rows = members.iter().zip(&variants).map(|(member, variant)| format!("{variant}: {:?}", member.kind));
    let mut whole = item + "\n" + &text::attribute(gate)? + &text::listed(&head, rows, "} }") + "\n\n";
    for ((member, variant), ty) in members.iter().zip(&variants).zip(&types) {
        let ty = rust_type::spelled(ty);
        let is_struct = member.kind == JsonType::Object && walk::target(member.schema).is_some();
        let builder = match is_struct && direction != Direction::Reply {
            true => format!(", {ty}Builder"),
            false => String::new(),
        };
        whole.push_str(&format!("{}member!({name}::{variant}({ty}{builder}));\n", text::attribute(gate)?));
        if member.kind == JsonType::String {
            // Literals, too.
            whole.push_str(&format!(
                "{}member!({name}::{variant}({ty}) from &str);\n",
                text::attribute(gate)?
            ));
        }
    }
    Ok(whole)
}

/// The name of a variant.
fn variant(kind: JsonType, ty: &str) -> &'static str {
    match kind {
        JsonType::String => "Text",
        JsonType::Number if ty == "f64" => "Number",
        JsonType::Number => "Integer",
        JsonType::Boolean => "Boolean",
        JsonType::Array => "List",
        JsonType::Object => "Object",
    }
}

fn word(kind: JsonType) -> &'static str {
    match kind {
        JsonType::String => "A string",
        JsonType::Number => "A number",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Array => "A list",
        JsonType::Object => "An object",
    }
}
