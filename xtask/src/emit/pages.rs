//! Emits the implementations of `List` for operations that list page by page, so that one page stream works for all of them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::gates::Gates;
use super::operations::{self, reply};
use super::{rust_type, text};
use crate::lower::extension;
use crate::lower::replies::Reply;
use crate::walk::{self, Operation};

/// Emits the implementation of `List` for a call builder; empty if the operation does not list. An operation that lists has
/// the parameters `limit` and `token`, and its reply has `next_token`.
pub fn emit(lowered: &Value, operation: &Operation<'_>, gates: &Gates) -> Result<String> {
    let Some(item) = item(lowered, operation) else { return Ok(String::new()) };
    let id = operation.id();
    let most = operation.value.get(extension::PAGE_LIMIT).and_then(Value::as_u64);
    let most = most.with_context(|| {
        format!("operation `{id}`: the parameter `limit` has no `maximum`; add it in the overlay")
    })?;
    let gate = text::attribute(&gates.of_operation(&id))?;
    let (builder, constant) = (operations::builder(&id), operations::constant(&id));
    let whole = reply(operation).filter(|(reply, _)| *reply != Reply::Page);
    let whole = whole.map(|(_, schema)| format!(", of {}", rust_type::spelled(&rust_type::of(schema))));
    let (item, whole) = (rust_type::spelled(&item), whole.unwrap_or_default());
    Ok(format!("{gate}list!({builder}, {constant}, {item}, {most}{whole});\n"))
}

/// Emits conversions into a page for replies that have more members than a page, each with the name of the reply type.
pub fn conversions(lowered: &Value, all: &[Operation<'_>], gates: &Gates) -> Result<Vec<(String, String)>> {
    let mut wholes = BTreeMap::new();
    for operation in all {
        let whole = reply(operation).filter(|(reply, _)| *reply != Reply::Page);
        let whole = whole.and_then(|(_, schema)| walk::target(schema));
        if let (Some(whole), Some(item)) = (whole, item(lowered, operation)) {
            wholes.insert(whole.to_owned(), item);
        }
    }
    let texts = wholes.into_iter().map(|(whole, item)| {
        let (gate, name) = (gates.of_type(&whole), whole);
        let whole = format_ident!("{name}");
        let text = text::items(quote! {
            #[cfg(feature = "client")]
            #gate
            impl From<#whole> for crate::page::Page<#item> {
                fn from(whole: #whole) -> Self {
                    Self::new(whole.items, whole.next_token, whole.has_more.into())
                }
            }
        })?;
        Ok((name, text))
    });
    texts.collect()
}

/// The type of the items that an operation lists; `None` if it does not list.
fn item(lowered: &Value, operation: &Operation<'_>) -> Option<TokenStream> {
    let parameter =
        |name: &str| operation.parameters().any(|one| one["in"] == "query" && one["name"] == name);
    if !(parameter("limit") && parameter("token")) {
        return None;
    }
    let (reply, schema) = reply(operation)?;
    if reply == Reply::Page {
        return Some(rust_type::of(schema));
    }
    let component = walk::target(schema)?;
    let members = walk::component(lowered, component)?;
    let members = members.get("properties")?;
    members.get("next_token")?;
    Some(rust_type::of(members.get("items")?.get("items")?))
}
