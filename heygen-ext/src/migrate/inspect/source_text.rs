//! The source of programs, in any language: their URLs of v1 and v2.

use http::Method;

use super::super::table::{endpoints, endpoints_at};
use super::recorded::{Recorded, is_service};

/// How far from a path its host and its method are searched, in bytes.
const NEAR: usize = 160;

/// The requests whose URLs are in a text, except those that are known by their line and path. A URL without a visible method
/// stands for every method of its path.
pub(super) fn urls(name: &str, text: &str, is_known: impl Fn(usize, &str) -> bool) -> Vec<Recorded> {
    let mut found: Vec<Recorded> = Vec::new();
    let bases = bases(text);
    let (mut line, mut counted) = (1, 0);
    for (index, _) in text.match_indices('/') {
        let is_start = is_start(text, index);
        if !is_start && (bases.is_empty() || !follows_base(text, index)) {
            continue;
        }
        let raw = path_at(text, index);
        let mut paths = match is_start {
            true => matching(&raw),
            false => bases.iter().flat_map(|base| matching(&format!("{base}{raw}"))).collect(),
        };
        let has_host = before(text, index).trim_end_matches('/').ends_with("heygen.com");
        // Skip a base URL that ends with a slash.
        if paths.is_empty() && has_host && raw.len() > "/v1/".len() {
            paths.push((method_near(text, index).unwrap_or(Method::GET), raw.clone()));
        }
        if let Some(method) = method_near(text, index)
            && paths.iter().any(|(one, _)| *one == method)
        {
            paths.retain(|(one, _)| *one == method);
        }
        line += text.get(counted..index).unwrap_or_default().matches('\n').count();
        counted = index;
        let place = format!("{name}:{line}");
        for (method, target) in paths {
            let mut of_line = found.iter().rev().take_while(|one| one.place == place);
            if !is_known(line, &target) && !of_line.any(|one| one.method == method && one.target == target) {
                found.push(Recorded { place: place.clone(), method, target, body: None, is_whole: false });
            }
        }
    }
    found
}

/// Whether a path of v1 or v2 begins here.
fn is_start(text: &str, index: usize) -> bool {
    let rest = text.get(index..).unwrap_or_default();
    if !["/v1/", "/v2/", "/v3/template/"].iter().any(|start| rest.starts_with(start)) {
        return false;
    }
    // `https://host/docs/v2/…` is the path of something else, and a host with a dot is that of another service.
    let host = before(text, index).split_once("://").map(|(_, host)| host).unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
    let is_other = host.contains('.') && host.bytes().all(is_name) && !is_service(host);
    !before(text, index).ends_with(['/', '_']) && !host.contains('/') && !is_other
}

/// The versions that base URLs in a text end with: `/v2` of `"https://api.heygen.com/v2"`.
fn bases(text: &str) -> Vec<&'static str> {
    let ends = |end: usize| {
        let rest = text.get(end..).unwrap_or_default();
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || "/._-{$%".contains(next))
    };
    let has_base = |version: &&str| {
        let host = format!("heygen.com{version}");
        let is_whole = |index: usize| text.get(..index).is_some_and(|text| text.ends_with(['.', '/']));
        text.match_indices(&host).any(|(index, _)| is_whole(index) && ends(index + host.len()))
    };
    ["/v1", "/v2"].into_iter().filter(has_base).collect()
}

/// Whether a path may be joined to a base URL here: a text begins, or an expression ends.
fn follows_base(text: &str, index: usize) -> bool {
    let before = before(text, index);
    match before.is_empty() {
        true => text.get(..index).is_some_and(|text| text.ends_with(['"', '\'', '`'])),
        false => before.ends_with('}') || before.strip_prefix('$').is_some_and(is_variable),
    }
}

/// Whether a text is the name of a variable.
pub(super) fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What stands before a path without a space: a host, or an expression. A longer one is cut.
fn before(text: &str, index: usize) -> &str {
    let start = char_boundary(text, index.saturating_sub(NEAR));
    let near = text.get(start..index).unwrap_or_default();
    near.rsplit(['"', '\'', '`', ' ', '\n', '(', '<']).next().unwrap_or_default()
}

/// The path from here on, with a placeholder for each expression of the language in it.
fn path_at(text: &str, index: usize) -> String {
    let rest = text.get(index..).unwrap_or_default();
    let mut path = String::new();
    let mut depth = 0_usize;
    for character in rest.chars() {
        match character {
            '{' => {
                depth += 1;
                if depth == 1 {
                    path.push('X');
                }
            }
            '}' => depth = depth.saturating_sub(1),
            '\n' => break,
            _ if depth > 0 => {}
            '$' | '<' | '>' | ':' => {}
            c if c.is_ascii_alphanumeric() || "/._-%".contains(c) => path.push(c),
            _ => break,
        }
    }
    path.trim_end_matches('.').to_owned()
}

