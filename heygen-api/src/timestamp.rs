//! Parses timestamps, in both forms that the service sends.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Parses a field; `None` if it is absent or not a timestamp.
pub(crate) fn read(value: &impl Time) -> Option<SystemTime> {
    value.time()
}

/// A field that may contain a timestamp.
pub(crate) trait Time {
    fn time(&self) -> Option<SystemTime>;
}

/// Seconds since 1970.
impl Time for i64 {
    fn time(&self) -> Option<SystemTime> {
        let distance = Duration::from_secs(self.unsigned_abs());
        if *self < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }
}

impl Time for String {
    fn time(&self) -> Option<SystemTime> {
        parse_timestamp(self)
    }
}

impl<T: Time> Time for Option<T> {
    fn time(&self) -> Option<SystemTime> {
        self.as_ref()?.time()
    }
}

/// Parses a timestamp as the service writes it: ISO 8601, in UTC if it has no offset. `None` if it is not a timestamp or is
/// before 1970.
///
/// Fields of the document have methods for this. It is for fields that are newer than the document, and for events.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let noon = UNIX_EPOCH + Duration::from_secs(1_793_534_400);
/// let time = heygen_api::parse_timestamp("2026-11-01T13:00:00+01:00");
/// assert_eq!(time, Some(noon));
/// ```
pub fn parse_timestamp(text: &str) -> Option<SystemTime> {
    let (local, offset) = split_offset(text);
    // A second offset. The parser would take any text after a `+` for one.
    if local.contains('+') || (offset.is_some() && local.ends_with('Z')) {
        return None;
    }
    let time = humantime::parse_rfc3339_weak(local).ok()?;
    match offset {
        None => Some(time),
        Some(("+", ahead)) => time.checked_sub(ahead),
        Some((_, behind)) => time.checked_add(behind),
    }
}

/// Splits the offset from UTC off the end: `+01:00` or `-05:30`.
fn split_offset(text: &str) -> (&str, Option<(&str, Duration)>) {
    let offset = || {
        let at = text.len().checked_sub("+00:00".len())?;
        let (local, offset) = text.split_at_checked(at)?;
        let (sign, clock) = offset.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
        let (hours, minutes) = clock.split_once(':')?;
        let (hours, minutes) = (number(hours, 23)?, number(minutes, 59)?);
        Some((local, Some((sign, Duration::from_secs((hours * 60 + minutes) * 60)))))
    };
    offset().unwrap_or((text, None))
}

/// A number of two digits.
fn number(text: &str, largest: u64) -> Option<u64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let noon = UNIX_EPOCH + Duration::from_secs(1_793_534_400);
        assert_eq!(read(&1_793_534_400), Some(noon));
        for text in [
            "2026-11-01T12:00:00Z",
            "2026-11-01T12:00:00+00:00",
            "2026-11-01T13:00:00+01:00",
            "2026-11-01T12:00:00",
            "2026-11-01 12:00:00.000",
            "2026-11-01T12:00:00.000000+00:00",
            "2026-11-01T06:30:00.000-05:30",
        ] {
            assert_eq!(read(&text.to_owned()), Some(noon), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-13-01T00:00:00Z",
            "2026-11-01T12:00:00+24:00",
            "2026-11-01T12:00:00.5+1:000",
            "2026-11-01T12:00:00.5+é:00",
            "2026-11-01T12:00:00Z+01:00",
            "2026-11-01T12:00:00.5+00:00+01:00",
            "2026-11-01T12:00:00.5+00:xx",
            "1970-01-01T00:30:00+99:00",
            "0001-01-01T00:00:00Z",
        ] {
            assert_eq!(read(&Some(text.to_owned())), None, "{text}");
        }
        assert_eq!(read(&None::<i64>), None);
        assert_eq!(read(&-1), Some(UNIX_EPOCH - Duration::from_secs(1)));
    }
}
