//! Emits conversions between members of two unions that differ by one optional field, such as a video and a video of a batch.
//! So a value that was built for one call can also be used for the other.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::{Map, Value};

use super::gates::Gates;
use super::structs::{Struct, StructField};
use super::text;
use crate::lower::unions::{self, Member};
use crate::rust_name::variant_name;
use crate::walk;

/// Two members that differ in one optional field.
struct Pair<'a> {
    larger: &'a Struct,
    smaller: &'a Struct,
    /// The field that only the larger one has.
    field: &'a StructField,
}

/// Emits all conversions, each with the name of the smaller member.
pub fn emit(lowered: &Value, structs: &[Struct], gates: &Gates) -> Result<Vec<(String, String)>> {
    let (_, replies) = walk::directions(lowered);
    let unions: BTreeMap<&String, Vec<Member>> = walk::components(lowered)
        .filter(|(_, schema)| unions::tag(schema).is_some())
        .map(|(name, schema)| (name, unions::members(schema)))
        .collect();
    let (mut all, mut done) = (Vec::new(), BTreeSet::new());
    for (union, members) in &unions {
        for member in members {
            for (_, others) in unions.iter().filter(|(other, _)| other != &union) {
                let pairs = others.iter().filter_map(|other| pair(lowered, structs, other, member));
                // A type that is also in replies keeps unknown members, which the other type may not have.
                let pairs = pairs.filter(|pair| {
                    ![&pair.larger.name, &pair.smaller.name].into_iter().any(|name| replies.contains(name))
                });
                for pair in pairs {
                    let names = (pair.larger.name.clone(), pair.smaller.name.clone());
                    // Two members may be in several unions, but need only one pair of conversions.
                    if done.insert((names.clone(), None)) {
                        all.push((names.1.clone(), between(&pair, gates)?));
                    }
                    if done.insert((names.clone(), Some(*union))) {
                        all.push((names.1, into_union(union, member, &pair, gates)?));
                    }
                }
            }
        }
    }
    Ok(all)
}

fn pair<'a>(lowered: &Value, structs: &'a [Struct], larger: &Member, smaller: &Member) -> Option<Pair<'a>> {
    let find = |name: &str| structs.iter().find(|one| one.name == name);
    let (large, small) = (find(&larger.component)?, find(&smaller.component)?);
    if larger.value != smaller.value || large.name == small.name || large.fields.len() < 3 {
        return None;
    }
    let properties = |name: &str| -> Option<Map<String, Value>> {
        let schema = walk::component(lowered, name)?;
        schema.get("properties").and_then(Value::as_object).cloned()
    };
    let (of_large, of_small) = (properties(&large.name)?, properties(&small.name)?);
    let names: BTreeSet<&String> = of_small.keys().collect();
    let mut more = of_large.keys().filter(|name| !names.contains(name));
    let (extra, None) = (more.next()?, more.next()) else { return None };
    let core = |schema: &Value| {
        let mut schema = schema.clone();
        if let Some(map) = schema.as_object_mut() {
            map.remove("description");
        }
        schema
    };
    let equal =
        of_small.iter().all(|(name, one)| of_large.get(name).is_some_and(|other| core(one) == core(other)));
    let same_fields = small.fields.iter().all(|field| {
        large
            .fields
            .iter()
            .any(|other| other.ident == field.ident && other.inner.is_some() == field.inner.is_some())
    });
    let field = large
        .fields
        .iter()
        .find(|field| field.wire == *extra && field.inner.is_some() && !field.clearable)?;
    (equal && same_fields && of_large.len() == of_small.len() + 1).then_some(Pair {
        larger: large,
        smaller: small,
        field,
    })
}

/// Emits the conversions between the two members.
fn between(pair: &Pair<'_>, gates: &Gates) -> Result<String> {
    let (large, small) = (format_ident!("{}", pair.larger.name), format_ident!("{}", pair.smaller.name));
    let idents: Vec<_> = pair.smaller.fields.iter().map(|field| &field.ident).collect();
    let (extra, wire, place) = (&pair.field.ident, &pair.field.wire, &pair.smaller.name);
    let gate = gate(pair, gates);
    text::items(quote! {
        #gate
        impl From<#small> for #large {
            fn from(value: #small) -> Self {
                let #small { #(#idents),* } = value;
                Self { #(#idents,)* #extra: None }
            }
        }

        #gate
        impl TryFrom<#large> for #small {
            type Error = BuildError;
            fn try_from(value: #large) -> Result<Self, BuildError> {
                let #large { #(#idents,)* #extra } = value;
                match #extra {
                    None => Ok(Self { #(#idents),* }),
                    Some(_) => Err(BuildError::unplaced(#wire, #place)),
                }
            }
        }
    })
}

/// Emits the conversions of the larger member, and of its builder, into the union of the smaller one.
fn into_union(union: &str, member: &Member, pair: &Pair<'_>, gates: &Gates) -> Result<String> {
    let (union, variant) = (format_ident!("{union}"), variant_name(&member.value));
    let (large, builder) =
        (format_ident!("{}", pair.larger.name), format_ident!("{}Builder", pair.larger.name));
    let gate = gate(pair, gates);
    text::items(quote! {
        #gate
        impl TryFrom<#large> for #union {
            type Error = BuildError;
            fn try_from(value: #large) -> Result<Self, BuildError> {
                value.try_into().map(Self::#variant)
            }
        }

        #gate
        impl TryFrom<#builder> for #union {
            type Error = BuildError;
            fn try_from(builder: #builder) -> Result<Self, BuildError> {
                builder.build()?.try_into()
            }
        }
    })
}

/// The features of both members.
fn gate(pair: &Pair<'_>, gates: &Gates) -> TokenStream {
    let (large, small) = (gates.of_type(&pair.larger.name), gates.of_type(&pair.smaller.name));
    quote!(#large #small)
}
