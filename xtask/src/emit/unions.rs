//! Emits tagged unions: one enum for each schema with a discriminator. Its variants contain the structs of the members. In
//! replies, an unknown member is kept as raw JSON.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::structs::{Direction, EXTRA, Struct, spelled};
use super::{docs, text};
use crate::lower::unions::Member;
use crate::lower::{extension, unions};
use crate::rust_name::{constructor_name, variant_name};
use crate::walk;

/// Emits one union.
pub fn emit(
    lowered: &Value,
    name: &str,
    structs: &[Struct],
    directions: &dyn Fn(&str) -> Direction,
    gate: &TokenStream,
) -> Result<String> {
    let schema = &lowered["components"]["schemas"][name];
    let tag = unions::tag(schema).unwrap_or_default();
    let open = directions(name) != Direction::Request;
    let ident = format_ident!("{name}");
    let members = unions::members(schema);
    let variants: Vec<_> = members.iter().map(|member| variant_name(&member.value)).collect();
    let components: Vec<_> = members.iter().map(|member| format_ident!("{}", member.component)).collect();
    let values: Vec<_> = members.iter().map(|member| &member.value).collect();
    let docs = documentation(schema, tag);
    let variant_docs = members.iter().map(|member| {
        let attributes = docs::attributes(&variant_documentation(lowered, member));
        quote!(#(#attributes)*)
    });
    let unknown = open.then(|| {
        quote! {
            /// A member that this version does not know, as the JSON that was received.
            Unknown(UnknownMember),
        }
    });
    let item = text::items(quote! {
        #(#docs)*
        #gate
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #ident {
            #(#variant_docs #variants(#components),)*
            #unknown
        }
    })?;
    let kept = if open { " or Unknown" } else { "" };
    let head = format!("union! {{ {name} by {tag:?}{kept} {{");
    let rows = variants.iter().zip(&values).map(|(variant, value)| format!("{variant} = {value:?}"));
    let table = format!("{}{}\n", text::attribute(gate)?, text::listed(&head, rows, "} }"));
    let built = directions(name) != Direction::Reply;
    let constructors = if built { constructors(&members, structs, directions) } else { TokenStream::new() };
    let constructors = match constructors.is_empty() {
        true => String::new(),
        false => text::items(quote!(#gate impl #ident { #constructors }))?,
    };
    let mut conversions = String::new();
    for (member, variant) in members.iter().zip(&variants).filter(|(member, _)| is_alone(member, &members)) {
        let component = &member.component;
        let builder = if built { format!(", {component}Builder") } else { String::new() };
        let gate = text::attribute(gate)?;
        conversions.push_str(&format!("{gate}member!({name}::{variant}({component}{builder}));\n"));
    }
    let texts = [item, table, constructors, conversions];
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"))
}

/// Whether a component has only one tag, and so only one variant.
fn is_alone(member: &Member, members: &[Member]) -> bool {
    members.iter().filter(|other| other.component == member.component).count() == 1
}

/// The members that have a constructor: those with at most one required field. Yields the name of the constructor, the
/// member, and its struct.
pub fn constructible<'a>(
    members: &'a [Member],
    structs: &'a [Struct],
) -> impl Iterator<Item = (String, &'a Member, &'a Struct)> {
    members.iter().filter_map(|member| {
        let fields = structs.iter().find(|one| one.name == member.component)?;
        let required = fields.fields.iter().filter(|field| field.inner.is_none()).count();
        (required <= 1).then(|| (constructor_name(&member.value), member, fields))
    })
}

fn constructors(
    members: &[Member],
    structs: &[Struct],
    directions: &dyn Fn(&str) -> Direction,
) -> TokenStream {
    let all = constructible(members, structs).map(|(name, member, fields)| {
        let (name, variant) = (format_ident!("{name}"), variant_name(&member.value));
        let component = format_ident!("{}", member.component);
        let required = fields.fields.iter().find(|field| field.inner.is_none());
        let argument = required.map(|field| {
            let (ident, ty) = (&field.ident, &field.ty);
            match is_plain(&spelled(ty)) {
                true => quote!(#ident: #ty),
                false => quote!(#ident: impl Into<#ty>),
            }
        });
        let values = fields.fields.iter().map(|field| {
            let ident = &field.ident;
            match (&field.inner, field.clearable) {
                (Some(_), true) => quote!(#ident: Patch::Absent),
                (Some(_), false) => quote!(#ident: None),
                (None, _) if is_plain(&spelled(&field.ty)) => quote!(#ident),
                (None, _) => quote!(#ident: #ident.into()),
            }
        });
        let extra = (directions(&member.component) == Direction::Both).then(|| {
            let ident = format_ident!("{EXTRA}");
            quote!(#ident: Extra::default())
        });
        let values = values.chain(extra);
        let summary = match required {
            Some(field) => {
                let first = field.docs.split("\n\n").next().unwrap_or_default().trim_end_matches('.');
                match first {
                    "" => format!("`{}` with its `{}`.", member.value, field.wire),
                    text => format!("`{}`, by its `{}`: {text}.", member.value, field.wire),
                }
            }
            None => format!("`{}` with nothing set.", member.value),
        };
        let docs = docs::attributes(&summary);
        quote! {
            #(#docs)*
            pub fn #name(#argument) -> Self {
                Self::#variant(#component { #(#values,)* })
            }
        }
    });
    all.collect()
}

/// Whether a constructor takes the type itself, without a conversion.
fn is_plain(ty: &str) -> bool {
    matches!(ty, "bool" | "f64" | "i32" | "i64" | "u32" | "u64") || ty.starts_with("Vec<")
}

/// The documentation of a union: its description, and then its tag.
fn documentation(schema: &Value, tag: &str) -> Vec<syn::Attribute> {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default().trim();
    let mut parts = Vec::new();
    parts.extend((!text.is_empty()).then(|| text.to_owned()));
    let open = schema.get(extension::OPEN_MEMBER).and_then(walk::reference);
    parts.push(match open {
        None => format!("In JSON, `{tag}` selects the variant."),
        Some(component) => format!(
            "In JSON, `{tag}` selects the variant. Every other `{tag}` is `Unknown`, and has the members of [`{component}`]."
        ),
    });
    let mut attributes = docs::attributes(&parts.join("\n\n"));
    // Links are escaped, as in any description, except the one to the open member.
    for attribute in &mut attributes {
        let line = docs::text(std::slice::from_ref(attribute));
        let escaped = open.map(|component| (format!("\\[`{component}`\\]"), format!("[`{component}`]")));
        if let Some((escaped, link)) = escaped.filter(|(escaped, _)| line.contains(escaped)) {
            let line = format!(" {}", line.replace(&escaped, &link));
            *attribute = syn::parse_quote!(#[doc = #line]);
        }
    }
    attributes
}

fn variant_documentation(lowered: &Value, member: &Member) -> String {
    let component = walk::component(lowered, &member.component);
    let text = component.and_then(|schema| schema.get("description")).and_then(Value::as_str);
    match text.unwrap_or_default().split("\n\n").next().unwrap_or_default() {
        "" => format!("`{}`.", member.value),
        first => format!("`{}`: {first}", member.value),
    }
}
