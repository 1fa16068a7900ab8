//! The difference between two public APIs, each given as one sorted line for each item.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Items that were removed and added. An item whose signature changed is in both lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SurfaceDiff {
    /// Items of the older API alone.
    pub removed: Vec<String>,
    /// Items of the newer API alone.
    pub added: Vec<String>,
}

impl SurfaceDiff {
    /// Compares two APIs.
    pub fn of(old: &str, new: &str) -> Self {
        let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (old.lines().collect(), new.lines().collect());
        let only = |these: &BTreeSet<&str>, others: &BTreeSet<&str>| {
            these.difference(others).map(|line| (*line).to_owned()).collect()
        };
        Self { removed: only(&old, &new), added: only(&new, &old) }
    }

    /// Whether the APIs are equal.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }

    /// The number of items on one line.
    pub fn summary(&self) -> String {
        format!("{} items removed or changed, {} added", self.removed.len(), self.added.len())
    }

    /// The items, as the lines of a diff.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.removed {
            let _ = writeln!(out, "- {line}");
        }
        for line in &self.added {
            let _ = writeln!(out, "+ {line}");
        }
        out
    }
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
        let diff = SurfaceDiff::of("A::x: String\nB\nC\n", "A::x: Option<String>\nC\nD\n");
        assert_eq!(diff.removed, ["A::x: String", "B"]);
        assert_eq!(diff.added, ["A::x: Option<String>", "D"]);
        assert_eq!(diff.text(), "- A::x: String\n- B\n+ A::x: Option<String>\n+ D\n");
        assert!(SurfaceDiff::of("A\n", "A\n").is_empty());
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
