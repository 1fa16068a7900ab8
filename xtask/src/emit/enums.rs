//! Open string enums: the values that the document names, and room for any other.
//!
//! An unknown value travels in `Unknown`, whose content cannot be built or matched from outside: when the value gets a
//! name in a later version, no program that compiled before can have named it.

use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::docs;
use super::gates::Gates;
use crate::walk;

/// Emits all enumerations of the lowered document.
pub fn emit(lowered: &Value, gates: &Gates) -> TokenStream {
    walk::components(lowered)
        .filter(|(_, schema)| schema.get("enum").is_some())
        .map(|(name, schema)| {
            let gate = gates.of_type(name);
            let item = one(name, schema, &gate);
            quote!(#item)
        })
        .collect()
}

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

fn one(name: &str, schema: &Value, gate: &TokenStream) -> TokenStream {
    let ident = format_ident!("{name}");
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let pairs = variants(schema);
    let listed = pairs.iter().map(|(_, value)| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let summary = match description {
        "" => format!("One of {listed}; or a value that this version does not know."),
        text => format!("{text}\n\nOne of {listed}; or a value that this version does not know."),
    };
    let docs = docs::attributes(&summary);
    let variants = pairs.iter().map(|(variant, value)| {
        let doc = docs::attributes(&format!("`{value}`"));
        quote!(#(#doc)* #variant)
    });
    let idents: Vec<&Ident> = pairs.iter().map(|(variant, _)| variant).collect();
    let values: Vec<&String> = pairs.iter().map(|(_, value)| value).collect();
    quote! {
        #(#docs)*
        #gate
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #ident {
            #(#variants,)*
            /// A value that this version does not know; `as_str` has it.
            Unknown(UnknownValue),
        }

        #gate
        impl #ident {
            /// The values that this version knows.
            pub const VALUES: &'static [&'static str] = &[#(#values),*];

            /// The value as it goes over the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#idents => #values,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }
        }

        #gate
        impl From<&str> for #ident {
            fn from(value: &str) -> Self {
                match value {
                    #(#values => Self::#idents,)*
                    other => Self::Unknown(UnknownValue::new(other)),
                }
            }
        }

        #gate
        open_enum!(#ident);
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
