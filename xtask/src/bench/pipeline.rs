//! `cargo xtask bench generate`: times the pipeline.

use std::time::Instant;

use anyhow::Result;

use super::{median, seconds};
use crate::emit;
use crate::generate::{self, Paths, workspace_root};

const RUNS: usize = 5;

/// Times the pipeline from the document to the generated text, and progenitor alone.
pub fn generate() -> Result<()> {
    let root = workspace_root();
    let paths = Paths::of_workspace(&root);
    let (mut whole, mut generator) = (Vec::new(), Vec::new());
    let mut lines = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        let outputs = generate::outputs(&root, &paths)?;
        whole.push(start.elapsed());
        let rust = outputs.iter().flat_map(|output| &output.files).filter(|(name, _)| name.ends_with(".rs"));
        lines = rust.map(|(_, text)| text.lines().count()).sum();
        let lowered = generate::load(&paths)?.lowered;
        let start = Instant::now();
        emit::progenitor::run(&lowered)?;
        generator.push(start.elapsed());
    }
    let (whole, generator) = (median(whole), median(generator));
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("generate ({profile} build of xtask, median of {RUNS})");
    println!("  whole run            {}", seconds(whole));
    println!("  progenitor alone     {}", seconds(generator));
    println!("  ratio                {:.2}", whole.as_secs_f64() / generator.as_secs_f64());
    println!("  lines of Rust        {lines}");
    Ok(())
}
