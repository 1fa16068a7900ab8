//! The header `Retry-After`: seconds, or a date.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// How long the service asks to be left alone.
///
/// A date is counted from the answer's own `Date`, so that a clock which is wrong here does no harm, and from `now` where
/// there is none. A date that has passed means now.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // Fractions are not in the standard, and are sent.
    if let Some(pause) =
        text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    {
        return Some(pause);
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let answered = headers.get(header::DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
    Some(date(text)?.duration_since(answered).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now = httpdate::parse_http_date("Mon, 23 Nov 2026 12:00:00 GMT").unwrap();
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
        for nonsense in ["soon", "-1", "", "NaN"] {
            assert_eq!(of(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(of(&[]), None);
    }
}
