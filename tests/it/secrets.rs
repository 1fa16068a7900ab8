//! No type of the API prints a secret: each is built with a mark in all that may be one, and printed.

use heygen_tests::canonical::{self, Fill};
use heygen_tests::generated::ROUNDS;
use serde_json::Value;
use xtask::walk;

const MARK: &str = "marked-secret";

/// Members that hold a secret, or the content of a file.
const SECRETS: [&str; 6] = ["secret", "api_key", "password", "authorization", "data", "audio_base64"];

/// Puts the mark wherever a secret may be: into members that are named for it, behind the question mark and before the
/// host of every address, into headers that were signed.
fn mark(value: &mut Value, name: &str) -> usize {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .map(|(member, value)| match value {
                Value::String(text) if name == "upload_headers" => put(text, MARK.to_owned()),
                value => mark(value, member),
            })
            .sum(),
        Value::Array(items) => items.iter_mut().map(|item| mark(item, name)).sum(),
        Value::String(text) if SECRETS.contains(&name) => put(text, MARK.to_owned()),
        Value::String(text) if name == "url" || name.ends_with("_url") => {
            put(text, format!("https://me:{MARK}@files.example/a.mp4?Signature={MARK}#{MARK}"))
        }
        _ => 0,
    }
}

fn put(text: &mut String, marked: String) -> usize {
    *text = marked;
    1
}

#[test]
fn no_type_prints_a_secret() {
    let lowered = super::lowered();
    let mut marks = 0;
    for (name, schema) in walk::components(&lowered).filter(|(_, schema)| schema.get("enum").is_none()) {
        let (_, round) = ROUNDS.iter().find(|(of, _)| of == name).unwrap();
        let mut fills = vec![Fill::Everything];
        fills.extend((0..6).map(Fill::Member));
        for fill in fills {
            let mut value = canonical::value(&lowered, schema, fill);
            marks += mark(&mut value, "");
            let (_, shown) = round(&value).unwrap_or_else(|error| panic!("{name}: {error} in {value:#}"));
            assert!(!shown.contains(MARK), "{name}: {shown}");
        }
    }
    assert!(marks > 1_000, "{marks}");
}
