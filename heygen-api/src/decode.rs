//! Reads unusual JSON that `serde_json` refuses.
//!
//! Servers cut titles in the middle of an emoji, start bodies with a byte order mark, and write integers with a decimal
//! point. `serde_json` refuses them when it expects a `String` or an integer.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// Deserializes JSON of the service, including unusual JSON.
///
/// The body is parsed by `serde_json`. If that fails, a second attempt accepts a byte order mark at the start, a lone
/// surrogate in a string (replaced by U+FFFD), and an integer that is written with a decimal point or an exponent
/// (`1790000000.0`, `1.79e9`).
///
/// ```
/// use heygen_api::types::DeleteVideoResponse;
///
/// let body = br#"{"id": "cut \ud83d"}"#;
/// assert!(serde_json::from_slice::<DeleteVideoResponse>(body).is_err());
/// let deleted: DeleteVideoResponse = heygen_api::from_json_slice(body)?;
/// assert_eq!(deleted.id, "cut \u{fffd}");
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// # Errors
///
/// The body is not JSON, or does not match the type. After a second attempt, line and column refer to the normalized text.
pub fn from_json_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| match plain(body) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(text) => serde_json::from_slice(&text),
    })
}

/// The UTF-8 byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The replacement of a lone surrogate.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The body as `serde_json` accepts it; borrowed if nothing has to change.
pub(crate) fn plain(body: &[u8]) -> Cow<'_, [u8]> {
    let text = body.strip_prefix(MARK).unwrap_or(body);
    let mut scan = Scan { text, at: 0, copied: 0, out: Vec::new() };
    if text.len() < body.len() {
        // The text is copied in any case.
        scan.out.reserve(text.len());
    }
    while let Some(byte) = scan.peek() {
        match byte {
            b'"' => scan.string(),
            b'-' | b'0'..=b'9' => scan.number(),
            _ => scan.at += 1,
        }
    }
    if scan.copied == 0 && text.len() == body.len() {
        return Cow::Borrowed(body);
    }
    scan.copy_to(text.len());
    Cow::Owned(scan.out)
}

/// Scans JSON for strings and numbers, and copies the text with replacements.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// The end of the text that is already in `out`.
    copied: usize,
    out: Vec<u8>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn copy_to(&mut self, end: usize) {
        self.out.extend_from_slice(self.text.get(self.copied..end).unwrap_or_default());
        self.copied = end;
    }

    /// Replaces the text from `start` to the current position with `new`.
    fn replace_from(&mut self, start: usize, new: &[u8]) {
        self.copy_to(start);
        self.out.extend_from_slice(new);
        self.copied = self.at;
    }

    /// Scans a string, from its opening quote to after its closing quote.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            let start = self.at;
            match (byte, escaped_unit(self.text, start)) {
                (b'"', _) => {
                    self.at += 1;
                    return;
                }
                (_, Some(0xd800..=0xdbff)) => {
                    let pair = matches!(escaped_unit(self.text, start + ESCAPE), Some(0xdc00..=0xdfff));
                    if pair {
                        self.at += 2 * ESCAPE;
                    } else {
                        self.at += ESCAPE;
                        self.replace_from(start, REPLACEMENT);
                    }
                }
                (_, Some(0xdc00..=0xdfff)) => {
                    self.at += ESCAPE;
                    self.replace_from(start, REPLACEMENT);
                }
                // The escaped character may be a quote or a backslash.
                (b'\\', _) => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Scans a number.
    fn number(&mut self) {
        let start = self.at;
        let part = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        while self.peek().is_some_and(part) {
            self.at += 1;
        }
        if let Some(integer) = self.text.get(start..self.at).and_then(integer) {
            self.replace_from(start, integer.as_bytes());
        }
    }
}

/// Length of an escaped UTF-16 unit, such as `\ud83d`.
const ESCAPE: usize = 6;

/// The escaped UTF-16 unit at this position.
fn escaped_unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
    // `from_str_radix` accepts a sign, but JSON does not.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The exact integer value of a number with a decimal point or an exponent, if it has one.
