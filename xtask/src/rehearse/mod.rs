//! `cargo xtask rehearse`: generates the client from edited documents and compiles it, in a copy of the workspace.
//!
//! It answers beforehand what a change of the provider's document would do: is it refused with a remedy, does the client
//! compile, and which hand-written code does it break?

pub mod edits;
mod together;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::generate::{self, Paths};
use crate::names_lock::NamesLock;
use crate::overlay::{self, Overlay};
use crate::update::{self, rehearsal};
use crate::{document, files, git};
use edits::Step;

/// The files with edits, in the tests.
const EDITS: [&str; 2] = ["tests/it/spec_edits.yaml", "tests/it/constructs.yaml"];

/// The edits that a sample compiles, besides the constructs: those that change most of the code.
const SAMPLE: [&str; 4] =
    ["OpenAPI 3.0 instead of 3.1", "an operationId renamed", "a pager lost", "a field renamed"];

/// Tests that make edits of their own at places of the document as it is committed, or hold it to its digest.
const SKIPPED: [&str; 5] = [
    "constructs::",
    "proposals::",
    "spec_diff::",
    "spec_update::",
    "the_vendored_document_matches_source_toml",
];

/// What to rehearse.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whole documents. If the list is empty, the edits of the tests are rehearsed.
    pub documents: Vec<PathBuf>,
    /// The overlay for the documents; `None` for that of the workspace.
    pub overlay: Option<PathBuf>,
    /// Rehearse only edits whose name contains this.
    pub only: Option<String>,
    /// Compile all constructs at once and a few edits, and nothing else.
    pub sample: bool,
    /// Compile and test the whole workspace, not only heygen-api.
    pub test: bool,
    /// Make edits that do not contradict each other in one document. If it fails, its halves are rehearsed.
    pub together: bool,
}

/// A document to rehearse.
struct Rehearsed {
    name: String,
    document: Value,
}

/// What came of one document.
enum Outcome {
    Compiles,
    Refused(String),
    Fails(String),
}

/// A row of a file with edits.
#[derive(Clone, Deserialize)]
struct Row {
    #[serde(alias = "construct")]
    edit: String,
    steps: Vec<Step>,
}

/// Rehearses each document and prints the results. The error says how many clients do not compile.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let workspace = Workspace::copy(root, options)?;
    let (mut compiled, mut refused, mut failed) = (0, 0, 0);
    let mut count = |name: &str, outcome: Outcome, edits: usize| match outcome {
        Outcome::Compiles => {
            compiled += edits;
            println!("compiles  {name}");
        }
        Outcome::Refused(findings) => {
            refused += edits;
            println!("refused   {name}\n{}", indented(&findings));
        }
        Outcome::Fails(error) => {
            failed += edits;
            println!("FAILS     {name}\n{}", indented(&error));
        }
    };
    if options.together {
        together::run(&workspace, &selected(root, options)?, &mut count)?;
    } else {
        for Rehearsed { name, document } in documents(root, options)? {
            count(&name, workspace.rehearse(&document)?, 1);
        }
    }
    let all = compiled + refused + failed;
    println!("{all} documents: {compiled} compile, {refused} are refused, {failed} fail");
    match (failed, options.test) {
        (0, _) => {}
        (_, true) => bail!(
            "{failed} documents break the code that is named above; if it is generated, add a rule to xtask/src/lint, or \
             correct the emitter"
        ),
        (_, false) => bail!(
            "{failed} generated clients do not compile; add a rule to xtask/src/lint, or correct the emitter"
        ),
    }
    if options.sample && refused > 0 {
        bail!("a document of the sample is refused");
    }
    Ok(())
}

