//! Words in a prompt, title, script or name that decide how a job runs and ends.

use serde_json::Value;

use crate::api_error::ApiError;

/// Where markers are looked for in a body.
const PLACES: [&str; 9] =
    ["prompt", "title", "name", "script", "voice_name", "topic", "text", "message", "filename"];

/// Longest time and largest file that a marker may ask for: beyond them sums of milliseconds and bytes would overflow.
const LONGEST: u64 = 1_000_000_000;
const LARGEST: u64 = 1 << 40;

/// The markers, for the refusal of one that is misspelt.
const WORDS: &str = "fail, fail=CODE, hang, takes=SECONDS, ask, no-review, late-link, size=BYTES, partial";

/// What the markers of a body ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The job fails with this code.
    pub(crate) fail: Option<String>,
    /// The job never ends.
    pub(crate) hang: bool,
    /// The job runs so many seconds.
    pub(crate) takes: Option<u64>,
    /// A chat session asks a question first.
    pub(crate) ask: bool,
    /// A chat session does not stop for a review.
    pub(crate) no_review: bool,
    /// The finished job has no link for half a minute.
    pub(crate) late_link: bool,
    /// The video's file has so many bytes.
    pub(crate) size: Option<u64>,
    /// A workflow run ends with part of its outputs.
    pub(crate) partial: bool,
}

impl Marker {
    /// Reads the markers of a request's body.
    pub(crate) fn of(body: &Value) -> Result<Self, ApiError> {
        let mut marker = Self::default();
        for place in PLACES {
            let text = body.get(place).and_then(Value::as_str).unwrap_or_default();
            for word in text.split("[sim:").skip(1) {
                let word = word.split(']').next().unwrap_or_default();
                marker.read(word).ok_or_else(|| {
                    ApiError::invalid(
                        place,
                        format!("[sim:{word}] is not a marker of the simulator: {WORDS}"),
                    )
                })?;
            }
        }
        Ok(marker)
    }

    /// With those that were there before: the later one counts.
    pub(crate) fn after(self, earlier: &Self) -> Self {
        Self {
            fail: self.fail.or_else(|| earlier.fail.clone()),
            hang: self.hang || earlier.hang,
            takes: self.takes.or(earlier.takes),
            ask: self.ask || earlier.ask,
            no_review: self.no_review || earlier.no_review,
            late_link: self.late_link || earlier.late_link,
            size: self.size.or(earlier.size),
            partial: self.partial || earlier.partial,
        }
    }

    fn read(&mut self, word: &str) -> Option<()> {
        match word.split_once('=') {
            None => match word {
                "fail" => self.fail = Some("render_failed".to_owned()),
                "hang" => self.hang = true,
                "ask" => self.ask = true,
                "no-review" => self.no_review = true,
                "late-link" => self.late_link = true,
                "partial" => self.partial = true,
                _ => return None,
            },
            Some(("fail", code)) if !code.is_empty() => self.fail = Some(code.to_owned()),
            Some(("takes", seconds)) => self.takes = Some(up_to(LONGEST, seconds)?),
            Some(("size", bytes)) => self.size = Some(up_to(LARGEST, bytes)?),
            Some(_) => return None,
        }
        Some(())
    }
}

fn up_to(most: u64, text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markers_are_found_in_text_and_misspelt_ones_refused() {
        let marker = Marker::of(
            &json!({"prompt": "Hello [sim:fail=script_too_long]", "title": "[sim:takes=5]x[sim:ask]"}),
        );
        let wanted =
            Marker { fail: Some("script_too_long".into()), takes: Some(5), ask: true, ..Marker::default() };
        assert_eq!(marker, Ok(wanted));
        assert_eq!(Marker::of(&json!({"prompt": "no [marker]"})), Ok(Marker::default()));
        for wrong in [
            "[sim:fial]",
            "[sim:takes=long]",
            "[sim:takes=18446744073709551615]",
            "[sim:size=18446744073709551615]",
            "[sim:fail=]",
            "[sim:",
        ] {
            assert_eq!(
                Marker::of(&json!({"title": wrong})).unwrap_err().param.as_deref(),
                Some("title"),
                "{wrong}"
            );
        }
    }
}
