//! The Rust type of a schema that is not a struct field: a parameter or a reply.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::walk;

/// The type of a lowered schema; an `Option` if it may be null.
pub fn of(schema: &Value) -> TokenStream {
    let inner = plain(schema);
    match schema.get("nullable").and_then(Value::as_bool) {
        Some(true) => quote!(Option<#inner>),
        _ => inner,
    }
}

fn plain(schema: &Value) -> TokenStream {
    if let Some(component) = walk::target(schema) {
        let name = format_ident!("{component}");
        return quote!(#name);
    }
    let format = schema.get("format").and_then(Value::as_str);
    match (schema.get("type").and_then(Value::as_str), format) {
        (Some("string"), _) => quote!(String),
        (Some("boolean"), _) => quote!(bool),
        (Some("number"), _) => quote!(f64),
        (Some("integer"), Some("uint32")) => quote!(u32),
        (Some("integer"), Some("uint64")) => quote!(u64),
        (Some("integer"), Some("int32")) => quote!(i32),
        (Some("integer"), _) => quote!(i64),
        (Some("array"), _) => {
            let item = schema.get("items").map_or_else(|| quote!(serde_json::Value), of);
            quote!(Vec<#item>)
        }
        (Some("object"), _) => match schema.get("additionalProperties").filter(|values| values.is_object()) {
            Some(values) => {
                let value = of(values);
                quote!(std::collections::BTreeMap<String, #value>)
            }
            None => quote!(serde_json::Map<String, serde_json::Value>),
        },
        _ => quote!(serde_json::Value),
    }
}

/// The type of the items, if the schema is a list.
pub fn item(schema: &Value) -> Option<TokenStream> {
    (schema.get("type") == Some(&"array".into())).then(|| schema.get("items").map(of)).flatten()
}

/// Formats a type with the usual spaces.
pub fn spelled(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "").replace(',', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_type_follows_from_the_schema() {
        for (schema, expected) in [
            (json!({"type": "string"}), "String"),
            (json!({"type": "integer", "format": "uint32", "nullable": true}), "Option<u32>"),
            (json!({"type": "array", "items": {"$ref": "#/components/schemas/A"}}), "Vec<A>"),
            (json!({"allOf": [{"$ref": "#/components/schemas/A"}], "description": "d"}), "A"),
            (json!({"type": "object"}), "serde_json::Map<String, serde_json::Value>"),
            (
                json!({"type": "object", "additionalProperties": {"type": "number"}}),
                "std::collections::BTreeMap<String, f64>",
            ),
            (json!({}), "serde_json::Value"),
        ] {
            assert_eq!(spelled(&of(&schema)), expected);
        }
    }
}
