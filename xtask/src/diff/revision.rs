//! Loads a document from a file or from a git revision.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::document;

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
    let output = Command::new("git")
        .args(["show", &object, "--"])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{name}` is neither a file nor a git revision with `{DOCUMENT}`: {}",
            reason.lines().next().unwrap_or_default()
        );
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("`{object}` is not text"))?;
    document::parse(&text, &object)
}
