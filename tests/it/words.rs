//! The project writes plain, contemporary technical English: the words that it does without.
//!
//! The rules are in CONTRIBUTING.md, "Language". This list holds those that a machine can check. It is searched in all
//! that we write: code, comments, documentation, messages and file names. The provider's own texts are left as they are.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::generate::workspace_root;

/// What is refused, and what to write in its place.
const TERMS: [(&str, &str); 41] = [
    ("is no ", "is not a …, has no …"),
    ("are no ", "are not …, have no …"),
    ("was no ", "was not a …, had no …"),
    ("were no ", "were not …, had no …"),
    ("is none", "does not exist, is missing"),
    ("are none", "do not exist, are missing"),
    ("as it were", "leave it out"),
    ("at hand", "available, accessible"),
    ("became of", "say what happened"),
    ("becomes of", "say what happens"),
    ("befall", "happen to"),
    ("by way of", "through"),
    ("come of", "follow from, result in"),
    ("comes of", "follows from, results in"),
    ("for nothing", "in vain, free of charge"),
    ("hence", "so, therefore"),
    ("in the making", "being made, pending"),
    ("is at an end", "has ended"),
    ("is told", "is reported, is distinguished"),
    ("are told", "are reported, are distinguished"),
    ("told by", "reported by"),
    ("knows nothing of", "does not know"),
    ("lest ", "so that … does not"),
    ("left alone", "not changed"),
    ("made out of", "made from"),
    ("mangle", "modify, corrupt"),
    ("not to be had", "not available"),
    ("nought", "zero"),
    ("of one's own", "your own, a custom …"),
    ("of the caller's", "the caller's …"),
    ("sees to", "takes care of"),
    ("somebody else", "another …"),
    ("thereby", "so"),
    ("thereof", "of it"),
    ("wants to be", "must be, should be"),
    ("what is said", "the text, the message"),
    ("whatever was", "say what"),
    ("whereby", "by which"),
    ("whither", "where"),
    ("whoever", "anyone who"),
    ("wherefore", "why"),
];

/// Names that say nothing, or say it by a picture.
const NAMES: [&str; 14] = [
    "book", "bucket", "common", "course", "desk", "door", "helper", "helpers", "mangle", "misc", "misfit",
    "told", "util", "utils",
];

const FOLDERS: [&str; 10] = [
    ".ci",
    "benches",
    "examples",
    "heygen-api",
    "heygen-ext",
    "heygen-sim",
    "openapi",
    "quickstart",
    "tests",
    "xtask",
];

/// All that we write by hand, by its path from the root.
fn texts() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "generated" | "snapshots" | "target" | "corpus" | "artifacts") {
                    collect(&path, found);
                }
            } else if (matches!(extension.as_str(), "rs" | "md" | "toml" | "yaml") || name == "run")
                && !matches!(name.as_str(), "generated.rs" | "words.rs")
            {
                found.push(path);
            }
        }
    }
    let root = workspace_root();
    let mut found: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Cargo.toml", "deny.toml"]
            .map(|name| root.join(name))
            .into();
    FOLDERS.iter().for_each(|folder| collect(&root.join(folder), &mut found));
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_owned(), text)
        })
        .collect()
}

/// The text with its lines joined, so that a term is found across the end of a line of a comment.
fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim();
        let comment = ["///", "//!", "//", "#"].iter().find_map(|mark| line.strip_prefix(mark));
        comment.unwrap_or(line).trim()
    });
    lines.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The terms in a text, each with the words around it.
fn refused(text: &str) -> Vec<String> {
    let line = in_one_line(text);
    let mut found = Vec::new();
    for (term, instead) in TERMS {
        for (at, _) in line.match_indices(term) {
            let after = &line[at + term.len()..];
            // "is no longer" is good English; "whence" and "essence" are other words.
            let is_longer =
                term.ends_with(" no ") && (after.starts_with("longer") || after.starts_with("more "));
            let is_part = line[..at].ends_with(|c: char| c.is_ascii_alphabetic()) && !term.starts_with(' ')
                || after.starts_with(|c: char| c.is_ascii_alphabetic()) && !term.ends_with(' ');
            if !is_longer && !is_part {
                let before: String =
                    line[..at].chars().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect();
                let after: String = after.chars().take(30).collect();
                found.push(format!("`{}`: write {instead}: …{before}{term}{after}…", term.trim()));
            }
        }
    }
    found
}

#[test]
fn texts_use_no_refused_term() {
    let texts = texts();
    assert!(texts.len() > 300, "{} files", texts.len());
    let mut findings = Vec::new();
    for (path, text) in &texts {
        let found = refused(text).into_iter().chain(refused(&function_names(text)));
        findings.extend(found.map(|finding| format!("{}: {finding}", path.display())));
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// The names of functions with several words, as text.
fn function_names(text: &str) -> String {
    let names = text.match_indices("fn ").map(|(at, _)| {
        let name = text[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_');
        name.map(|c| if c == '_' { ' ' } else { c }).collect::<String>()
    });
    names.filter(|name| name.matches(' ').count() > 2).collect::<Vec<_>>().join("; ")
}

#[test]
fn names_of_files_and_public_items_are_terms_of_the_field() {
    let is_refused = |name: &str| NAMES.contains(&name);
    for (path, _) in texts() {
        for part in path.iter().map(|part| part.to_string_lossy().into_owned()) {
            let words = part.trim_end_matches(".rs").split(['_', '-', '.']);
            assert!(
                !words.into_iter().any(is_refused),
                "{}: `{part}` names no thing and no task",
                path.display()
            );
        }
    }
    for package in ["heygen_api", "heygen_ext"] {
        let path = workspace_root().join(format!("tests/it/snapshots/surface_of_{package}.snap"));
        let surface = fs::read_to_string(path).unwrap();
        let by_hand = surface.lines().filter(|line| !line.contains("types::") && !line.contains("builder::"));
        let mut count = 0;
        for line in by_hand {
            let words = line.split(|c: char| !c.is_alphanumeric());
            let mut words = words.map(str::to_lowercase).filter(|word| !word.is_empty()).peekable();
            assert!(!words.any(|word| is_refused(&word)), "{package}: {line}");
            count += 1;
        }
        assert!(count > 100, "{package}: {count} lines");
    }
}

#[test]
fn terms_are_found_across_lines_and_only_as_words() {
    for text in
        ["A mark that is\n/// no marker.", "there is none", "Whoever asks", "// told\n// by the service"]
    {
        assert_eq!(refused(text).len(), 1, "{text}");
    }
    for text in
        ["It is no longer used.", "whence", "the essence", "is nonetheless", "told bye", "a mangled name"]
    {
        assert!(refused(text).is_empty(), "{text}: {:?}", refused(text));
    }
}
