//! What an answer says of the sink that gave it.

use crate::domain::delivery::{ErrorClass, Outcome};

/// What an outcome says of the sink's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It works: it took the event, or refused this one event for what is in it.
    Well,
    /// It asked to be left alone for a while, which is done; trouble, but no reason to do more.
    Busy,
    /// It is in trouble: no answer, an error of its own, or an answer that the next event would get as well.
    Sick,
    /// Nothing: it was not asked, or wants nothing any more.
    Silent,
}

/// Answers about the event or its form: the next event may well be taken.
const ABOUT_THE_EVENT: [u16; 13] = [400, 406, 409, 411, 412, 413, 414, 415, 416, 417, 422, 428, 431];

impl Sign {
    /// Reads an outcome. `is_pause` says that the sink's `Retry-After` is heeded.
    #[must_use]
    pub fn of(outcome: &Outcome, is_pause: bool) -> Self {
        match (outcome.status, outcome.error_class) {
            (Some(410), _) | (None, Some(ErrorClass::Request)) => Self::Silent,
            (Some(200..=299), None) => Self::Well,
            (Some(status), _) if ABOUT_THE_EVENT.contains(&status) => Self::Well,
            _ if is_pause => Self::Busy,
            _ => Self::Sick,
        }
    }
}
