//! Markers: text in a prompt, title, script or name that controls how a job runs and ends.

use serde_json::Value;

use crate::api_error::ApiError;

/// Members of a body that may contain markers.
const MEMBERS: [&str; 9] =
    ["prompt", "title", "name", "script", "voice_name", "topic", "text", "message", "filename"];

/// Maximum time of a marker, in seconds. Above it, sums of milliseconds could overflow.
const MAX_SECONDS: u64 = 1_000_000_000;

/// Maximum file size of a marker, in bytes.
const MAX_BYTES: u64 = 1 << 40;

/// The code of a failure whose marker has none: the example of the document.
const DEFAULT_FAILURE: &str = "rendering_failed";

/// All markers, for the error message about an unknown one.
const KNOWN: &str = "fail, fail=CODE, fail-in=LANGUAGE, hang, takes=SECONDS, ask, no-review, late-link, late-video, \
                     size=BYTES, partial";

/// The effects of a body's markers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The job fails with this code.
    pub(crate) fail: Option<String>,
    /// Only the jobs of these languages fail, which are names or codes.
    pub(crate) fail_in: Vec<String>,
    /// The job never ends.
    pub(crate) hang: bool,
    /// The job ends after this number of seconds.
    pub(crate) takes: Option<u64>,
    /// A chat session asks a question first.
    pub(crate) ask: bool,
    /// A chat session does not stop at `reviewing`.
    pub(crate) no_review: bool,
    /// The completed job has no link for half a minute.
    pub(crate) late_link: bool,
    /// A session in generate mode names its video only when it starts.
    pub(crate) late_video: bool,
    /// The file of the video has this number of bytes.
    pub(crate) size: Option<u64>,
    /// A workflow run ends with only part of its outputs.
    pub(crate) partial: bool,
}

impl Marker {
    /// Reads the markers of a body. An unknown marker is an error.
    pub(crate) fn of(body: &Value) -> Result<Self, ApiError> {
        let mut marker = Self::default();
        for (member, value) in body.as_object().into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            if !text.contains('[') || !MEMBERS.contains(&member.as_str()) {
                continue;
            }
            for word in text.split("[sim:").skip(1) {
                let word = word.split(']').next().unwrap_or_default();
                marker.read(word).ok_or_else(|| {
                    ApiError::invalid(
                        member,
                        format!("[sim:{word}] is not a marker of the simulator: {KNOWN}"),
                    )
                })?;
            }
        }
        Ok(marker)
    }

    /// The markers of each job of a request with one job per language. `languages` are the names and codes of the languages.
    ///
    /// A marker that names another language is an error, because it would have no effect.
    pub(crate) fn for_languages(&self, languages: &[(&str, &str)]) -> Result<Vec<Self>, ApiError> {
        let is_one = |wanted: &str, (name, code): &(&str, &str)| wanted == *name || wanted == *code;
        let unknown = self.fail_in.iter().find(|wanted| !languages.iter().any(|one| is_one(wanted, one)));
        if let Some(unknown) = unknown {
            let message =
                format!("[sim:fail-in={unknown}] names none of the output_languages of the request");
            return Err(ApiError::invalid("title", message));
        }
        let marker = |language: &(&str, &str)| {
            let mut marker = self.clone();
            if !self.fail_in.is_empty() {
                let fails = self.fail_in.iter().any(|wanted| is_one(wanted, language));
                let code = marker.fail.take().unwrap_or_else(|| DEFAULT_FAILURE.to_owned());
                marker.fail = fails.then_some(code);
            }
            marker
        };
        Ok(languages.iter().map(marker).collect())
    }

    /// Adds earlier markers, where these have no value.
    pub(crate) fn after(self, earlier: &Self) -> Self {
        Self {
            fail: self.fail.or_else(|| earlier.fail.clone()),
            fail_in: if self.fail_in.is_empty() { earlier.fail_in.clone() } else { self.fail_in },
            hang: self.hang || earlier.hang,
            takes: self.takes.or(earlier.takes),
            ask: self.ask || earlier.ask,
            no_review: self.no_review || earlier.no_review,
            late_link: self.late_link || earlier.late_link,
            late_video: self.late_video || earlier.late_video,
            size: self.size.or(earlier.size),
            partial: self.partial || earlier.partial,
        }
    }

    /// Reads one marker, without its brackets.
    fn read(&mut self, word: &str) -> Option<()> {
        match word.split_once('=') {
            None => match word {
                "fail" => self.fail = Some(DEFAULT_FAILURE.to_owned()),
                "hang" => self.hang = true,
                "ask" => self.ask = true,
                "no-review" => self.no_review = true,
                "late-link" => self.late_link = true,
                "late-video" => self.late_video = true,
                "partial" => self.partial = true,
                _ => return None,
            },
            Some(("fail", code)) if !code.is_empty() => self.fail = Some(code.to_owned()),
            Some(("fail-in", language)) if !language.is_empty() => self.fail_in.push(language.to_owned()),
            Some(("takes", seconds)) => self.takes = Some(up_to(MAX_SECONDS, seconds)?),
            Some(("size", bytes)) => self.size = Some(up_to(MAX_BYTES, bytes)?),
            Some(_) => return None,
        }
        Some(())
    }
}

/// Parses a number up to a maximum.
fn up_to(most: u64, text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markers_are_read_and_unknown_ones_refused() {
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
            "[sim:fail-in=]",
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
