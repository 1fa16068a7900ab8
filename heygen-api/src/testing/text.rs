//! Texts that look like what they are: a link for `video_url`, a point in time for `created_at`.

use serde_json::Value;

use super::draws::Draws;
use super::pattern;

/// First second of 2026, in seconds since 1970.
const FIRST_SECOND: i64 = 1_767_225_600;

/// Endings of links, by a word in the name of the member.
const ENDINGS: [(&str, &str); 10] = [
    ("audio", ".mp3"),
    ("caption", ".srt"),
    ("gif", ".gif"),
    ("image", ".jpg"),
    ("page", ""),
    ("sound", ".mp3"),
    ("subtitle", ".srt"),
    ("thumbnail", ".jpg"),
    ("video", ".mp4"),
    ("zip", ".zip"),
];

/// Makes a text for a member with this name.
pub(super) fn of(schema: &Value, name: &str, draws: Draws) -> String {
    let (low, high) = (length(schema, "minLength").unwrap_or(0), length(schema, "maxLength"));
    let high = high.unwrap_or(usize::MAX);
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if let Some(text) = pattern.and_then(|pattern| pattern::text(pattern, low, high, draws)) {
        return text;
    }
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    fit(by_format(format, name, draws).unwrap_or_else(|| by_name(name, draws)), low, high)
}

/// A limit of a schema that is a length.
pub(super) fn length(schema: &Value, keyword: &str) -> Option<usize> {
    usize::try_from(schema.get(keyword)?.as_u64()?).ok()
}

/// Whether a member with this name is a point in time.
pub(super) fn is_time(name: &str) -> bool {
    name.ends_with("_at") || name.ends_with("timestamp")
}

/// A second of 2026, in seconds since 1970.
pub(super) fn second(draws: Draws) -> i64 {
    FIRST_SECOND.saturating_add(draws.between(0, 364 * 86_400))
}

fn by_format(format: &str, name: &str, draws: Draws) -> Option<String> {
    Some(match format {
        "date-time" => date_time(draws),
        "date" => date(draws),
        "time" => time(draws),
        "uuid" => uuid(draws),
        "uri" | "url" => link(name, draws),
        "email" => format!("{}@example.com", draws.hex(8)),
        "hostname" => format!("{}.example.com", draws.hex(8)),
        "ipv4" => format!("192.0.2.{}", draws.between(1, 254)),
        "byte" => "c2FtcGxl".to_owned(),
        _ => return None,
    })
}

fn by_name(name: &str, draws: Draws) -> String {
    match name.rsplit('_').next().unwrap_or_default() {
        _ if is_time(name) => date_time(draws),
        "url" | "uri" | "link" => link(name, draws),
        "id" => format!("{}_{}", name.trim_end_matches("_id"), draws.hex(8)),
        "token" | "secret" | "key" => format!("{name}_{}", draws.hex(8)),
        "email" => format!("{}@example.com", draws.hex(8)),
        "color" => format!("#{}", draws.hex(6)),
        "language" | "locale" => "en".to_owned(),
        _ => words(name, draws),
    }
}

/// The name as words, and digits that tell texts apart.
fn words(name: &str, draws: Draws) -> String {
    let mut words = name.replace(['_', '-'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{words} {}", draws.hex(4))
}

/// A link to a file of the kind that the last words of the name say.
fn link(name: &str, draws: Draws) -> String {
    let name = name.trim_end_matches("_url");
    let ending = name.rsplit('_').find_map(|word| ENDINGS.iter().find(|(kind, _)| *kind == word));
    let ending = ending.map_or("", |(_, ending)| *ending);
    format!("https://example.com/{}/{}{ending}", name.replace('_', "-"), draws.hex(8))
}

fn date(draws: Draws) -> String {
    format!("2026-{:02}-{:02}", draws.at("month").between(1, 12), draws.at("day").between(1, 28))
}

fn time(draws: Draws) -> String {
    let part = |name: &str, high: i64| draws.at(name).between(0, high);
    format!("{:02}:{:02}:{:02}Z", part("hour", 23), part("minute", 59), part("second", 59))
}

fn date_time(draws: Draws) -> String {
    format!("{}T{}", date(draws), time(draws))
}

/// A version 4 UUID.
fn uuid(draws: Draws) -> String {
    let (a, b) = (draws.at("a").hex(16), draws.at("b").hex(16));
    let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(&a, 0, 8),
        part(&a, 8, 12),
        part(&a, 12, 15),
        part(&b, 0, 3),
        part(&b, 3, 15)
    )
}

/// Repeats or cuts a text, so that its length is within the limits.
fn fit(text: String, low: usize, high: usize) -> String {
    let length = text.chars().count();
    if text.is_empty() || (low..=high).contains(&length) {
        return text;
    }
    text.chars().chain(['-']).cycle().take(length.clamp(low, high.max(low))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_look_like_what_they_are() {
        let made = |name: &str, schema: Value| of(&schema, name, Draws::new(3, "A").at(name));
        let shown: Vec<String> = [
            ("id", json!({})),
            ("video_id", json!({})),
            ("thumbnail_url", json!({})),
            ("created_at", json!({})),
            ("failure_message", json!({})),
            ("title", json!({"maxLength": 5})),
            ("title", json!({"minLength": 20})),
            ("start", json!({"format": "date-time"})),
            ("request", json!({"format": "uuid"})),
            ("fill", json!({"pattern": "^#[0-9a-f]{3}$"})),
        ]
        .into_iter()
        .map(|(name, schema)| format!("{name}: {}", made(name, schema)))
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        id: id_864420c6
        video_id: video_6951e905
        thumbnail_url: https://example.com/thumbnail/26c0dd5f.jpg
        created_at: 2026-07-08T07:59:32Z
        failure_message: Failure message 8732
        title: Title
        title: Title 46fc-Title 46f
        start: 2026-09-21T11:14:01Z
        request: 04103dae-20d8-4934-84a7-b9e0ef1e6271
        fill: #5bd
        ");
    }
}
