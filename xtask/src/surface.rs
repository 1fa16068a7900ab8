//! The public API of a crate, from its sources: one line for each item that a program can name, sorted.
//!
//! It parses the sources, so it needs neither a build nor a nightly compiler. It follows a `pub use` of an item from a
//! private module.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, ImplItem, Item, Meta, Token, TraitItem, UseTree, Visibility};

use crate::git;
use crate::surface_macros::expand;

/// The public API of a crate at a git revision: the snapshot of that revision, which a test holds up to date.
pub fn at_revision(root: &Path, krate: &str, revision: &str) -> Result<String> {
    let path = format!("tests/it/snapshots/surface_of_{}.snap", krate.replace('-', "_"));
    let snapshot = git::show(root, &format!("{revision}:{path}"))?;
    let lines = snapshot.splitn(3, "---\n").last().map(str::to_owned);
    lines.with_context(|| format!("`{revision}:{path}` is not a snapshot"))
}

/// Lists the public API of the crate whose `lib.rs` is in the folder `source`.
pub fn of_crate(source: &Path) -> Result<String> {
    let root = read(&source.join("lib.rs"), source, Vec::new())?;
    let mut lines = BTreeSet::new();
    let mut walk = Walk { root: &root, lines: &mut lines };
    walk.module(&root, "", "");
    let public = public_types(walk.lines);
    walk.implementations(&root, &public);
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

/// The names of the types and traits among the lines.
fn public_types(lines: &BTreeSet<String>) -> BTreeSet<String> {
    let named = |line: &String| {
        let mut words = line.split([' ', '<', '(', '=']).filter(|word| !word.is_empty());
        words.find(|word| ["struct", "enum", "trait", "type"].contains(word))?;
        words.next().map(str::to_owned)
    };
    let paths = lines.iter().filter_map(named);
    paths.map(|path| path.rsplit("::").next().unwrap_or_default().to_owned()).collect()
}

/// Whether Rust code has one of these names.
fn mentions(code: &str, names: &BTreeSet<String>) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| names.contains(word))
}

struct Module {
    name: String,
    /// The names of the modules around it and its own. Empty for the root.
    path: Vec<String>,
    public: bool,
    gate: String,
    items: Vec<Item>,
    children: Vec<Module>,
}

fn read(file: &Path, folder: &Path, path: Vec<String>) -> Result<Module> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let parsed =
        syn::parse_file(&text).with_context(|| format!("cannot parse {} as Rust", file.display()))?;
    of_items(parsed.items, folder, path)
}

fn of_items(items: Vec<Item>, folder: &Path, path: Vec<String>) -> Result<Module> {
    let items: Vec<Item> = items.into_iter().flat_map(expand).collect();
    let mut children = Vec::new();
    for item in &items {
        let Item::Mod(module) = item else { continue };
        if is_test(&module.attrs) {
            continue;
        }
        let child = module.ident.to_string();
        let nested = folder.join(&child);
        let path = [&path[..], std::slice::from_ref(&child)].concat();
        let mut read = match &module.content {
            Some((_, items)) => of_items(items.clone(), &nested, path)?,
            None => {
                let flat: PathBuf = folder.join(format!("{child}.rs"));
                let file = if flat.exists() { flat } else { nested.join("mod.rs") };
                read(&file, &nested, path)?
            }
        };
        read.public = is_public(&module.vis);
        read.gate = gate(&module.attrs);
        children.push(read);
    }
    let name = path.last().cloned().unwrap_or_default();
    Ok(Module { name, path, public: true, gate: String::new(), items, children })
}

