//! `openapi/SOURCE.toml`: where the document came from, and what it was.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{generate, walk};

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Whose document it is, and what was changed in it.
    pub origin: String,
    /// The address at which the provider publishes the document.
    pub address: String,
    /// The day on which the document was brought in, such as `2026-09-07`.
    pub updated: String,
    /// Version of the document, by its own account.
    pub version: String,
    /// Version of OpenAPI.
    pub openapi: String,
    /// SHA-256 of `heygen.json`, in hexadecimal.
    pub sha256: String,
    /// Number of operations.
    pub operations: usize,
    /// Number of component schemas.
    pub schemas: usize,
}

const HEADER: &str = "\
# The source of heygen.json. `cargo xtask spec update` writes both. The document is never edited; corrections are in overlay.yaml.

";

impl Source {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    /// The entry for a document, brought in on the day `updated`.
    pub fn of(&self, document: &Value, bytes: &[u8], updated: &str) -> Self {
        let text =
            |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            origin: self.origin.clone(),
            address: self.address.clone(),
            updated: updated.to_owned(),
            version: text("/info/version"),
            openapi: text("/openapi"),
            sha256: generate::sha256(bytes),
            operations: walk::operations(document).len(),
            schemas: walk::components(document).count(),
        }
    }

    /// The content of the file.
    pub fn text(&self) -> Result<String> {
        Ok(format!("{HEADER}{}", toml::to_string(self)?))
    }
}
