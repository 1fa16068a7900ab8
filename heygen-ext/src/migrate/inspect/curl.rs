//! `curl` commands, as documentation and shell scripts have them.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use http::Method;

use super::recorded::{Recorded, RecordedBody, legacy_target, path_of};

/// The options of curl that have a value and a letter. The value may follow the letter without a space.
const WITH_VALUE: [(char, &str); 24] = [
    ('A', "--user-agent"),
    ('b', "--cookie"),
    ('c', "--cookie-jar"),
    ('C', "--continue-at"),
    ('d', "--data"),
    ('D', "--dump-header"),
    ('e', "--referer"),
    ('E', "--cert"),
    ('F', "--form"),
    ('H', "--header"),
    ('K', "--config"),
    ('m', "--max-time"),
    ('o', "--output"),
    ('Q', "--quote"),
    ('r', "--range"),
    ('t', "--telnet-option"),
    ('T', "--upload-file"),
    ('u', "--user"),
    ('U', "--proxy-user"),
    ('w', "--write-out"),
    ('x', "--proxy"),
    ('X', "--request"),
    ('Y', "--speed-limit"),
    ('z', "--time-cond"),
];

/// What ends a command.
const SEPARATORS: [&str; 4] = [";", "|", "&", "&&"];

/// The commands of a text.
pub(super) struct Commands {
    /// Their requests of v1 and v2.
    pub(super) found: Vec<Recorded>,
    /// The lines and the path of each request, in the order of the text.
    lines: Vec<(Range<usize>, String)>,
}

impl Commands {
    /// Whether a command in this line has a request with this path.
    pub(super) fn has(&self, line: usize, path: &str) -> bool {
        let before = self.lines.partition_point(|(lines, _)| lines.start <= line);
        let mut of_line = self.lines.iter().take(before).rev().take_while(|(lines, _)| lines.contains(&line));
        of_line.any(|(_, known)| known == path)
    }
}

/// Finds the commands of a text.
pub(super) fn commands(name: &str, text: &str) -> Commands {
    let (mut found, mut lines, mut variables) = (Vec::new(), Vec::new(), HashMap::new());
    for (range, command) in logical_lines(text) {
        for words in words(&command).split(|word| SEPARATORS.contains(&word.as_str())) {
            let assigned = words.iter().map_while(|word| assignment(word));
            variables.extend(assigned.filter(|(name, _)| !name.is_empty()));
            let Some(start) = words.iter().position(|word| is_curl(word)) else { continue };
            let place = format!("{name}:{}", range.start);
            let arguments = words.get(start + 1..).unwrap_or_default();
            // The options of each request are its own.
            for arguments in arguments.split(|word| ["--next", "-:"].contains(&word.as_str())) {
                for request in Command::read(arguments).requests(&place, &variables) {
                    lines.push((range.clone(), path_of(&request.target)));
                    found.push(request);
                }
            }
        }
    }
    Commands { found, lines }
}

/// Whether a word runs curl: `curl`, `/usr/bin/curl`, `ID=$(curl`.
fn is_curl(word: &str) -> bool {
    word.strip_suffix("curl").is_some_and(|before| before.is_empty() || before.ends_with(['/', '(', '`']))
}

/// What the arguments of curl mean.
#[derive(Default)]
struct Command {
    method: Option<Method>,
    /// What may be its URLs: also the values of options that are not known here.
    targets: Vec<String>,
    media_type: Option<String>,
    data: Option<String>,
    /// Whether the data belongs to the query.
    is_query: bool,
    is_form: bool,
    sends_file: bool,
}

