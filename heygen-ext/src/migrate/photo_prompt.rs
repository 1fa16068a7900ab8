//! The prompt of a generated photo, from the separate words of v2.

use super::loss::Severity;
use super::output::Output;
use super::source::Node;

/// The largest prompt that v3 takes, in characters.
const MAX_LENGTH: usize = 1000;

/// The words of v2 and how they read in a prompt.
const WORDS: &[(&str, &str, &str)] = &[
    ("age", "age: ", ""),
    ("gender", "", ""),
    ("ethnicity", "", ""),
    ("pose", "", " shot"),
    ("style", "", " style"),
];

/// Carries the text of one of `texts` and the separate words as one prompt.
pub(crate) fn put_prompt(body: &Node<'_>, texts: &[&str], output: &mut Output) -> Option<()> {
    let text = body.first_of(texts);
    let mut prompt = text.text().unwrap_or_default();
    for (name, before, after) in WORDS {
        let node = body.get(name);
        let Some(word) = node.text() else { continue };
        node.carried("prompt");
        if word != "Unspecified" {
            let separator = if prompt.is_empty() { "" } else { ", " };
            prompt.push_str(&format!("{separator}{before}{}{after}", word.replace('_', " ")));
        }
    }
    if prompt.is_empty() {
        body.missing(texts.first().copied().unwrap_or_default(), "describe the person");
        return None;
    }
    let length = prompt.chars().count();
    if length > MAX_LENGTH {
        text.lose(
            Severity::Shown,
            format!("the prompt would have {length} characters, and v3 takes {MAX_LENGTH}"),
            "shorten it",
        );
        prompt = prompt.chars().take(MAX_LENGTH).collect();
    } else {
        text.carried("prompt");
    }
    output.set("prompt", prompt);
    Some(())
}

/// Carries the orientation.
pub(crate) fn put_aspect_ratio(body: &Node<'_>, output: &mut Output) {
    let shape = body.get("orientation");
    let words = [
        ("square", "1:1"),
        ("horizontal", "16:9"),
        ("vertical", "9:16"),
        ("landscape", "16:9"),
        ("portrait", "9:16"),
    ];
    if let Some(ratio) = shape.word(&words) {
        shape.put(output, "aspect_ratio", ratio);
    }
}
