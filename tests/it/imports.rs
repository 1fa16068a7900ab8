//! Reads from the sources of a crate which file imports from which other file.
//!
//! A re-exported name is resolved to the file that defines it: what counts is where an item is defined, not the path by which
//! it is imported. Test code is ignored, because tests may import from everywhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// The contents of a crate's files, by path below `src/`.
pub(crate) type Sources = BTreeMap<String, String>;

type Path = Vec<String>;

/// One import: the importing file, the file that defines the name, and the path in the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) path: String,
}

/// The imports between the files of a crate.
pub(crate) struct Imports {
    pub(crate) edges: BTreeSet<Import>,
    /// Paths of the form `crate::Name` where `Name` is not a module, each with the file that contains it.
    pub(crate) through_root: BTreeSet<(String, String)>,
    /// All files of the crate except test code.
    pub(crate) files: BTreeSet<String>,
}

impl Imports {
    /// Reads the imports of a library crate.
    pub(crate) fn read(sources: &Sources) -> Self {
        let mut modules = Modules::default();
        modules.add("lib.rs", Path::new(), sources);
        let mut edges = BTreeSet::new();
        let mut through_root = BTreeSet::new();
        for module in modules.0.values() {
            for path in &module.paths {
                if let [name] = &path[..]
                    && !modules.is_module(path)
                    && !module.path.is_empty()
                {
                    through_root.insert((module.file.clone(), format!("crate::{name}")));
                }
                for to in modules.definers(path, module, 0) {
                    if to != module.file {
                        let path = format!("crate::{}", path.join("::"));
                        edges.insert(Import { from: module.file.clone(), to, path });
                    }
                }
            }
        }
        let files = modules.0.values().map(|module| module.file.clone()).collect();
        Self { edges, through_root, files }
    }

    /// Finds cycles of files that import each other. Of cycles that share a file, only the shortest is returned. Each cycle is
    /// a list that begins and ends with the same file.
    ///
    /// Imports between a module and the modules inside it are ignored, and so are those between the files of a pair.
    pub(crate) fn cycles(&self, pairs: &[[String; 2]]) -> Vec<Vec<String>> {
        let is_pair = |a: &str, b: &str| pairs.iter().any(|[x, y]| (x == a && y == b) || (x == b && y == a));
        let mut graph = Graph::new();
        for edge in &self.edges {
            let (from, to) = (module_of(&edge.from), module_of(&edge.to));
            if !(from.starts_with(&to) || to.starts_with(&from) || is_pair(&edge.from, &edge.to)) {
                graph.entry(&edge.from).or_default().insert(&edge.to);
            }
        }
        let mut found: Vec<Vec<String>> =
            graph.keys().filter_map(|file| shortest_cycle(file, &graph)).collect();
        found.sort_by_key(Vec::len);
        let mut cycles: Vec<Vec<String>> = Vec::new();
        for cycle in found {
            let known = |other: &Vec<String>| other.iter().any(|file| cycle.contains(file));
            if !cycles.iter().any(known) {
                cycles.push(cycle);
            }
        }
        cycles
    }
}

/// The imports of each file.
type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Finds the shortest path along imports from a file back to itself.
fn shortest_cycle(file: &str, graph: &Graph<'_>) -> Option<Vec<String>> {
    let mut reached_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([file]);
    while let Some(current) = queue.pop_front() {
        for target in graph.get(current).into_iter().flatten() {
            if *target == file {
                let mut cycle = vec![file.to_owned(), current.to_owned()];
                while let Some(before) = cycle.last().and_then(|last| reached_from.get(last.as_str())) {
                    cycle.push((*before).to_owned());
                }
                cycle.reverse();
                return Some(cycle);
            }
            if !reached_from.contains_key(target) {
                reached_from.insert(target, current);
                queue.push_back(target);
            }
        }
    }
    None
}

/// The path of the module that a file contains.
fn module_of(file: &str) -> Path {
    let stem = file.trim_end_matches(".rs");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    match stem {
        "lib" => Path::new(),
        _ => stem.split('/').map(str::to_owned).collect(),
    }
}

