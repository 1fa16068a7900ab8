//! Tagged unions: one enum for a schema with a discriminator; the tag is its serde tag, the variants hold the members'
//! structs. In a reply, a member that nobody knows yet is kept as raw JSON.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::docs;
use super::enums::variant_name;
use super::gates::Gates;
use crate::lower::{extension, unions};
use crate::walk;

/// Emits all unions of the lowered document.
pub fn emit(lowered: &Value, gates: &Gates) -> TokenStream {
    let (requests, responses) = walk::directions(lowered);
    walk::components(lowered)
        .filter_map(|(name, schema)| Some((name, schema, unions::tag(schema)?)))
        .map(|(name, schema, tag)| {
            let built = requests.contains(name);
            one(lowered, name, schema, tag, responses.contains(name), built, &gates.of_type(name))
        })
        .collect()
}

fn one(
    lowered: &Value,
    name: &str,
    schema: &Value,
    tag: &str,
    open: bool,
    built: bool,
    gate: &TokenStream,
) -> TokenStream {
    let ident = format_ident!("{name}");
    let members = unions::members(schema);
    let variants: Vec<_> = members.iter().map(|member| variant_name(&member.value)).collect();
    let structs: Vec<_> = members.iter().map(|member| format_ident!("{}", member.component)).collect();
    let values: Vec<_> = members.iter().map(|member| &member.value).collect();
    let mut text = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    text.push_str(&format!("\n\nTold apart by `{tag}` on the wire."));
    if let Some(component) = schema.get(extension::OPEN_MEMBER).and_then(walk::reference) {
        text.push_str(&format!(
            " Every other `{tag}` is `Unknown`; [`{component}`] is what it promises then."
        ));
    }
    let docs = documentation(&text);
    let variant_docs = members.iter().map(|member| {
        let component = lowered.pointer(&format!("/components/schemas/{}", walk::escape(&member.component)));
        let first = component
            .and_then(|schema| schema.get("description"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        let first = first.split("\n\n").next().unwrap_or_default();
        let text = format!("`{}`: {first}", member.value);
        let attributes = docs::attributes(&text);
        quote!(#(#attributes)*)
    });
    let unknown = open.then(|| {
        quote! {
            /// A member that this version does not know, as it came.
            #[serde(untagged)]
            Unknown(UnknownMember),
        }
    });
    let derive = match open {
        true => quote!(#[derive(Clone, Debug, PartialEq, Serialize)]),
        false => quote!(#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]),
    };
    let decode = open.then(|| {
        quote! {
            #gate
            impl<'de> Deserialize<'de> for #ident {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let member = UnknownMember::deserialize(deserializer)?;
                    match member.tag(#tag) {
                        #(Some(#values) => member.decode().map(Self::#variants).map_err(D::Error::custom),)*
                        _ => Ok(Self::Unknown(member)),
                    }
                }
            }
        }
    });
    // A component that stands for two tags has no single variant to convert into.
    let convertible = members.iter().zip(&variants).zip(&structs).filter(|((member, _), _)| {
        members.iter().filter(|other| other.component == member.component).count() == 1
    });
    let conversions = convertible.map(|((_, variant), component)| {
        let from_builder = built.then(|| {
            quote! {
                #gate
                impl TryFrom<builder::#component> for #ident {
                    type Error = BuildError;
                    fn try_from(builder: builder::#component) -> Result<Self, BuildError> {
                        builder.build().map(Self::#variant)
                    }
                }
            }
        });
        quote! {
            #gate
            impl From<#component> for #ident {
                fn from(value: #component) -> Self {
                    Self::#variant(value)
                }
            }
            #from_builder
        }
    });
    quote! {
        #(#docs)*
        #gate
        #derive
        #[serde(tag = #tag)]
        #[non_exhaustive]
        pub enum #ident {
            #(#variant_docs #[serde(rename = #values)] #variants(#structs),)*
            #unknown
        }
        #decode
        #(#conversions)*
    }
}

/// Like any description, but for the one link of ours that is meant.
fn documentation(text: &str) -> Vec<syn::Attribute> {
    let mut attributes = docs::attributes(text);
    for attribute in &mut attributes {
        let line = docs::text(std::slice::from_ref(attribute));
        if line.contains("\\[`") {
            let line = format!(" {}", line.replace("\\[`", "[`").replace("`\\]", "`]"));
            *attribute = syn::parse_quote!(#[doc = #line]);
        }
    }
    attributes
}
