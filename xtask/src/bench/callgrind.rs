//! Counts the instructions of a call or of a request with callgrind. Unlike times, they do not depend on the load of the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::generate::workspace_root;

/// Number of calls in the shorter run. The longer run makes twice as many.
const CALLS: u64 = 500;

/// Prints the instructions of one call in the bench `calls`: of bare reqwest, and of HeyGen.
///
/// Each side runs twice, the second time with twice as many calls. Starting the program and opening the connection cost
/// the same in both runs, so the difference between them is the cost of the calls alone.
///
/// The server is not counted: it is a child process, which callgrind does not follow by default. The kernel is not counted
/// either: callgrind counts only what the program itself executes.
pub(super) fn call() -> Result<()> {
    println!("instructions of one call");
    if !has_valgrind() {
        println!("  not counted: valgrind is not installed");
        return Ok(());
    }
    let bench = executable("heygen-benches", "calls")?;
    let folder = tempfile::tempdir()?;
    let arguments = |side: &'static str| ["--only", side, "--calls"];
    let rival = per_call(&bench, &arguments("rival"), folder.path())?;
    let ours = per_call(&bench, &arguments("ours"), folder.path())?;
    println!("  bare reqwest + serde_json  {rival:7}");
    println!("  HeyGen                     {ours:7}");
    println!("  ratio                      {:7.3}", ours as f64 / rival as f64);
    Ok(())
}

/// Prints the instructions of one request in the bench `load`: to the simulator, and to a bare axum handler that sends the same
/// response. Client and server are one process, so the client is counted on both sides.
pub(super) fn sim() -> Result<()> {
    println!("\ninstructions of one request, with its client");
    if !has_valgrind() {
        println!("  not counted: valgrind is not installed");
        return Ok(());
    }
    let bench = executable("heygen-sim", "load")?;
    let folder = tempfile::tempdir()?;
    println!("  {:12} {:>10} {:>10} {:>6}", "request", "simulator", "bare axum", "ratio");
    for kind in ["running", "completed", "create", "page-of10", "page-of100"] {
        let arguments = |side: &'static str| ["--repeat", kind, "--side", side, "--count"];
        let ours = per_call(&bench, &arguments("simulator"), folder.path())?;
        let rival = per_call(&bench, &arguments("bare-axum"), folder.path())?;
        println!("  {kind:12} {ours:10} {rival:10} {:6.2}", ours as f64 / rival as f64);
    }
    Ok(())
}

fn has_valgrind() -> bool {
    let mut command = Command::new("valgrind");
    let status = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The instructions of one call. The number of calls follows the arguments.
fn per_call(bench: &Path, arguments: &[&str], folder: &Path) -> Result<u64> {
    let short = count(bench, arguments, CALLS, folder)?;
    let long = count(bench, arguments, 2 * CALLS, folder)?;
    Ok(long.saturating_sub(short) / CALLS)
}

/// Counts the instructions of one run.
fn count(bench: &Path, arguments: &[&str], calls: u64, folder: &Path) -> Result<u64> {
    let profile = folder.join("profile");
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(bench)
        .args(arguments)
        .arg(calls.to_string())
        .output()
        .context("cannot run valgrind")?;
    if !output.status.success() {
        bail!("the bench failed under callgrind:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = fs::read_to_string(&profile)
        .with_context(|| format!("cannot read the callgrind profile {}", profile.display()))?;
    total(&text).with_context(|| format!("the callgrind profile of `{arguments:?}` has no line `totals:`"))
}

/// The total at the end of a callgrind profile.
fn total(profile: &str) -> Option<u64> {
    profile.lines().rev().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

/// Builds a bench and returns the path of its executable.
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
        bail!("cannot build the bench `{bench}` of {package}; cargo printed why");
    }
    find_executable(&String::from_utf8_lossy(&output.stdout), bench)
        .with_context(|| format!("cargo reported no executable for the bench `{bench}`"))
}

/// Finds the executable of a bench in the messages of cargo, which are one JSON object per line.
fn find_executable(messages: &str, bench: &str) -> Option<PathBuf> {
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
        assert_eq!(find_executable(messages, "calls"), Some("/target/calls-1".into()));
        assert_eq!(find_executable(messages, "webhooks"), None);
    }
}
