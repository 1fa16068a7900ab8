//! Runs the benches of other packages, by `cargo bench`: xtask depends on none of our crates. The benches print their
//! results themselves.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::generate::workspace_root;

/// `cargo xtask bench sim`.
pub fn sim(seconds: u64) -> Result<()> {
    run("heygen-sim", "load", &["--seconds", &seconds.to_string()])?;
    super::callgrind::sim()
}

/// `cargo xtask bench call`.
pub fn call() -> Result<()> {
    run("heygen-benches", "calls", &[])?;
    super::callgrind::call()
}

/// `cargo xtask bench migrate`.
pub fn migrate() -> Result<()> {
    run("heygen-benches", "migrate", &[])
}

/// `cargo xtask bench transfer`.
pub fn transfer() -> Result<()> {
    run("heygen-benches", "transfers", &[])
}

/// `cargo xtask bench wait`.
pub fn wait(count: usize) -> Result<()> {
    run("heygen-benches", "waits", &[&count.to_string()])
}

/// `cargo xtask bench webhook`.
pub fn webhook() -> Result<()> {
    run("heygen-benches", "webhooks", &[])
}

fn run(package: &str, bench: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new("cargo")
        .args(["bench", "--quiet", "--package", package, "--bench", bench])
        .arg("--")
        .args(arguments)
        .current_dir(workspace_root())
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the bench `{bench}` of {package} failed: {status}");
    }
    Ok(())
}
