//! Checks the layers of each crate, called floors: a file imports only from its own floor and from lower ones.
//!
//! `floors.toml` lists the floors. The test resolves imports to the file that defines the name, also for names that are
//! re-exported, such as by the crate root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use xtask::generate::workspace_root;

use crate::imports::{Import, Imports, Sources};

/// The floors of a crate, lowest first: the name and the file patterns of each.
struct Floors {
    floors: Vec<(String, Vec<String>)>,
    pairs: Vec<[String; 2]>,
}

impl Floors {
    /// The floor of a file: of the patterns that match it, the longest decides.
    fn floor(&self, file: &str) -> Option<usize> {
        let patterns = self
            .floors
            .iter()
            .enumerate()
            .flat_map(|(floor, (_, patterns))| patterns.iter().map(move |one| (floor, one)));
        let matching = patterns.filter(|(_, pattern)| is_match(pattern, file));
        matching.max_by_key(|(_, pattern)| pattern.len()).map(|(floor, _)| floor)
    }

    /// The problems of the imports, each on one line.
    fn findings(&self, imports: &Imports) -> Vec<String> {
        let mut findings = Vec::new();
        for file in imports.files.iter().filter(|file| self.floor(file).is_none()) {
            findings.push(format!("{file} has no floor; add it to tests/it/floors.toml"));
        }
        for (_, patterns) in &self.floors {
            for pattern in
                patterns.iter().filter(|pattern| !imports.files.iter().any(|file| is_match(pattern, file)))
            {
                findings.push(format!(
                    "the pattern `{pattern}` in tests/it/floors.toml matches no file; remove it"
                ));
            }
        }
        for Import { from, to, path } in &imports.edges {
            if let (Some(low), Some(high)) = (self.floor(from), self.floor(to))
                && low < high
            {
                let (low, high) = (&self.floors[low].0, &self.floors[high].0);
                findings.push(format!(
                    "{from} (floor `{low}`) imports `{path}` from {to} (floor `{high}`), which is above it"
                ));
            }
        }
        for (file, path) in &imports.through_root {
            findings.push(format!("{file} imports `{path}` from the crate root; name its module instead"));
        }
        for cycle in imports.cycles(&self.pairs) {
            findings.push(format!("files import each other in a cycle: {}", cycle.join(" -> ")));
        }
        findings
    }
}

/// Whether a pattern matches a file. `*` matches any part of a name, and a pattern that ends with `/` all files of a folder.
fn is_match(pattern: &str, file: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => file.strip_prefix(before).is_some_and(|rest| {
            rest.find('/')
                .into_iter()
                .chain([rest.len()])
                .any(|end| (0..=end).any(|cut| is_match(after, &rest[cut..])))
        }),
        None if pattern.ends_with('/') => file.starts_with(pattern),
        None => file == pattern,
    }
}

fn floors_of(name: &str) -> Floors {
    let text = fs::read_to_string(workspace_root().join("tests/it/floors.toml")).unwrap();
    let all: Value = toml::from_str(&text).unwrap();
    let texts = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let floors = all[name]["floors"].as_array().unwrap().iter();
    let floors = floors.map(|floor| (floor["name"].as_str().unwrap().to_owned(), texts(&floor["files"])));
    let pairs = all[name]["pairs"].as_array().into_iter().flatten();
    Floors { floors: floors.collect(), pairs: pairs.map(|pair| texts(pair).try_into().unwrap()).collect() }
}

/// The files of a crate by their path below `src/`.
fn sources(name: &str) -> Sources {
    fn collect(folder: &Path, below: &str, found: &mut Sources) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() {
                collect(&path, &format!("{name}/"), found);
            } else if name.ends_with(".rs") {
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&workspace_root().join(name).join("src"), "", &mut found);
    found
}

fn check_floors(name: &str) {
    let (floors, sources) = (floors_of(name), sources(name));
    let imports = Imports::read(&sources);
    let cycles = imports.cycles(&floors.pairs);
    println!(
        "{name}: {} files, {} imports, {} cycles",
        imports.files.len(),
        imports.edges.len(),
        cycles.len()
    );
    let findings = floors.findings(&imports);
    assert!(findings.is_empty(), "{name}:\n{}", findings.join("\n"));
    assert!(imports.edges.len() > imports.files.len(), "only {} imports were found", imports.edges.len());

    // The check itself works: an import from the highest floor is found in every file of the lowest.
    let top = imports.files.iter().max_by_key(|file| floors.floor(file)).unwrap();
    let module = top.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let lowest = imports.files.iter().filter(|file| floors.floor(file) == Some(0));
    for file in lowest {
        let mut changed = sources.clone();
        changed.get_mut(file).unwrap().push_str(&format!("\nuse crate::{module}::Anything;\n"));
        let findings = floors.findings(&Imports::read(&changed));
        let expected = |finding: &String| finding.contains(file.as_str()) && finding.contains(top.as_str());
        assert!(findings.iter().any(expected), "{file} -> {top}: {findings:?}");
    }
}

#[test]
fn imports_in_heygen_api_point_down() {
    check_floors("heygen-api");
}

#[test]
fn imports_in_heygen_ext_point_down() {
    check_floors("heygen-ext");
}

#[test]
fn imports_in_heygen_sim_point_down() {
    check_floors("heygen-sim");
}

#[test]
fn imports_in_xtask_point_down() {
    check_floors("xtask");
}
