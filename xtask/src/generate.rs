//! `cargo xtask generate`: runs the whole pipeline, from the document to the files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::emit::{self, Kind};
use crate::files::{self, Output};
use crate::{document, lint, lower, overlay};

/// The paths that a run reads and writes.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The provider's document.
    pub spec: PathBuf,
    /// The overlay: corrections and additions to the document.
    pub overlay: PathBuf,
    /// The folder for the generated module; `None` for the folders of this workspace.
    pub out: Option<PathBuf>,
}

impl Paths {
    /// The default paths, in the workspace at `root`.
    pub fn of_workspace(root: &Path) -> Self {
        Self { spec: root.join("openapi/heygen.json"), overlay: root.join("openapi/overlay.yaml"), out: None }
    }
}

/// The root folder of the workspace that this binary was built from.
pub fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Loads the document and applies the overlay. The result is checked, and still OpenAPI 3.1.
pub fn overlaid(paths: &Paths) -> Result<Value> {
    let document = document::load(&paths.spec)?;
    let overlay = overlay::load(&paths.overlay)?;
    with_overlay(document, &overlay)
}

/// Checks the document, applies the overlay to it, and checks the result.
pub fn with_overlay(document: Value, overlay: &overlay::Overlay) -> Result<Value> {
    document::check_references(&document)?;
    let document = overlay::apply(document, overlay)?;
    document::check(&document)?;
    Ok(document)
}

/// Lowers and lints the document. The result is what the generator reads.
pub fn lowered(overlaid: Value) -> Result<Value> {
    let lowered = lower::lower(overlaid)?;
    lint::lint(&lowered)?;
    Ok(lowered)
}

/// Generates the files from a document to which the overlay has been applied.
pub fn files(overlaid: Value) -> Result<Vec<emit::File>> {
    emit::emit(&lowered(overlaid)?)
}

/// Generates everything that a run with these paths writes.
pub fn outputs(root: &Path, paths: &Paths) -> Result<Vec<Output>> {
    let overlaid = overlaid(paths)?;
    let simulator = serde_json::to_string_pretty(&overlaid)? + "\n";
    let (mut client, mut tests) = (Vec::new(), Vec::new());
    for file in files(overlaid)? {
        match file.kind {
            Kind::Client => client.push((file.name.to_owned(), file.text)),
            Kind::Tests => tests.push((file.name.to_owned(), file.text)),
        }
    }
    client.push(("inputs.digest".to_owned(), digest(paths)?));
    let folder = paths.out.clone().unwrap_or_else(|| root.join("heygen-api/src/generated"));
    let mut all = vec![Output { folder, owned: true, files: client }];
    if paths.out.is_none() {
        all.push(Output { folder: root.join("tests/src"), owned: false, files: tests });
        let simulator = vec![("openapi.json".to_owned(), simulator)];
        all.push(Output { folder: root.join("heygen-sim"), owned: false, files: simulator });
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

/// Digest of the document and the overlay, which the client's build script compares with that of the last run.
///
/// It detects a forgotten run of this command, not tampering; so FNV-1a is enough, which the script can compute without
/// dependencies.
pub fn digest(paths: &Paths) -> Result<String> {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for path in [&paths.spec, &paths.overlay] {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        for byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}\n"))
}

/// SHA-256 in hexadecimal, as in `openapi/SOURCE.toml`.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    const_hex::encode(sha2::Sha256::digest(bytes))
}
