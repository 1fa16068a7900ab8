//! Rust tokens become text as people lay it out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::quote;

use crate::files::MARK;

/// The text of items.
pub fn items(tokens: TokenStream) -> Result<String> {
    let spelled = tokens.to_string();
    let parsed: syn::File =
        syn::parse2(tokens).with_context(|| format!("what was emitted is not Rust: {spelled}"))?;
    Ok(space_out(&prettyplease::unparse(&parsed)))
}

/// The text of items inside of a macro's braces, behind the attribute that says when they are there.
pub fn inside(name: &str, gate: &TokenStream, body: &str) -> Result<String> {
    let indented: String = body
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") })
        .collect();
    Ok(format!("{}{name}! {{\n{indented}}}\n", attribute(gate)?))
}

/// The text of an attribute, on a line of its own; nothing for none.
pub fn attribute(gate: &TokenStream) -> Result<String> {
    if gate.is_empty() {
        return Ok(String::new());
    }
    let text = items(quote!(#gate struct Place;))?;
    Ok(text.trim_end().trim_end_matches("struct Place;").to_owned())
}

/// The setters of a builder, and apart from them those that take an `Option`; empty for none.
pub fn setters(
    builder: &syn::Ident,
    gate: &TokenStream,
    all: TokenStream,
    optional: Vec<TokenStream>,
) -> Result<String> {
    let mut text = String::new();
    if !all.is_empty() {
        text.push('\n');
        text.push_str(&items(quote!(#gate impl #builder { #all }))?);
    }
    if !optional.is_empty() {
        let block = items(quote! {
            /// Setters that take an `Option`: `None` takes back what the setter without `maybe_` has set.
            #gate
            impl #builder { #(#optional)* }
        })?;
        // Without blank lines: they all do one thing.
        text.push('\n');
        text.extend(block.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")));
    }
    Ok(text)
}

/// Most columns of a line of code.
const WIDTH: usize = 100;

/// A list between `head` and `tail`: on one line where it fits, else on as few lines as it takes.
pub fn listed(head: &str, words: impl Iterator<Item = String>, tail: &str) -> String {
    let words: Vec<String> = words.collect();
    let line = format!("{head} {}, {tail}", words.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    let (mut text, mut line) = (head.to_owned(), String::new());
    for word in words {
        if line.is_empty() || line.len() + word.len() + 2 > WIDTH {
            text.push_str(&line);
            line = format!("\n    {word},");
        } else {
            line.push_str(&format!(" {word},"));
        }
    }
    format!("{text}{line}\n{tail}")
}

/// A whole file: what it is for, what it imports, and its pieces with blank lines between them.
///
/// Of the imports, each a path, those stay whose last word one of the pieces has.
pub fn file(doc: &str, imports: &[&str], pieces: &[String]) -> String {
    let mut text = format!("//! {doc}\n//!\n//! {MARK}; not to be edited.\n");
    let lines = pieces.iter().flat_map(|piece| piece.lines());
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    let words: BTreeSet<&str> =
        code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    let wanted = imports.iter().filter(|path| match path.rsplit("::").next() {
        Some("*") | None => true,
        Some(last) => words.contains(last.trim_end_matches(" as _")),
    });
    let mut grouped: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
    for (module, last) in wanted.filter_map(|path| path.rsplit_once("::")) {
        grouped.entry((module.starts_with("crate"), module)).or_default().push(last);
    }
    if !grouped.is_empty() {
        text.push('\n');
    }
    for ((_, module), names) in grouped {
        match names.as_slice() {
            [only] => text.push_str(&format!("use {module}::{only};\n")),
            several => text.push_str(&format!("use {module}::{{{}}};\n", several.join(", "))),
        }
    }
    let mut previous = "";
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        // Calls of macros on one line each stand close together.
        let line = |piece: &str| piece.trim_end().lines().count() == 1;
        if !(line(piece) && line(previous)) || previous.is_empty() {
            text.push('\n');
        }
        text.push_str(piece);
        previous = piece;
    }
    text
}

/// Blank lines between the items of a file, and between the functions of an `impl`.
fn space_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut closed = false;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let starts_item = indent <= 4 && !line.trim_start().starts_with('}') && !line.trim().is_empty();
        if closed && starts_item {
            out.push('\n');
        }
        closed = indent <= 4 && (line.trim() == "}" || line == "};");
        out.push_str(line);
        out.push('\n');
    }
    out
}