/// The endpoints of a path. A path that ends with a slash was continued by an expression of the program.
fn matching(raw: &str) -> Vec<(Method, String)> {
    let parts = raw.matches('/').count();
    let continued = endpoints().filter(|endpoint| {
        let path = endpoint.path();
        // The part after the slash is a parameter.
        raw.ends_with('/')
            && path.split('/').nth(parts).is_some_and(|part| part.starts_with('{'))
            && path
                .split('/')
                .zip(raw.split('/'))
                .take(parts)
                .all(|(one, other)| one == other || one.starts_with('{'))
    });
    let continued: Vec<(Method, String)> = continued
        .map(|endpoint| (endpoint.method().clone(), endpoint.path().replace(['{', '}'], "")))
        .collect();
    if !continued.is_empty() {
        return continued;
    }
    endpoints_at(raw).map(|(endpoint, _)| (endpoint.method().clone(), raw.to_owned())).collect()
}

/// The first place from here on where a character begins or the text ends.
fn char_boundary(text: &str, index: usize) -> usize {
    (index..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// The method that is named near a URL, in the way of many languages: `requests.post(`, `method: "POST"`, `Method::POST`.
fn method_near(text: &str, index: usize) -> Option<Method> {
    let start = char_boundary(text, index.saturating_sub(NEAR));
    let end = char_boundary(text, (index + NEAR).min(text.len()));
    let (earlier, later) =
        (text.get(start..index).unwrap_or_default(), text.get(index..end).unwrap_or_default());
    let named = |part: &str, is_earlier: bool| {
        let part = part.to_ascii_lowercase();
        let methods = [
            ("post", Method::POST),
            ("get", Method::GET),
            ("delete", Method::DELETE),
            ("patch", Method::PATCH),
            ("put", Method::PUT),
        ];
        let places = methods.into_iter().filter_map(|(word, method)| {
            let forms = [
                format!(".{word}("),
                format!("\"{word}\""),
                format!("'{word}'"),
                format!("::{word}"),
                format!("-x {word}"),
            ];
            let at =
                forms.iter().filter_map(|form| if is_earlier { part.rfind(form) } else { part.find(form) });
            Some((if is_earlier { at.max()? } else { at.min()? }, method))
        });
        if is_earlier { places.max_by_key(|(at, _)| *at) } else { places.min_by_key(|(at, _)| *at) }
    };
    named(earlier, true).or_else(|| named(later, false)).map(|(_, method)| method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_in_many_languages() {
        for (source, expected) in [
            ("requests.post(f\"{BASE}/v2/video/generate\", json=body)", vec!["POST /v2/video/generate"]),
            (
                "fetch(`${base}/v2/template/${id}/generate`, {method: 'POST'})",
                vec!["POST /v2/template/X/generate"],
            ),
            (
                "const u = base + \"/v2/video_avatar/\" + id;",
                vec!["GET /v2/video_avatar/avatar_id", "DELETE /v2/video_avatar/avatar_id"],
            ),
            (
                "http.Get(\"https://api.heygen.com/v1/video_status.get?video_id=\" + id)",
                vec!["GET /v1/video_status.get"],
            ),
            ("client.get(\"https://api.heygen.com/v1/video.magic\")", vec!["GET /v1/video.magic"]),
            ("curl_setopt($ch, CURLOPT_URL, 'https://upload.heygen.com/v1/asset');", vec!["POST /v1/asset"]),
            (
                "axios.create({baseURL: 'https://api.heygen.com/v2/'}); api.post('/video/generate', body); get('/users')",
                vec!["POST /v2/video/generate"],
            ),
            (
                "BASE = \"https://api.heygen.com/v2\"\nrequests.get(f\"{BASE}/avatars\")\nget(\"$BASE/voices\")",
                vec!["GET /v2/avatars", "GET /v2/voices"],
            ),
            ("BASE = \"https://example.com/v2\"\nrequests.get(f\"{BASE}/avatars\")", vec![]),
            ("openai.post(\"/v1/chat/completions\")", vec![]),
            ("fetch('https://notheygen.com/v2/voices'); fetch('https://api.example.com/v2/voices')", vec![]),
            ("fetch('http://localhost:8080/v2/voices')", vec!["GET /v2/voices"]),
            ("BASE=\"https://api.heygen.com/v2\"\ncp $HOME/backup/voices .", vec![]),
            ("see https://docs.heygen.com/docs/v2/video/generate", vec![]),
            ("path('/v2/avatars')\npath('/v2/avatars')", vec!["GET /v2/avatars", "GET /v2/avatars"]),
        ] {
            let found: Vec<String> = urls("a", source, |_, _| false)
                .iter()
                .map(|one| format!("{} {}", one.method, one.target))
                .collect();
            assert_eq!(found, expected, "{source}");
        }
        assert_eq!(urls("a.py", "\n\nget('/v2/voices')", |_, _| false)[0].place, "a.py:3");
        assert!(urls("a", "é/v1/\u{1F600}/v2/avatars", |_, _| false).len() <= 1);
    }
}
