//! `cargo xtask spec diff`: compares two documents, and reports the effects of each change on HTTP clients and on users of the
//! crate.
//!
//! Documents are compared by meaning. References, `allOf`, schemas that moved into or out of a component, titles, examples
//! and the order of keys make no difference; changes of descriptions are a kind of their own. [`kind`] is the table of all
//! kinds of changes with their effects.

pub mod change;
pub mod effect;
pub mod kind;
pub mod operations;
pub mod render;
pub mod report;
pub mod revision;
pub mod schemas;
pub mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use change::Change;
use effect::Direction;
use kind::Kind;
use report::{Place, Report};
use schemas::{Pair, Schemas};

use crate::lower::names::type_name;
use crate::names_lock::NamesLock;
use crate::walk;

/// The sections of a document that the pipeline reads.
const SECTIONS: [&str; 7] = ["openapi", "info", "servers", "security", "tags", "paths", "components"];

/// All changes from one document to another. Loud changes come first, then breaking ones, then others, each by kind and subject.
///
/// Rust names are those in `names`; a name that is not there is derived.
pub fn diff(old: &Value, new: &Value, names: &NamesLock) -> Vec<Change> {
    let mut report = Report { reached: reached(old, new), ..Report::default() };
    document(old, new, &mut report);
    let renamed = renamed(old, new);
    let mut schemas = Schemas::new(old, new, &renamed);
    operations::compare(old, new, names, &mut schemas, &mut report);
    components(old, new, names, &renamed, &mut schemas, &mut report);
    let mut changes = report.changes;
    changes.sort_by(|a, b| {
        let key = |change: &'_ Change| (!change.loud, !change.is_breaking(), change.kind);
        key(a).cmp(&key(b)).then_with(|| (&a.subject, &a.sentence).cmp(&(&b.subject, &b.sentence)))
    });
    changes.dedup();
    changes
}

fn document(old: &Value, new: &Value, report: &mut Report) {
    let place = |pointer: &str, path: &str| Place {
        subject: "the document".to_owned(),
        path: path.to_owned(),
        pointer: format!("#/{pointer}"),
        item: None,
        has_fields: false,
    };
    let version =
        |document: &Value| document.get("openapi").and_then(Value::as_str).unwrap_or_default().to_owned();
    let minor = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
    if minor(&version(old)) != minor(&version(new)) {
        report.add(
            Kind::VersionChanged,
            &place("openapi", ""),
            Direction::Both,
            &version(old),
            &version(new),
        );
    }
    let (before, now) = (operations::addresses(old), operations::addresses(new));
    for address in now.difference(&before) {
        report.add(Kind::AddressAdded, &place("servers", ""), Direction::Both, "", address);
    }
    for address in before.difference(&now) {
        report.add(Kind::AddressRemoved, &place("servers", ""), Direction::Both, address, "");
    }
    let sections = |document: &Value| {
        let keys = document.as_object().into_iter().flatten().map(|(name, _)| name.clone());
        keys.filter(|name| !SECTIONS.contains(&name.as_str()) && !name.starts_with("x-"))
            .collect::<BTreeSet<_>>()
    };
    let (before, now) = (sections(old), sections(new));
    now.difference(&before)
        .for_each(|name| report.add(Kind::SectionAdded, &place(name, ""), Direction::Both, "", name));
    before
        .difference(&now)
        .for_each(|name| report.add(Kind::SectionRemoved, &place(name, ""), Direction::Both, name, ""));
    let (before, now) = (schemes(old), schemes(new));
    for (name, old) in &before {
        let place = place(&format!("components/securitySchemes/{name}"), name);
        match now.get(name) {
            None => report.add(Kind::SchemeRemoved, &place, Direction::Both, old, ""),
            Some(new) if new != old => report.add(Kind::SchemeChanged, &place, Direction::Both, old, new),
            Some(_) => {}
        }
    }
    for (name, new) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let place = place(&format!("components/securitySchemes/{name}"), name);
        report.add(Kind::SchemeAdded, &place, Direction::Both, "", new);
    }
    for part in ["title", "version", "description"] {
        let text = |document: &Value| document.pointer(&format!("/info/{part}")).cloned();
        if text(old) != text(new) {
            report.add(Kind::TextChanged, &place("info", &format!("info.{part}")), Direction::Both, "", "");
        }
    }
    let tags = |document: &Value| {
        let all = document.get("tags").and_then(Value::as_array).into_iter().flatten();
        let pairs = all
            .filter_map(|tag| Some((tag.get("name")?.as_str()?.to_owned(), tag.get("description").cloned())));
        pairs.collect::<BTreeMap<_, _>>()
    };
    let (before, now) = (tags(old), tags(new));
    for name in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        if before.get(name) != now.get(name) {
            report.add(Kind::TextChanged, &place("tags", &format!("tag {name}")), Direction::Both, "", "");
        }
    }
}

