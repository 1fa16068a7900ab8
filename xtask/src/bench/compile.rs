//! `cargo xtask bench compile`: build times.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{median, seconds};
use crate::generate::workspace_root;

const RUNS: usize = 3;

struct Case {
    name: &'static str,
    dependencies: String,
    main: &'static str,
}

/// Builds two small programs and prints the ratio of their build times. One depends on heygen-api, the other only on
/// reqwest and serde_json.
///
/// The ratio compares clean builds. A second column has the time for rebuilding only the program and heygen-api. It has
/// no ratio, because the code of the other program is one line.
pub fn compile() -> Result<()> {
    let root = workspace_root();
    let api = root.join("heygen-api");
    let common = "reqwest = { version = \"0.13\", features = [\"stream\"] }\nserde_json = \"1\"\n\
                  tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n";
    let cases = [
        Case {
            name: "reqwest + serde_json",
            dependencies: common.to_owned(),
            main: "#[tokio::main] async fn main() { let r = reqwest::get(\"https://localhost\").await.unwrap(); \
                   let v: serde_json::Value = serde_json::from_slice(&r.bytes().await.unwrap()).unwrap(); println!(\"{v}\"); }",
        },
        Case {
            name: "heygen-api",
            dependencies: format!("heygen-api = {{ path = {:?} }}\n{common}", api.display().to_string()),
            main: "#[tokio::main] async fn main() { let c = heygen_api::Client::builder().api_key(\"k\").build().unwrap(); \
                   let v = c.get_video().video_id(\"v\").send().await.unwrap(); println!(\"{v:?}\"); }",
        },
    ];
    let folder = tempfile::tempdir()?;
    for (label, arguments) in [("cargo check", vec!["check"]), ("release build", vec!["build", "--release"])]
    {
        let mut clean_builds = Vec::new();
        let mut rebuilds = Vec::new();
        for case in &cases {
            let project = folder.path().join(case.name.replace([' ', '+'], "_"));
            write(&project, case)?;
            let (mut clean_times, mut rebuild_times) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                clean(&project, Artifacts::All, &arguments)?;
                clean_times.push(cargo(&project, &arguments)?);
                clean(&project, Artifacts::OwnCode, &arguments)?;
                rebuild_times.push(cargo(&project, &arguments)?);
            }
            clean_builds.push(median(clean_times));
            rebuilds.push(median(rebuild_times));
        }
        println!("{label} (median of {RUNS})");
        for (index, case) in cases.iter().enumerate() {
            println!(
                "  {:<24}clean {:>9}   own code only {:>9}",
                case.name,
                seconds(clean_builds[index]),
                seconds(rebuilds[index])
            );
        }
        println!("  {:<24}clean {:>9.2}", "ratio", ratio(&clean_builds));
    }
    Ok(())
}

fn ratio(times: &[Duration]) -> f64 {
    match times {
        [rival, ours] => ours.as_secs_f64() / rival.as_secs_f64(),
        _ => f64::NAN,
    }
}

fn write(project: &Path, case: &Case) -> Result<()> {
    fs::create_dir_all(project.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{}",
        case.dependencies
    );
    fs::write(project.join("Cargo.toml"), manifest)?;
    fs::write(project.join("src/main.rs"), case.main)?;
    // The lock file gives both programs the same versions, and cargo resolves nothing from the network.
    fs::copy(workspace_root().join("Cargo.lock"), project.join("Cargo.lock"))?;
    Ok(())
}

/// Removes build artifacts: all of them, or only those of the program and heygen-api.
fn clean(project: &Path, artifacts: Artifacts, arguments: &[&str]) -> Result<()> {
    let release = arguments.contains(&"--release").then_some("--release");
    let packages: &[&str] = match artifacts {
        Artifacts::All => &[],
        Artifacts::OwnCode => &["probe", "heygen-api"],
    };
    // One of the programs does not depend on heygen-api, and `cargo clean` fails for a package that does not exist. So
    // each package is cleaned by a command of its own, whose failure is ignored.
    let selections: Vec<Vec<&str>> = match packages {
        [] => vec![vec![]],
        packages => packages.iter().map(|package| vec!["--package", *package]).collect(),
    };
    for selection in selections {
        let mut command = Command::new("cargo");
        command.arg("clean").args(release).args(selection).current_dir(project);
        command.env("CARGO_TARGET_DIR", project.join("target")).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().context("cannot run cargo")?;
    }
    Ok(())
}

enum Artifacts {
    All,
    OwnCode,
}

fn cargo(project: &Path, arguments: &[&str]) -> Result<Duration> {
    let start = Instant::now();
    let output = Command::new("cargo")
        .args(arguments)
        .arg("--quiet")
        .current_dir(project)
        .env("CARGO_TARGET_DIR", project.join("target"))
        // As cargo compiles a dependency from a registry. heygen-api is one by path here.
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cannot build the benchmark program:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(start.elapsed())
}
