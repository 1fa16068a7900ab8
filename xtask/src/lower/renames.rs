//! Records the old names of types that a person has renamed by `x-rust-name`: each becomes a deprecated alias, so that programs
//! compile with the next version too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::names_lock::{self, NamesLock, OldName};
use crate::walk;

/// Runs the pass, for the version of this workspace.
pub fn apply(document: &mut Value, lock: &NamesLock, version: &str) {
    let types: BTreeSet<&String> = walk::components(document).map(|(name, _)| name).collect();
    let given = |section: &str| document.get(names_lock::EXTENSION).and_then(|names| names.get(section));
    let mut aliases: BTreeMap<String, OldName> = BTreeMap::new();
    for (section, known) in [("components", &lock.components), ("inline", &lock.inline)] {
        for (place, old) in known {
            let new = given(section).and_then(|names| names.get(place)).and_then(Value::as_str);
            if let Some(new) = new.filter(|new| new != old) {
                aliases.insert(old.clone(), OldName { now: new.to_owned(), since: version.to_owned() });
            }
        }
    }
    for (old, alias) in lock.aliases.iter().filter(|(_, alias)| alias.is_kept(version)) {
        // The new name may have been changed again.
        let now = aliases.get(&alias.now).map_or(&alias.now, |again| &again.now).clone();
        aliases.entry(old.clone()).or_insert(OldName { now, since: alias.since.clone() });
    }
    aliases.retain(|old, alias| !types.contains(old) && types.contains(&alias.now));
    document[names_lock::EXTENSION]["aliases"] = json!(aliases);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(components: &[(&str, &str)], aliases: &[(&str, &str, &str)]) -> NamesLock {
        NamesLock {
            components: components
                .iter()
                .map(|(key, name)| ((*key).to_owned(), (*name).to_owned()))
                .collect(),
            aliases: aliases
                .iter()
                .map(|(old, now, since)| {
                    ((*old).to_owned(), OldName { now: (*now).to_owned(), since: (*since).to_owned() })
                })
                .collect(),
            ..NamesLock::default()
        }
    }

    fn aliases(lock: &NamesLock, version: &str) -> Value {
        let mut document = json!({
            "components": {"schemas": {"New": {}, "Other": {}}},
            "x-names": {"components": {"a": "New", "b": "Other"}}});
        apply(&mut document, lock, version);
        document["x-names"]["aliases"].clone()
    }

    #[test]
    fn a_renamed_type_has_an_alias_for_one_version() {
        let renamed = lock(&[("a", "Old"), ("b", "Other"), ("gone", "Gone")], &[]);
        assert_eq!(aliases(&renamed, "0.1.0"), json!({"Old": {"now": "New", "since": "0.1.0"}}));
        let kept = lock(&[("a", "New")], &[("Old", "New", "0.1.0")]);
        assert_eq!(aliases(&kept, "0.2.0"), json!({"Old": {"now": "New", "since": "0.1.0"}}));
        assert_eq!(aliases(&kept, "0.3.0"), json!({}));
    }

    #[test]
    fn an_alias_of_a_name_that_changed_again_names_the_newest() {
        let twice = lock(&[("a", "Second")], &[("First", "Second", "0.1.0")]);
        let expected =
            json!({"First": {"now": "New", "since": "0.1.0"}, "Second": {"now": "New", "since": "0.1.0"}});
        assert_eq!(aliases(&twice, "0.1.0"), expected);
    }

    #[test]
    fn a_name_that_is_a_type_again_has_no_alias() {
        let reused = lock(&[("a", "New")], &[("Other", "New", "0.1.0")]);
        assert_eq!(aliases(&reused, "0.1.0"), json!({}));
    }
}
