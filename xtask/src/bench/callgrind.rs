//! Instructions of a call, counted by callgrind. Unlike times they do not depend on what else the machine does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::generate::workspace_root;

/// Calls of the shorter run. The longer one makes twice as many.
const CALLS: u64 = 500;

/// Prints the instructions of one call of the bench `calls`, for both sides.
///
/// Each side runs twice, once with twice as many calls. What starts the program and opens the connection is the same in
/// both runs, so the difference is that of the calls alone.
///
/// The server is not counted: the bench starts it as a process of its own, and callgrind does not follow children unless
/// told to. Nor is the kernel: callgrind counts what the program itself executes.
pub(super) fn call() -> Result<()> {
    println!("instructions of one such call");
    if !has_valgrind() {
        println!("  not counted: valgrind is missing");
        return Ok(());
    }
    let bench = executable("heygen-benches", "calls")?;
    let folder = tempfile::tempdir()?;
    let rival = per_call(&bench, "rival", folder.path())?;
    let ours = per_call(&bench, "ours", folder.path())?;
    println!("  bare reqwest + serde_json  {rival:7}");
    println!("  HeyGen                     {ours:7}");
    println!("  ratio                      {:7.3}", ours as f64 / rival as f64);
    Ok(())
}

fn has_valgrind() -> bool {
    let mut command = Command::new("valgrind");
    let status = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn per_call(bench: &Path, side: &str, folder: &Path) -> Result<u64> {
    let short = count(bench, side, CALLS, folder)?;
    let long = count(bench, side, 2 * CALLS, folder)?;
    Ok(long.saturating_sub(short) / CALLS)
}

/// The instructions of a whole run.
fn count(bench: &Path, side: &str, calls: u64, folder: &Path) -> Result<u64> {
    let profile = folder.join(format!("{side}.{calls}"));
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(bench)
        .args(["--only", side, "--calls", &calls.to_string()])
        .output()
        .context("cannot run valgrind")?;
    if !output.status.success() {
        bail!("the bench fails under callgrind:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = fs::read_to_string(&profile)
        .with_context(|| format!("cannot read callgrind's profile {}", profile.display()))?;
    total(&text).with_context(|| format!("callgrind's profile of `{side}` has no total"))
}

/// The sum that callgrind writes at the end of a profile.
fn total(profile: &str) -> Option<u64> {
    profile.lines().rev().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

/// Builds a bench, and says where it is.
fn executable(package: &str, bench: &str) -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args([
            "bench",
            "--quiet",
            "--no-run",
            "--message-format",
            "json",
            "--package",
            package,
            "--bench",
            bench,
        ])
        .current_dir(workspace_root())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the bench `{bench}` of {package} does not build");
    }
    built(&String::from_utf8_lossy(&output.stdout), bench)
        .with_context(|| format!("cargo does not say where the bench `{bench}` is"))
}

/// The program of a bench among cargo's messages, one JSON object a line.
fn built(messages: &str, bench: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["target"]["name"] == bench)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_profile_is_found() {
        let profile = "version: 1\nevents: Ir\nsummary: 12\n\nfn=(1) main\n1 12\n\ntotals: 1234567\n";
        assert_eq!(total(profile), Some(1_234_567));
        assert_eq!(total("version: 1\n"), None);
    }

    #[test]
    fn a_bench_is_found_among_the_messages_of_cargo() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"calls"},"executable":null}
not JSON
{"reason":"compiler-artifact","target":{"name":"transfers"},"executable":"/target/transfers-1"}
{"reason":"compiler-artifact","target":{"name":"calls"},"executable":"/target/calls-1"}"#;
        assert_eq!(built(messages, "calls"), Some("/target/calls-1".into()));
        assert_eq!(built(messages, "webhooks"), None);
    }
}
