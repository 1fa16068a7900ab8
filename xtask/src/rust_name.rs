//! Rust names of variants and constructors, from the values in the document.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;
use serde_json::Value;

/// The variant names of an enumeration, each with its value.
pub fn variants(schema: &Value) -> Vec<(Ident, String)> {
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    values.map(|value| (variant_name(value), value.to_owned())).collect()
}

/// The name of the variant for a value: `WaitingForInput` for `waiting_for_input`.
///
/// A name that would start with a digit gets an underscore in front: `_16x9` for `16:9`. `Unknown`, the variant for all other
/// values, and `Self` get one at their end.
pub fn variant_name(value: &str) -> Ident {
    let mut name: String = value.replace(['.', ':', '-', '/', ' '], "_").to_upper_camel_case();
    if value.chars().any(|c| c == ':') {
        // A ratio: in camel case, 16:9 would become 169.
        name = value.replace(':', "x");
    }
    name.retain(|c| c.is_alphanumeric());
    if name.is_empty() {
        name = "Empty".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return format_ident!("_{name}");
    }
    match name.as_str() {
        "Unknown" | "Self" => format_ident!("{name}_"),
        _ => format_ident!("{name}"),
    }
}

/// The name of the constructor for a tag: `avatar_iv` for `avatar_iv`.
///
/// A Rust keyword gets an underscore at its end; a name that would start with a digit gets one in front.
pub fn constructor_name(tag: &str) -> String {
    let mut name: String = tag.to_snake_case();
    name.retain(|c| c.is_alphanumeric() || c == '_');
    if name.is_empty() || name.starts_with(|c: char| c.is_numeric()) {
        name.insert(0, '_');
    }
    match syn::parse_str::<Ident>(&name) {
        Ok(_) => name,
        Err(_) => format!("{name}_"),
    }
}

#[cfg(test)]
mod tests {
    use super::variant_name;

    #[test]
    fn variant_names_follow_from_values() {
        for (value, name) in [
            ("waiting_for_input", "WaitingForInput"),
            ("16:9", "_16x9"),
            ("4k", "_4k"),
            ("avatar_video.success", "AvatarVideoSuccess"),
            ("s2-pro", "S2Pro"),
            ("INVALID_AUDIO", "InvalidAudio"),
            ("", "Empty"),
            ("unknown", "Unknown_"),
            ("SELF", "Self_"),
        ] {
            assert_eq!(variant_name(value).to_string(), name);
        }
    }
}
