//! Renders changes as text for a terminal, as Markdown, and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::change::Change;
use super::effect::{RustEffect, WireEffect};
use super::kind::Kind;

/// The summary of a list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The documents have the same meaning.
    Equal,
    /// Something was added, or descriptions changed.
    Additive,
    /// A program that worked before may stop working.
    Breaking,
}

impl Verdict {
    /// The verdict on a list of changes.
    pub fn of(changes: &[Change]) -> Self {
        match changes {
            [] => Self::Equal,
            some if some.iter().any(Change::is_breaking) => Self::Breaking,
            _ => Self::Additive,
        }
    }

    /// The exit status of `cargo xtask spec diff`: 0, 1 or 2.
    pub fn exit_status(self) -> u8 {
        self as u8
    }
}

/// The number of places from which on equal changes of a text share one line.
const MANY: usize = 4;

/// Groups of changes, the most important first.
fn groups(changes: &[Change]) -> [(&'static str, Vec<&Change>); 4] {
    let of =
        |keep: &dyn Fn(&Change) -> bool| changes.iter().filter(|change| keep(change)).collect::<Vec<_>>();
    [
        ("May harm without an error", of(&|change| change.loud)),
        ("Breaking", of(&|change| !change.loud && change.is_breaking())),
        ("New", of(&|change| !change.loud && !change.is_breaking() && !change.is_text())),
        ("Text", of(&|change| change.is_text())),
    ]
}

/// The number of changes in each group and advice for the next version, on one line.
pub fn summary(changes: &[Change]) -> String {
    let counts = groups(changes).map(|(name, group)| format!("{} {}", group.len(), name.to_lowercase()));
    let advice = match Verdict::of(changes) {
        Verdict::Equal => "nothing to publish",
        Verdict::Additive => "a minor version is enough",
        Verdict::Breaking => "publish as a breaking version",
    };
    format!("{}; {advice}", counts.join(", "))
}

/// Renders changes for a terminal.
pub fn text(changes: &[Change]) -> String {
    let mut out = String::new();
    for (name, group) in groups(changes).iter().filter(|(_, group)| !group.is_empty()) {
        let _ = writeln!(out, "{name}");
        lines(group).iter().for_each(|line| out.push_str(&format!("  {line}\n")));
        out.push('\n');
    }
    out + &summary(changes) + "\n"
}

/// Renders changes as Markdown, for a pull request or a changelog.
pub fn markdown(changes: &[Change]) -> String {
    let mut out = format!("{}.\n", capitalized(&summary(changes)));
    for (name, group) in groups(changes).iter().filter(|(_, group)| !group.is_empty()) {
        let _ = write!(out, "\n### {name}\n\n");
        lines(group).iter().for_each(|line| out.push_str(&format!("- {line}\n")));
    }
    out
}

/// One line for each change. Added schemas share one line, and so do equal changes of a text at many places.
fn lines(group: &[&Change]) -> Vec<String> {
    let repeated = |change: &Change| {
        change.is_text() && group.iter().filter(|other| other.sentence == change.sentence).count() >= MANY
    };
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for change in group.iter().filter(|change| repeated(change)) {
        *places.entry(change.sentence.as_str()).or_default() += 1;
    }
    let is_name = |change: &Change| change.kind == Kind::ComponentAdded;
    let line = |change: &&Change| {
        let known = change.items.iter().filter(|item| !item.ends_with(&change.subject));
        let items: String = known.map(|item| format!(" (`{item}`)")).collect();
        format!("`{}`{items}: {}{}", change.subject, change.sentence, effects(change))
    };
    let mut lines: Vec<String> =
        group.iter().filter(|change| !is_name(change) && !repeated(change)).map(line).collect();
    lines.extend(places.iter().map(|(sentence, count)| format!("{count} places: {sentence}")));
    let names: Vec<String> =
        group.iter().filter(|change| is_name(change)).map(|change| format!("`{}`", change.subject)).collect();
    if !names.is_empty() {
        lines.push(format!("new schemas: {}", names.join(", ")));
    }
    lines
}

/// Renders changes as JSON, for programs.
pub fn json(changes: &[Change]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(changes)
}

/// The breaking effects of a change as text; empty if it has none.
fn effects(change: &Change) -> String {
    let wire = match change.wire {
        WireEffect::Same | WireEffect::Additive => None,
        WireEffect::Breaking => Some("breaks callers"),
    };
    let rust = match change.rust {
        RustEffect::Text | RustEffect::New => None,
        RustEffect::RunTime => Some("programs compile and may fail"),
        RustEffect::Compile => Some("programs may not compile"),
    };
    let parts: Vec<&str> = wire.into_iter().chain(rust).collect();
    if parts.is_empty() { String::new() } else { format!(" — {}", parts.join("; ")) }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
