//! Writes the generated files, or compares them with those on disk. All files of a run are in memory before the first is
//! written, and a failure while writing restores what was there before.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use similar::TextDiff;
use tempfile::TempDir;

use crate::emit::text::GENERATED_MARK;

/// Generated files of one folder.
#[derive(Debug)]
pub struct Output {
    /// Folder.
    pub folder: PathBuf,
    /// Whether the folder contains nothing else, so that any other file in it is stale.
    pub owned: bool,
    /// Path below the folder, and content.
    pub files: Vec<(String, String)>,
}

/// Writes the outputs: all of them, or nothing. An owned folder is written beside its destination, and then replaces it as a
/// whole. If one output cannot be written, the others are restored.
pub fn write(outputs: &[Output]) -> Result<()> {
    let mut replaced = Vec::new();
    let result = outputs.iter().try_for_each(|output| match output.owned {
        true => replace_folder(output, &mut replaced),
        false => replace_files(output, &mut replaced),
    });
    if result.is_err() {
        for one in replaced.iter().rev() {
            one.restore()?;
        }
    }
    result
}

/// What was at a place before it was replaced.
enum Replaced {
    /// A folder, which was moved to the subfolder `old` of a temporary folder.
    Folder { at: PathBuf, stage: TempDir },
    /// A file, with its content if it existed.
    File { at: PathBuf, content: Option<Vec<u8>> },
}

impl Replaced {
    fn restore(&self) -> Result<()> {
        let (at, result) = match self {
            Self::Folder { at, stage } => {
                let old = stage.path().join(OLD);
                let put_back = || if old.exists() { fs::rename(&old, at) } else { Ok(()) };
                (at, fs::remove_dir_all(at).and_then(|()| put_back()))
            }
            Self::File { at, content: Some(content) } => (at, fs::write(at, content)),
            Self::File { at, content: None } => (at, fs::remove_file(at)),
        };
        result.with_context(|| format!("cannot restore {}; restore it with git", at.display()))
    }
}

/// Name of the folder that was replaced, in the temporary folder.
const OLD: &str = "old";

fn replace_folder(output: &Output, replaced: &mut Vec<Replaced>) -> Result<()> {
    let parent =
        output.folder.parent().context("the output folder has no parent folder; name another one")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let stage = tempfile::Builder::new().prefix(".generated-").tempdir_in(parent)?;
    let fresh = stage.path().join("new");
    for (name, text) in &output.files {
        let path = fresh.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&fresh))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let old = stage.path().join(OLD);
    let existed = output.folder.exists();
    if existed {
        let mut files = list_files(&output.folder)?.into_iter();
        if let Some(foreign) = files.find(|path| !is_generated(&output.folder.join(path))) {
            bail!(
                "cannot replace {}: it contains `{foreign}`, which this command did not write; name an empty folder",
                output.folder.display()
            );
        }
        fs::rename(&output.folder, &old)
            .with_context(|| format!("cannot move the old folder {}", output.folder.display()))?;
    }
    if let Err(error) = fs::rename(&fresh, &output.folder) {
        if existed {
            fs::rename(&old, &output.folder)?;
        }
        return Err(error)
            .with_context(|| format!("cannot move the new folder to {}", output.folder.display()));
    }
    replaced.push(Replaced::Folder { at: output.folder.clone(), stage });
    Ok(())
}

/// Whether this command wrote the file.
fn is_generated(path: &Path) -> bool {
    let marked = || {
        fs::read_to_string(path).unwrap_or_default().lines().take(5).any(|line| line.contains(GENERATED_MARK))
    };
    path.extension().is_some_and(|extension| extension == "digest") || marked()
}

