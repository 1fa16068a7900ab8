//! Parses the header `Retry-After`.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// How long a response asks the client to wait before the next request; `None` without a valid `Retry-After`.
///
/// The header contains seconds or a date. A date is relative to the response's `Date`, so that a wrong clock on this
/// machine does not matter, or to `now` if `Date` is missing. A date in the past results in zero.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let answer = http::Response::builder().header("retry-after", "7").body(())?;
/// let pause = heygen_api::retry_after(answer.headers(), SystemTime::now());
/// assert_eq!(pause, Some(Duration::from_secs(7)));
/// # Ok::<_, http::Error>(())
/// ```
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // Some servers send fractions, although the standard does not allow them.
    if let Some(pause) =
        text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    {
        return Some(pause);
    }
    let answered = headers.get(header::DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
    Some(date(text)?.duration_since(answered).unwrap_or_default())
}

/// An HTTP date, in any of its three formats.
fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now = date("Mon, 23 Nov 2026 12:00:00 GMT").unwrap();
        let of = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            retry_after(&HeaderMap::from_iter(headers), now).map(|pause| pause.as_millis())
        };
        assert_eq!(of(&[("retry-after", "7")]), Some(7000));
        assert_eq!(of(&[("retry-after", " 1.5 ")]), Some(1500));
        assert_eq!(of(&[("retry-after", "Mon, 23 Nov 2026 12:00:10 GMT")]), Some(10_000));
        assert_eq!(of(&[("retry-after", "Mon, 23 Nov 2026 11:00:00 GMT")]), Some(0));
        let dated = ("date", "Mon, 23 Nov 2026 11:59:00 GMT");
        assert_eq!(of(&[("retry-after", "Mon, 23 Nov 2026 11:59:05 GMT"), dated]), Some(5000));
        for nonsense in ["soon", "-1", "", "NaN", "Mon, 99 Nov 2026 12:00:00 GMT"] {
            assert_eq!(of(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(of(&[]), None);
    }
}
