//! `cargo xtask spec update`: replaces the provider's document by a newer one, regenerates everything that is made of it, and
//! reports what changed. If anything is wrong, no file changes.

pub mod download;
pub mod rehearsal;
pub mod skip;
pub mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::diff::change::Change;
use crate::diff::render::{self, Verdict};
use crate::diff::{self, operations};
use crate::files::{self, Output};
use crate::generate::{self, Paths};
use crate::names_lock::NamesLock;
use crate::overlay::{self, Overlay};
use crate::surface_diff::{self, SurfaceDiff};
use crate::{document, surface, walk};
use source::Source;

/// What an update may do.
#[derive(Debug, Default)]
pub struct Options {
    /// File or URL of the document; `None` for the address in `SOURCE.toml`.
    pub from: Option<String>,
    /// Whether to drop overlay actions that are no longer needed, and to accept those that match fewer places.
    pub accept: bool,
    /// Operations to leave out of the client, by `operationId` or by method and path.
    pub skip: Vec<String>,
    /// The day of the update, such as `2026-11-26`.
    pub today: String,
}

/// An update that can be written.
#[derive(Debug)]
pub struct Update {
    /// What changed in the document.
    pub changes: Vec<Change>,
    /// What changed in the public API of heygen-api.
    pub surface: SurfaceDiff,
    /// What the update does besides, one sentence each.
    pub remarks: Vec<String>,
    /// The version that should follow.
    pub next_version: Option<String>,
    outputs: Vec<Output>,
}

/// Reads the newer document, and prepares everything that the update writes in the workspace at `root`.
///
/// `None` if the document is the one that is there already.
pub fn prepare(root: &Path, options: &Options) -> Result<Option<Update>> {
    let folder = root.join("openapi");
    let paths = Paths::of_workspace(root);
    let source = Source::load(&folder.join("SOURCE.toml"))?;
    let from = options.from.clone().unwrap_or_else(|| source.address.clone());
    let text = download::read(&from)?;
    let (old, new) = (document::load(&paths.spec)?, document::parse(&text, &from)?);
    if old == new {
        return Ok(None);
    }
    same_api(&old, &new, &from)?;

    let overlay_text = fs::read_to_string(&paths.overlay)
        .with_context(|| format!("cannot read the overlay {}", paths.overlay.display()))?;
    let mut aged = aged(&old, &new, &overlay_text, options.accept)?;
    let mut lock = NamesLock::load(&paths.lock)?;
    let (text_with_skips, mut remarks) = skip::skip(&aged.text, &new, &options.skip)?;
    if !remarks.is_empty() {
        aged.overlay = overlay::parse(&text_with_skips)?;
        aged.text = text_with_skips;
    }
    remarks.splice(0..0, aged.remarks);
    remarks.extend(keep_names(&mut lock, &old, &new));
    let prepared = match generate::prepare(new.clone(), &aged.overlay, &lock) {
        Ok(prepared) if aged.findings.is_empty() => prepared,
        Ok(_) => return Err(refusal(aged.findings)),
        Err(others) => return Err(refusal(aged.findings.into_iter().chain(others.0).collect())),
    };

    let json =
        if text.trim_start().starts_with('{') { text } else { serde_json::to_string_pretty(&new)? + "\n" };
    let digest = generate::digest_of(&[json.as_bytes(), aged.text.as_bytes()]);
    let mut outputs = generate::outputs_of(root, &paths, &prepared, digest)?;
    let api = surface_with(root, &outputs)?;
    let old_api = surface::of_crate(&root.join("heygen-api/src"))?;
    let surface = SurfaceDiff::of(&old_api, &api);
    outputs.extend(snapshot(root, &api)?);
    // Removed items still have the names that they had.
    let mut names = NamesLock::of(&prepared.lowered)?;
    names.components = lock.components.into_iter().chain(names.components).collect();
    names.operations = lock.operations.into_iter().chain(names.operations).collect();
    let changes = diff::diff(&old, &new, &names);
    let breaking = Verdict::of(&changes) == Verdict::Breaking || !surface.removed.is_empty();
    let source = source.of(&new, json.as_bytes(), &options.today);
    let log = folder.join("CHANGES.md");
    let log = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut update = Update {
        next_version: surface_diff::next_version(env!("CARGO_PKG_VERSION"), breaking),
        changes,
        surface,
        remarks,
        outputs,
    };
    let log = with_entry(&log, &update.entry(&options.today, &source))?;
    update.outputs.push(Output {
        folder,
        owned: false,
        files: vec![
            ("heygen.json".to_owned(), json),
            ("SOURCE.toml".to_owned(), source.text()?),
            ("overlay.yaml".to_owned(), aged.text),
            ("CHANGES.md".to_owned(), log),
        ],
    });
    Ok(Some(update))
}

fn refusal(mut found: Vec<Diagnostic>) -> anyhow::Error {
    found.sort();
    found.dedup();
    anyhow::Error::new(Diagnostics(found))
        .context("no file was changed: the new document needs decisions first; `cargo xtask spec lint --fix --spec FILE` proposes actions for the overlay")
}

impl Update {
    /// Writes all files, or none.
    pub fn write(&self) -> Result<()> {
        files::write(&self.outputs)
    }

    /// What a person should know and do.
    pub fn summary(&self) -> String {
        let mut out = render::text(&self.changes);
        let _ = writeln!(out, "\nPublic API of heygen-api: {}", self.surface.summary());
        let _ = write!(out, "{}", self.surface.text());
        for remark in &self.remarks {
            let _ = writeln!(out, "{remark}");
        }
        if let Some(version) = &self.next_version {
            let _ = writeln!(out, "Next version: {version}");
        }
        out
    }

