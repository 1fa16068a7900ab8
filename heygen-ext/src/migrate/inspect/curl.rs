//! `curl` commands, as documentation and shell scripts have them.

use bytes::Bytes;
use http::Method;

use super::recorded::{Recorded, RecordedBody, is_legacy};

/// Options of curl with a value that do not matter here.
const WITH_VALUE: &[&str] = &[
    "-o",
    "--output",
    "-u",
    "--user",
    "-A",
    "--user-agent",
    "-m",
    "--max-time",
    "-w",
    "--write-out",
    "-b",
    "--cookie",
];

/// The requests of v1 and v2 in the commands of a text; `None` if it has no command.
pub(super) fn commands(name: &str, text: &str) -> Option<Vec<Recorded>> {
    let mut found = Vec::new();
    let mut is_command = false;
    for (line, command) in logical_lines(text) {
        let words = words(&command);
        let start = words.iter().position(|word| word == "curl" || word.ends_with("/curl"));
        let Some(words) = start.and_then(|start| words.get(start + 1..)) else { continue };
        is_command = true;
        found.extend(request(words).map(|(method, target, body)| Recorded {
            place: format!("{name}:{line}"),
            // The content of a file is not known.
            is_whole: body.is_some() || method != Method::POST,
            method,
            target,
            body,
        }));
    }
    // A program may call curl: then its URLs are found in the source.
    (is_command && !found.is_empty()).then_some(found)
}

fn request(words: &[String]) -> Option<(Method, String, Option<RecordedBody>)> {
    let (mut method, mut target, mut media_type, mut data) = (None, None, None, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" | "--request" => method = words.next()?.to_uppercase().parse::<Method>().ok(),
            "-H" | "--header" => {
                let (name, value) = words.next()?.split_once(':')?;
                if name.trim().eq_ignore_ascii_case("content-type") {
                    media_type = Some(value.trim().to_owned());
                }
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--json" => {
                data = Some(words.next()?.clone());
            }
            "--url" => target = Some(words.next()?.clone()),
            "-F" | "--form" => drop(words.next()),
            option if WITH_VALUE.contains(&option) => drop(words.next()),
            option if option.starts_with('-') => {}
            ";" | "|" | "&&" => break,
            url if target.is_none() => target = Some(url.to_owned()),
            _ => {}
        }
    }
    let target = target.filter(|target| is_legacy(target))?;
    let default = if data.is_some() { Method::POST } else { Method::GET };
    let data = data.filter(|data| !data.starts_with('@'));
    let body = data.map(|text| RecordedBody { media_type, bytes: Bytes::from(text) });
    Some((method.unwrap_or(default), target, body))
}

/// The lines of a script, joined where a backslash ends a line or a quote goes on, each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (start, mut so_far) = open.take().unwrap_or((index + 1, String::new()));
        match line.strip_suffix('\\') {
            Some(line) => {
                so_far.push_str(line);
                so_far.push(' ');
                open = Some((start, so_far));
            }
            None => {
                so_far.push_str(line);
                if has_open_quote(&so_far) && so_far.contains("curl") {
                    so_far.push('\n');
                    open = Some((start, so_far));
                } else {
                    found.push((start, so_far));
                }
            }
        }
    }
    found.extend(open);
    found
}

fn has_open_quote(text: &str) -> bool {
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None | Some('"'), '\\') => drop(characters.next()),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    quote.is_some()
}

/// The words of a command, as a shell splits them.
fn words(command: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                if let Some(next) = characters.next() {
                    // In double quotes, a shell keeps the backslash before most characters.
                    if quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`' | '\n') {
                        word.get_or_insert_default().push('\\');
                    }
                    word.get_or_insert_default().push(next);
                }
            }
            (None, character) if character.is_whitespace() => found.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    found.extend(word);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        for (command, expected) in [
            ("curl  a\tb", vec!["curl", "a", "b"]),
            (r#"-d '{"a": "b c"}'"#, vec!["-d", r#"{"a": "b c"}"#]),
            (r#"-d "{\"a\": 1}""#, vec!["-d", r#"{"a": 1}"#]),
            (r"a\ b ''", vec!["a b", ""]),
            (r#""a\nb""#, vec![r"a\nb"]),
            ("'open", vec!["open"]),
        ] {
            assert_eq!(words(command), expected, "{command}");
        }
    }

    #[test]
    fn commands_go_on_over_lines() {
        let script = "set -e\ncurl -s \\\n  --url 'https://api.heygen.com/v2/voices' | jq .\n\
                      curl https://api.heygen.com/v2/video_translate -d '{\n  \"a\": 1\n}'\ncurl https://example.com/v2/x\n";
        let found = commands("run.sh", script).unwrap();
        let lines: Vec<_> =
            found.iter().map(|one| (one.place.as_str(), one.method.as_str(), one.target.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("run.sh:2", "GET", "https://api.heygen.com/v2/voices"),
                ("run.sh:4", "POST", "https://api.heygen.com/v2/video_translate"),
            ]
        );
        assert_eq!(&found[1].body.as_ref().unwrap().bytes[..], b"{\n  \"a\": 1\n}");
        assert!(commands("a.txt", "no command").is_none());
    }
}
