//! The difference between two public APIs, each given as one sorted line for each item.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Items that differ. An item whose signature changed is both removed and added.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SurfaceDiff {
    /// Items of the older API alone.
    pub removed: Vec<String>,
    /// Items of the newer API alone.
    pub added: Vec<String>,
    /// Items that need fewer features than before.
    pub opened: Vec<String>,
}

impl SurfaceDiff {
    /// Compares two APIs.
    pub fn of(old: &str, new: &str) -> Self {
        let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (old.lines().collect(), new.lines().collect());
        let names: BTreeSet<&str> = old.iter().map(|line| ungated(line)).collect();
        let mut diff = Self::default();
        for line in new.difference(&old) {
            let name = ungated(line);
            let opens = line.len() < gated(&old, name).map_or(0, str::len);
            let list = if names.contains(name) && opens { &mut diff.opened } else { &mut diff.added };
            list.push((*line).to_owned());
        }
        let opened: BTreeSet<&str> = diff.opened.iter().map(|line| ungated(line)).collect();
        let removed = old.difference(&new).filter(|line| !opened.contains(ungated(line)));
        diff.removed = removed.map(|line| (*line).to_owned()).collect();
        diff
    }

    /// Whether the APIs are equal.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.opened.is_empty()
    }

    /// The number of items on one line.
    pub fn summary(&self) -> String {
        format!(
            "{} items removed or changed, {} added, {} no longer need a feature",
            self.removed.len(),
            self.added.len(),
            self.opened.len()
        )
    }

    /// All items, as the lines of a diff.
    pub fn all(&self) -> String {
        let lists = [("-", &self.removed), ("+", &self.added), ("~", &self.opened)];
        lists
            .iter()
            .flat_map(|(sign, list)| list.iter().map(move |line| format!("{sign} {line}\n")))
            .collect()
    }

    /// The items that a person decides about, as the lines of a diff: types, their fields and variants, and methods of the
    /// client. Builders, conversions and the members of new types follow from these.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let new_types: BTreeSet<&str> = self.added.iter().filter_map(|line| type_name(line)).collect();
        let lists = [("-", &self.removed), ("+", &self.added), ("~", &self.opened)];
        for (sign, line) in
            lists.into_iter().flat_map(|(sign, list)| list.iter().map(move |line| (sign, line)))
        {
            let of_new_type = owner(line).is_some_and(|owner| new_types.contains(owner));
            let shown = match sign {
                "~" => ungated(line).starts_with(METHOD) || type_name(line).is_some(),
                _ => is_primary(line) && !(sign == "+" && of_new_type),
            };
            if shown {
                let _ = writeln!(out, "{sign} {line}");
            }
        }
        out
    }
}

const METHOD: &str = "Client::fn ";

/// The line without the features that it needs.
fn ungated(line: &str) -> &str {
    let mut rest = line;
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once("] ")) {
        rest = after;
    }
    rest
}

fn gated<'a>(lines: &BTreeSet<&'a str>, name: &str) -> Option<&'a str> {
    lines.iter().copied().find(|line| ungated(line) == name)
}

/// The name of the type that a line declares.
fn type_name(line: &str) -> Option<&str> {
    let rest = ungated(line);
    let rest = rest.strip_prefix("#[non_exhaustive] ").unwrap_or(rest);
    let name = rest.strip_prefix("struct types::").or_else(|| rest.strip_prefix("enum types::"))?;
    Some(name.split('<').next().unwrap_or(name)).filter(|name| !name.starts_with("builder::"))
}

/// The type whose field or variant a line declares.
fn owner(line: &str) -> Option<&str> {
    let rest = ungated(line).strip_prefix("types::")?;
    rest.split(['.', ':']).next()
}

fn is_primary(line: &str) -> bool {
    ungated(line).starts_with(METHOD) || type_name(line).is_some() || owner(line).is_some()
}

/// The next version of a crate: a breaking change raises the first number that is not zero, any other change the next one.
pub fn next_version(version: &str, breaking: bool) -> Option<String> {
    let mut parts = version.split('.').map(|part| part.parse::<u64>().ok());
    let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
    Some(match (major, breaking) {
        (0, true) => format!("0.{}.0", minor + 1),
        (0, false) => format!("0.{minor}.{}", patch + 1),
        (_, true) => format!("{}.0.0", major + 1),
        (_, false) => format!("{major}.{}.0", minor + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_changed_and_added_items_are_listed() {
        let diff = SurfaceDiff::of(
            "types::A.x: String\nstruct types::B\ntypes::C.x: u8\n",
            "types::A.x: Option<String>\nstruct types::D\ntypes::D.y: u8\ntypes::C.x: u8\nimpl From<D> for C\n",
        );
        assert_eq!(diff.removed, ["struct types::B", "types::A.x: String"]);
        assert_eq!(
            diff.text(),
            "- struct types::B\n- types::A.x: String\n+ struct types::D\n+ types::A.x: Option<String>\n"
        );
        assert!(SurfaceDiff::of("A\n", "A\n").is_empty());
    }

    #[test]
    fn an_item_that_needs_fewer_features_is_not_removed() {
        let method = "Client::fn get_a(&self) -> GetABuilder";
        let gated = format!("[preview] {method}");
        let diff = SurfaceDiff::of(&gated, method);
        assert_eq!((diff.removed.len(), diff.added.len()), (0, 0));
        assert_eq!(diff.text(), format!("~ {method}\n"));
        let diff = SurfaceDiff::of(method, &gated);
        assert_eq!(diff.text(), format!("- {method}\n+ {gated}\n"));
    }

    #[test]
    fn a_breaking_change_raises_the_first_number_that_is_not_zero() {
        for (version, breaking, next) in [
            ("0.1.0", true, "0.2.0"),
            ("0.1.3", false, "0.1.4"),
            ("1.2.3", true, "2.0.0"),
            ("1.2.3", false, "1.3.0"),
        ] {
            assert_eq!(next_version(version, breaking).as_deref(), Some(next));
        }
        assert_eq!(next_version("x", true), None);
    }
}
