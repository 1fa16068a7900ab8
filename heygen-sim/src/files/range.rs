//! Conditions and ranges of a request for a file.

use http::{HeaderMap, HeaderName, header};

/// What part of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    Whole,
    /// From the first byte up to the second.
    Part(u64, u64),
    /// The caller has it already.
    Unchanged,
    /// It is not the one that the caller wants.
    Changed,
    /// The file does not have these bytes.
    Nowhere,
}

pub(super) fn wanted(headers: &HeaderMap, tag: &str, length: u64) -> Range {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let lists = |value: &str| value.split(',').map(str::trim).any(|one| one == "*" || one == tag);
    if text(header::IF_MATCH).is_some_and(|value| !lists(value)) {
        return Range::Changed;
    }
    if text(header::IF_NONE_MATCH).is_some_and(lists) {
        return Range::Unchanged;
    }
    // The whole, when what the caller has a part of is another file by now.
    if text(header::IF_RANGE).is_some_and(|value| value.trim() != tag) {
        return Range::Whole;
    }
    match text(header::RANGE).and_then(|value| value.trim().strip_prefix("bytes=")) {
        // Several ranges at once are answered with the whole, which is allowed.
        Some(range) if !range.contains(',') => part(range, length).unwrap_or(Range::Whole),
        _ => Range::Whole,
    }
}

fn part(range: &str, length: u64) -> Option<Range> {
    let (first, last) = range.split_once('-')?;
    if first.is_empty() {
        let last: u64 = last.parse().ok()?;
        return Some(if last == 0 || length == 0 {
            Range::Nowhere
        } else {
            Range::Part(length.saturating_sub(last), length)
        });
    }
    let first: u64 = first.parse().ok()?;
    let end = if last.is_empty() { length } else { last.parse::<u64>().ok()?.saturating_add(1).min(length) };
    if first >= length {
        return Some(Range::Nowhere);
    }
    (first < end).then_some(Range::Part(first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_conditions_are_read() {
        let wanted = |pairs: &[(&str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            wanted(&HeaderMap::from_iter(headers), "\"t\"", 100)
        };
        for (range, part) in [
            ("bytes=0-9", Range::Part(0, 10)),
            ("bytes=90-", Range::Part(90, 100)),
            ("bytes=-10", Range::Part(90, 100)),
            ("bytes=-1000", Range::Part(0, 100)),
            ("bytes=50-1000", Range::Part(50, 100)),
            ("bytes=100-", Range::Nowhere),
            ("bytes=-0", Range::Nowhere),
            ("bytes=9-3", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("lines=0-1", Range::Whole),
        ] {
            assert_eq!(wanted(&[("range", range)]), part, "{range}");
        }
        let of = |name: &str, value: &str| wanted(&[("range", "bytes=0-9"), (name, value)]);
        assert_eq!(of("if-range", "\"t\""), Range::Part(0, 10));
        assert_eq!(of("if-range", "\"other\""), Range::Whole);
        assert_eq!(of("if-match", "\"other\""), Range::Changed);
        assert_eq!(of("if-match", "\"other\", \"t\""), Range::Part(0, 10));
        assert_eq!(of("if-none-match", "\"t\""), Range::Unchanged);
    }
}