impl Command {
    fn read(words: &[String]) -> Self {
        let mut command = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word.starts_with("--") {
                command.option(word, || words.next().cloned());
            } else if let Some(letters) = word.strip_prefix('-') {
                for (at, letter) in letters.char_indices() {
                    let Some((_, option)) = WITH_VALUE.iter().find(|(one, _)| *one == letter) else {
                        command.flag(letter);
                        continue;
                    };
                    let attached = letters.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
                    command.option(option, || attached.map(str::to_owned).or_else(|| words.next().cloned()));
                    break;
                }
            } else {
                // The end of a substitution: `ID=$(curl https://…)`.
                command.targets.push(word.trim_end_matches([')', '`']).to_owned());
            }
        }
        command
    }

    fn flag(&mut self, letter: char) {
        match letter {
            'G' => self.is_query = true,
            'I' => self.method = Some(Method::HEAD),
            _ => {}
        }
    }

    fn option(&mut self, name: &str, mut value: impl FnMut() -> Option<String>) {
        match name {
            "--request" => self.method = value().and_then(|method| method.to_uppercase().parse().ok()),
            "--header" => {
                let header = value().unwrap_or_default();
                if let Some((name, value)) = header.split_once(':')
                    && name.trim().eq_ignore_ascii_case("content-type")
                {
                    self.media_type = Some(value.trim().to_owned());
                }
            }
            "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--data-urlencode" | "--json" => {
                self.data = match (self.data.take(), value()) {
                    (Some(first), Some(next)) => Some(format!("{first}&{next}")),
                    (first, next) => first.or(next),
                };
            }
            "--form" | "--form-string" => {
                drop(value());
                self.is_form = true;
            }
            "--upload-file" => {
                drop(value());
                self.sends_file = true;
            }
            "--url" => self.targets.extend(value()),
            "--get" => self.is_query = true,
            "--head" => self.method = Some(Method::HEAD),
            name if WITH_VALUE.iter().any(|(_, one)| *one == name) => drop(value()),
            _ => {}
        }
    }

    /// The requests of v1 and v2 that the command sends: one for each URL.
    fn requests(self, place: &str, variables: &HashMap<String, String>) -> Vec<Recorded> {
        let Self { method, targets, media_type, data, is_query, is_form, sends_file } = self;
        let (query, data) = if is_query { (data, None) } else { (None, data) };
        let default = match (is_form || data.is_some(), sends_file) {
            (true, _) => Method::POST,
            (false, true) => Method::PUT,
            (false, false) => Method::GET,
        };
        let method = method.unwrap_or(default);
        let has_body = is_form || sends_file || data.is_some();
        let body = match (is_form, data) {
            (true, _) => Some(RecordedBody::form()),
            // The content of a file is not known.
            (false, Some(text)) if !text.starts_with('@') => {
                Some(RecordedBody { media_type, bytes: Bytes::from(text) })
            }
            _ => None,
        };
        let is_whole = body.is_some() || (!has_body && method != Method::POST);
        let request = |target: String| {
            let mut target = legacy_target(&with_value(&target, variables))?;
            if let Some(query) = &query {
                target = format!("{target}{}{query}", if target.contains('?') { '&' } else { '?' });
            }
            Some(Recorded {
                place: place.to_owned(),
                method: method.clone(),
                target,
                body: body.clone(),
                is_whole,
            })
        };
        targets.into_iter().filter_map(request).collect()
    }
}

/// The variable that a word sets, and its value. `export` has no variable.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=').unwrap_or(("", ""));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && (!name.is_empty() || word == "export")).then(|| (name.to_owned(), value.to_owned()))
}

/// A URL with the value of the variable at its beginning, if the script has set it before.
fn with_value(target: &str, variables: &HashMap<String, String>) -> String {
    let split = target.strip_prefix("${").and_then(|rest| rest.split_once('}')).or_else(|| {
        let rest = target.strip_prefix('$')?;
        Some(rest.split_at(
            rest.find(|one: char| !one.is_ascii_alphanumeric() && one != '_').unwrap_or(rest.len()),
        ))
    });
    let value = split.and_then(|(name, rest)| Some(format!("{}{rest}", variables.get(name)?)));
    value.unwrap_or_else(|| target.to_owned())
}

