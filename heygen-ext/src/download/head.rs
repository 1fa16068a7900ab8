//! Interprets the head of an answer, for a file that may be downloaded in part already.

use heygen_api::content_coding;
use http::{HeaderMap, HeaderValue, StatusCode, Version, header};

/// The head of an answer of a file server.
pub(super) struct Head<'a> {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: &'a HeaderMap,
    pub(super) length: Option<u64>,
}

/// The range that was requested, and what is known of the file.
#[derive(Debug, Clone)]
pub(super) struct RangeRequest {
    pub(super) from: u64,
    pub(super) expected: Option<u64>,
    /// The strong tag of the file, or the time of its last change.
    pub(super) tag: HeaderValue,
}

/// What the body of the answer is.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The whole file.
    Whole { expected: Option<u64>, tag: Option<HeaderValue> },
    /// The requested rest of the file.
    Rest { expected: Option<u64> },
    /// The file was already complete.
    Complete,
    /// The file has changed, so the answer does not continue the downloaded part.
    Changed,
    /// The link was refused. A fresh link may work.
    Refused,
    /// The server has a temporary problem.
    RetryLater,
    /// The answer cannot be used, for this reason.
    Unusable(String),
}

/// Interprets the head of an answer. `requested` is `None` if the request had no `Range`.
pub(super) fn classify(head: &Head<'_>, requested: Option<RangeRequest>) -> Verdict {
    if head.status.is_success()
        && let Some(problem) = content_coding(head.headers)
    {
        return Verdict::Unusable(problem);
    }
    match (head.status, requested) {
        (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => whole(head),
        (StatusCode::PARTIAL_CONTENT, Some(requested)) => rest(head, requested),
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(requested)) => match total(head.headers) {
            Some(total)
                if total == requested.from && requested.expected.is_none_or(|expected| expected == total) =>
            {
                Verdict::Complete
            }
            _ => Verdict::Changed,
        },
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, _) => Verdict::RetryLater,
        (status, _) if status.is_server_error() => Verdict::RetryLater,
        (status, _) if status.is_client_error() => Verdict::Refused,
        _ => Verdict::Unusable("the answer does not contain a file".to_owned()),
    }
}

fn whole(head: &Head<'_>) -> Verdict {
    // Without a length, the end of the file cannot be distinguished from a broken connection.
    let has_unknown_end = head.version < Version::HTTP_2
        && head.length.is_none()
        && !head.headers.contains_key(header::TRANSFER_ENCODING);
    if has_unknown_end {
        return Verdict::Unusable("the answer does not say how long the file is".to_owned());
    }
    let tag = head
        .headers
        .get(header::ETAG)
        .filter(|tag| is_strong(tag))
        .or_else(|| last_change(head.headers))
        .cloned();
    Verdict::Whole { expected: head.length, tag }
}

fn rest(head: &Head<'_>, requested: RangeRequest) -> Verdict {
    // A correct server checks `If-Range`, and does not answer this.
    let name = if is_strong(&requested.tag) { header::ETAG } else { header::LAST_MODIFIED };
    if head.headers.get(name).is_some_and(|tag| *tag != requested.tag) {
        return Verdict::Changed;
    }
    match content_range(head.headers) {
        Some((first, total)) if first == requested.from => match (requested.expected, total) {
            (Some(expected), Some(total)) if expected != total => Verdict::Changed,
            (expected, total) => Verdict::Rest { expected: expected.or(total) },
        },
        _ => Verdict::Changed,
    }
}

/// The time of the last change, if it identifies the bytes: it is at least a second older than the answer, so that the file
/// cannot have changed again within the same second (RFC 9110, section 8.8.2.2).
fn last_change(headers: &HeaderMap) -> Option<&HeaderValue> {
    let time = |name| {
        let text = headers.get(name)?.to_str().ok()?;
        httpdate::parse_http_date(text).ok()
    };
    let (changed, answered) = (time(header::LAST_MODIFIED)?, time(header::DATE)?);
    headers.get(header::LAST_MODIFIED).filter(|_| changed < answered)
}

/// Only a strong tag guarantees that the bytes are the same.
fn is_strong(tag: &HeaderValue) -> bool {
    let tag = tag.as_bytes();
    tag.len() > 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
}

/// Returns the first byte and the length of the file: 100 and 5000 for `bytes 100-199/5000`.
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

