//! Checks the documentation: every operation has an example, code fits the width of a page, and rustdoc never runs code from
//! the provider's descriptions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quote::quote;
use xtask::generate::workspace_root;
use xtask::{emit, walk};

/// Maximum width of a line of code in columns. Rustdoc does not wrap code.
const WIDTH: usize = 80;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The lines of each block of Rust code in a documentation text, without the lines that rustdoc hides.
fn code_blocks(text: &str) -> Vec<Vec<String>> {
    let (mut blocks, mut open): (Vec<Vec<String>>, Option<bool>) = (Vec::new(), None);
    for line in text.lines() {
        match (line.trim().strip_prefix("```"), open) {
            (Some(info), None) => {
                let rust = info.is_empty() || info.starts_with("rust") || info.starts_with("no_run");
                open = Some(rust);
                blocks.push(Vec::new());
            }
            (Some(_), Some(_)) => open = None,
            (None, Some(true)) if !line.trim_start().starts_with("# ") => {
                blocks.last_mut().unwrap().push(line.to_owned());
            }
            _ => {}
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn doc_comments(source: &str) -> String {
    let lines = source.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("/// ")
            .or(line.strip_prefix("//! "))
            .or((line == "///" || line == "//!").then_some(""))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_operation_has_its_own_example() {
    let mut sources = Vec::new();
    files(&workspace_root().join("heygen-api/src/generated/resources"), &mut sources);
    let mut seen: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut named = 0;
    let operations = walk::operations(&super::lowered()).iter().map(walk::Operation::id).collect::<Vec<_>>();
    for path in sources.iter().filter(|path| path.ends_with("calls.rs")) {
        for example in code_blocks(&doc_comments(&fs::read_to_string(path).unwrap())) {
            let text = example.join("\n");
            named += operations.iter().filter(|id| text.contains(&format!("{id}()"))).count();
            if let Some(other) = seen.insert(example, text.clone()) {
                panic!("two operations have the same example:\n{other}");
            }
        }
    }
    assert_eq!((seen.len(), named), (operations.len(), operations.len()));
}

#[test]
fn code_in_documentation_is_at_most_80_columns_wide() {
    let root = workspace_root();
    let mut pages = vec![root.join("README.md")];
    for krate in ["heygen-api", "heygen-ext", "heygen-sim"] {
        pages.push(root.join(krate).join("README.md"));
        files(&root.join(krate).join("src"), &mut pages);
    }
    let mut blocks = 0;
    let mut wide = Vec::new();
    for path in pages {
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => fs::read_to_string(&path).unwrap(),
            Some("rs") => doc_comments(&fs::read_to_string(&path).unwrap()),
            _ => continue,
        };
        for block in code_blocks(&text) {
            blocks += 1;
            wide.extend(
                block
                    .into_iter()
                    .filter(|line| line.chars().count() > WIDTH)
                    .map(|line| format!("{}: {line}", path.display())),
            );
        }
    }
    assert!(blocks > 200, "{blocks}");
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn readmes_and_examples_use_replies_without_unwrapping_them() {
    let root = workspace_root();
    let mut sources = Vec::new();
    for folder in ["quickstart/src", "heygen-ext/examples", "examples", "heygen-sim/examples"] {
        files(&root.join(folder), &mut sources);
    }
    let rust = sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut texts: Vec<String> = rust.map(|path| fs::read_to_string(path).unwrap()).collect();
    for page in ["README.md", "heygen-api/README.md", "heygen-ext/README.md", "heygen-sim/README.md"] {
        texts.extend(
            code_blocks(&fs::read_to_string(root.join(page)).unwrap())
                .into_iter()
                .map(|block| block.join("\n")),
        );
    }
    for text in texts {
        for unwrapping in [".into_inner()", ".data.", "(&*"] {
            assert!(!text.contains(unwrapping), "an example contains `{unwrapping}`:\n{text}");
        }
    }
}

#[test]
fn rustdoc_does_not_run_code_from_descriptions() {
    let hostile = "Before.\n\n```\npanic!(\"fenced\")\n```\n\n~~~rust\npanic!(\"tilde\")\n~~~\n\n    panic!(\"indented\")\n\n\
                   - item\n\n      panic!(\"in a list\")\n\n\tpanic!(\"tab\")\n\n```\nnot closed";
    let described = emit::docs::attributes(hostile);
    let example = emit::docs::code("```\nassert_eq!(1 + 1, 2);\n```");
    let source = quote!(#(#described)* #(#example)* pub struct Described;);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lib.rs");
    fs::write(&path, source.to_string()).unwrap();
    let rustdoc = std::env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".to_owned());
    let output = Command::new(rustdoc).args(["--test", "--edition", "2024"]).arg(&path).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    // The only test is the example that we wrote.
    assert!(stdout.contains("running 1 test"), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}");
}
