//! `openapi/names.lock`: the Rust name of every operation, component and inline schema, as the last run gave it.
//!
//! A name that was given stays: a new component with an equal inline enumeration, or a renamed component, changes no type. A
//! person changes a name by `x-rust-name` in the overlay.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The extension of the lowered document that has all names, in the form of this file.
pub const EXTENSION: &str = "x-names";

/// Names that were given.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamesLock {
    /// `operationId` to method.
    #[serde(default)]
    pub operations: BTreeMap<String, String>,
    /// Name of a component in the document to type.
    #[serde(default)]
    pub components: BTreeMap<String, String>,
    /// Place of an inline schema to type. The place is the type or method that has the schema, and the path from there,
    /// such as `VideoDetail.status`.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// Old name of a type to its name now: a deprecated alias in the client.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, OldName>,
}

/// The new name of a type, and when it got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldName {
    /// The name of the type now.
    pub now: String,
    /// Version of the workspace when the type was renamed.
    pub since: String,
}

impl OldName {
    /// Whether the client of this version has the alias: it stays until the version after the next one.
    pub fn is_kept(&self, version: &str) -> bool {
        let number = |version: &str| {
            let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
            let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            if major == 0 { minor } else { major }
        };
        number(version) <= number(&self.since) + 1
    }
}

/// Text at the beginning of the file.
const HEADER: &str = "\
# The Rust names of operations, components and inline schemas. `cargo xtask generate` and `cargo xtask spec update` write this
# file. To rename a type, set `x-rust-name` in overlay.yaml; its old name stays for one version, as a deprecated alias. To keep
# the old name of something that the provider renamed, move its entry to the new key.

";

impl NamesLock {
    /// Reads the file. A missing file has no names.
    pub fn load(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("{} is not valid", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The names in a lowered document.
    pub fn of(lowered: &Value) -> Result<Self> {
        let names = lowered.get(EXTENSION).cloned().unwrap_or_else(|| serde_json::json!({}));
        serde_json::from_value(names).context("the lowered document has no valid `x-names`")
    }

    /// The content of the file.
    pub fn text(&self) -> Result<String> {
        Ok(format!("{HEADER}{}", toml::to_string(self)?))
    }

    /// Whether a type has this name.
    pub fn has_type(&self, name: &str) -> bool {
        self.components.values().chain(self.inline.values()).any(|given| given == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_it_was_written() {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let lock = NamesLock {
            operations: map("getVideoV3", "get_video"),
            components: map("VideoDetailV3", "VideoDetail"),
            inline: map("VideoDetail.status", "VideoStatus"),
            aliases: BTreeMap::from([(
                "Video".to_owned(),
                OldName { now: "VideoDetail".to_owned(), since: "0.1.0".to_owned() },
            )]),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.lock");
        assert_eq!(NamesLock::load(&path).unwrap(), NamesLock::default());
        std::fs::write(&path, lock.text().unwrap()).unwrap();
        assert_eq!(NamesLock::load(&path).unwrap(), lock);
        std::fs::write(&path, "[types]\n").unwrap();
        assert!(format!("{:#}", NamesLock::load(&path).unwrap_err()).contains("names.lock is not valid"));
    }
}
