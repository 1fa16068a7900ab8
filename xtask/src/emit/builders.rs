//! Emits the builders of request structs. The macro `builder!` of heygen-api has the code that all builders share; a setter
//! accepts every type that converts into its field.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use super::structs::{Direction, EXTRA, Struct, StructField, argument_of, spelled};
use super::{docs, text};

/// Emits one builder: its definition and its setters.
pub fn emit(one: &Struct, direction: Direction, gate: &TokenStream) -> Result<String> {
    let builder = format_ident!("{}Builder", one.name);
    let fields = one.fields.iter().map(|field| {
        let (kind, ty) = match (&field.inner, field.clearable) {
            (Some(inner), true) => ("patch", inner),
            (Some(inner), false) => ("optional", inner),
            (None, _) => ("required", &field.ty),
        };
        format!("{kind} {}: {} = \"{}\"", field.ident, spelled(ty).replace(',', ", "), field.wire)
    });
    let extra = (direction == Direction::Both).then(|| format!("extra {EXTRA}: Extra = \"{EXTRA}\""));
    let docs = format!("/// Builder of [`{0}`](crate::types::{0}).\n", one.name);
    let head = format!("{builder} => {} {{", one.name);
    let all: Vec<String> = fields.chain(extra).collect();
    let list = match all.is_empty() {
        true => format!("{head} }}"),
        false => text::listed(&head, all.into_iter(), "}"),
    };
    let definition = text::inside("builder", gate, &format!("{docs}{list}\n"))?;
    let setters = one.fields.iter().map(setter);
    let extra = (direction == Direction::Both).then(|| {
        quote! {
            /// Adds a member that this version has no field for.
            pub fn extra(mut self, member: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.extra.insert(member, value);
                self
            }
        }
    });
    let optional = one.fields.iter().filter(|field| field.inner.is_some()).map(maybe);
    Ok(definition + &text::setters(&builder, gate, quote!(#(#setters)* #extra), optional.collect())?)
}

fn setter(field: &StructField) -> TokenStream {
    let (ident, wire) = (&field.ident, &field.wire);
    let docs = docs::attributes(&match field.docs.as_str() {
        "" => format!("Sets `{wire}`."),
        text => text.to_owned(),
    });
    let (argument, convert) = conversion(field.inner.as_ref().unwrap_or(&field.ty));
    let deprecation = field.deprecation();
    if !field.clearable {
        return quote! {
            #(#docs)*
            #deprecation
            pub fn #ident(mut self, value: #argument) -> Self {
                self.#ident = self.problems.#convert(#wire, value);
                self
            }
        };
    }
    let clear = format_ident!("clear_{}", ident.to_string().trim_end_matches('_'));
    let clear_docs = docs::attributes(&format!(
        "Clears `{wire}`: sends `null`. A field that is not set is not sent, and stays as it is."
    ));
    quote! {
        #(#docs)*
        #deprecation
        pub fn #ident(mut self, value: #argument) -> Self {
            self.#ident = self.problems.#convert(#wire, value).map_or(Patch::Absent, Patch::Value);
            self
        }
        #(#clear_docs)*
        #deprecation
        pub fn #clear(mut self) -> Self {
            self.problems.settle(#wire);
            self.#ident = Patch::Null;
            self
        }
    }
}

fn maybe(field: &StructField) -> TokenStream {
    let (ident, wire) = (&field.ident, &field.wire);
    let maybe = format_ident!("maybe_{}", ident.to_string().trim_end_matches('_'));
    let (argument, convert) = conversion(field.inner.as_ref().unwrap_or(&field.ty));
    let convert = match convert.to_string().as_str() {
        "list" => quote!(maybe_list),
        "map" => quote!(maybe_map),
        _ => quote!(maybe),
    };
    let converted = quote!(self.problems.#convert(#wire, value));
    let converted =
        if field.clearable { quote!(#converted.map_or(Patch::Absent, Patch::Value)) } else { converted };
    let deprecation = field.deprecation();
    quote! {
        #deprecation
        pub fn #maybe(mut self, value: Option<#argument>) -> Self {
            self.#ident = #converted;
            self
        }
    }
}

/// The type of a setter's argument, and the method that converts it. Lists accept any iterator of items, maps any iterator of
/// pairs, other fields any value that converts.
fn conversion(target: &Type) -> (TokenStream, TokenStream) {
    if let Some(item) = argument_of(target, "Vec") {
        return (quote!(impl IntoIterator<Item: IntoValue<#item>>), quote!(list));
    }
    if let Some(item) = argument_of(target, "BTreeMap") {
        return (quote!(impl IntoIterator<Item = (impl Into<String>, impl IntoValue<#item>)>), quote!(map));
    }
    (quote!(impl IntoValue<#target>), quote!(value))
}
