//! `cargo xtask`: the build tasks of this workspace.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use xtask::diagnostic::Diagnostics;
use xtask::diff::{self, render, render::Verdict};
use xtask::generate::{self, Paths, workspace_root};
use xtask::names_lock::NamesLock;
use xtask::surface_diff::{SurfaceDiff, next_version};
use xtask::update::{self, Options};
use xtask::{bench, document, propose, rehearse, surface};

/// The pipeline allocates millions of small values; this allocator makes it a third faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    #[command(args_conflicts_with_subcommands = true)]
    Surface {
        /// Source folder of the crate, which contains `lib.rs`
        #[arg(default_value = "heygen-api/src")]
        source: PathBuf,
        #[command(subcommand)]
        command: Option<Surface>,
    },
    /// Generate the client from edited documents and compile it, in a copy of the workspace
    ///
    /// By default, from each edit in tests/it/spec_edits.yaml and tests/it/constructs.yaml.
    Rehearse {
        /// Documents to rehearse instead of the edits
        #[arg(value_name = "FILE")]
        documents: Vec<PathBuf>,
        /// The overlay for the documents
        #[arg(long, value_name = "FILE", requires = "documents")]
        overlay: Option<PathBuf>,
        /// Rehearse only the edits whose name contains this
        #[arg(long, value_name = "TEXT", conflicts_with = "documents")]
        only: Option<String>,
        /// Compile only a client with all constructs of tests/it/constructs.yaml, and those of a few edits
        #[arg(long, conflicts_with_all = ["documents", "only"])]
        sample: bool,
        /// Compile and test the whole workspace instead of heygen-api
        #[arg(long)]
        test: bool,
        /// Make edits that do not contradict each other in one document, and its halves if it fails
        #[arg(long, conflicts_with_all = ["documents", "sample"])]
        together: bool,
    },
    /// Run a benchmark
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Subcommand)]
enum Surface {
    /// Print how the public APIs of heygen-api and heygen-ext differ from those of a git revision, and the version that follows
    ///
    /// The exit status is 0 if nothing changed, 1 if existing programs still compile, and 2 if they may not.
    Diff {
        /// A git revision of this repository, such as `v0.1.0`
        #[arg(default_value = "HEAD")]
        revision: String,
    },
}

#[derive(Subcommand)]
enum Spec {
    /// Print the document that the generator reads: with the overlay applied, lowered to OpenAPI 3.0.3
    Lower(Inputs),
    /// Check the document: print everything that the generator cannot handle
    Lint {
        #[command(flatten)]
        inputs: Inputs,
        /// Also print overlay actions that answer the findings, each of which was tried
        #[arg(long)]
        fix: bool,
    },
    /// Replace the document by a newer one, regenerate everything that is made of it, and report the changes
    ///
    /// If the document needs a decision first, such as an action in the overlay, all findings are printed and no file is
    /// changed.
    Update {
        /// File or URL of the document [default: the address in openapi/SOURCE.toml]
        #[arg(long, value_name = "FILE|URL")]
        from: Option<String>,
        /// Write nothing: print what would change
        #[arg(long)]
        dry_run: bool,
        /// Drop overlay actions that are no longer needed, and accept those that match fewer places
        #[arg(long)]
        accept: bool,
        /// Leave an operation out of the client, by an action in the overlay. May be repeated
        #[arg(long, value_name = "OPERATION")]
        skip: Vec<String>,
        /// Do not compile the workspace and update its snapshots afterwards
        #[arg(long)]
        no_test: bool,
    },
    /// Print the changes between two documents, with their effects on HTTP clients and on users of the crate
    ///
    /// The exit status is 0 if nothing changed, 1 if existing programs still work, 2 if a change is breaking, and 3 if a
    /// document cannot be read.
    Diff {
        /// A file, or a git revision of this repository
        old: String,
        /// A file, or a git revision of this repository
        new: String,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Markdown,
    Json,
}

#[derive(Subcommand)]
enum Bench {
    /// `spec update`, `spec diff` and `generate`: times, and that of `generate` as a ratio to openapi-to-rust
    Spec,
    /// Build time of a crate that depends on heygen-api, as a ratio to one that depends only on reqwest and serde_json
    Compile,
    /// One GET of a status through `HeyGen`: time, allocations and instructions, as ratios to bare reqwest and serde_json
    Call,
    /// The service that answers v1 and v2: requests per second as a ratio to a plain reverse proxy, and the added time
    Migrate,
    /// Upload and download of one gibibyte: memory, and throughput as a ratio to bare reqwest
    Transfer,
    /// The simulator: requests per second as a ratio to bare axum, and a soak test with a thousand clients
    Sim {
        /// Duration of the soak test
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(3..))]
        seconds: u64,
    },
    /// Thousands of waits: requests, delays and memory, beside the loops of the provider's guide and its tool
    Wait {
        /// Number of waits
        #[arg(long, default_value_t = 10_000)]
        count: usize,
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
            lock: default.lock,
            out,
        }
    }
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // The exit statuses 1 and 2 of `spec diff` and `surface diff` are results, not failures.
    let failure = if matches!(command, Command::Spec(Spec::Diff { .. }) | Command::Surface { .. }) {
        ExitCode::from(3)
    } else {
        ExitCode::FAILURE
    };
    match run(command) {
        Ok(status) => status,
        Err(error) => {
            // The alternate format prints the whole chain: first the file, then the findings in it.
            eprintln!("{error:#}");
            failure
        }
    }
}

