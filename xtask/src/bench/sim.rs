//! `cargo xtask bench sim`.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::generate::workspace_root;

/// Runs the load bench of heygen-sim, which prints its figures itself: nothing here depends on a crate of ours.
pub fn sim(seconds: u64) -> Result<()> {
    let status = Command::new("cargo")
        .args(["bench", "--quiet", "--package", "heygen-sim", "--bench", "load", "--", "--seconds"])
        .arg(seconds.to_string())
        .current_dir(workspace_root())
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the load bench of heygen-sim failed: {status}");
    }
    Ok(())
}