impl Module {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

struct Walk<'a> {
    root: &'a Module,
    lines: &'a mut BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn module(&mut self, module: &Module, path: &str, gate: &str) {
        for item in &module.items {
            self.item(module, item, path, gate);
        }
        for child in module.children.iter().filter(|child| child.public) {
            self.module(child, &join(path, &child.name), &join_gates(gate, &child.gate));
        }
    }

    fn item(&mut self, module: &Module, item: &Item, path: &str, outer: &str) {
        let mut add_line = |attributes: &[Attribute], line: String| {
            self.lines.insert(format!("{}{line}", join_gates(outer, &gate(attributes))));
        };
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                let name = join(path, &item.ident.to_string());
                let open = if is_non_exhaustive(&item.attrs) { "#[non_exhaustive] " } else { "" };
                add_line(&item.attrs, format!("{open}struct {name}{}", tokens(&item.generics)));
                if let Fields::Named(fields) = &item.fields {
                    for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                        let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                        add_line(&item.attrs, format!("{name}.{ident}: {}", tokens(&field.ty)));
                    }
                }
            }
            Item::Enum(item) if is_public(&item.vis) => {
                let name = join(path, &item.ident.to_string());
                let open = if is_non_exhaustive(&item.attrs) { "#[non_exhaustive] " } else { "" };
                add_line(&item.attrs, format!("{open}enum {name}{}", tokens(&item.generics)));
                for variant in &item.variants {
                    add_line(&item.attrs, format!("{name}::{}{}", variant.ident, tokens(&variant.fields)));
                }
            }
            Item::Trait(item) if is_public(&item.vis) => {
                let name = join(path, &item.ident.to_string());
                add_line(&item.attrs, format!("trait {name}{}", tokens(&item.generics)));
                for inner in &item.items {
                    if let TraitItem::Fn(function) = inner {
                        add_line(&item.attrs, format!("{name}::{}", tokens(&function.sig)));
                    }
                }
            }
            Item::Type(item) if is_public(&item.vis) => {
                let line = format!(
                    "type {}{} = {}",
                    join(path, &item.ident.to_string()),
                    tokens(&item.generics),
                    tokens(&item.ty)
                );
                add_line(&item.attrs, line);
            }
            Item::Const(item) if is_public(&item.vis) => {
                add_line(
                    &item.attrs,
                    format!("const {}: {}", join(path, &item.ident.to_string()), tokens(&item.ty)),
                );
            }
            Item::Static(item) if is_public(&item.vis) => {
                add_line(
                    &item.attrs,
                    format!("static {}: {}", join(path, &item.ident.to_string()), tokens(&item.ty)),
                );
            }
            Item::Fn(item) if is_public(&item.vis) => {
                add_line(&item.attrs, format!("{}{}", join(path, ""), tokens(&item.sig)));
            }
            Item::Use(item) if is_public(&item.vis) => {
                let gate = join_gates(outer, &gate(&item.attrs));
                self.reexport(module, &item.tree, Vec::new(), path, &gate)
            }
            _ => {}
        }
    }

    /// Lists what `pub use a::b`, `pub use a::{b, c}` or `pub use a::*` exports from modules of the same crate.
    fn reexport(&mut self, from: &Module, tree: &UseTree, mut prefix: Vec<String>, path: &str, gate: &str) {
        match tree {
            UseTree::Path(step) => {
                prefix.push(step.ident.to_string());
                self.reexport(from, &step.tree, prefix, path, gate);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.reexport(from, tree, prefix.clone(), path, gate);
                }
            }
            UseTree::Name(name) => {
                self.reexport_item(from, &prefix, Some(&name.ident.to_string()), path, gate)
            }
            UseTree::Glob(_) => self.reexport_item(from, &prefix, None, path, gate),
            UseTree::Rename(rename) => {
                self.reexport_item(from, &prefix, Some(&rename.ident.to_string()), path, gate)
            }
        }
    }

    fn reexport_item(
        &mut self,
        from: &Module,
        prefix: &[String],
        name: Option<&str>,
        path: &str,
        gate: &str,
    ) {
        let mut at = from;
        for step in prefix {
            at = match step.as_str() {
                "crate" => self.root,
                "self" => at,
                "super" => self.parent(at),
                name => match at.child(name) {
                    Some(child) => child,
                    // Of another crate.
                    None => return,
                },
            };
        }
        match name {
            None => self.module(at, path, gate),
            Some(name) => {
                if let Some(child) = at.child(name) {
                    return self.module(child, &join(path, name), &join_gates(gate, &child.gate));
                }
                for item in &at.items {
                    if item_name(item).is_some_and(|ident| ident == name) {
                        self.item(at, item, path, gate);
                    } else if let Item::Use(inner) = item
                        && is_public(&inner.vis)
                        && tokens(&inner.tree).contains(name)
                        && !std::ptr::eq(at, from)
                    {
                        self.reexport(at, &Only(name).within(&inner.tree), Vec::new(), path, gate);
                    }
                }
            }
        }
    }

    fn parent(&self, module: &Module) -> &'a Module {
        let around = module.path.iter().take(module.path.len().saturating_sub(1));
        around.fold(self.root, |at, name| at.child(name).unwrap_or(at))
    }

    /// Lists the public methods and the traits of public types, from every `impl` in the crate.
    fn implementations(&mut self, module: &Module, public: &BTreeSet<String>) {
        for item in &module.items {
            let Item::Impl(item) = item else { continue };
            let of = tokens(&item.self_ty);
            let place = gate(&item.attrs);
            let path = item.trait_.as_ref().map(|(path, _)| tokens(path)).unwrap_or_default();
            if !mentions(&of, public) && !mentions(&path, public) {
                continue;
            }
            match &item.trait_ {
                Some(_) => {
                    self.lines.insert(format!("{place}impl {path} for {of}"));
                }
                None => {
                    for inner in &item.items {
                        match inner {
                            ImplItem::Fn(function) if is_public(&function.vis) => {
                                let gates = join_gates(&place, &gate(&function.attrs));
                                self.lines.insert(format!("{gates}{of}::{}", tokens(&function.sig)));
                            }
                            ImplItem::Const(constant) if is_public(&constant.vis) => {
                                self.lines.insert(format!(
                                    "{place}{of}::{}: {}",
                                    constant.ident,
                                    tokens(&constant.ty)
                                ));
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        for child in &module.children {
            self.implementations(child, public);
        }
    }
}

/// Reduces the groups in a `use` tree to the one name that is looked up.
struct Only<'a>(&'a str);

impl Only<'_> {
    fn within(&self, tree: &UseTree) -> UseTree {
        match tree {
            UseTree::Path(step) => {
                let mut step = step.clone();
                step.tree = Box::new(self.within(&step.tree));
                UseTree::Path(step)
            }
            UseTree::Group(group) => {
                let mut group = group.clone();
                group.items = group.items.into_iter().filter(|tree| tokens(tree) == self.0).collect();
                UseTree::Group(group)
            }
            other => other.clone(),
        }
    }
}

fn item_name(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Struct(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Const(item) => Some(&item.ident),
        Item::Static(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        _ => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_test(attributes: &[Attribute]) -> bool {
    // The name of a feature is a literal, so `feature = "testing"` is not meant.
    fn names_test(tokens: proc_macro2::TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(name) => name == "test",
            proc_macro2::TokenTree::Group(group) => names_test(group.stream()),
            _ => false,
        })
    }
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .any(|attribute| names_test(attribute.to_token_stream()))
}

fn is_non_exhaustive(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"))
}

/// The features behind which an item is: `[a&b] ` if it needs both, `[a|b] ` if it needs one of them.
fn gate(attributes: &[Attribute]) -> String {
    let cfgs = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let predicates = cfgs.filter_map(|attribute| attribute.parse_args::<Meta>().ok());
    predicates.map(|meta| format!("[{}] ", predicate(&meta))).collect()
}

fn predicate(meta: &Meta) -> String {
    let list = match meta {
        Meta::Path(path) => return tokens(path),
        Meta::NameValue(pair) => return tokens(&pair.value).trim_matches('"').to_owned(),
        Meta::List(list) => list,
    };
    let inner = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let inner = inner.into_iter().flatten().map(|meta| match predicate(&meta) {
        several if several.contains(['&', '|']) => format!("({several})"),
        one => one,
    });
    let inner: Vec<String> = inner.collect();
    match tokens(&list.path).as_str() {
        "all" => inner.join("&"),
        "any" => inner.join("|"),
        not => format!("{not}({})", inner.join(",")),
    }
}

fn join_gates(outer: &str, inner: &str) -> String {
    if outer.ends_with(inner) { outer.to_owned() } else { format!("{outer}{inner}") }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}

/// The tokens on one line, with the usual spaces.
fn tokens(item: &impl ToTokens) -> String {
    let text = quote!(#item).to_string();
    let mut out = text;
    for (from, to) in [
        (" :: ", "::"),
        ("< ", "<"),
        (" <", "<"),
        (" >", ">"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("& ", "&"),
        (" :", ":"),
        (" ;", ";"),
        (" !", "!"),
        ("-> ", "-> "),
        (":: ", "::"),
    ] {
        out = out.replace(from, to);
    }
    out
}
