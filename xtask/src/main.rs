//! `cargo xtask`: the build tasks of this workspace.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use xtask::generate::{self, Paths, workspace_root};
use xtask::{bench, surface};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build tasks of the HeyGen workspace", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the client from the OpenAPI document
    Generate {
        #[command(flatten)]
        inputs: Inputs,
        /// Write nothing: print a diff of the stale files, and fail if there is one
        #[arg(long)]
        check: bool,
        /// Write the generated module to this folder instead of this workspace
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Inspect the document between the stages of the pipeline
    #[command(subcommand)]
    Spec(Spec),
    /// Print the public API of a crate: one sorted line for each item
    Surface {
        /// Source folder of the crate, which contains `lib.rs`
        #[arg(default_value = "heygen-api/src")]
        source: PathBuf,
    },
    /// Run a benchmark
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Subcommand)]
enum Spec {
    /// Print the document that the generator reads: with the overlay applied, lowered to OpenAPI 3.0.3
    Lower(Inputs),
    /// Check the document: print everything that the generator cannot handle
    Lint(Inputs),
}

#[derive(Subcommand)]
enum Bench {
    /// `generate`: time of a whole run, and lines of Rust
    Generate,
    /// Build time of a crate that depends on heygen-api, as a ratio to one that depends only on reqwest and serde_json
    Compile,
    /// One GET of a status through `HeyGen`: time, allocations and instructions, as ratios to bare reqwest and serde_json
    Call,
    /// Upload and download of one gibibyte: memory, and throughput as a ratio to bare reqwest
    Transfer,
    /// The simulator: requests per second as a ratio to bare axum, and a soak test with a thousand clients
    Sim {
        /// Duration of the soak test
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(3..))]
        seconds: u64,
    },
    /// Webhooks: signature checks as a ratio to bare code, whole requests as a ratio to bare axum, and an overload test
    Webhook,
}

#[derive(Args)]
struct Inputs {
    /// The OpenAPI document, JSON or YAML
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// The overlay to apply to the document
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
}

impl Inputs {
    fn paths(self, out: Option<PathBuf>) -> Paths {
        let default = Paths::of_workspace(&workspace_root());
        Paths {
            spec: self.spec.unwrap_or(default.spec),
            overlay: self.overlay.unwrap_or(default.overlay),
            out,
        }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The alternate format prints the whole chain: first the file, then the findings in it.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Generate { inputs, check, out } => generate::run(&inputs.paths(out), check),
        Command::Spec(Spec::Lower(inputs)) => {
            let lowered = generate::lowered(generate::overlaid(&inputs.paths(None))?)?;
            generate::print(&serde_json::to_string_pretty(&lowered)?);
            Ok(())
        }
        Command::Spec(Spec::Lint(inputs)) => {
            let paths = inputs.paths(None);
            generate::lowered(generate::overlaid(&paths)?)?;
            generate::print(&format!("{}: no findings", paths.spec.display()));
            Ok(())
        }
        Command::Surface { source } => {
            generate::print(&surface::of_crate(&source)?);
            Ok(())
        }
        Command::Bench(Bench::Generate) => bench::generate(),
        Command::Bench(Bench::Compile) => bench::compile(),
        Command::Bench(Bench::Call) => bench::call(),
        Command::Bench(Bench::Transfer) => bench::transfer(),
        Command::Bench(Bench::Sim { seconds }) => bench::sim(seconds),
        Command::Bench(Bench::Webhook) => bench::webhook(),
    }
}
