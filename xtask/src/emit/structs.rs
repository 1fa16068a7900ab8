//! Structs: the generator's own, with what it cannot say added: closed to literals from outside, absent and null told
//! apart where that means something, secrets out of Debug, docs that rustdoc reads as prose.

use anyhow::{Result, bail};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::visit_mut::VisitMut;
use syn::{Field, Fields, Item, ItemStruct, Type, parse_quote};

use super::docs;
use super::gates::Gates;
use crate::lower::extension;
use crate::walk;

/// A struct of the client.
#[derive(Debug, Clone)]
pub struct Struct {
    /// Type name.
    pub name: String,
    /// Its fields, in the order of the generated file.
    pub fields: Vec<StructField>,
    item: ItemStruct,
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub struct StructField {
    /// Rust name.
    pub ident: syn::Ident,
    /// Name on the wire.
    pub wire: String,
    /// Whole type of the field.
    pub ty: Type,
    /// What the field holds when the type is `Option` or `Patch` of it.
    pub inner: Option<Type>,
    /// Whether null clears it, so that its type is `Patch`.
    pub clearable: bool,
    /// Doc comment.
    pub docs: String,
    debug: Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Debug {
    Plain,
    Hidden,
    WithoutQuery,
}

/// Takes the structs out of the generator's `types` module. Anything else in it is a type that this pipeline should
/// have emitted itself.
pub fn collect(items: Vec<Item>, lowered: &Value) -> Result<Vec<Struct>> {
    let mut structs = Vec::new();
    for item in items {
        match item {
            Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => {
                structs.push(read(item, lowered))
            }
            Item::Struct(item) => {
                bail!("type `{}`: the generator made a newtype of it; inline its schema", item.ident)
            }
            Item::Enum(item) => {
                bail!("type `{}`: the generator made an enum of it; give its schema a tag", item.ident)
            }
            _ => {}
        }
    }
    structs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(structs)
}

fn read(mut item: ItemStruct, lowered: &Value) -> Struct {
    Shorten.visit_item_struct_mut(&mut item);
    let name = item.ident.to_string();
    let schema = lowered.pointer(&format!("/components/schemas/{}", walk::escape(&name)));
    let fields = item.fields.iter().map(|field| read_field(field, schema)).collect();
    Struct { name, fields, item }
}

fn read_field(field: &Field, schema: Option<&Value>) -> StructField {
    let ident = field.ident.clone().unwrap_or_else(|| format_ident!("unnamed"));
    let wire = renamed(field).unwrap_or_else(|| ident.to_string());
    let property = schema.and_then(|schema| schema.pointer(&format!("/properties/{}", walk::escape(&wire))));
    let flag =
        |key: &str| property.and_then(|property| property.get(key)).and_then(Value::as_bool).unwrap_or(false);
    let inner = argument_of(&field.ty, "Option");
    let clearable = flag(extension::CLEARABLE);
    let ty = match &inner {
        Some(inner) if clearable => parse_quote!(Patch<#inner>),
        _ => field.ty.clone(),
    };
    let debug = match (flag(extension::SENSITIVE), flag(extension::SIGNED_URL)) {
        (true, _) => Debug::Hidden,
        (false, true) => Debug::WithoutQuery,
        (false, false) => Debug::Plain,
    };
    StructField { ident, wire, ty, inner, clearable, docs: docs::text(&field.attrs), debug }
}

/// The name in `#[serde(rename = "…")]`.
fn renamed(field: &Field) -> Option<String> {
    let mut name = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Other serde arguments end the parse; the generator writes `rename` first.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// `T` of `Outer<T>`.
pub fn argument_of(ty: &Type, outer: &str) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == outer)?;
    match &last.arguments {
        syn::PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().rev().find_map(|argument| match argument {
                syn::GenericArgument::Type(inner) => Some(inner.clone()),
                _ => None,
            })
        }
        _ => None,
    }
}

/// Emits all structs.
pub fn emit(structs: &[Struct], gates: &Gates, built: impl Fn(&str) -> bool) -> TokenStream {
    structs.iter().map(|one| emit_one(one, &gates.of_type(&one.name), built(&one.name))).collect()
}

fn emit_one(one: &Struct, gate: &TokenStream, built: bool) -> TokenStream {
    let ident = &one.item.ident;
    let docs = docs::attributes(&match docs::text(&one.item.attrs) {
        text if text == format!("`{}`", one.name) => format!("{}.", words(&one.name)),
        text => text,
    });
    let redacted = one.fields.iter().any(|field| field.debug != Debug::Plain);
    let debug = (!redacted).then(|| quote!(Debug,));
    let fields = one.fields.iter().map(|field| {
        let docs = docs::attributes(&match field.docs.as_str() {
            "" => format!("`{}`.", field.wire),
            text => text.to_owned(),
        });
        let serde = serde_attribute(field);
        let (ident, ty) = (&field.ident, &field.ty);
        quote!(#(#docs)* #serde pub #ident: #ty)
    });
    let manual = redacted.then(|| {
        let lines = one.fields.iter().map(|field| {
            let (ident, label) = (&field.ident, field.ident.to_string());
            match field.debug {
                Debug::Plain => quote!(.field(#label, &self.#ident)),
                Debug::Hidden => quote!(.field(#label, &redact::hidden(&self.#ident))),
                Debug::WithoutQuery => quote!(.field(#label, &redact::without_query(&self.#ident))),
            }
        });
        let label = &one.name;
        quote! {
            #gate
            impl fmt::Debug for #ident {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(#label) #(#lines)* .finish()
                }
            }
        }
    });
    let times = times(one, gate);
    let builder = built.then(|| {
        quote! {
            #gate
            impl #ident {
                /// A builder with nothing set.
                pub fn builder() -> builder::#ident {
                    builder::#ident::default()
                }
            }
        }
    });
    quote! {
        #(#docs)*
        #gate
        #[derive(Clone, #debug PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct #ident { #(#fields,)* }
        #manual
        #builder
        #times
    }
}

/// A timestamp stays what the wire has, seconds or ISO 8601; a method reads it.
fn times(one: &Struct, gate: &TokenStream) -> Option<TokenStream> {
    let is_time = |field: &&StructField| {
        let ty = spelled(field.inner.as_ref().unwrap_or(&field.ty));
        field.wire.ends_with("_at") && !field.clearable && matches!(ty.as_str(), "i64" | "String")
    };
    let methods: Vec<TokenStream> = one
        .fields
        .iter()
        .filter(is_time)
        .map(|field| {
            let (ident, method) = (&field.ident, format_ident!("{}_time", field.wire));
            let doc =
                format!(" `{}` as a point in time; none when it is absent, or is no timestamp.", field.wire);
            quote! {
                #[doc = #doc]
                pub fn #method(&self) -> Option<SystemTime> {
                    timestamp::read(&self.#ident)
                }
            }
        })
        .collect();
    let ident = &one.item.ident;
    (!methods.is_empty()).then(|| quote!(#gate impl #ident { #(#methods)* }))
}

fn serde_attribute(field: &StructField) -> TokenStream {
    let wire = &field.wire;
    let rename = (field.ident != *wire).then(|| quote!(rename = #wire,));
    let skip = match (field.clearable, &field.inner) {
        (true, _) => quote!(default, skip_serializing_if = "Patch::is_absent",),
        (false, Some(_)) => quote!(default, skip_serializing_if = "Option::is_none",),
        (false, None) => TokenStream::new(),
    };
    match (rename, skip) {
        (None, skip) if skip.is_empty() => TokenStream::new(),
        (rename, skip) => quote!(#[serde(#rename #skip)]),
    }
}

/// `CreateVideoEnvelope` as a person says it: "Create video envelope".
fn words(name: &str) -> String {
    let snake = heck::ToSnakeCase::to_snake_case(name).replace('_', " ");
    let mut letters = snake.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The generator spells every path out; the emitted modules import what they use.
pub struct Shorten;

impl VisitMut for Shorten {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        syn::visit_mut::visit_path_mut(self, path);
        let text: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let known = matches!(
            text.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
            ["std", "option", "Option"]
                | ["std", "string", "String"]
                | ["std", "vec", "Vec"]
                | ["std", "collections", "BTreeMap"]
                | ["crate", "types", _]
        );
        if known && let Some(last) = path.segments.last().cloned() {
            path.leading_colon = None;
            path.segments = std::iter::once(last).collect();
        }
    }
}

/// Formats a type for a comparison or a message.
pub fn spelled(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(' ', "")
}
