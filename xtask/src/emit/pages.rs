//! Lists that come in pages: what a pager needs to know of each, so that one pager serves them all.

use anyhow::{Context, Result};
use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::gates::Gates;
use crate::lower::extension;
use crate::walk::{self, Operation};

/// Emits the lists of the document: operations with the parameters `limit` and `token` whose answer has `next_token`.
pub fn emit(lowered: &Value, gates: &Gates) -> Result<TokenStream> {
    let lists = walk::operations(lowered);
    let lists = lists.iter().filter(|operation| is_paged(operation)).filter_map(|operation| {
        let shape = shape(lowered, operation)?;
        Some(list(operation, &shape, gates))
    });
    let lists: Vec<_> = lists.collect::<Result<_>>()?;
    Ok(quote! {
        use super::{builder, operations, types};
        use crate::{BoxFuture, Error, List, Operation, Response};
        #(#lists)*
    })
}

/// Where the items are, and what they are.
struct Shape {
    envelope: String,
    item: String,
    nested: bool,
}

fn parameter<'a>(operation: &Operation<'a>, name: &str) -> Option<&'a Value> {
    operation.parameters().find(|one| one["in"] == "query" && one["name"] == name)
}

fn is_paged(operation: &Operation<'_>) -> bool {
    parameter(operation, "limit").is_some() && parameter(operation, "token").is_some()
}

fn shape(lowered: &Value, operation: &Operation<'_>) -> Option<Shape> {
    let (_, _, media) = operation.success_media().next()?;
    let envelope = walk::target(media.get("schema")?)?;
    let component = |name: &str| lowered.pointer(&format!("/components/schemas/{name}/properties"));
    let members = component(envelope)?;
    let of = |members: &Value, list: &str, nested: bool| {
        members.get("next_token")?;
        let item = walk::target(members.get(list)?.get("items")?)?.to_owned();
        Some(Shape { envelope: envelope.to_owned(), item, nested })
    };
    of(members, "data", false).or_else(|| of(component(walk::target(members.get("data")?)?)?, "items", true))
}

fn list(operation: &Operation<'_>, shape: &Shape, gates: &Gates) -> Result<TokenStream> {
    let id = operation.id();
    let most = operation.value.get(extension::PAGE_LIMIT).and_then(Value::as_u64);
    let most = most.with_context(|| format!("operation `{id}`: the parameter `limit` has no maximum"))?;
    let most = u32::try_from(most)?;
    let builder = format_ident!("{}", id.to_upper_camel_case());
    let constant = format_ident!("{}", id.to_shouty_snake_case());
    let (envelope, item) = (format_ident!("{}", shape.envelope), format_ident!("{}", shape.item));
    let page = if shape.nested { quote!(page.data) } else { quote!(page) };
    let items = if shape.nested { quote!(items) } else { quote!(data) };
    let gate = gates.of_operation(&id);
    Ok(quote! {
        #gate
        impl List for builder::#builder {
            type Item = types::#item;
            type Page = types::#envelope;
            const OPERATION: &'static Operation = &operations::#constant;
            const MOST: u32 = #most;

            fn limit(self, items: u32) -> Self {
                self.limit(items)
            }

            fn at_token(self, token: String) -> Self {
                self.token(token)
            }

            fn fetch(self) -> BoxFuture<'static, Result<Response<Self::Page>, Error>> {
                Box::pin(self.send())
            }

            fn split(page: Self::Page) -> (Vec<Self::Item>, Option<String>, Option<bool>) {
                let page = #page;
                (page.#items, page.next_token, page.has_more.into())
            }
        }
    })
}