/// A module: a file, or an inline `mod` in a file.
struct Module {
    path: Path,
    file: String,
    /// The names that it imports or re-exports, with their absolute paths.
    names: BTreeMap<String, Path>,
    /// The modules that it imports by a glob.
    globs: Vec<Path>,
    /// The names that it defines.
    defined: BTreeSet<String>,
    /// The absolute paths that occur in it.
    paths: BTreeSet<Path>,
    /// Every identifier that occurs in it. They show which names of a glob it uses.
    identifiers: BTreeSet<String>,
}

#[derive(Default)]
struct Modules(BTreeMap<Path, Module>);

impl Modules {
    fn add(&mut self, file: &str, path: Path, sources: &Sources) {
        let Some(text) = sources.get(file) else { panic!("the file `{file}` does not exist") };
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.add_items(&syntax.items, file, path, sources);
    }

    fn add_items(&mut self, items: &[Item], file: &str, path: Path, sources: &Sources) {
        let items: Vec<&Item> = items.iter().filter(|item| !is_test(attributes(item))).collect();
        let mut children = BTreeSet::new();
        for item in &items {
            let Item::Mod(module) = item else { continue };
            let name = module.ident.to_string();
            children.insert(name.clone());
            let inner: Path = path.iter().cloned().chain([name]).collect();
            match &module.content {
                Some((_, items)) => self.add_items(items, file, inner, sources),
                None => {
                    let stem = inner.join("/");
                    let files = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
                    let Some(file) = files.iter().find(|file| sources.contains_key(*file)) else {
                        panic!("the module `{}` has no file", inner.join("::"));
                    };
                    self.add(file, inner, sources);
                }
            }
        }
        let mut reader = Reader { path: &path, children: &children, module: Module::new(path.clone(), file) };
        for item in &items {
            if !matches!(item, Item::Mod(_)) {
                reader.visit_item(item);
            }
        }
        let module = reader.module;
        self.0.insert(path, module);
    }

    /// Whether a path leads to a module, directly or by a re-export.
    fn is_module(&self, path: &[String]) -> bool {
        let known = |path: &[String]| self.0.contains_key(path);
        let reexported = |(name, parent): (&String, &[String])| self.0.get(parent)?.names.get(name);
        known(path) || path.split_last().and_then(reexported).is_some_and(|target| known(target))
    }

    /// The files that define the item at a path. A glob may have several.
    fn definers(&self, path: &[String], user: &Module, depth: usize) -> BTreeSet<String> {
        assert!(depth < 20, "the re-exports of `{}` form a cycle", path.join("::"));
        if let Some((last, rest)) = path.split_last()
            && last == "*"
        {
            let names = self.exported(rest, 0);
            let used = names.into_iter().filter(|name| user.identifiers.contains(name));
            let each = used.map(|name| rest.iter().cloned().chain([name]).collect::<Path>());
            return each.flat_map(|path| self.definers(&path, user, depth + 1)).collect();
        }
        let known = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]));
        let Some(length) = known else { return BTreeSet::new() };
        let module = &self.0[&path[..length]];
        let Some(name) = path.get(length) else { return BTreeSet::from([module.file.clone()]) };
        if module.defined.contains(name) {
            return BTreeSet::from([module.file.clone()]);
        }
        let rest = &path[length + 1..];
        if let Some(target) = module.names.get(name) {
            let target: Path = target.iter().chain(rest).cloned().collect();
            return self.definers(&target, user, depth + 1);
        }
        for glob in &module.globs {
            if self.exported(glob, 0).contains(name) {
                let target: Path = glob.iter().chain([name]).chain(rest).cloned().collect();
                return self.definers(&target, user, depth + 1);
            }
        }
        BTreeSet::from([module.file.clone()])
    }

    /// The names that a module defines, imports or re-exports.
    fn exported(&self, path: &[String], depth: usize) -> BTreeSet<String> {
        let Some(module) = self.0.get(path).filter(|_| depth < 20) else { return BTreeSet::new() };
        let mut names: BTreeSet<String> =
            module.defined.union(&module.names.keys().cloned().collect()).cloned().collect();
        for glob in &module.globs {
            names.extend(self.exported(glob, depth + 1));
        }
        names
    }
}