/// The security schemes by name, each with a short description.
fn schemes(document: &Value) -> BTreeMap<String, String> {
    let all =
        document.pointer("/components/securitySchemes").and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, scheme)| {
        let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        let words = match text("type") {
            // Header names are not case-sensitive.
            "apiKey" => format!("a key in the {} `{}`", text("in"), text("name").to_lowercase()),
            "http" => format!("HTTP {}", text("scheme").to_lowercase()),
            other => other.to_owned(),
        };
        (name.clone(), words)
    })
    .collect()
}

fn components(
    old: &Value,
    new: &Value,
    names: &NamesLock,
    renamed: &BTreeMap<String, String>,
    schemas: &mut Schemas<'_>,
    report: &mut Report,
) {
    let (old_all, new_all): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (walk::components(old).collect(), walk::components(new).collect());
    let directions = [walk::directions(old), walk::directions(new)];
    let direction = |names: [&String; 2]| {
        let sent = directions.iter().zip(names).any(|((requests, _), name)| requests.contains(name));
        let received = directions.iter().zip(names).any(|((_, replies), name)| replies.contains(name));
        match (sent, received) {
            (true, false) => Direction::Request,
            (false, true) => Direction::Reply,
            _ => Direction::Both,
        }
    };
    for (name, schema) in &old_all {
        let now = renamed.get(*name).unwrap_or(name);
        match new_all.get(now) {
            None => {
                report.add(Kind::ComponentRemoved, &of_component(old, name, names), Direction::Both, name, "")
            }
            Some(newer) => {
                let place = of_component(new, now, names);
                if now != *name {
                    report.add(Kind::ComponentRenamed, &place, Direction::Both, name, now);
                }
                let direction = direction([name, now]);
                schemas.component(&Pair { old: schema, new: newer, place, direction }, report);
            }
        }
    }
    let new_names: BTreeSet<&String> = renamed.values().collect();
    for name in new_all.keys().filter(|name| !old_all.contains_key(**name) && !new_names.contains(**name)) {
        report.add(Kind::ComponentAdded, &of_component(new, name, names), Direction::Both, "", name);
    }
}

fn of_component(document: &Value, name: &str, names: &NamesLock) -> Place {
    let derived = || type_name(name, walk::component(document, name).unwrap_or(&Value::Null));
    let rust = names.components.get(name).cloned().unwrap_or_else(derived);
    Place {
        subject: name.to_owned(),
        path: String::new(),
        pointer: format!("#/components/schemas/{}", walk::escape(name)),
        item: Some(format!("types::{rust}")),
        has_fields: true,
    }
}

/// Finds renamed components: those with equal content, which no other component has. Maps old names to new ones.
pub fn renamed(old: &Value, new: &Value) -> BTreeMap<String, String> {
    let unmatched = |these: &Value, others: &Value| {
        let known: BTreeSet<&String> = walk::components(others).map(|(name, _)| name).collect();
        let mut by_content: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, schema) in walk::components(these).filter(|(name, _)| !known.contains(name)) {
            let content = walk::canonical(schema.clone()).to_string();
            by_content.entry(content).or_default().push(name.clone());
        }
        by_content
    };
    let (before, mut now) = (unmatched(old, new), unmatched(new, old));
    let pairs =
        before.into_iter().filter_map(|(content, names)| match (&names[..], &now.remove(&content)?[..]) {
            ([old], [new]) => Some((old.clone(), new.clone())),
            _ => None,
        });
    pairs.collect()
}

/// For each component of either document, the operations that use it, directly or by references.
fn reached(old: &Value, new: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for document in [old, new] {
        for operation in walk::operations(document) {
            let mut roots = BTreeSet::new();
            walk::references(operation.value, &mut roots);
            for component in walk::closure(document, roots) {
                reached.entry(component).or_default().insert(operations::title(&operation));
            }
        }
    }
    reached
}
