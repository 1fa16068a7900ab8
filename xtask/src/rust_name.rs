//! Names in Rust of what the document names: variants and constructors.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;
use serde_json::Value;

/// The values of an enumeration with the names of their variants.
pub fn variants(schema: &Value) -> Vec<(Ident, String)> {
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    values.map(|value| (variant_name(value), value.to_owned())).collect()
}

/// `waiting_for_input` is `WaitingForInput`, `16:9` is `_16_9`: a name that starts with a digit gets an underscore.
pub fn variant_name(value: &str) -> Ident {
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

/// `avatar_iv` for the tag `avatar_iv`; a tag that is a word of Rust's gets an underscore, and one that begins with a
/// digit another in front.
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