impl Module {
    fn new(path: Path, file: &str) -> Self {
        Self {
            path,
            file: file.to_owned(),
            names: BTreeMap::new(),
            globs: Vec::new(),
            defined: BTreeSet::new(),
            paths: BTreeSet::new(),
            identifiers: BTreeSet::new(),
        }
    }
}

/// Collects the imports of one module.
struct Reader<'a> {
    path: &'a Path,
    children: &'a BTreeSet<String>,
    module: Module,
}

impl Reader<'_> {
    /// The absolute path in the crate; `None` for a path into another crate.
    fn absolute(&self, segments: &[String]) -> Option<Path> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" if !rest.is_empty() => Some(self.path.iter().chain(rest).cloned().collect()),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                let kept = self.path.len().checked_sub(ups)?;
                Some(self.path[..kept].iter().chain(&segments[ups..]).cloned().collect())
            }
            child if self.children.contains(child) => {
                Some(self.path.iter().chain(segments).cloned().collect())
            }
            _ => None,
        }
    }

    fn use_tree(&mut self, tree: &UseTree, before: &mut Path) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(tree, before)),
            UseTree::Name(name) => self.import(before, &name.ident, &name.ident),
            UseTree::Rename(rename) => self.import(before, &rename.ident, &rename.rename),
            UseTree::Glob(_) => {
                if let Some(path) = self.absolute(before) {
                    self.module.paths.insert(path.iter().cloned().chain(["*".to_owned()]).collect());
                    self.module.globs.push(path);
                }
            }
        }
    }

    fn import(&mut self, before: &[String], name: &Ident, as_name: &Ident) {
        let mut path = before.to_vec();
        let mut as_name = as_name.to_string();
        if name == "self" {
            as_name = before.last().cloned().unwrap_or_default();
        } else {
            path.push(name.to_string());
        }
        if let Some(path) = self.absolute(&path) {
            self.module.paths.insert(path.clone());
            self.module.names.insert(as_name, path);
        }
    }

    /// Records the paths and the identifiers in the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    self.module.identifiers.insert(ident.to_string());
                    if colons != 2 {
                        self.finish_path(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.finish_path(&mut path);
                    self.tokens(group.stream());
                    colons = 0;
                }
                _ => {
                    self.finish_path(&mut path);
                    colons = 0;
                }
            }
        }
        self.finish_path(&mut path);
    }

    fn finish_path(&mut self, path: &mut Path) {
        if matches!(path.first().map(String::as_str), Some("crate" | "super"))
            && let Some(absolute) = self.absolute(path).filter(|path| !path.is_empty())
        {
            self.module.paths.insert(absolute);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            return;
        }
        self.module.defined.extend(defined(item));
        match item {
            Item::Use(item) => self.use_tree(&item.tree, &mut Vec::new()),
            Item::Macro(item) => self.tokens(item.mac.tokens.clone()),
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        // Quoted code belongs to another crate.
        if !call.path.segments.last().is_some_and(|name| name.ident.to_string().contains("quote")) {
            self.tokens(call.tokens.clone());
        }
    }

    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.module.identifiers.insert(ident.to_string());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Path = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1
            && let Some(path) = self.absolute(&segments)
        {
            self.module.paths.insert(path);
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(in crate::part)` is not an import.
    }
}

/// The names that an item defines. In a call of a macro, they are its first identifier and those after keywords such as
/// `struct` or `enum`.
fn defined(item: &Item) -> Vec<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => match &item.ident {
            Some(ident) => ident,
            None => return defined_by_macro(item.mac.tokens.clone()),
        },
        _ => return Vec::new(),
    };
    vec![ident.to_string()]
}

fn defined_by_macro(tokens: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut before = String::new();
    for token in tokens {
        let TokenTree::Ident(ident) = token else { continue };
        if matches!(before.as_str(), "" | "struct" | "enum" | "fn" | "static" | "const") {
            names.push(ident.to_string());
        }
        before = ident.to_string();
    }
    names
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether the attributes contain `#[cfg(test)]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|argument| argument.is_ident("test"))
    })
}
