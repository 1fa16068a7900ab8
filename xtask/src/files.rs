//! Writing and comparing: the files of a run are all in memory before the first one is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use crate::emit::text::GENERATED_MARK;

/// The files of one folder, which holds nothing else; or single files when `owned` is false.
#[derive(Debug)]
pub struct Output {
    /// Folder.
    pub folder: PathBuf,
    /// Whether files in the folder that are not listed are stale.
    pub owned: bool,
    /// Name below the folder, and text.
    pub files: Vec<(String, String)>,
}

/// Replaces the outputs. A folder that is owned is staged beside its place and swapped in whole.
pub fn write(outputs: &[Output]) -> Result<()> {
    for output in outputs {
        if output.owned { swap(output)? } else { replace(output)? }
    }
    Ok(())
}

fn swap(output: &Output) -> Result<()> {
    let parent = output.folder.parent().context("the output folder has no parent")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let stage = tempfile::Builder::new().prefix(".generated-").tempdir_in(parent)?;
    let fresh = stage.path().join("new");
    for (name, text) in &output.files {
        let path = fresh.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&fresh))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let old = stage.path().join("old");
    let had = output.folder.exists();
    if had {
        let strangers =
            listing(&output.folder)?.into_iter().filter(|path| !is_generated(&output.folder.join(path)));
        if let Some(stranger) = strangers.into_iter().next() {
            bail!(
                "{} holds `{stranger}`, which no run of this command wrote; name an empty folder",
                output.folder.display()
            );
        }
        fs::rename(&output.folder, &old)
            .with_context(|| format!("cannot move {}", output.folder.display()))?;
    }
    if let Err(error) = fs::rename(&fresh, &output.folder) {
        if had {
            fs::rename(&old, &output.folder)?;
        }
        return Err(error).with_context(|| format!("cannot put {} in place", output.folder.display()));
    }
    Ok(())
}

/// Whether an earlier run wrote the file.
fn is_generated(path: &Path) -> bool {
    let marked = || {
        fs::read_to_string(path).unwrap_or_default().lines().take(5).any(|line| line.contains(GENERATED_MARK))
    };
    path.extension().is_some_and(|extension| extension == "digest") || marked()
}

fn replace(output: &Output) -> Result<()> {
    for (name, text) in &output.files {
        let path = output.folder.join(name);
        let parent = path.parent().unwrap_or(&output.folder);
        fs::create_dir_all(parent)?;
        let mut staged = tempfile::NamedTempFile::new_in(parent)?;
        std::io::Write::write_all(&mut staged, text.as_bytes())?;
        staged.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// What is stale, as one unified diff; empty when everything is as a run would write it.
pub fn difference(outputs: &[Output]) -> Result<String> {
    let mut all = String::new();
    for output in outputs {
        let mut known = BTreeSet::new();
        for (name, wanted) in &output.files {
            known.insert(name.clone());
            let path = output.folder.join(name);
            let present = fs::read_to_string(&path).unwrap_or_default();
            all.push_str(&unified(&path, &present, wanted));
        }
        for stale in if output.owned { listing(&output.folder)? } else { BTreeSet::new() } {
            if !known.contains(&stale) {
                let path = output.folder.join(&stale);
                all.push_str(&unified(&path, &fs::read_to_string(&path).unwrap_or_default(), ""));
            }
        }
    }
    Ok(all)
}

fn unified(path: &Path, present: &str, wanted: &str) -> String {
    if present == wanted {
        return String::new();
    }
    let name = path.display().to_string();
    let diff = TextDiff::from_lines(present, wanted);
    diff.unified_diff()
        .context_radius(2)
        .header(&format!("{name} (present)"), &format!("{name} (wanted)"))
        .to_string()
}

fn listing(folder: &Path) -> Result<BTreeSet<String>> {
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
    fn what_was_written_shows_no_difference_and_stale_files_go() {
        let root = tempfile::tempdir().unwrap();
        write(&[output(root.path(), "one\n")]).unwrap();
        fs::write(root.path().join("generated/stale.rs"), format!("//! {GENERATED_MARK}\nold\n")).unwrap();
        let shown = difference(&[output(root.path(), "two\n")]).unwrap();
        assert!(shown.contains("-one\n+two\n") && shown.contains("-old\n"), "{shown}");
        write(&[output(root.path(), "two\n")]).unwrap();
        assert_eq!(difference(&[output(root.path(), "two\n")]).unwrap(), "");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "no staging folder is left");
    }

    #[test]
    fn a_folder_with_somebody_elses_files_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("generated")).unwrap();
        for mine in ["notes.md", "lib.rs"] {
            let path = root.path().join("generated").join(mine);
            fs::write(&path, "mine").unwrap();
            assert!(write(&[output(root.path(), "x")]).unwrap_err().to_string().contains(mine));
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
            fs::remove_file(path).unwrap();
        }
    }
}
