//! What other layers report, as problems.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::{Code, Flaw, Problem};
use crate::domain::entropy::{Entropy, SystemEntropy};
use crate::domain::event::read::{Fault, Invalid, Place};
use crate::routing::AcceptError;
use crate::store::{Conflict, StoreError};

/// When to try again after the database was not available.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(2);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found("There is no such resource in this tenant."),
            StoreError::Conflict(Conflict::DataExpired) => {
                Self::new(Code::DataExpired, "The event's data has expired: there is nothing left to send.")
            }
            StoreError::Conflict(conflict) => Self::new(Code::Conflict, format!("The request was refused: {conflict}.")),
            StoreError::Unavailable(_) => {
                tracing::warn!(error = %Chain(&error), "the database is not available");
                Self::new(Code::Unavailable, "The database is not available.").retry_after(UNAVAILABLE_RETRY)
            }
            StoreError::Corrupt(_) => Self::internal(&error),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Full { retry_after } => {
                Self::new(Code::Overloaded, "Too many events wait to be stored; none of yours was accepted.")
                    .retry_after(retry_after)
            }
            AcceptError::Replayed => Self::new(
                Code::Replayed,
                "A message with this `webhook-id` and `webhook-timestamp` was accepted before. Sign anew to send it again.",
            ),
            AcceptError::Unavailable { retry_after } => {
                Self::new(Code::Unavailable, "Events can't be stored right now. Posting the same event again is safe.")
                    .retry_after(retry_after)
            }
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let code = if invalid.is_too_large { Code::PayloadTooLarge } else { Code::InvalidEvent };
        Self::faulty(code, invalid.faults)
    }
}

impl Problem {
    /// A problem of this code with all these faults.
    pub(in crate::http) fn faulty(code: Code, faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [fault] => format!("{}: {}.", place(&fault.place), fault.detail),
            faults => format!("{} faults were found; `errors` lists them.", faults.len()),
        };
        faults.into_iter().fold(Self::new(code, detail), |problem, fault| problem.with(fault.into()))
    }
}

/// A place in words.
fn place(place: &Place) -> String {
    match place {
        Place::Pointer(pointer) if pointer.is_empty() => "The body".into(),
        Place::Pointer(pointer) => format!("`{pointer}`"),
        Place::Header(name) => format!("The header `{name}`"),
    }
}

impl From<Fault> for Flaw {
    fn from(fault: Fault) -> Self {
        match fault.place {
            Place::Pointer(pointer) => Self { pointer: Some(pointer), ..Self::new(fault.detail) },
            Place::Header(header) => Self { header: Some(header), ..Self::new(fault.detail) },
        }
    }
}

/// An error with its causes, on one line.
pub(super) struct Chain<'a>(pub(super) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// A new id for an error. It decides nothing and is compared with nothing, so it does not come from the injected randomness,
/// which a conversion has no way to reach.
pub(super) fn error_id() -> String {
    let mut bytes = [0; 8];
    SystemEntropy::new().fill(&mut bytes);
    format!("err_{:016x}", u64::from_be_bytes(bytes))
}
