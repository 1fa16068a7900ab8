//! Parses timestamps, in both forms that the service sends.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

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

/// ISO 8601; UTC if it has no time zone.
impl Time for String {
    fn time(&self) -> Option<SystemTime> {
        if let Ok(time) = self.parse::<Timestamp>() {
            return Some(time.into());
        }
        let time = self.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(time.timestamp().into())
    }
}

impl<T: Time> Time for Option<T> {
    fn time(&self) -> Option<SystemTime> {
        self.as_ref()?.time()
    }
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
        ] {
            assert_eq!(read(&text.to_owned()), Some(noon), "{text}");
        }
        for text in ["", "soon", "2026-13-01T00:00:00Z"] {
            assert_eq!(read(&Some(text.to_owned())), None, "{text}");
        }
        assert_eq!(read(&None::<i64>), None);
        assert_eq!(read(&-1), Some(UNIX_EPOCH - Duration::from_secs(1)));
    }
}
