//! `curl` commands, as documentation and shell scripts have them.

use bytes::Bytes;
use http::Method;

use super::recorded::{Recorded, RecordedBody, legacy_target};

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

/// What ends a command.
const SEPARATORS: [&str; 4] = [";", "|", "&", "&&"];

/// What is known of the commands of a text.
pub(super) struct Commands {
    /// Their requests of v1 and v2.
    pub(super) found: Vec<Recorded>,
    /// The text with empty lines in the place of these.
    pub(super) rest: String,
}

/// Finds the commands of a text.
pub(super) fn commands(name: &str, text: &str) -> Commands {
    let (mut found, mut variables) = (Vec::new(), Vec::new());
    let mut rest: Vec<&str> = text.lines().collect();
    let logical_lines = logical_lines(text);
    let mut starts = logical_lines.iter().skip(1).map(|(line, _)| line - 1);
    for (line, command) in &logical_lines {
        let mut is_request = false;
        for words in words(command).split(|word| SEPARATORS.contains(&word.as_str())) {
            variables.extend(words.iter().map_while(|word| assignment(word)));
            let start = words.iter().position(|word| word == "curl" || word.ends_with("/curl"));
            let Some(words) = start.and_then(|start| words.get(start + 1..)) else { continue };
            let Some((method, target, body)) = request(words, &variables) else { continue };
            is_request = true;
            // The content of a file is not known.
            let is_whole = body.is_some() || method != Method::POST;
            found.push(Recorded { place: format!("{name}:{line}"), method, target, body, is_whole });
        }
        let end = starts.next().unwrap_or(rest.len());
        if let Some(lines) = rest.get_mut(line - 1..end).filter(|_| is_request) {
            lines.fill("");
        }
    }
    Commands { found, rest: rest.join("\n") }
}

fn request(
    words: &[String],
    variables: &[(String, String)],
) -> Option<(Method, String, Option<RecordedBody>)> {
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
            url if target.is_none() => target = Some(url.to_owned()),
            _ => {}
        }
    }
    let target = legacy_target(&with_value(&target?, variables))?;
    let default = if data.is_some() { Method::POST } else { Method::GET };
    let data = data.filter(|data| !data.starts_with('@'));
    let body = data.map(|text| RecordedBody { media_type, bytes: Bytes::from(text) });
    Some((method.unwrap_or(default), target, body))
}

/// The variable that a word sets, and its value. `export` has no variable.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=').unwrap_or(("", ""));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && (!name.is_empty() || word == "export")).then(|| (name.to_owned(), value.to_owned()))
}

/// A URL with the value of the variable at its beginning, if the script has set it before.
fn with_value(target: &str, variables: &[(String, String)]) -> String {
    let split = target.strip_prefix("${").and_then(|rest| rest.split_once('}')).or_else(|| {
        let rest = target.strip_prefix('$')?;
        Some(rest.split_at(
            rest.find(|one: char| !one.is_ascii_alphanumeric() && one != '_').unwrap_or(rest.len()),
        ))
    });
    let value = split.and_then(|(name, rest)| {
        let (_, value) = variables.iter().rev().find(|(one, _)| one == name && !name.is_empty())?;
        Some(format!("{value}{rest}"))
    });
    value.unwrap_or_else(|| target.to_owned())
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
                if so_far.find("curl").is_some_and(|at| has_open_quote(so_far.get(at..).unwrap_or_default()))
                {
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
            (None, ';' | '|') => {
                found.extend(word.take());
                found.push(character.to_string());
            }
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
            ("a;b || 'c;d'|e & f?x&y", vec!["a", ";", "b", "|", "|", "c;d", "|", "e", "&", "f?x&y"]),
        ] {
            assert_eq!(words(command), expected, "{command}");
        }
    }

    #[test]
    fn commands_go_on_over_lines() {
        let script = "set -e\ncurl -s \\\n  --url 'https://api.heygen.com/v2/voices' | jq .\n\
                      curl https://api.heygen.com/v2/video_translate -d '{\n  \"a\": 1\n}'\ncurl https://example.com/v2/x\n\
                      export BASE=\"https://api.heygen.com/v2\" # version\ncurl $BASE/avatars; curl ${OTHER}/v1/voice.list\n\
                      curl \"${BASE}/voices\"\nBASE=https://example.com/v2\ncurl $BASE/voices\n";
        let Commands { found, rest } = commands("run.sh", script);
        let lines: Vec<_> =
            found.iter().map(|one| (one.place.as_str(), one.method.as_str(), one.target.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("run.sh:2", "GET", "https://api.heygen.com/v2/voices"),
                ("run.sh:4", "POST", "https://api.heygen.com/v2/video_translate"),
                ("run.sh:9", "GET", "https://api.heygen.com/v2/avatars"),
                ("run.sh:9", "GET", "/v1/voice.list"),
                ("run.sh:10", "GET", "https://api.heygen.com/v2/voices"),
            ]
        );
        assert_eq!(&found[1].body.as_ref().unwrap().bytes[..], b"{\n  \"a\": 1\n}");
        assert!(
            rest.starts_with("set -e\n\n\n\n") && rest.lines().nth(7).unwrap().starts_with("export"),
            "{rest:?}"
        );
        assert_eq!(commands("a.txt", "don't\nuse curl\n").rest, "don't\nuse curl");
    }
}
