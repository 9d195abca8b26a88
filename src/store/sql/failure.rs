//! What an error of either database means for the caller: try again, or a defect.
//!
//! Everything a restart, a failover, a full disk or a crowd can cause is [`StoreError::Unavailable`]; nothing else is, or a
//! defect would be tried again for ever.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::store::StoreError;

/// SQLSTATE classes (the first two characters) of conditions that pass: connection lost, rollback of a transaction that may be
/// tried again, out of resources, stopped or cancelled by an operator (a statement's time limit included), input and output.
const PASSING_CLASSES: [&str; 5] = ["08", "40", "53", "57", "58"];

/// SQLSTATEs of other conditions that pass: a server that became a replica, a lock that was not to be had in time, an idle
/// transaction that was ended, a database that takes no connections for the time being.
const PASSING_STATES: [&str; 5] = ["25006", "55P03", "25P03", "25P04", "55000"];

/// Primary result codes of SQLite that pass: BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
const PASSING_CODES: [i64; 9] = [5, 6, 7, 8, 9, 10, 13, 14, 15];

/// Wraps an error of sqlx by what the caller can do about it.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    if may_pass(&error) { StoreError::unavailable(error) } else { StoreError::corrupt(error) }
}

/// Whether an error is of a condition that passes.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    use sqlx::Error;
    match error {
        Error::Database(refusal) => is_passing(refusal.as_ref()),
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::BeginFailed => true,
        _ => false,
    }
}

/// Whether a result code of SQLite, extended or not, is a condition that passes.
pub(super) fn is_passing_sqlite_code(code: i64) -> bool {
    PASSING_CODES.contains(&(code & 0xFF))
}

fn is_passing(refusal: &dyn DatabaseError) -> bool {
    let Some(code) = refusal.code() else { return false };
    if refusal.try_downcast_ref::<PgDatabaseError>().is_some() {
        return PASSING_STATES.contains(&&*code) || code.get(..2).is_some_and(|class| PASSING_CLASSES.contains(&class));
    }
    code.parse().is_ok_and(is_passing_sqlite_code)
}