/// Returns the length of the file: 5000 for `bytes */5000`.
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

    fn verdict(
        status: u16,
        headers: &[(&str, &str)],
        length: Option<u64>,
        requested: Option<RangeRequest>,
    ) -> Verdict {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers = HeaderMap::from_iter(headers);
        let status = StatusCode::from_u16(status).unwrap();
        classify(&Head { status, version: Version::HTTP_11, headers: &headers, length }, requested)
    }

    fn range_from(from: u64, expected: Option<u64>) -> Option<RangeRequest> {
        Some(RangeRequest { from, expected, tag: HeaderValue::from_static("\"t\"") })
    }

    fn half() -> Option<RangeRequest> {
        range_from(50, Some(100))
    }

    #[test]
    fn a_whole_file_has_its_length_and_tag() {
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
        assert!(matches!(verdict(200, &[], None, None), Verdict::Unusable(_)));
    }

    #[test]
    fn a_compressed_file_is_unusable() {
        for (status, requested) in [(200, None), (200, half()), (206, half())] {
            let coded = |coding| {
                let headers = [("content-encoding", coding), ("content-range", "bytes 50-99/100")];
                verdict(status, &headers, Some(100), requested.clone())
            };
            let names = |problem: &str| problem.contains("`gzip`") && problem.contains("`identity`");
            assert!(matches!(coded("gzip"), Verdict::Unusable(problem) if names(&problem)), "{status}");
            assert!(!matches!(coded("identity"), Verdict::Unusable(_)), "{status}");
        }
    }

    #[test]
    fn without_a_strong_tag_the_time_of_the_last_change_identifies_the_file() {
        const CHANGED: &str = "Wed, 25 Nov 2026 10:00:00 GMT";
        let tag = |headers: &[(&str, &str)]| match verdict(200, headers, Some(100), None) {
            Verdict::Whole { tag, .. } => tag.map(|tag| tag.to_str().unwrap().to_owned()),
            other => Some(format!("{other:?}")),
        };
        let (later, same) = (("date", "Wed, 25 Nov 2026 10:00:01 GMT"), ("date", CHANGED));
        let changed = ("last-modified", CHANGED);
        assert_eq!(tag(&[changed, later]).as_deref(), Some(CHANGED));
        assert_eq!(tag(&[changed, later, ("etag", "W/\"t\"")]).as_deref(), Some(CHANGED));
        assert_eq!(tag(&[changed, later, ("etag", "\"t\"")]).as_deref(), Some("\"t\""));
        // It may have changed twice in this second.
        assert_eq!(
            [tag(&[changed, same]), tag(&[changed]), tag(&[("last-modified", "today"), later])],
            [None, None, None]
        );
        let part = |changed: &'static str| {
            let requested =
                RangeRequest { from: 50, expected: Some(100), tag: HeaderValue::from_static(CHANGED) };
            let headers =
                [("content-range", "bytes 50-99/100"), ("last-modified", changed), ("etag", "W/\"u\"")];
            verdict(206, &headers, Some(50), Some(requested))
        };
        assert_eq!(part(CHANGED), Verdict::Rest { expected: Some(100) });
        assert_eq!(part("Wed, 25 Nov 2026 10:00:01 GMT"), Verdict::Changed);
    }

    #[test]
    fn a_part_must_match_the_requested_range() {
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
            Verdict::Unusable(_)
        ));
    }

    #[test]
    fn an_unsatisfiable_range_may_mean_that_the_file_is_complete() {
        let unsatisfiable =
            |range: &str, from| verdict(416, &[("content-range", range)], None, range_from(from, None));
        assert_eq!(unsatisfiable("bytes */50", 50), Verdict::Complete);
        assert_eq!(unsatisfiable("bytes */40", 50), Verdict::Changed);
        assert_eq!(unsatisfiable("nonsense", 50), Verdict::Changed);
    }

    #[test]
    fn refusals_and_temporary_problems_are_distinguished() {
        for status in [400, 401, 403, 404, 410] {
            assert_eq!(verdict(status, &[], None, half()), Verdict::Refused, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(verdict(status, &[], None, None), Verdict::RetryLater, "{status}");
        }
        for status in [204, 304, 302] {
            assert!(matches!(verdict(status, &[], None, None), Verdict::Unusable(_)), "{status}");
        }
    }
}
