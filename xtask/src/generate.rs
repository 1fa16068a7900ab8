//! `cargo xtask generate`: runs the whole pipeline, from the document to the files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::emit::{self, Kind};
use crate::files::{self, Output};
use crate::lint::published;
use crate::names_lock::NamesLock;
use crate::overlay::Overlay;
use crate::{document, lint, lower, overlay, versions};

/// The paths that a run reads and writes.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The provider's document.
    pub spec: PathBuf,
    /// The overlay: corrections and additions to the document.
    pub overlay: PathBuf,
    /// The Rust names that were given before. It is written too, unless `out` is set.
    pub lock: PathBuf,
    /// The folder for the generated module; `None` for the folders of this workspace.
    pub out: Option<PathBuf>,
}

impl Paths {
    /// The default paths, in the workspace at `root`.
    pub fn of_workspace(root: &Path) -> Self {
        Self {
            spec: root.join("openapi/heygen.json"),
            overlay: root.join("openapi/overlay.yaml"),
            lock: root.join("openapi/names.lock"),
            out: None,
        }
    }
}

/// The root folder of the workspace that this binary was built from.
pub fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// A document that has passed all checks.
#[derive(Debug)]
pub struct Prepared {
    /// The document with the overlay applied; still OpenAPI 3.1.
    pub overlaid: Value,
    /// The document that the generator reads.
    pub lowered: Value,
}

/// Loads and prepares a document.
pub fn load(paths: &Paths) -> Result<Prepared> {
    let document = document::load(&paths.spec)?;
    let overlay = overlay::load(&paths.overlay)?;
    Ok(prepare(document, &overlay, &NamesLock::load(&paths.lock)?)?)
}

/// Applies the overlay to a document, lowers it, and checks every stage. The error has the findings of all stages; each names
/// the place in the document as it was published.
pub fn prepare(mut document: Value, overlay: &Overlay, lock: &NamesLock) -> Result<Prepared, Diagnostics> {
    versions::to_3_1(&mut document);
    let mut found = findings(document::check_references(&document));
    let applied = overlay::apply_all(document, overlay);
    found.extend(applied.findings);
    // The passes rely on valid references and operation ids.
    let broken = findings(document::check(&applied.document));
    let can_lower = broken.is_empty() && found.iter().all(|one| one.rule != "dangling-reference");
    found.extend(broken);
    if !can_lower {
        found.sort();
        found.dedup();
        return Err(Diagnostics(found));
    }
    let lowered = lower::lower(applied.document.clone(), lock);
    let mut late = lowered.findings;
    if lowered.complete {
        late.extend(findings(lint::lint(&lowered.document)));
    }
    found.extend(late.into_iter().map(|one| published::place(one, &lowered.document, &applied.document)));
    Diagnostics::into_result(found)?;
    Ok(Prepared { overlaid: applied.document, lowered: lowered.document })
}

fn findings(result: Result<(), Diagnostics>) -> Vec<Diagnostic> {
    result.err().map(|all| all.0).unwrap_or_default()
}

/// Generates everything that a run with these paths writes.
pub fn outputs(root: &Path, paths: &Paths) -> Result<Vec<Output>> {
    outputs_of(root, paths, &load(paths)?, digest(paths)?)
}

/// Generates everything that is written for a prepared document with this digest.
pub fn outputs_of(root: &Path, paths: &Paths, prepared: &Prepared, digest: String) -> Result<Vec<Output>> {
    let (mut client, mut tests) = (Vec::new(), Vec::new());
    for file in emit::emit(&prepared.lowered)? {
        match file.kind {
            Kind::Client => client.push((file.name.to_owned(), file.text)),
            Kind::Tests => tests.push((file.name.to_owned(), file.text)),
        }
    }
    client.push(("inputs.digest".to_owned(), digest));
    let folder = paths.out.clone().unwrap_or_else(|| root.join("heygen-api/src/generated"));
    let mut all = vec![Output { folder, owned: true, files: client }];
    if paths.out.is_none() {
        all.push(Output { folder: root.join("tests/src"), owned: false, files: tests });
        let simulator = serde_json::to_string_pretty(&prepared.overlaid)? + "\n";
        let simulator = vec![("openapi.json".to_owned(), simulator)];
        all.push(Output { folder: root.join("heygen-sim"), owned: false, files: simulator });
        let lock = vec![("names.lock".to_owned(), NamesLock::of(&prepared.lowered)?.text()?)];
        all.push(Output { folder: root.join("openapi"), owned: false, files: lock });
    }
    Ok(all)
}

/// Generates and writes the files. With `check` it writes nothing: it prints a diff of stale files, and fails if there
/// are any.
pub fn run(paths: &Paths, check: bool) -> Result<()> {
    let root = workspace_root();
    let outputs = outputs(&root, paths)?;
    if !check {
        return files::write(&outputs);
    }
    let difference = files::difference(&outputs)?;
    if difference.is_empty() {
        return Ok(());
    }
    print(&difference);
    bail!("the generated files are stale; run `cargo xtask generate` and commit the changes")
}

/// Prints to standard output. A closed pipe is not an error.
pub fn print(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{}\n", text.trim_end()).as_bytes());
}

/// Digest of the document and the overlay on disk; see [`digest_of`].
pub fn digest(paths: &Paths) -> Result<String> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    Ok(digest_of(&[&read(&paths.spec)?, &read(&paths.overlay)?]))
}

/// Digest of the document and the overlay, which the client's build script compares with that of the last run.
///
/// It detects a forgotten run of this command, not tampering; so FNV-1a is enough, which the script can compute without
/// dependencies.
pub fn digest_of(inputs: &[&[u8]]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in inputs.iter().copied().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}\n")
}

/// SHA-256 in hexadecimal, as in `openapi/SOURCE.toml`.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    const_hex::encode(sha2::Sha256::digest(bytes))
}
