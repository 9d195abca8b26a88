//! A read replica of Postgres: whether it is near enough behind the primary to show lists from.
//!
//! How far it is behind is not asked of its clock, which says nothing when nothing happens: where the primary's log ends is noted
//! with the moment, and when the replica has replayed that far it is known to be no older than that moment.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Row;
use tokio::time::{Instant, timeout};

use super::SqlStore;
use super::engine::PostgresEngine;
use super::failure::store_error;
use crate::store::{Following, Store, StoreError};

/// Where the primary's log ends.
const WRITTEN: &str = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
/// How far the replica has replayed it; nothing on a server that is no replica.
const REPLAYED: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END";

/// Limit for one of these questions.
const PATIENCE: Duration = Duration::from_secs(2);
/// Moments that wait for the replica to get there. With more it is far behind anyway.
const MAX_MARKS: usize = 256;

/// A replica, and what is known of it.
pub(super) struct Replica {
    store: Arc<SqlStore>,
    max_lag: Duration,
    /// Since when it is looked at.
    since: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Ends of the primary's log that the replica has not replayed yet, oldest first.
    marks: VecDeque<(Instant, i64)>,
    /// The replica has everything that was committed by then.
    as_of: Option<Instant>,
    /// Whether it was said that it is not used.
    is_missed: bool,
}

impl Replica {
    /// A replica that is not used before it was looked at.
    pub(super) fn new(store: SqlStore, max_lag: Duration) -> Self {
        Self { store: Arc::new(store), max_lag, since: Instant::now(), seen: Mutex::default() }
    }

    /// Its store, if it is near enough.
    pub(super) fn usable(&self) -> Option<Arc<dyn Store>> {
        self.following().is_used.then(|| Arc::clone(&self.store) as Arc<dyn Store>)
    }

    /// How it follows. One that was never seen to is as old as the looking for it.
    pub(super) fn following(&self) -> Following {
        let as_of = self.seen().as_of;
        let age = as_of.unwrap_or(self.since).elapsed();
        Following { age, is_used: as_of.is_some() && age <= self.max_lag }
    }

    /// Looks how far it is.
    pub(super) async fn look(&self, primary: &PostgresEngine) {
        let now = Instant::now();
        let written = position(primary, WRITTEN).await;
        let replayed = match self.store.postgres() {
            Some(engine) => position(engine, REPLAYED).await,
            None => Ok(None),
        };
        let failure = match (written, replayed) {
            (Ok(Some(written)), Ok(Some(replayed))) => {
                self.seen().note(now, written, replayed);
                None
            }
            (Ok(_), Ok(_)) => {
                self.seen().as_of = None;
                Some(StoreError::unavailable(std::io::Error::other("database.replica_url names no replica")))
            }
            // Without an answer it is known as well as before, and ages.
            (Err(failure), _) | (_, Err(failure)) => Some(failure),
        };
        self.say(failure.as_ref());
    }

    /// Says once that it is not used, and once that it is again.
    fn say(&self, failure: Option<&StoreError>) {
        let is_missed = self.usable().is_none();
        let was_missed = std::mem::replace(&mut self.seen().is_missed, is_missed);
        match (was_missed, is_missed) {
            (false, true) => {
                let error = failure.map(|failure| failure as &dyn std::error::Error);
                tracing::warn!(error, "the replica is away or too far behind: lists are read from the primary");
            }
            (true, false) => tracing::info!("lists are read from the replica again"),
            _ => {}
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn note(&mut self, now: Instant, written: i64, replayed: i64) {
        if self.marks.len() < MAX_MARKS {
            self.marks.push_back((now, written));
        }
        while let Some(&(at, end)) = self.marks.front().filter(|(_, end)| *end <= replayed) {
            debug_assert!(end <= replayed, "only what was replayed goes");
            self.as_of = Some(at);
            self.marks.pop_front();
        }
    }
}

async fn position(engine: &PostgresEngine, question: &'static str) -> Result<Option<i64>, StoreError> {
    let rows = timeout(PATIENCE, engine.fetch_all(sqlx::query(question))).await.map_err(StoreError::unavailable)?;
    let rows = rows.map_err(store_error)?;
    rows.first().map_or(Ok(None), |row| row.try_get(0)).map_err(store_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_new_as_the_last_moment_it_has_all_of() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut seen = Seen::default();
        seen.note(at(0), 100, 90);
        assert_eq!(seen.as_of, None, "what was committed by then is not there yet");
        seen.note(at(1), 200, 100);
        assert_eq!(seen.as_of, Some(at(0)));
        seen.note(at(2), 200, 200);
        assert_eq!(seen.as_of, Some(at(2)), "nothing was written since: it has everything");
        for second in 3..1000 {
            seen.note(at(second), 1000, 200);
        }
        assert_eq!((seen.as_of, seen.marks.len()), (Some(at(2)), MAX_MARKS));
    }
}
