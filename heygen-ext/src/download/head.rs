//! What the head of an answer means for a file of which a part may be here already.

use http::{HeaderMap, HeaderValue, StatusCode, Version, header};

/// The head of an answer of a file server.
pub(super) struct Head<'a> {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: &'a HeaderMap,
    pub(super) length: Option<u64>,
}

/// From where on the file was asked for, and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) from: u64,
    pub(super) expected: Option<u64>,
    pub(super) tag: HeaderValue,
}

/// What comes after the head.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The file from its beginning.
    Whole { expected: Option<u64>, tag: Option<HeaderValue> },
    /// The file from the place that was asked for.
    Rest { expected: Option<u64> },
    /// Nothing: all of it was here already.
    Complete,
    /// Nothing that fits to what is here: the file is another one by now.
    Changed,
    /// Nothing, and another link may help.
    Refused,
    /// Nothing, and later may help.
    Later,
    /// Nothing of use; with the reason.
    Useless(&'static str),
}

pub(super) fn judge(head: &Head<'_>, asked: Option<Place>) -> Verdict {
    match (head.status, asked) {
        (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => whole(head),
        (StatusCode::PARTIAL_CONTENT, Some(asked)) => rest(head, asked),
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(asked)) => match total(head.headers) {
            Some(total) if total == asked.from && asked.expected.is_none_or(|expected| expected == total) => {
                Verdict::Complete
            }
            _ => Verdict::Changed,
        },
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, _) => Verdict::Later,
        (status, _) if status.is_server_error() => Verdict::Later,
        (status, _) if status.is_client_error() => Verdict::Refused,
        _ => Verdict::Useless("that is not a file"),
    }
}

fn whole(head: &Head<'_>) -> Verdict {
    // Without a length, such a body ends when the connection does, for whatever reason.
    let endless = head.version < Version::HTTP_2
        && head.length.is_none()
        && !head.headers.contains_key(header::TRANSFER_ENCODING);
    if endless {
        return Verdict::Useless("it does not say how long the file is");
    }
    let tag = head.headers.get(header::ETAG).filter(|tag| is_strong(tag)).cloned();
    Verdict::Whole { expected: head.length, tag }
}

fn rest(head: &Head<'_>, asked: Place) -> Verdict {
    // `If-Range` should have seen to it already.
    if head.headers.get(header::ETAG).is_some_and(|tag| *tag != asked.tag) {
        return Verdict::Changed;
    }
    match content_range(head.headers) {
        Some((first, total)) if first == asked.from => match (asked.expected, total) {
            (Some(expected), Some(total)) if expected != total => Verdict::Changed,
            (expected, total) => Verdict::Rest { expected: expected.or(total) },
        },
        _ => Verdict::Changed,
    }
}

/// Only a strong tag says that not a byte is different.
fn is_strong(tag: &HeaderValue) -> bool {
    let tag = tag.as_bytes();
    tag.len() > 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
}

/// The first byte, and the length of the whole: of `bytes 100-199/5000`, 100 and 5000.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) = range_and_total(headers)?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let total = match total {
        "*" => None,
        total => Some(total.parse::<u64>().ok().filter(|total| last < *total)?),
    };
    (first <= last).then_some((first, total))
}

/// The length of the whole: of `bytes */5000`, 5000.
fn total(headers: &HeaderMap) -> Option<u64> {
    range_and_total(headers)?.1.parse().ok()
}

fn range_and_total(headers: &HeaderMap) -> Option<(&str, &str)> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.trim();
    let (unit, rest) = text.split_once(' ')?;
    let (range, total) = rest.split_once('/')?;
    unit.eq_ignore_ascii_case("bytes").then_some((range.trim(), total.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, headers: &[(&str, &str)], length: Option<u64>, asked: Option<Place>) -> Verdict {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers = HeaderMap::from_iter(headers);
        let status = StatusCode::from_u16(status).unwrap();
        judge(&Head { status, version: Version::HTTP_11, headers: &headers, length }, asked)
    }

    fn place(from: u64, expected: Option<u64>) -> Option<Place> {
        Some(Place { from, expected, tag: HeaderValue::from_static("\"t\"") })
    }

    fn half() -> Option<Place> {
        place(50, Some(100))
    }

    #[test]
    fn a_whole_file_says_its_length_and_tag() {
        let tagged = |tag: &str| verdict(200, &[("etag", tag)], Some(100), half());
        let with = |tag: Option<&'static str>| Verdict::Whole {
            expected: Some(100),
            tag: tag.map(HeaderValue::from_static),
        };
        assert_eq!(tagged("\"t\""), with(Some("\"t\"")));
        assert_eq!(tagged("W/\"t\""), with(None));
        assert_eq!(tagged("t"), with(None));
        let chunked = verdict(200, &[("transfer-encoding", "chunked")], None, None);
        assert_eq!(chunked, Verdict::Whole { expected: None, tag: None });
        assert!(matches!(verdict(200, &[], None, None), Verdict::Useless(_)));
    }

    #[test]
    fn a_part_must_be_the_one_that_was_asked_for() {
        let part = |range: &str| verdict(206, &[("content-range", range)], Some(50), half());
        let rest = Verdict::Rest { expected: Some(100) };
        assert_eq!(part("bytes 50-99/100"), rest);
        assert_eq!(part("Bytes 50-60/100"), rest);
        assert_eq!(part("bytes 50-99/*"), rest);
        for other in [
            "bytes 49-99/100",
            "bytes 50-99/101",
            "bytes 50-100/100",
            "bytes 50-49/100",
            "bytes 0-99/100",
            "lines 50-99/100",
            "bytes */100",
            "nonsense",
        ] {
            assert_eq!(part(other), Verdict::Changed, "{other}");
        }
        assert_eq!(verdict(206, &[], Some(50), half()), Verdict::Changed);
        let other = [("content-range", "bytes 50-99/100"), ("etag", "\"other\"")];
        assert_eq!(verdict(206, &other, Some(50), half()), Verdict::Changed);
        assert!(matches!(
            verdict(206, &[("content-range", "bytes 0-9/10")], None, None),
            Verdict::Useless(_)
        ));
    }

    #[test]
    fn nothing_more_may_be_all_there_was() {
        let none = |range: &str, from| verdict(416, &[("content-range", range)], None, place(from, None));
        assert_eq!(none("bytes */50", 50), Verdict::Complete);
        assert_eq!(none("bytes */40", 50), Verdict::Changed);
        assert_eq!(none("nonsense", 50), Verdict::Changed);
    }

    #[test]
    fn refusals_and_transport_errors_are_distinguished() {
        for status in [400, 401, 403, 404, 410] {
            assert_eq!(verdict(status, &[], None, half()), Verdict::Refused, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(verdict(status, &[], None, None), Verdict::Later, "{status}");
        }
        for status in [204, 304, 302] {
            assert!(matches!(verdict(status, &[], None, None), Verdict::Useless(_)), "{status}");
        }
    }
}
