//! The event that is sent: a structured CloudEvent of exactly 1 KiB, with its number and the time of sending at fixed places, so
//! that the sink finds them without parsing. Events that only fill a database are as small as an event gets.

use super::Result;

/// Bytes of an event.
pub(crate) const SIZE: usize = 1024;

const BEFORE_NUMBER: &str = r#"{"specversion":"1.0","id":"bench-"#;
const NUMBER_DIGITS: usize = 10;
const BEFORE_TIME: &str = r#"","sentat":""#;
const TIME_DIGITS: usize = 17;
const AFTER_TIME: &str = r#"","source":"/bench","type":""#;
const AFTER_TYPE: &str = r#"","datacontenttype":"application/json","data":{"padding":""#;
const END: &str = r#""}}"#;

/// The type of the events of a topic.
pub(crate) fn topic(number: usize) -> String {
    format!("com.example.bench.{number:03}")
}

/// The event with that number, sent at `now` (microseconds since 1970), of one of so many topics in turn.
pub(crate) fn event(number: usize, now: i64, topics: usize) -> Vec<u8> {
    let event_type = topic(number % topics);
    let mut body =
        format!("{BEFORE_NUMBER}{number:0NUMBER_DIGITS$}{BEFORE_TIME}{now:0TIME_DIGITS$}{AFTER_TIME}{event_type}{AFTER_TYPE}")
            .into_bytes();
    body.resize(SIZE - END.len(), b'x');
    body.extend_from_slice(END.as_bytes());
    body
}

/// A small event with that number.
pub(crate) fn small(number: usize) -> Vec<u8> {
    let text = r#"{"specversion":"1.0","id":"small-NUMBER","source":"/bench","type":"com.example.small","data":{}}"#;
    text.replace("NUMBER", &number.to_string()).into_bytes()
}

/// Number and time of sending of a received event: at their places, or wherever a server put them that printed the JSON anew.
pub(crate) fn read(body: &[u8]) -> Result<(usize, i64)> {
    if !body.starts_with(BEFORE_NUMBER.as_bytes()) {
        return Ok((digits_after(body, r#""id":"bench-"#)?.try_into()?, digits_after(body, r#""sentat":""#)?));
    }
    let number_at = BEFORE_NUMBER.len();
    let time_at = number_at + NUMBER_DIGITS + BEFORE_TIME.len();
    let number = body.get(number_at..number_at + NUMBER_DIGITS).ok_or("too short for an event of ours")?;
    let time = body.get(time_at..time_at + TIME_DIGITS).ok_or("too short for an event of ours")?;
    Ok((std::str::from_utf8(number)?.parse()?, std::str::from_utf8(time)?.parse()?))
}

/// The digits behind the first `mark`.
fn digits_after(body: &[u8], mark: &str) -> Result<i64> {
    let (_, rest) = std::str::from_utf8(body)?.split_once(mark).ok_or("not an event of ours")?;
    Ok(rest.split(|character: char| !character.is_ascii_digit()).next().unwrap_or("").parse()?)
}

/// Microseconds since 1970.
pub(crate) fn now() -> i64 {
    use waypost::domain::clock::{Clock, SystemClock};
    SystemClock.now().as_micros()
}
