//! The items that the macros of heygen-api and heygen-ext define, for the list of the public API.

use syn::ext::IdentExt as _;
use syn::{Attribute, Item};

/// The public items that a call of one of these macros defines. Any other item is returned as it is.
pub(crate) fn expand(item: Item) -> Vec<Item> {
    let Item::Macro(call) = &item else { return vec![item] };
    let name = call.mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    let defined = call.mac.parse_body_with(|input: syn::parse::ParseStream<'_>| macro_items(&name, input));
    match defined {
        Ok(items) if !items.is_empty() => {
            items.into_iter().map(|item| with_attributes(item, &call.attrs)).collect()
        }
        _ => vec![item],
    }
}

fn macro_items(name: &str, input: syn::parse::ParseStream<'_>) -> syn::Result<Vec<Item>> {
    let rest = |input: syn::parse::ParseStream<'_>| input.parse::<proc_macro2::TokenStream>().map(drop);
    let items: Vec<Item> = match name {
        "open_enum" | "codes" => {
            let mut item: syn::ItemEnum = input.parse()?;
            item.variants.iter_mut().for_each(|variant| variant.discriminant = None);
            item.variants.push(syn::parse_quote!(Unknown(UnknownValue)));
            let ident = &item.ident;
            vec![
                syn::parse_quote!(impl From<&str> for #ident {}),
                syn::parse_quote!(impl #ident { pub const VALUES: &'static [&'static str] = &[]; }),
                syn::parse_quote!(#[non_exhaustive] #item),
            ]
        }
        "builder" => {
            input.call(Attribute::parse_outer)?;
            let builder: syn::Ident = input.parse()?;
            input.parse::<syn::Token![=>]>()?;
            let target: syn::Ident = input.parse()?;
            rest(input)?;
            vec![
                syn::parse_quote!(pub struct #builder;),
                syn::parse_quote!(impl #builder { pub fn build(self) -> Result<#target, BuildError> {} }),
                syn::parse_quote!(impl #target { pub fn builder() -> #builder {} }),
                syn::parse_quote!(impl TryFrom<#builder> for #target {}),
            ]
        }
        "call" => {
            input.call(Attribute::parse_outer)?;
            let builder: syn::Ident = input.parse()?;
            let core;
            syn::parenthesized!(core in input);
            rest(&core)?;
            input.parse::<syn::Token![,]>()?;
            input.parse::<syn::LitStr>()?;
            input.parse::<syn::Token![,]>()?;
            input.parse::<syn::Ident>()?;
            input.parse::<syn::Token![->]>()?;
            let output: syn::Type = input.parse()?;
            vec![
                syn::parse_quote!(pub struct #builder;),
                syn::parse_quote!(impl #builder { pub fn send(self) -> impl Future<Output = Result<Response<#output>, Error>> {} }),
                syn::parse_quote!(impl IntoFuture for #builder {}),
            ]
        }
        "list" => {
            let builder: syn::Ident = input.parse()?;
            rest(input)?;
            vec![syn::parse_quote!(impl List for #builder {})]
        }
        "member" => {
            let union: syn::Ident = input.parse()?;
            input.parse::<syn::Token![::]>()?;
            input.parse::<syn::Ident>()?;
            let inner;
            syn::parenthesized!(inner in input);
            let members = inner.parse_terminated(syn::Ident::parse_any, syn::Token![,])?;
            let mut members = members.into_iter();
            let member = members.next();
            let mut items: Vec<Item> = vec![syn::parse_quote!(impl From<#member> for #union {})];
            items.extend(members.map(|builder| syn::parse_quote!(impl TryFrom<#builder> for #union {})));
            items
        }
        "stored_inbox" => {
            input.call(Attribute::parse_outer)?;
            let inbox: syn::Ident = input.parse()?;
            rest(input)?;
            vec![
                syn::parse_quote!(pub struct #inbox;),
                syn::parse_quote!(impl #inbox {
                    pub fn worker(&self, handler: impl Handler) -> Worker {}
                    pub async fn counts(&self) -> Result<InboxCounts, BoxError> {}
                    pub async fn retry_dead(&self) -> Result<u64, BoxError> {}
                }),
                syn::parse_quote!(impl Inbox for #inbox {}),
                syn::parse_quote!(impl Queue for #inbox {}),
                syn::parse_quote!(impl fmt::Debug for #inbox {}),
            ]
        }
        "tower_service" => {
            let receiver: syn::Ident = input.parse()?;
            vec![
                syn::parse_quote!(impl<B> Service<Request<B>> for #receiver {}),
                syn::parse_quote!(impl fmt::Debug for #receiver {}),
            ]
        }
        _ => {
            rest(input)?;
            Vec::new()
        }
    };
    Ok(items)
}

fn with_attributes(item: Item, attributes: &[Attribute]) -> Item {
    let mut item = item;
    let all = match &mut item {
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        _ => return item,
    };
    all.extend(attributes.iter().cloned());
    item
}