fn diff(old: &str, new: &str, format: Format) -> Result<ExitCode> {
    let root = workspace_root();
    let names = NamesLock::load(&Paths::of_workspace(&root).lock)?;
    let changes = diff::diff(&diff::revision::load(&root, old)?, &diff::revision::load(&root, new)?, &names);
    generate::print(&match format {
        Format::Text => render::text(&changes),
        Format::Markdown => render::markdown(&changes),
        Format::Json => render::json(&changes)?,
    });
    Ok(ExitCode::from(Verdict::of(&changes).exit_status()))
}

fn surface_diff(revision: &str) -> Result<ExitCode> {
    let root = workspace_root();
    let mut status = 0;
    for krate in ["heygen-api", "heygen-ext"] {
        let now = surface::of_crate(&root.join(krate).join("src"))?;
        let diff = SurfaceDiff::of(&surface::at_revision(&root, krate, revision)?, &now);
        generate::print(&format!("{krate}: {}\n{}", diff.summary(), diff.all()));
        let breaks = if diff.removed.is_empty() { 1 } else { 2 };
        status = status.max(if diff.is_empty() { 0 } else { breaks });
    }
    if let Some(version) = (status > 0).then(|| next_version(env!("CARGO_PKG_VERSION"), status > 1)).flatten()
    {
        generate::print(&format!("Next version: {version}"));
    }
    Ok(ExitCode::from(status))
}

/// Prints proposals for the findings of a document. The exit status is a failure, because the document has findings.
fn propose(paths: &Paths) -> Result<ExitCode> {
    let document = document::load(&paths.spec)?;
    let overlay = std::fs::read_to_string(&paths.overlay)
        .with_context(|| format!("cannot read the overlay {}", paths.overlay.display()))?;
    let proposals = propose::propose(&document, &overlay, &NamesLock::load(&paths.lock)?)?;
    if proposals.answered > 0 {
        generate::print(&format!(
            "These actions for {} answer {} findings. Check each, and write into its description why it is right:\n\n{}",
            paths.overlay.display(),
            proposals.answered,
            proposals.text
        ));
    }
    if !proposals.open.is_empty() {
        generate::print(&format!("\nWithout a proposal:\n\n{}", Diagnostics(proposals.open)));
    }
    Ok(ExitCode::FAILURE)
}

fn update(options: Options, dry_run: bool, test: bool) -> Result<ExitCode> {
    let root = workspace_root();
    let Some(update) = update::prepare(&root, &options)? else {
        generate::print("the document has not changed");
        return Ok(ExitCode::SUCCESS);
    };
    generate::print(&update.summary());
    if dry_run {
        generate::print("\nNo file was changed, because of --dry-run.");
        return Ok(ExitCode::SUCCESS);
    }
    update.write()?;
    if test {
        update::rehearsal::run(&root, &[]).context("the update is written")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Generate { inputs, check, out } => generate::run(&inputs.paths(out), check)?,
        Command::Spec(Spec::Lower(inputs)) => {
            let lowered = generate::load(&inputs.paths(None))?.lowered;
            generate::print(&serde_json::to_string_pretty(&lowered)?);
        }
        Command::Spec(Spec::Lint { inputs, fix }) => {
            let paths = inputs.paths(None);
            if let (true, Err(_)) = (fix, generate::load(&paths)) {
                return propose(&paths);
            }
            generate::load(&paths)?;
            generate::print(&format!("{}: no findings", paths.spec.display()));
        }
        Command::Spec(Spec::Update { from, dry_run, accept, skip, no_test }) => {
            let today = jiff::Timestamp::now().to_string().chars().take(10).collect();
            return update(Options { from, accept, skip, today }, dry_run, !no_test);
        }
        Command::Spec(Spec::Diff { old, new, format }) => return diff(&old, &new, format),
        Command::Surface { command: Some(Surface::Diff { revision }), .. } => return surface_diff(&revision),
        Command::Surface { source, command: None } => {
            generate::print(&surface::of_crate(&source)?);
        }
        Command::Rehearse { documents, overlay, only, sample, test, together } => {
            let options = rehearse::Options { documents, overlay, only, sample, test, together };
            rehearse::run(&workspace_root(), &options)?;
        }
        Command::Bench(Bench::Spec) => bench::spec()?,
        Command::Bench(Bench::Compile) => bench::compile()?,
        Command::Bench(Bench::Call) => bench::call()?,
        Command::Bench(Bench::Migrate) => bench::migrate()?,
        Command::Bench(Bench::Transfer) => bench::transfer()?,
        Command::Bench(Bench::Sim { seconds }) => bench::sim(seconds)?,
        Command::Bench(Bench::Wait { count }) => bench::wait(count)?,
        Command::Bench(Bench::Webhook) => bench::webhook()?,
    }
    Ok(ExitCode::SUCCESS)
}
