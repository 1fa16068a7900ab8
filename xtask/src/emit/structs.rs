//! Completes the structs of progenitor: they become `non_exhaustive`, fields of PATCH bodies distinguish absent and null, Debug
//! hides secrets, and descriptions become doc comments.

use anyhow::{Result, bail};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::visit_mut::VisitMut;
use syn::{Field, Fields, Item, ItemStruct, Type, parse_quote};

use super::{docs, text};
use crate::lower::extension;
use crate::walk;

/// A struct of the client.
#[derive(Debug, Clone)]
pub struct Struct {
    /// Type name.
    pub name: String,
    /// Fields, in the order of the generated file.
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
    /// Type of the field.
    pub ty: Type,
    /// The inner type, if the type is `Option` or `Patch`.
    pub inner: Option<Type>,
    /// Whether null clears the field, so that its type is `Patch`.
    pub clearable: bool,
    /// Doc comment.
    pub docs: String,
    /// Whether the service has deprecated the field.
    pub deprecated: bool,
    debug: Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Debug {
    Plain,
    Hidden,
    WithoutQuery,
}

impl StructField {
    /// The attribute of a deprecated field, and of its setters.
    pub fn deprecation(&self) -> Option<TokenStream> {
        self.deprecated.then(|| quote!(#[deprecated(note = "the service has deprecated this field")]))
    }

    /// Whether Debug shows the value unchanged.
    pub fn is_shown(&self) -> bool {
        self.debug == Debug::Plain
    }
}

/// Reads the structs from progenitor's module `types`. Any other type in it is an error: this pipeline should have emitted it.
pub fn collect(items: Vec<Item>, lowered: &Value) -> Result<Vec<Struct>> {
    let mut structs = Vec::new();
    for item in items {
        match item {
            Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => {
                structs.push(read(item, lowered))
            }
            Item::Struct(item) => {
                bail!(
                    "type `{}`: progenitor generated a newtype; the pass `aliases` should have inlined its schema",
                    item.ident
                )
            }
            Item::Enum(item) => {
                bail!(
                    "type `{}`: progenitor generated an enum; add a discriminator to its schema in the overlay",
                    item.ident
                )
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
    let schema = walk::component(lowered, &name);
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
    StructField {
        ident,
        wire,
        ty,
        inner,
        clearable,
        docs: docs::text(&field.attrs),
        deprecated: flag("deprecated"),
        debug,
    }
}

/// The name in `#[serde(rename = "…")]`.
fn renamed(field: &Field) -> Option<String> {
    let mut name = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Other serde arguments end the parse; progenitor writes `rename` first.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

/// The `T` of `Outer<T>`.
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

/// Where a struct travels, which decides what happens to a member that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Only in requests: an error that names the member.
    Request,
    /// Only in replies: the member is omitted.
    Reply,
    /// In both: the member is kept, because a program may send back what it received.
    Both,
}

/// The field for unknown members.
pub const EXTRA: &str = "extra";

/// Emits one struct.
pub fn emit(one: &Struct, direction: Direction, gate: &TokenStream) -> Result<String> {
    let ident = &one.item.ident;
    let docs = docs::attributes(&match docs::text(&one.item.attrs) {
        text if text == format!("`{}`", one.name) => String::new(),
        text => text,
    });
    let redacted = one.fields.iter().any(|field| field.debug != Debug::Plain);
    let debug = (!redacted).then(|| quote!(Debug,));
    let fields = one.fields.iter().map(|field| {
        let docs = docs::attributes(&field.docs);
        let (ident, ty) = (&field.ident, &field.ty);
        let deprecation = field.deprecation();
        quote!(#(#docs)* #deprecation pub #ident: #ty,)
    });
    let extra = (direction == Direction::Both).then(|| {
        quote! {
            /// Members that this version has no field for.
            pub extra: Extra,
        }
    });
    let item = text::items(quote! {
        #(#docs)*
        #gate
        #[derive(Clone, #debug PartialEq)]
        #[non_exhaustive]
        pub struct #ident { #(#fields)* #extra }
    })?;
    let times = text::items(times(one, gate).unwrap_or_default())?;
    let debug = if redacted { redacted_debug(one, direction, gate)? } else { String::new() };
    let object = object(one, direction, gate)?;
    Ok([item, object + &debug, times]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n"))
}

/// Emits the macro call that implements decoding and encoding.
fn object(one: &Struct, direction: Direction, gate: &TokenStream) -> Result<String> {
    let way = match direction {
        Direction::Request => "request",
        Direction::Reply => "reply",
        Direction::Both => "both",
    };
    let fields = one.fields.iter().map(|field| {
        let kind = match (field.clearable, &field.inner) {
            (true, _) => "patch",
            (false, Some(_)) => "optional",
            (false, None) => "required",
        };
        match field.ident == field.wire {
            true => format!("{kind} {}", field.ident),
            false => format!("{kind} {} = {:?}", field.ident, field.wire),
        }
    });
    let head = format!("object! {{ {}: {way} {{", one.name);
    let fields: Vec<String> = fields.collect();
    let list = match fields.is_empty() {
        true => format!("{head} }} }}"),
        false => text::listed(&head, fields.into_iter(), "} }"),
    };
    Ok(format!("{}{list}\n", text::attribute(gate)?))
}

/// Emits the macro call that implements Debug without secrets.
fn redacted_debug(one: &Struct, direction: Direction, gate: &TokenStream) -> Result<String> {
    let extra = (direction == Direction::Both).then(|| format!("shown {EXTRA}"));
    let fields = one.fields.iter().map(|field| {
        let how = match field.debug {
            Debug::Plain => "shown",
            Debug::Hidden => "hidden",
            Debug::WithoutQuery => "without_query",
        };
        format!("{how} {}", field.ident)
    });
    let head = format!("redacted_debug! {{ {} {{", one.name);
    Ok(format!("{}{}\n", text::attribute(gate)?, text::listed(&head, fields.chain(extra), "} }")))
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
                format!(" `{}` as a point in time; `None` if it is absent or not a timestamp.", field.wire);
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

/// Shortens paths to their last segment: progenitor writes full paths, but the emitted modules import what they use.
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
