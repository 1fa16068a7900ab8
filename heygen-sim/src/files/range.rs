//! Evaluates the conditions and the range of a request for a file.

use http::{HeaderMap, HeaderName, header};

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

/// Evaluates the headers of a request for a file with this `ETag` and length in bytes.
pub(super) fn requested(headers: &HeaderMap, tag: &str, length: u64) -> Range {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let lists = |value: &str| value.split(',').map(str::trim).any(|one| one == "*" || one == tag);
    if text(header::IF_MATCH).is_some_and(|value| !lists(value)) {
        return Range::PreconditionFailed;
    }
    if text(header::IF_NONE_MATCH).is_some_and(lists) {
        return Range::NotModified;
    }
    // If the client has a part of another file, it needs the whole file.
    if text(header::IF_RANGE).is_some_and(|value| value.trim() != tag) {
        return Range::Whole;
    }
    match text(header::RANGE).and_then(|value| value.trim().strip_prefix("bytes=")) {
        // HTTP allows the whole file as the response to several ranges.
        Some(range) if !range.contains(',') => part(range, length).unwrap_or(Range::Whole),
        _ => Range::Whole,
    }
}

/// Parses one range; `None` if it is malformed.
fn part(range: &str, length: u64) -> Option<Range> {
    let (first, last) = range.split_once('-')?;
    if first.is_empty() {
        let last: u64 = last.parse().ok()?;
        return Some(if last == 0 || length == 0 {
            Range::Unsatisfiable
        } else {
            Range::Part(length.saturating_sub(last), length)
        });
    }
    let first: u64 = first.parse().ok()?;
    let end = if last.is_empty() { length } else { last.parse::<u64>().ok()?.saturating_add(1).min(length) };
    if first >= length {
        return Some(Range::Unsatisfiable);
    }
    (first < end).then_some(Range::Part(first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_conditions_are_evaluated() {
        let requested = |pairs: &[(&str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            requested(&HeaderMap::from_iter(headers), "\"t\"", 100)
        };
        for (range, part) in [
            ("bytes=0-9", Range::Part(0, 10)),
            ("bytes=90-", Range::Part(90, 100)),
            ("bytes=-10", Range::Part(90, 100)),
            ("bytes=-1000", Range::Part(0, 100)),
            ("bytes=50-1000", Range::Part(50, 100)),
            ("bytes=100-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=9-3", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("lines=0-1", Range::Whole),
        ] {
            assert_eq!(requested(&[("range", range)]), part, "{range}");
        }
        let of = |name: &str, value: &str| requested(&[("range", "bytes=0-9"), (name, value)]);
        assert_eq!(of("if-range", "\"t\""), Range::Part(0, 10));
        assert_eq!(of("if-range", "\"other\""), Range::Whole);
        assert_eq!(of("if-match", "\"other\""), Range::PreconditionFailed);
        assert_eq!(of("if-match", "\"other\", \"t\""), Range::Part(0, 10));
        assert_eq!(of("if-none-match", "\"t\""), Range::NotModified);
    }
}
