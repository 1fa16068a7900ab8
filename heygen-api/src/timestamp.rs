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

/// Parses a timestamp as the service writes it: ISO 8601, in UTC if it has no offset. `None` if it is not a timestamp, or if
/// its date is before 1970.
///
/// A date without a time is its midnight. The `T` may be a space, and the seconds and their fraction may be missing. The offset
/// is `Z`, `+01:00`, `+0100` or `+01`. Week dates and ordinal dates are not read.
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
    let text = text.to_ascii_uppercase();
    let (local, offset) = split_offset(&text)?;
    let missing = match local.len() {
        10 => "T00:00:00",
        16 => ":00",
        _ => "",
    };
    let time = humantime::parse_rfc3339_weak(&format!("{local}{missing}")).ok()?;
    let time = match offset {
        Offset::Ahead(offset) => time.checked_sub(offset)?,
        Offset::Behind(offset) => time.checked_add(offset)?,
    };
    (time >= UNIX_EPOCH).then_some(time)
}

/// The offset of a local time from UTC.
enum Offset {
    Ahead(Duration),
    Behind(Duration),
}

/// Length of a date, whose hyphens are not signs of an offset.
const DATE: usize = "2026-11-01".len();

/// Splits the offset from UTC off the end. `None` if it has another form, or if there are two.
fn split_offset(text: &str) -> Option<(&str, Offset)> {
    let sign = text.char_indices().rfind(|(at, one)| *at >= DATE && matches!(one, '+' | '-'));
    let (local, offset) = match (text.strip_suffix('Z'), sign) {
        (Some(local), _) => (local, Offset::Ahead(Duration::ZERO)),
        (None, None) => (text, Offset::Ahead(Duration::ZERO)),
        (None, Some((at, sign))) => {
            let (local, clock) = (text.get(..at)?, text.get(at + 1..)?);
            let (hours, minutes) = match clock.len() {
                2 => (clock, "00"),
                4 => clock.split_at_checked(2)?,
                _ => clock.split_once(':')?,
            };
            let (hours, minutes) = (number(hours, 23)?, number(minutes, 59)?);
            let offset = Duration::from_secs((hours * 60 + minutes) * 60);
            (local, if sign == '+' { Offset::Ahead(offset) } else { Offset::Behind(offset) })
        }
    };
    // The parser would take any text after a `+` for an offset.
    (!local.contains(['+', 'Z'])).then_some((local, offset))
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
            "2026-11-01 12:00:00+00",
            "2026-11-01 13:00:00.000+0100",
            "2026-11-01t12:00:00z",
            "2026-11-01T12:00Z",
            "2026-11-01T13:00+01:00",
            "2026-11-01 12:00",
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
            "2026-11-01T12:00:00+99:00",
            "2026-11-01T12:00:00+1",
            "2026-11-01T12:00:00+01:00Z",
            "2026-11-01T12",
            "2026-11-0é",
            "2026-11-01T12:0é",
            "1970-01-01T00:30:00+01:00",
            "1969-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
        ] {
            assert_eq!(read(&Some(text.to_owned())), None, "{text}");
        }
        assert_eq!(parse_timestamp("2026-11-01"), Some(noon - Duration::from_secs(12 * 60 * 60)));
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some(UNIX_EPOCH));
        assert_eq!(read(&None::<i64>), None);
        assert_eq!(read(&-1), Some(UNIX_EPOCH - Duration::from_secs(1)));
    }
}
