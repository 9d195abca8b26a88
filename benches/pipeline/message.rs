//! The event that is sent: a structured CloudEvent of exactly 1 KiB, with its number and the time of sending at fixed places, so
//! that the sink finds them without parsing.

use crate::Result;

/// Bytes of an event.
pub(crate) const SIZE: usize = 1024;

const BEFORE_NUMBER: &str = r#"{"specversion":"1.0","id":"bench-"#;
const NUMBER_DIGITS: usize = 10;
const BEFORE_TIME: &str = r#"","sentat":""#;
const TIME_DIGITS: usize = 17;
const AFTER_TIME: &str =
    r#"","source":"/bench","type":"com.example.bench","datacontenttype":"application/json","data":{"padding":""#;
const END: &str = r#""}}"#;

/// The type of every event, for the subscription.
pub(crate) const TYPE: &str = "com.example.bench";

/// The event with that number, sent at `now` (microseconds since 1970).
pub(crate) fn event(number: usize, now: i64) -> Vec<u8> {
    let mut body = format!("{BEFORE_NUMBER}{number:0NUMBER_DIGITS$}{BEFORE_TIME}{now:0TIME_DIGITS$}{AFTER_TIME}").into_bytes();
    body.resize(SIZE - END.len(), b'x');
    body.extend_from_slice(END.as_bytes());
    body
}

/// Number and time of sending of a received event.
pub(crate) fn read(body: &[u8]) -> Result<(usize, i64)> {
    let number_at = BEFORE_NUMBER.len();
    let time_at = number_at + NUMBER_DIGITS + BEFORE_TIME.len();
    let number = body.get(number_at..number_at + NUMBER_DIGITS).ok_or("too short for an event of ours")?;
    let time = body.get(time_at..time_at + TIME_DIGITS).ok_or("too short for an event of ours")?;
    Ok((std::str::from_utf8(number)?.parse()?, std::str::from_utf8(time)?.parse()?))
}

/// Microseconds since 1970.
pub(crate) fn now() -> i64 {
    use waypost::domain::clock::{Clock, SystemClock};
    SystemClock.now().as_micros()
}