fn replace_files(output: &Output, replaced: &mut Vec<Replaced>) -> Result<()> {
    for (name, text) in &output.files {
        let path = output.folder.join(name);
        let parent = path.parent().unwrap_or(&output.folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        let content = fs::read(&path).ok();
        let mut staged = tempfile::NamedTempFile::new_in(parent)?;
        std::io::Write::write_all(&mut staged, text.as_bytes())?;
        staged.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        replaced.push(Replaced::File { at: path, content });
    }
    Ok(())
}

/// Compares the outputs with the files on disk. Returns the differences as one unified diff, empty if nothing differs.
pub fn difference(outputs: &[Output]) -> Result<String> {
    let mut all = String::new();
    for output in outputs {
        let mut known = BTreeSet::new();
        for (name, expected) in &output.files {
            known.insert(name.clone());
            let path = output.folder.join(name);
            let present = fs::read_to_string(&path).unwrap_or_default();
            all.push_str(&unified_diff_of(&path, &present, expected));
        }
        for stale in if output.owned { list_files(&output.folder)? } else { BTreeSet::new() } {
            if !known.contains(&stale) {
                let path = output.folder.join(&stale);
                all.push_str(&unified_diff_of(&path, &fs::read_to_string(&path).unwrap_or_default(), ""));
            }
        }
    }
    Ok(all)
}

fn unified_diff_of(path: &Path, present: &str, expected: &str) -> String {
    if present == expected {
        return String::new();
    }
    let name = path.display().to_string();
    let diff = TextDiff::from_lines(present, expected);
    diff.unified_diff()
        .context_radius(2)
        .header(&format!("{name} (on disk)"), &format!("{name} (expected)"))
        .to_string()
}

fn list_files(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(at) = waiting.pop() {
        if !at.exists() {
            continue;
        }
        for entry in fs::read_dir(&at).with_context(|| format!("cannot list {}", at.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(below) = path.strip_prefix(folder) {
                found.insert(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(folder: &Path, text: &str) -> Output {
        let files = vec![("a/b.rs".to_owned(), format!("//! {GENERATED_MARK}\n{text}"))];
        Output { folder: folder.join("generated"), owned: true, files }
    }

    #[test]
    fn written_files_do_not_differ_and_stale_files_are_removed() {
        let root = tempfile::tempdir().unwrap();
        write(&[output(root.path(), "one\n")]).unwrap();
        fs::write(root.path().join("generated/stale.rs"), format!("//! {GENERATED_MARK}\nold\n")).unwrap();
        let shown = difference(&[output(root.path(), "two\n")]).unwrap();
        assert!(shown.contains("-one\n+two\n") && shown.contains("-old\n"), "{shown}");
        write(&[output(root.path(), "two\n")]).unwrap();
        assert_eq!(difference(&[output(root.path(), "two\n")]).unwrap(), "");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "the temporary folder was not removed");
    }

    #[test]
    fn a_failure_restores_what_was_written_before() {
        let root = tempfile::tempdir().unwrap();
        let single = |name: &str, text: &str| Output {
            folder: root.path().to_path_buf(),
            owned: false,
            files: vec![(name.to_owned(), text.to_owned())],
        };
        write(&[output(root.path(), "one\n"), single("kept", "one")]).unwrap();
        // A file cannot be written where a folder is.
        fs::create_dir_all(root.path().join("taken/inside")).unwrap();
        let outputs = [
            output(root.path(), "two\n"),
            single("kept", "two"),
            single("new", "two"),
            single("taken", "two"),
        ];
        let error = format!("{:#}", write(&outputs).unwrap_err());
        assert!(error.contains("taken"), "{error}");
        assert_eq!(difference(&[output(root.path(), "one\n"), single("kept", "one")]).unwrap(), "");
        assert!(!root.path().join("new").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3, "a temporary file was not removed");
    }

    #[test]
    fn a_folder_with_files_that_were_not_generated_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("generated")).unwrap();
        for foreign in ["notes.md", "lib.rs"] {
            let path = root.path().join("generated").join(foreign);
            fs::write(&path, "not generated").unwrap();
            assert!(write(&[output(root.path(), "x")]).unwrap_err().to_string().contains(foreign));
            assert_eq!(fs::read_to_string(&path).unwrap(), "not generated");
            fs::remove_file(path).unwrap();
        }
    }
}
