//! Debug of the API's types shows no secrets. Every type is built with a mark wherever a secret may be, and printed.

use heygen_tests::canonical::{self, Fill};
use heygen_tests::generated::ROUNDS;
use serde_json::Value;
use xtask::walk;

const MARK: &str = "marked-secret";

/// Members that contain a secret or the content of a file.
const SECRETS: [&str; 6] = ["secret", "api_key", "password", "authorization", "data", "audio_base64"];

/// Puts the mark wherever a secret may be: in the members of [`SECRETS`], in the user information, the query and the fragment
/// of every URL, and in signed headers. Returns the number of marked values.
fn mark(value: &mut Value, name: &str) -> usize {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .map(|(member, value)| match value {
                Value::String(text) if name == "upload_headers" => replace(text, MARK.to_owned()),
                value => mark(value, member),
            })
            .sum(),
        Value::Array(items) => items.iter_mut().map(|item| mark(item, name)).sum(),
        Value::String(text) if SECRETS.contains(&name) => replace(text, MARK.to_owned()),
        Value::String(text) if name == "url" || name.ends_with("_url") => {
            replace(text, format!("https://me:{MARK}@files.example/a.mp4?Signature={MARK}#{MARK}"))
        }
        _ => 0,
    }
}

fn replace(text: &mut String, marked: String) -> usize {
    *text = marked;
    1
}

#[test]
fn debug_shows_no_secrets() {
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
