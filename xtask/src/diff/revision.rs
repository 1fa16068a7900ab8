//! Loads a document from a file or from a git revision.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{document, git};

/// Path of the document in the repository.
const DOCUMENT: &str = "openapi/heygen.json";

/// Loads a document from the file `name`. If the file does not exist, `name` is a git revision of the workspace at `root`, such
/// as `HEAD~1` or `v0.1.0`, optionally with a path: `HEAD~1:another/file.json`.
pub fn load(root: &Path, name: &str) -> Result<Value> {
    let path = Path::new(name);
    if path.is_file() {
        return document::load(path);
    }
    let object = if name.contains(':') { name.to_owned() } else { format!("{name}:{DOCUMENT}") };
    let text = git::show(root, &object)
        .with_context(|| format!("`{name}` is neither a file nor a git revision with `{DOCUMENT}`"))?;
    document::parse(&text, &object)
}