fn documents(root: &Path, options: &Options) -> Result<Vec<Rehearsed>> {
    if !options.documents.is_empty() {
        let read = |path: &PathBuf| {
            Ok(Rehearsed { name: path.display().to_string(), document: document::load(path)? })
        };
        return options.documents.iter().map(read).collect();
    }
    let original = document::load(&root.join("openapi/heygen.json"))?;
    let edited = |name: &str, steps: &[Step]| {
        let mut document = original.clone();
        edits::apply(&mut document, steps).with_context(|| format!("edit `{name}`"))?;
        Ok(Rehearsed { name: name.to_owned(), document })
    };
    if options.sample {
        let all: Vec<Step> = rows(root, EDITS[1])?.into_iter().flat_map(|row| row.steps).collect();
        let mut sample = vec![edited("all constructs at once", &all)?];
        for row in rows(root, EDITS[0])?.iter().filter(|row| SAMPLE.contains(&row.edit.as_str())) {
            sample.push(edited(&row.edit, &row.steps)?);
        }
        if sample.len() != SAMPLE.len() + 1 {
            bail!("{} lacks an edit of the sample: {}", EDITS[0], SAMPLE.join(", "));
        }
        return Ok(sample);
    }
    selected(root, options)?.iter().map(|row| edited(&row.edit, &row.steps)).collect()
}

/// The edits of the tests whose name contains the wanted text.
fn selected(root: &Path, options: &Options) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    for file in EDITS {
        all.extend(rows(root, file)?);
    }
    all.retain(|row| options.only.as_ref().is_none_or(|only| row.edit.contains(only.as_str())));
    Ok(all)
}

fn rows(root: &Path, file: &str) -> Result<Vec<Row>> {
    let text = fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
    serde_norway::from_str(&text).with_context(|| format!("{file} is not a list of edits"))
}

/// Copies the files of the workspace that git knows. Unchanged copies keep their time, so that cargo does not rebuild them.
pub fn copy_workspace(root: &Path, scratch: &Path) -> Result<()> {
    for name in git::files(root)? {
        let (from, to) = (root.join(&name), scratch.join(&name));
        // A file that git knows may have been removed.
        let Ok(content) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|known| known == content) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

/// A copy of the workspace, and what a document is generated with.
struct Workspace {
    scratch: PathBuf,
    original: Value,
    overlay: Overlay,
    lock: NamesLock,
    test: bool,
}

impl Workspace {
    fn copy(root: &Path, options: &Options) -> Result<Self> {
        let scratch = root.join("target/rehearse");
        copy_workspace(root, &scratch)?;
        let mut paths = Paths::of_workspace(root);
        paths.overlay = options.overlay.clone().unwrap_or(paths.overlay);
        Ok(Self {
            scratch,
            original: document::load(&paths.spec)?,
            overlay: overlay::load(&paths.overlay)?,
            lock: NamesLock::load(&paths.lock)?,
            test: options.test,
        })
    }

    /// Generates the client of a document. `Err` holds the findings that refuse it.
    fn generate(&self, document: &Value) -> Result<generate::Prepared, String> {
        let mut lock = self.lock.clone();
        update::keep_names(&mut lock, &self.original, document);
        generate::prepare(document.clone(), &self.overlay, &lock).map_err(|findings| findings.to_string())
    }

    /// Generates the client of a document, and compiles or tests it.
    fn rehearse(&self, document: &Value) -> Result<Outcome> {
        let prepared = match self.generate(document) {
            Ok(prepared) => prepared,
            Err(findings) => return Ok(Outcome::Refused(findings)),
        };
        Ok(match compile(&self.scratch, document, &prepared, self.test) {
            Ok(()) => Outcome::Compiles,
            Err(error) => Outcome::Fails(format!("{error:#}")),
        })
    }
}

/// Writes the client of a document to the copy, and compiles it there.
fn compile(scratch: &Path, document: &Value, prepared: &generate::Prepared, test: bool) -> Result<()> {
    let paths = Paths::of_workspace(scratch);
    fs::write(&paths.spec, serde_json::to_string_pretty(document)?)?;
    let digest = generate::digest(&paths)?;
    files::write(&generate::outputs_of(scratch, &paths, prepared, digest)?)?;
    if test {
        return rehearsal::run(scratch, &SKIPPED);
    }
    match rehearsal::cargo(scratch, &["check", "--quiet", "--package", "heygen-api", "--all-features"])? {
        None => Ok(()),
        Some(output) => bail!("heygen-api does not compile:\n{output}"),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("          {line}")).collect::<Vec<_>>().join("\n")
}
