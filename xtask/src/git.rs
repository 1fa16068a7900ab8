//! Reads files from revisions of this repository.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The text of an object, such as `HEAD~1:openapi/heygen.json`.
pub fn show(root: &Path, object: &str) -> Result<String> {
    let output = Command::new("git").args(["show", object, "--"]).current_dir(root).output();
    let output = output.context("cannot run git")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("git has no `{object}`: {}", reason.lines().next().unwrap_or_default());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{object}` is not text"))
}
