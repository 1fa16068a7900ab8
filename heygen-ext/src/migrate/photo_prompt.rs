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
    let mut words: Vec<String> = Vec::new();
    for (name, before, after) in WORDS {
        let node = body.get(name);
        let Some(word) = node.text() else { continue };
        node.carried("prompt");
        if word != "Unspecified" {
            words.push(format!("{before}{}{after}", word.replace('_', " ")));
        }
    }
    let described = text.text().unwrap_or_default();
    if described.is_empty() && words.is_empty() {
        body.missing(texts.first().copied().unwrap_or_default(), "describe the person");
        return None;
    }
    // The words are short, and one of each of their tables: only the text can be too long.
    let end = words.join(", ");
    let separator = if described.is_empty() || end.is_empty() { "" } else { ", " };
    let room = MAX_LENGTH.saturating_sub(separator.len() + end.chars().count());
    let length = described.chars().count();
    if length > room {
        text.lose(
            Severity::Shown,
            format!("with the other words, v3 has room for {room} of its {length} characters"),
            "shorten it",
        );
    } else {
        text.carried("prompt");
    }
    let kept: String = described.chars().take(room).collect();
    let prompt = format!("{kept}{separator}{end}");
    output.set("prompt", prompt.chars().take(MAX_LENGTH).collect::<String>());
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
