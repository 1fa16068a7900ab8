//! Evaluates the conditions and the range of a request for a file.

use http::{HeaderMap, HeaderName, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// The requested part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// The whole file.
    Whole,
    /// The bytes from the first offset to before the second.
    Part(u64, u64),
    /// The client has the current file already.
    NotModified,
    /// `If-Match` does not list the current file.
    PreconditionFailed,
    /// The file does not have these bytes.
    Unsatisfiable,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileInfo<'a> {
    /// The `ETag`, with its quotes.
    pub(super) tag: &'a str,
    /// When the file was changed last, in seconds since 1970.
    pub(super) modified: i64,
    /// Length in bytes.
    pub(super) length: u64,
}

/// Evaluates the headers of a request for a file, in the order of RFC 9110, section 13.2.2.
pub(super) fn requested(headers: &HeaderMap, file: FileInfo<'_>) -> Range {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let date = |name: HeaderName| text(name).and_then(parse_date);
    // `If-Match` needs a strong tag.
    match text(header::IF_MATCH) {
        Some(tags) if !lists(tags, file.tag, false) => return Range::PreconditionFailed,
        None if date(header::IF_UNMODIFIED_SINCE).is_some_and(|date| file.modified > date) => {
            return Range::PreconditionFailed;
        }
        _ => {}
    }
    match text(header::IF_NONE_MATCH) {
        Some(tags) if lists(tags, file.tag, true) => return Range::NotModified,
        None if date(header::IF_MODIFIED_SINCE).is_some_and(|date| file.modified <= date) => {
            return Range::NotModified;
        }
        _ => {}
    }
    // If the client has a part of another file, it needs the whole file.
    let same = |condition: &str| {
        condition.trim() == file.tag || parse_date(condition).is_some_and(|date| date == file.modified)
    };
    if text(header::IF_RANGE).is_some_and(|condition| !same(condition)) {
        return Range::Whole;
    }
    text(header::RANGE).and_then(|range| part(range, file.length)).unwrap_or(Range::Whole)
}

/// Whether a list of tags contains a tag, or is `*`. The weak comparison ignores that a tag is weak.
fn lists(tags: &str, tag: &str, weak: bool) -> bool {
    let is_tag = |one: &str| one == tag || (weak && one.strip_prefix("W/") == Some(tag));
    tags.split(',').map(str::trim).any(|one| one == "*" || is_tag(one))
}

/// An HTTP date, in seconds since 1970.
fn parse_date(text: &str) -> Option<i64> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok().map(Timestamp::as_second)
}

/// A time in seconds since 1970 as an HTTP date.
pub(super) fn format_date(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default()
}

/// Parses the value of `Range`; `None` if it is malformed, or if it has several ranges, because HTTP allows the whole file as
/// the response.
fn part(range: &str, length: u64) -> Option<Range> {
    let (unit, ranges) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Lists may have empty elements.
    let mut ranges = ranges.split(',').map(|one| one.trim_matches([' ', '\t'])).filter(|one| !one.is_empty());
    let (range, None) = (ranges.next()?, ranges.next()) else { return None };
    let (first, last) = range.split_once('-')?;
    if first.is_empty() {
        let last = digits(last)?;
        return Some(if last == 0 || length == 0 {
            Range::Unsatisfiable
        } else {
            Range::Part(length.saturating_sub(last), length)
        });
    }
    let first = digits(first)?;
    let last = if last.is_empty() { u64::MAX } else { digits(last)? };
    if last < first {
        return None;
    }
    Some(match first >= length {
        true => Range::Unsatisfiable,
        false => Range::Part(first, last.saturating_add(1).min(length)),
    })
}

/// A number of one or more digits, and nothing else. A number that is too large is the largest.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 6 November 1994, 08:49:37.
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sat, 05 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";

    fn requested(pairs: &[(&str, &str)]) -> Range {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let file = FileInfo { tag: "\"t\"", modified: 784_111_777, length: 100 };
        super::requested(&HeaderMap::from_iter(headers), file)
    }

    #[test]
    fn ranges_follow_the_grammar() {
        for (range, part) in [
            ("bytes=0-9", Range::Part(0, 10)),
            ("Bytes=0-9", Range::Part(0, 10)),
            ("bytes=90-", Range::Part(90, 100)),
            ("bytes=-10", Range::Part(90, 100)),
            ("bytes=-1000", Range::Part(0, 100)),
            ("bytes=50-1000", Range::Part(50, 100)),
            ("bytes=0-99999999999999999999999", Range::Part(0, 100)),
            ("bytes=99999999999999999999999-", Range::Unsatisfiable),
            ("bytes= 0-9 ,", Range::Part(0, 10)),
            ("bytes=,0-9", Range::Part(0, 10)),
            ("bytes=100-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=9-3", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=+0-9", Range::Whole),
            ("bytes=0-+9", Range::Whole),
            ("bytes=0 - 9", Range::Whole),
            ("bytes=0--9", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=", Range::Whole),
            ("bytes", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("lines=0-1", Range::Whole),
        ] {
            assert_eq!(requested(&[("range", range)]), part, "{range}");
        }
    }

    #[test]
    fn conditions_compare_tags_and_dates() {
        for (name, value, expected) in [
            ("if-range", "\"t\"", Range::Part(0, 10)),
            ("if-range", "\"other\"", Range::Whole),
            // A weak tag does not say that the bytes are equal.
            ("if-range", "W/\"t\"", Range::Whole),
            ("if-range", DATE, Range::Part(0, 10)),
            ("if-range", EARLIER, Range::Whole),
            ("if-range", LATER, Range::Whole),
            ("if-match", "\"other\"", Range::PreconditionFailed),
            ("if-match", "\"other\", \"t\"", Range::Part(0, 10)),
            ("if-match", "W/\"t\"", Range::PreconditionFailed),
            ("if-match", "*", Range::Part(0, 10)),
            ("if-none-match", "\"t\"", Range::NotModified),
            ("if-none-match", "W/\"t\"", Range::NotModified),
            ("if-none-match", "\"a\", W/\"t\"", Range::NotModified),
            ("if-none-match", "*", Range::NotModified),
            ("if-none-match", "\"other\"", Range::Part(0, 10)),
            ("if-modified-since", DATE, Range::NotModified),
            ("if-modified-since", EARLIER, Range::Part(0, 10)),
            ("if-modified-since", "yesterday", Range::Part(0, 10)),
            ("if-unmodified-since", DATE, Range::Part(0, 10)),
            ("if-unmodified-since", EARLIER, Range::PreconditionFailed),
        ] {
            assert_eq!(requested(&[("range", "bytes=0-9"), (name, value)]), expected, "{name}: {value}");
        }
        // A tag takes precedence over a date.
        assert_eq!(requested(&[("if-none-match", "\"o\""), ("if-modified-since", DATE)]), Range::Whole);
        assert_eq!(format_date(784_111_777), DATE);
    }
}
