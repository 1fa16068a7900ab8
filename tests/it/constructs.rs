//! Constructs that the provider may use next are supported: code for them is generated.

use serde::Deserialize;
use xtask::emit;
use xtask::generate::workspace_root;
use xtask::names_lock::NamesLock;
use xtask::rehearse::edits::Step;

use super::spec_diff::edited;

/// A row of `constructs.yaml`.
#[derive(Deserialize)]
struct Construct {
    construct: String,
    steps: Vec<Step>,
    shows: Vec<String>,
}

fn generated(steps: &[Step]) -> String {
    let overlay = xtask::overlay::load(&workspace_root().join("openapi/overlay.yaml")).unwrap();
    let prepared = xtask::generate::prepare(edited(steps), &overlay, &NamesLock::default());
    let prepared = prepared.unwrap_or_else(|findings| panic!("{findings}"));
    emit::emit(&prepared.lowered).unwrap().into_iter().map(|file| file.text).collect()
}

#[test]
fn each_construct_generates_the_expected_code() {
    let constructs: Vec<Construct> = serde_norway::from_str(include_str!("constructs.yaml")).unwrap();
    let original = generated(&[]);
    for Construct { construct, steps, shows } in &constructs {
        let code = generated(steps);
        for text in shows {
            assert!(code.contains(text), "{construct}: `{text}` is missing");
            assert!(
                !original.contains(text) || code.matches(text).count() > original.matches(text).count(),
                "{construct}: `{text}` shows nothing"
            );
        }
    }
    // `cargo xtask rehearse --sample` compiles this one.
    let all: Vec<Step> = constructs.into_iter().flat_map(|construct| construct.steps).collect();
    assert!(generated(&all).len() > original.len());
}
