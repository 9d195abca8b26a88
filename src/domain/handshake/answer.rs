//! What a sink's answer to the question means.
//!
//! One header decides. A status is no evidence of consent (CloudEvents WebHook 4.2, cloudevents/spec issue 328): many servers answer
//! `OPTIONS` with 200 to anybody.

use super::Heard;
use crate::domain::delivery::Outcome;

/// The header that names who may send.
pub const ALLOWED_ORIGIN: &str = "webhook-allowed-origin";
/// The header that says how fast.
pub const ALLOWED_RATE: &str = "webhook-allowed-rate";

/// What a sink answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub heard: Heard,
    /// Requests a minute that are allowed; none means no limit. Only of an answer that allows.
    pub rate: Option<u32>,
    /// The status.
    pub status: Option<u16>,
    /// Why it does not allow, in words.
    pub error: Option<String>,
}

impl Answer {
    /// Reads the answer to a question asked in the name of `origin`.
    #[must_use]
    pub fn read(outcome: &Outcome, origin: &str, requested_rate: Option<u32>) -> Self {
        let origins = headers(outcome, ALLOWED_ORIGIN);
        let (heard, error) = match origins.as_slice() {
            [allowed] if allows(allowed, origin) => (Heard::Allowed, None),
            [] => silent(outcome),
            _ => (Heard::Refused, Some(format!("the sink allows another origin than `{origin}`"))),
        };
        let rate = headers(outcome, ALLOWED_RATE);
        let rate = if heard == Heard::Allowed { self::rate(rate.first().copied(), requested_rate) } else { None };
        Self { heard, rate, status: outcome.status, error }
    }
}

/// Whether the value of `WebHook-Allowed-Origin` allows `origin`: the whole name or `*`, without case (WA-3).
#[must_use]
pub fn allows(allowed: &str, origin: &str) -> bool {
    allowed == "*" || allowed.eq_ignore_ascii_case(origin)
}

/// The rate that is allowed. One that is missing or makes no sense is the one that was asked for: the specification says so of
/// callbacks, and refusing a sink for it would help nobody (WA-4).
#[must_use]
pub fn rate(value: Option<&str>, requested: Option<u32>) -> Option<u32> {
    match value {
        Some("*") => None,
        Some(text) => match text.parse::<u64>() {
            Ok(number) if number > 0 => Some(u32::try_from(number).unwrap_or(u32::MAX)),
            _ => requested,
        },
        None => requested,
    }
}

fn headers<'a>(outcome: &'a Outcome, name: &str) -> Vec<&'a str> {
    outcome.response_headers.iter().filter(|(held, _)| held == name).map(|(_, value)| value.trim()).collect()
}

/// What an answer without the header means: of a server in trouble nothing, of any other that it does not agree, or not yet.
fn silent(outcome: &Outcome) -> (Heard, Option<String>) {
    match outcome.status {
        None | Some(408 | 425 | 429 | 500..) => (Heard::Unreachable, outcome.error.clone()),
        Some(status) => (Heard::Withheld, Some(format!("the sink answered {status} without `WebHook-Allowed-Origin`"))),
    }
}
