//! Builders of request structs. A setter takes what converts into the field (a literal, a struct, another builder), and
//! keeps the first thing that went wrong for `build` to report.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use super::docs;
use super::gates::Gates;
use super::structs::{Struct, StructField, argument_of};

/// Emits the builders of the structs that `built` selects.
pub fn emit(structs: &[Struct], gates: &Gates, built: impl Fn(&str) -> bool) -> TokenStream {
    structs
        .iter()
        .filter(|one| built(&one.name))
        .map(|one| emit_one(one, &gates.of_type(&one.name)))
        .collect()
}

fn emit_one(one: &Struct, gate: &TokenStream) -> TokenStream {
    let ident = format_ident!("{}", one.name);
    let name = &one.name;
    let doc = docs::attributes(&format!("Builder of `{name}`."));
    let idents: Vec<_> = one.fields.iter().map(|field| &field.ident).collect();
    let held = one.fields.iter().map(|field| match (&field.inner, field.clearable) {
        (Some(_), _) => field.ty.clone(),
        (None, _) => {
            let ty = &field.ty;
            syn::parse_quote!(Option<#ty>)
        }
    });
    let setters = one.fields.iter().map(setter);
    let finish = one.fields.iter().map(|field| {
        let (ident, wire) = (&field.ident, &field.wire);
        match field.inner {
            Some(_) => quote!(#ident: self.#ident),
            None => quote!(#ident: construct::required(#name, #wire, self.#ident)?),
        }
    });
    quote! {
        #(#doc)*
        #gate
        #[derive(Clone, Default)]
        #[must_use]
        pub struct #ident {
            problem: construct::Problem,
            #(#idents: #held,)*
        }

        #gate
        impl #ident {
            #(#setters)*

            /// The finished value, or the first field that is missing or did not convert.
            pub fn build(self) -> Result<types::#ident, BuildError> {
                construct::no_problem(#name, self.problem)?;
                Ok(types::#ident { #(#finish,)* })
            }
        }

        // Field by field it would show what the finished value redacts.
        #gate
        impl fmt::Debug for #ident {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(#name).finish_non_exhaustive()
            }
        }

        #gate
        impl TryFrom<#ident> for types::#ident {
            type Error = BuildError;
            fn try_from(builder: #ident) -> Result<Self, BuildError> {
                builder.build()
            }
        }
    }
}

fn setter(field: &StructField) -> TokenStream {
    let (ident, wire) = (&field.ident, &field.wire);
    let docs = docs::attributes(&match field.docs.as_str() {
        "" => format!("Sets `{wire}`."),
        text => text.to_owned(),
    });
    let target = field.inner.as_ref().unwrap_or(&field.ty);
    let (generics, bound, convert) = conversion(target);
    if field.clearable {
        return clearable_setter(field, target, &docs);
    }
    quote! {
        #(#docs)*
        pub fn #ident<#generics>(mut self, value: V) -> Self where #bound {
            self.#ident = construct::#convert(&mut self.problem, #wire, value);
            self
        }
    }
}

/// A list takes anything that yields items, a map anything that yields pairs, all else what converts.
fn conversion(target: &Type) -> (TokenStream, TokenStream, TokenStream) {
    if let Some(item) = argument_of(target, "Vec") {
        let bound =
            quote!(V: IntoIterator, V::Item: TryInto<#item>, <V::Item as TryInto<#item>>::Error: Display);
        return (quote!(V), bound, quote!(list));
    }
    if let Some(item) = argument_of(target, "BTreeMap") {
        let bound =
            quote!(V: IntoIterator<Item = (K, T)>, K: Into<String>, T: TryInto<#item>, T::Error: Display);
        return (quote!(V, K, T), bound, quote!(map));
    }
    (quote!(V), quote!(V: TryInto<#target>, V::Error: Display), quote!(value))
}

fn clearable_setter(field: &StructField, target: &Type, docs: &[syn::Attribute]) -> TokenStream {
    let (ident, wire) = (&field.ident, &field.wire);
    let clear = format_ident!("clear_{}", ident.to_string().trim_end_matches('_'));
    let (generics, bound, convert) = conversion(target);
    let clear_docs =
        docs::attributes(&format!("Clears `{wire}`: sends null, where leaving it out leaves it as it is."));
    quote! {
        #(#docs)*
        pub fn #ident<#generics>(mut self, value: V) -> Self where #bound {
            self.#ident = construct::#convert(&mut self.problem, #wire, value).map_or(Patch::Absent, Patch::Value);
            self
        }
        #(#clear_docs)*
        pub fn #clear(mut self) -> Self {
            self.#ident = Patch::Null;
            self
        }
    }
}