/// The lines of a script, joined where a backslash ends a line or a quote goes on, each with the numbers of its lines.
fn logical_lines(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let (mut so_far, mut start, mut end) = (String::new(), 1, 1);
    // How far a command was read, and the quote that is open there.
    let (mut read, mut quote) = (None::<usize>, None);
    for line in text.lines() {
        end += 1;
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        let before = so_far.len();
        so_far.push_str(line);
        // An apostrophe in other text opens no quote.
        if let Some(from) = read.or_else(|| line.find("curl").map(|at| before + at)) {
            quote = open_quote(so_far.get(from..).unwrap_or_default(), quote);
            read = Some(so_far.len());
        }
        if goes_on || quote.is_some() {
            so_far.push(if goes_on { ' ' } else { '\n' });
            read = read.map(|_| so_far.len());
            continue;
        }
        found.push((start..end, std::mem::take(&mut so_far)));
        (start, read) = (end, None);
    }
    if !so_far.is_empty() {
        found.push((start..end, so_far));
    }
    found
}

/// The quote that is open at the end of a text that begins within `quote`.
fn open_quote(text: &str, mut quote: Option<char>) -> Option<char> {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None | Some('"'), '\\') => drop(characters.next()),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    quote
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
        let commands = commands("run.sh", script);
        let found = &commands.found;
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
        assert!(commands.has(3, "/v2/voices") && !commands.has(4, "/v2/voices"));
        assert!(commands.has(6, "/v2/video_translate") && commands.has(9, "/v1/voice.list"));
        assert_eq!(super::commands("a.txt", "don't\nuse curl\n").found.len(), 0);
    }

    #[test]
    fn every_form_of_the_options_is_read() {
        for (options, expected) in [
            ("-XDELETE https://api.heygen.com/v2/video_avatar/a", "DELETE /v2/video_avatar/a whole"),
            (
                "-sSLX POST -d '{}' https://api.heygen.com/v2/video/generate",
                "POST /v2/video/generate {} whole",
            ),
            ("--connect-timeout 5 -o/dev/null https://api.heygen.com/v2/voices", "GET /v2/voices whole"),
            ("-H $HEADER https://api.heygen.com/v2/voices", "GET /v2/voices whole"),
            (
                "-G -d video_id=v https://api.heygen.com/v1/video_status.get",
                "GET /v1/video_status.get?video_id=v whole",
            ),
            ("-F file=@a.png https://upload.heygen.com/v1/asset", "POST /v1/asset multipart/form-data whole"),
            ("-T a.png https://upload.heygen.com/v1/asset", "PUT /v1/asset"),
            ("--data-binary @a.png https://upload.heygen.com/v1/asset", "POST /v1/asset"),
            (
                "-d {} https://api.heygen.com/v2/video/generate --next https://api.heygen.com/v2/avatars",
                "POST /v2/video/generate {} whole, GET /v2/avatars whole",
            ),
            ("$VAULT_ADDR/v1/secret/data/app ${OLLAMA_HOST}/v1/models", ""),
            ("${BASE:-https://api.heygen.com}/v2/voices", "GET /v2/voices whole"),
            (
                "\"$(cat base/url)/v2/voices\" ${A-${B}}/v2/avatars",
                "GET /v2/voices whole, GET /v2/avatars whole",
            ),
            (
                "\"$(get-base --of (x)/y)/v2/voices\" ${}/v2/avatars ${",
                "GET /v2/voices whole, GET /v2/avatars whole",
            ),
            ("https://api.heygen.com:x/v2/voices?a=b", "GET /v2/voices?a=b whole"),
        ] {
            let found = commands("run.sh", &format!("ID=$(curl {options})")).found.into_iter().map(|one| {
                let path = one.target.trim_start_matches("https://").trim_start_matches(|one| one != '/');
                let body = one.body.map(|body| match body.media_type {
                    Some(media) => format!(" {media}"),
                    None => format!(" {}", String::from_utf8_lossy(&body.bytes)),
                });
                let whole = if one.is_whole { " whole" } else { "" };
                format!("{} {path}{}{whole}", one.method, body.unwrap_or_default())
            });
            assert_eq!(found.collect::<Vec<_>>().join(", "), expected, "{options}");
        }
    }
}