    /// The entry of the changelog.
    fn entry(&self, today: &str, source: &Source) -> String {
        let mut out = format!(
            "## {today}\n\n{} operations, {} schemas. {}",
            source.operations,
            source.schemas,
            render::markdown(&self.changes)
        );
        if !self.remarks.is_empty() {
            let _ = write!(out, "\n### Decisions\n\n");
            for remark in &self.remarks {
                let _ = writeln!(out, "- {remark}");
            }
        }
        if !self.surface.is_empty() {
            let _ = write!(out, "\n### Public API of heygen-api\n\n{}.\n", self.surface.summary());
            let _ = write!(out, "\n```diff\n{}```\n", self.surface.text());
        }
        out
    }
}

/// Adds an entry above the others. A second update on the same day replaces nothing.
fn with_entry(log: &str, entry: &str) -> Result<String> {
    let at = log.find("\n## ").context("openapi/CHANGES.md has no entry, which is a line `## DATE`")?;
    let (head, entries) = log.split_at(at + 1);
    Ok(format!("{head}{entry}\n{entries}"))
}

/// Refuses the document of another API. The provider also publishes an OpenAPI document of its v1 and v2 endpoints alone.
fn same_api(old: &Value, new: &Value, from: &str) -> Result<()> {
    let title = |document: &Value| {
        document.pointer("/info/title").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let places = |document: &Value| -> BTreeSet<String> {
        walk::operations(document).iter().map(|one| format!("{} {}", one.method, one.path)).collect()
    };
    let (before, now) = (places(old), places(new));
    let kept = before.intersection(&now).count();
    if kept * 2 < before.len() {
        bail!(
            "{from} describes another API: `{}` has {kept} of the {} operations of `{}`; check the address",
            title(new),
            before.len(),
            title(old)
        );
    }
    Ok(())
}

/// The overlay for the newer document.
struct Aged {
    overlay: Overlay,
    text: String,
    findings: Vec<Diagnostic>,
    remarks: Vec<String>,
}

/// Finds the actions of the overlay that the newer document makes superfluous, or that do less than before. With `accept`,
/// drops those that do nothing, and lets the others pass.
fn aged(old: &Value, new: &Value, text: &str, accept: bool) -> Result<Aged> {
    let overlay = overlay::parse(text).context("openapi/overlay.yaml is not an Overlay 1.0 document")?;
    let before = overlay::apply_all(old.clone(), &overlay).effects;
    let now = overlay::apply_all(new.clone(), &overlay).effects;
    if !accept {
        let findings = overlay::aged(&before, &now);
        return Ok(Aged { overlay, text: text.to_owned(), findings, remarks: Vec::new() });
    }
    let dropped: BTreeSet<usize> =
        (0..now.len()).filter(|index| now[*index].is_superfluous() && before[*index].changed).collect();
    let mut remarks: Vec<String> = dropped
        .iter()
        .map(|index| format!("Dropped overlay action {} ({})", index + 1, now[*index].target))
        .collect();
    let accepted = overlay::aged(&before, &now);
    remarks.extend(accepted.iter().map(|one| format!("Accepted at {}: {}", one.place, one.problem)));
    if dropped.is_empty() {
        return Ok(Aged { overlay, text: text.to_owned(), findings: Vec::new(), remarks });
    }
    let text = overlay::without(text, &dropped)
        .context("cannot drop actions: in openapi/overlay.yaml each action must begin with `  - target`")?;
    Ok(Aged { overlay: overlay::parse(&text)?, text, findings: Vec::new(), remarks })
}

/// Keeps the Rust names of components and operations that the provider renamed. Returns a remark for each.
pub fn keep_names(lock: &mut NamesLock, old: &Value, new: &Value) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut keep = |names: &mut BTreeMap<String, String>, renamed: BTreeMap<String, String>, what: &str| {
        for (before, now) in renamed {
            if let Some(name) = names.get(&before).cloned() {
                remarks
                    .push(format!("The {what} `{before}` is now `{now}`; its Rust name is still `{name}`"));
                names.insert(now, name);
            }
        }
    };
    keep(&mut lock.components, diff::renamed(old, new), "schema");
    keep(&mut lock.operations, operations::renamed(old, new), "operation");
    remarks
}

/// The public API of heygen-api with the generated module of `outputs`.
fn surface_with(root: &Path, outputs: &[Output]) -> Result<String> {
    let copy = tempfile::tempdir()?;
    let source = root.join("heygen-api/src");
    copy_rust(&source, copy.path())?;
    for output in outputs.iter().filter(|output| output.owned) {
        for (name, text) in &output.files {
            let path = copy.path().join("generated").join(name);
            fs::create_dir_all(path.parent().unwrap_or(copy.path()))?;
            fs::write(path, text)?;
        }
    }
    surface::of_crate(copy.path())
}

/// Copies the hand-written files of a crate.
fn copy_rust(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name == "generated") {
                continue;
            }
            fs::create_dir_all(&target)?;
            copy_rust(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// The snapshot of the public API, if the workspace has one.
fn snapshot(root: &Path, api: &str) -> Result<Option<Output>> {
    let (folder, name) = (root.join("tests/it/snapshots"), "surface_of_heygen_api.snap");
    let path = folder.join(name);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let header = text.match_indices("---\n").nth(1).map(|(at, mark)| &text[..at + mark.len()]);
    let header = header.with_context(|| format!("{} has no header", path.display()))?;
    let files = vec![(name.to_owned(), format!("{header}{}\n", api.trim_end()))];
    Ok(Some(Output { folder, owned: false, files }))
}
