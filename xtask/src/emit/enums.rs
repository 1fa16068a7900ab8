//! Open string enums: the values that the document names, and room for any other.
//!
//! An unknown value travels in `Unknown`, whose content cannot be built or matched from outside: when the value gets a
//! name in a later version, no program that compiled before can have named it.

use anyhow::Result;
use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::{docs, text};

/// The values of an enumeration with the names of their variants.
pub(crate) fn variants(schema: &Value) -> Vec<(Ident, String)> {
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    values.map(|value| (variant_name(value), value.to_owned())).collect()
}

/// `waiting_for_input` is `WaitingForInput`, `16:9` is `_16_9`: a name that starts with a digit gets an underscore.
pub(crate) fn variant_name(value: &str) -> Ident {
    let mut name: String = value.replace(['.', ':', '-', '/', ' '], "_").to_upper_camel_case();
    if value.chars().any(|c| c == ':') {
        // Ratios: camel case would glue 16:9 to 169.
        name = value.replace(':', "x");
    }
    name.retain(|c| c.is_alphanumeric());
    if name.is_empty() {
        name = "Empty".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return format_ident!("_{name}");
    }
    format_ident!("{name}")
}

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

#[cfg(test)]
mod tests {
    use super::variant_name;

    #[test]
    fn values_become_names() {
        for (value, name) in [
            ("waiting_for_input", "WaitingForInput"),
            ("16:9", "_16x9"),
            ("4k", "_4k"),
            ("avatar_video.success", "AvatarVideoSuccess"),
            ("s2-pro", "S2Pro"),
            ("INVALID_AUDIO", "InvalidAudio"),
            ("", "Empty"),
        ] {
            assert_eq!(variant_name(value).to_string(), name);
        }
    }
}
