//! `cargo xtask bench spec`: times what an update of the document costs, beside another generator on the same document.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{median, seconds};
use crate::diff;
use crate::document;
use crate::generate::workspace_root;
use crate::names_lock::NamesLock;
use crate::rehearse;
use crate::update::{self, Options};

const RUNS: usize = 7;

/// The other generator. It also makes types and a client that compile.
const RIVAL: &str = "openapi-to-rust";
const RIVAL_VERSION: &str = "0.23.0";

/// Times an update without compilation, a diff of two documents, and the generation beside that of openapi-to-rust.
pub fn spec() -> Result<()> {
    if cfg!(debug_assertions) {
        println!(
            "This is a debug build. For comparable figures: cargo run --release -p xtask -- bench spec\n"
        );
    }
    let root = workspace_root();
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("workspace");
    rehearse::copy_workspace(&root, &copy)?;
    let old = document::load(&root.join("openapi/heygen.json"))?;
    let newer = folder.path().join("newer.json");
    fs::write(&newer, edited(old.clone()).to_string())?;
    let rival = install_rival(&root)?;
    let rival_folder = folder.path().join("rival");
    fs::create_dir(&rival_folder)?;
    run(Command::new(&rival).arg("init").arg(root.join("openapi/heygen.json")).current_dir(&rival_folder))?;

    let (mut updates, mut diffs, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (new, names) = (document::load(&newer)?, NamesLock::load(&root.join("openapi/names.lock"))?);
    let program = std::env::current_exe().context("cannot find this program")?;
    for _ in 0..RUNS {
        let options = Options {
            from: Some(newer.display().to_string()),
            today: "2000-01-01".to_owned(),
            ..Options::default()
        };
        let start = Instant::now();
        let update = update::prepare(&copy, &options)?.context("the document did not change")?;
        update.write()?;
        updates.push(start.elapsed());
        rehearse::copy_workspace(&root, &copy)?;

        let start = Instant::now();
        diff::diff(&old, &new, &names);
        diffs.push(start.elapsed());
    }
    for _ in 0..RUNS {
        let out = folder.path().join("generated");
        ours.push(timed(Command::new(&program).args(["generate", "--out"]).arg(&out))?);
        theirs.push(timed(Command::new(&rival).arg("generate").current_dir(&rival_folder))?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("median of {RUNS} runs");
    println!("  spec update, without compilation  {}", seconds(median(updates)));
    println!("  spec diff of two documents        {}", seconds(median(diffs)));
    println!("  generate                          {}", seconds(ours));
    println!("  {RIVAL} {RIVAL_VERSION} generate   {}", seconds(theirs));
    println!("  ratio                             {:.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    Ok(())
}

/// A newer document: a field and an operation more, and another description.
fn edited(mut document: Value) -> Value {
    document["components"]["schemas"]["VideoDetail"]["properties"]["mood"] = json!({"type": "string"});
    document["paths"]["/v3/moods"]["get"] = json!({
        "operationId": "listMoods", "tags": ["Videos"], "summary": "List moods",
        "responses": {"200": {"description": "Success", "content": {"application/json": {"schema": {
            "type": "object", "properties": {"data": {"type": "array", "items": {"type": "string"}}}}}}}}});
    document["info"]["description"] = "Another text.".into();
    document
}

/// The program of [`RIVAL`], which is installed below `target/` the first time.
fn install_rival(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/rivals");
    let program = folder.join("bin").join(RIVAL);
    if !program.exists() {
        println!("cargo install {RIVAL} --version {RIVAL_VERSION}");
        let arguments = ["install", "--quiet", RIVAL, "--version", RIVAL_VERSION, "--root"];
        run(Command::new("cargo").args(arguments).arg(&folder))?;
    }
    Ok(program)
}

fn timed(command: &mut Command) -> Result<Duration> {
    let start = Instant::now();
    run(command)?;
    Ok(start.elapsed())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
