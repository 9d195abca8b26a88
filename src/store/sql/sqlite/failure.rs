//! Errors of the native connection, told apart as sqlx's are.

use std::sync::Arc;

use crate::store::StoreError;
use crate::store::sql::failure::is_passing_sqlite_code;

/// Wraps an error by what the caller can do about it. Shared, since one failed commit fails every job in it.
pub(super) fn from_rusqlite(error: Arc<rusqlite::Error>) -> StoreError {
    let is_passing = error.sqlite_error().is_some_and(|refusal| is_passing_sqlite_code(refusal.extended_code.into()));
    if is_passing { StoreError::unavailable(error) } else { StoreError::corrupt(error) }
}
