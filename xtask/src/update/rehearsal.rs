//! Compiles and tests the workspace after an update, and says which hand-written code the update breaks.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Compiles the workspace, and runs the tests of all crates together. Snapshots of shapes are updated.
///
/// Tests whose name contains one of `skipped` do not run.
pub fn run(root: &Path, skipped: &[&str]) -> Result<()> {
    let whole = &["--workspace", "--all-features", "--all-targets"][..];
    // An operation that the provider excludes is there only with the feature `preview`, which other packages enable.
    let by_default = &["--package", "heygen-ext"];
    for what in [whole, by_default] {
        let check = [&["check", "--message-format=short"], what].concat();
        if let Some(output) = cargo(root, &check)? {
            bail!(
                "hand-written code does not compile with the new document:\n{}",
                list(&output, |line| line.contains(": error"))
            );
        }
    }
    let packages = ["test", "--package", "heygen-tests", "--package", "heygen-example-shapes"];
    let mut arguments = [&packages[..], &["--test", "it", "--no-fail-fast", "--"]].concat();
    for name in skipped {
        arguments.extend(["--skip", name]);
    }
    let failures = cargo(root, &arguments)?;
    if let Some(output) = failures {
        bail!(
            "these tests need a change for the new document:\n{}",
            list(&output, |line| line.starts_with("test ") && line.ends_with("FAILED"))
        );
    }
    Ok(())
}

/// Runs cargo. Returns what it printed if it failed.
pub fn cargo(root: &Path, arguments: &[&str]) -> Result<Option<String>> {
    eprintln!("cargo {}", arguments.join(" "));
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(root)
        .env("INSTA_UPDATE", "always")
        .output()
        .context("cannot run cargo")?;
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok((!output.status.success()).then(|| printed.concat()))
}

/// The lines of an output that matter, or the whole output if none does.
fn list(output: &str, matters: impl Fn(&str) -> bool) -> String {
    let lines: BTreeSet<&str> = output.lines().filter(|line| matters(line)).collect();
    if lines.is_empty() { output.to_owned() } else { lines.into_iter().collect::<Vec<_>>().join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_listed_once_and_an_unknown_output_as_a_whole() {
        let output = "a.rs:1: error: x\nnote\na.rs:1: error: x\n";
        assert_eq!(list(output, |line| line.contains(": error")), "a.rs:1: error: x");
        assert_eq!(list("killed", |line| line.contains(": error")), "killed");
    }
}
