//! Reads files of this repository, and of its revisions.

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

/// The names of all files that git knows or would add.
pub fn files(root: &Path) -> Result<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git cannot list the files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8(output.stdout).context("a file has a name that is not UTF-8")?;
    Ok(names.split_terminator('\0').map(str::to_owned).collect())
}