fn integer(number: &[u8]) -> Option<String> {
    let number = std::str::from_utf8(number).ok()?;
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", number),
    };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Do not change an integer, and do not turn invalid JSON into valid JSON.
    let is_json = !whole.is_empty()
        && (whole == "0" || !whole.starts_with('0'))
        && mantissa.contains('.') != fraction.is_empty();
    if mantissa.len() == number.len() && fraction.is_empty() || !is_json {
        return None;
    }
    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    if !significant.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // The power of ten of the last digit that is not zero.
    let dropped = i32::try_from(digits.len() - significant.len()).ok()?;
    let places = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    let value = significant.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(places.try_into().ok()?)?)?;
    Some(format!("{sign}{value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::object::object;

    fn plain_text(text: &str) -> String {
        String::from_utf8(plain(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_stay() {
        for (text, wanted) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00 b""#, r#""\ufffd b""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            // A backslash, and text that looks like an escape.
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\"\ud83d\"""#, r#""\"\ufffd\"""#),
            (r#"{"\ud83d":"\ude00"}"#, r#"{"\ufffd":"\ufffd"}"#),
            // Not a complete escape.
            (r#""\ud83""#, r#""\ud83""#),
            (r#""\u+83d""#, r#""\u+83d""#),
            (r#""\ud83d"#, r#""\ufffd"#),
            (r#""\"#, r#""\"#),
        ] {
            assert_eq!(plain_text(text), wanted, "{text}");
        }
    }

    #[test]
    fn integers_are_normalized_and_other_numbers_stay() {
        for (text, wanted) in [
            ("1790000000.0", "1790000000"),
            ("1.79e9", "1790000000"),
            ("1.79E+9", "1790000000"),
            ("-1.50e1", "-15"),
            ("100e-2", "1"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("0e99999999999", "0e99999999999"),
            ("0.5e1", "5"),
            ("9007199254740992.0", "9007199254740992"),
            ("[1.0,\"1.0\",{\"1.0\":2.0}]", "[1,\"1.0\",{\"1.0\":2}]"),
            // Unchanged.
            ("9007199254740993.0", "9007199254740993"),
            ("1e300", "1e300"),
            ("1e999999999", "1e999999999"),
            ("1e-999999999", "1e-999999999"),
            ("1.5", "1.5"),
            ("1e-1", "1e-1"),
            ("17", "17"),
            ("-0", "-0"),
            ("1.", "1."),
            (".0", ".0"),
            ("01.0", "01.0"),
            ("1.0.0", "1.0.0"),
            ("1e", "1e"),
            ("1e+-1", "1e+-1"),
            ("--1.0", "--1.0"),
        ] {
            assert_eq!(plain_text(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_type_is_read_from_unusual_json() {
        #[derive(PartialEq, Debug)]
        struct Item {
            id: String,
            at: i64,
            length: f64,
        }
        object! { @read Item: reply { required id, required at, required length, } }
        let wanted = Item { id: "a\u{fffd}".into(), at: 1_790_000_000, length: 2.0 };
        for body in [
            "{\"id\":\"a\\ud83d\",\"at\":1790000000,\"length\":2.0}",
            "{\"id\":\"a\u{fffd}\",\"at\":1.79e9,\"length\":2.0}",
            "\u{feff}{\"id\":\"a\u{fffd}\",\"at\":1790000000,\"length\":2}",
            "\u{feff} {\"id\":\"a\\ud83d\",\"at\":1790000000.0,\"length\":2e0}",
        ] {
            assert_eq!(from_json_slice::<Item>(body.as_bytes()).unwrap(), wanted, "{body}");
        }
        for body in ["{\"id\":\"a\",\"at\":1.5,\"length\":2.0}", "\u{feff}", "<html>", ""] {
            assert!(from_json_slice::<Item>(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn valid_json_is_not_changed() {
        let value: Value = from_json_slice(br#"{"a":1.0,"b":1.79e9}"#).unwrap();
        assert_eq!(value, json!({"a": 1.0, "b": 1.79e9}));
        assert!(matches!(plain(br#"{"a":[1,2.5,"b\n"]}"#), Cow::Borrowed(_)));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic() {
        // Every text of up to six of the significant bytes.
        let alphabet = b"\"\\ud8e1.-0";
        for length in 0..=6 {
            let count = alphabet.len().pow(length);
            for number in (0..count).step_by(if length == 6 { 7 } else { 1 }) {
                let mut rest = number;
                let text: Vec<u8> = (0..length)
                    .map(|_| {
                        let byte = alphabet[rest % alphabet.len()];
                        rest /= alphabet.len();
                        byte
                    })
                    .collect();
                let plain = plain(&text);
                // Valid JSON stays valid.
                if serde_json::from_slice::<Value>(&text).is_ok() {
                    assert!(serde_json::from_slice::<Value>(&plain).is_ok(), "{text:?}");
                }
            }
        }
        for bytes in [&b"\xff\xfe\"\xff"[..], b"\"\\ud8\xff\xff\"", b"\xef\xbb\xbf\xef\xbb\xbf", b"1\xff.0"] {
            let _ = plain(bytes);
        }
    }
}
