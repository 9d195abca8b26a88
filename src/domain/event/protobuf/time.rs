//! `google.protobuf.Timestamp` to and from RFC 3339.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike};

/// The text of a moment, in UTC with no, 3, 6 or 9 digits of a second, as Protobuf's own JSON has it; `None` if there is no such moment
/// between the years 1 and 9999.
pub(in crate::domain::event) fn text_of_timestamp(seconds: i64, nanos: i64) -> Option<String> {
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let moment = DateTime::from_timestamp(seconds, nanos).filter(|moment| (1..=9999).contains(&moment.year()))?;
    Some(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The seconds and nanoseconds of an RFC 3339 text; `None` where they could not say the same moment: a leap second, or digits beyond
/// the ninth that are not zero.
pub(super) fn timestamp_of_text(text: &str) -> Option<(i64, u32)> {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    if digits.skip(9).any(|digit| digit != b'0') {
        return None;
    }
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (moment.nanosecond() < 1_000_000_000 && (1..=9999).contains(&moment.year()))
        .then(|| (moment.timestamp(), moment.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_protobuf_json_has_them() {
        for (seconds, nanos, text) in [
            (0, 0, Some("1970-01-01T00:00:00Z")),
            (1_522_949_460, 120_000_000, Some("2018-04-05T17:31:00.120Z")),
            (-1, 1, Some("1969-12-31T23:59:59.000000001Z")),
            (-62_135_596_800, 0, Some("0001-01-01T00:00:00Z")),
            (253_402_300_799, 999_999_000, Some("9999-12-31T23:59:59.999999Z")),
            (-62_135_596_801, 0, None),
            (253_402_300_800, 0, None),
            (i64::MAX, 0, None),
            (0, -1, None),
            (0, 1_000_000_000, None),
        ] {
            assert_eq!(text_of_timestamp(seconds, nanos).as_deref(), text, "{seconds} {nanos}");
        }
    }

    #[test]
    fn texts_are_read_where_no_moment_is_lost() {
        for (text, moment) in [
            ("2018-04-05T17:31:00Z", Some((1_522_949_460, 0))),
            ("2018-04-05T19:31:00.123456789000+02:00", Some((1_522_949_460, 123_456_789))),
            ("2018-04-05t17:31:00.1z", Some((1_522_949_460, 100_000_000))),
            ("2018-04-05T17:31:00.1234567891Z", None),
            ("2016-12-31T23:59:60Z", None),
            ("0001-01-01T00:00:00+01:00", None),
        ] {
            assert_eq!(timestamp_of_text(text), moment, "{text}");
        }
    }
}
