//! Recording outcomes on SQLite.

use rusqlite::{Connection, Result, Statement, params};
use uuid::Uuid;

use super::order;
use super::queue::REQUEUE;
use super::rows::{Insert, Values, insert};
use crate::domain::clock::Timestamp;
use crate::store::sql::columns::{AttemptRow, Ending, ReportRow};
use crate::store::sql::lease_book::Batch;
use crate::store::{Recorded, Report, SinkPause, StoreError};

const FINISH: &str = "UPDATE deliveries SET state = ?3, next_attempt_at = ?4, reason = ?5, finished_at = ?6, lease_owner = NULL
    WHERE id = ?1 AND lease_token = ?2 AND state = 'in_flight'";

const FINISH_ATTEMPT: &str =
    "UPDATE deliveries SET state = ?3, next_attempt_at = ?4, reason = ?5, finished_at = ?6, lease_owner = NULL,
    attempt_count = attempt_count + 1, budget_attempt_count = budget_attempt_count + 1, last_status = ?7, last_error_class = ?8
    WHERE id = ?1 AND lease_token = ?2 AND state = 'in_flight'";

const INSERT_ATTEMPTS: [&str; 2] = insert!(
    "attempts (delivery_id, number, id, started_at, duration_us, verdict, status, error_class, error, response_headers,
     response_body, is_body_truncated)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    " ON CONFLICT (delivery_id, number) DO NOTHING"
);

const PAUSE: &str = "INSERT INTO sink_pauses (subscription_id, paused_until) VALUES (?1, ?2)
    ON CONFLICT (subscription_id) DO UPDATE SET paused_until = max(sink_pauses.paused_until, excluded.paused_until)";

const BURY: &str = "INSERT INTO dead_letters (tenant, delivery_id, subscription_id, reason, created_at)
    SELECT tenant, id, subscription_id, reason, created_at FROM deliveries WHERE id = ?1
    ON CONFLICT (tenant, delivery_id) DO UPDATE SET reason = excluded.reason";

const FORWARD: &str = "INSERT INTO forwards
    (delivery_id, tenant, event_id, subscription_id, failure, state, due_at, lease_token, attempt_count, created_at)
    SELECT id, tenant, event_id, subscription_id, ?2, 'pending', ?3, 1, 0, ?3 FROM deliveries WHERE id = ?1
    ON CONFLICT (delivery_id) DO UPDATE SET failure = excluded.failure, state = 'pending', due_at = excluded.due_at,
        lease_token = forwards.lease_token + 1, attempt_count = 0, last_status = NULL, last_error = NULL,
        created_at = excluded.created_at, finished_at = NULL";

const FORGET_LEASES: &str = "DELETE FROM leases WHERE node_id = ?1 AND id = ?2";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] =
    &[FINISH, FINISH_ATTEMPT, INSERT_ATTEMPTS[0], INSERT_ATTEMPTS[1], PAUSE, BURY, FORWARD, FORGET_LEASES];

/// Reports that own what they need, to be sent to the writer.
pub(super) struct Reports {
    rows: Vec<ReportRow>,
    pauses: Vec<SinkPause>,
    ended: Vec<Batch>,
}

impl Reports {
    /// Copies reports as columns.
    pub(super) fn new(reports: &[Report], pauses: &[SinkPause], ended: &[Batch], now: Timestamp) -> Result<Self, StoreError> {
        let rows = reports.iter().map(|report| ReportRow::new(report, now)).collect::<Result<_, StoreError>>()?;
        Ok(Self { rows, pauses: pauses.to_vec(), ended: ended.to_vec() })
    }

    /// Writes them.
    pub(super) fn write(&self, connection: &Connection) -> Result<Vec<Recorded>> {
        let mut pause = connection.prepare_cached(PAUSE)?;
        for SinkPause { subscription_id, until } in &self.pauses {
            pause.execute(params![subscription_id.as_uuid(), until.as_micros()])?;
        }
        for (node, id) in &self.ended {
            connection.prepare_cached(FORGET_LEASES)?.execute(params![node.as_uuid(), id])?;
        }
        let mut finish_attempt = connection.prepare_cached(FINISH_ATTEMPT)?;
        let recorded: Vec<_> = self.rows.iter().map(|row| row.write(connection, &mut finish_attempt)).collect::<Result<_>>()?;
        let done = self.rows.iter().zip(&recorded).filter(|(_, recorded)| **recorded == Recorded::Done);
        let made: Vec<_> = done.filter_map(|(row, _)| row.attempt.as_ref().map(|attempt| (row.delivery_id, attempt))).collect();
        Insert::prepare(connection, INSERT_ATTEMPTS)?
            .rows(&made, |&(delivery_id, attempt), values| attempt.bind(delivery_id, values))?;
        Ok(recorded)
    }
}

impl ReportRow {
    fn write(&self, connection: &Connection, finish_attempt: &mut Statement<'_>) -> Result<Recorded> {
        let Ending { state, next_attempt_at, reason, finished_at } = self.ending;
        let changed = match &self.attempt {
            None => connection.prepare_cached(FINISH)?.execute(params![
                self.delivery_id,
                self.token,
                state,
                next_attempt_at,
                reason,
                finished_at
            ])?,
            Some(attempt) => finish_attempt.execute(params![
                self.delivery_id,
                self.token,
                state,
                next_attempt_at,
                reason,
                finished_at,
                attempt.status,
                attempt.error_class
            ])?,
        };
        if changed == 0 {
            return Ok(Recorded::LeaseLost);
        }
        if next_attempt_at.is_some() {
            connection.prepare_cached(REQUEUE)?.execute([self.delivery_id])?;
        } else if reason.is_some() {
            connection.prepare_cached(BURY)?.execute([self.delivery_id])?;
            if let Some(failure) = &self.failure {
                connection.prepare_cached(FORWARD)?.execute(params![self.delivery_id, failure, finished_at])?;
            }
        }
        if next_attempt_at.is_none() {
            order::ended(connection, self)?;
        }
        Ok(Recorded::Done)
    }
}

impl AttemptRow {
    fn bind(&self, delivery_id: Uuid, values: &mut Values<'_, '_>) -> Result<()> {
        values.push(delivery_id)?;
        values.push(self.number)?;
        values.push(self.id)?;
        values.push(self.started_at)?;
        values.push(self.duration_us)?;
        values.push(self.verdict)?;
        values.push(self.status)?;
        values.push(self.error_class)?;
        values.push(self.error.as_deref())?;
        values.push(self.response_headers.as_deref())?;
        values.push(self.response_body.as_deref())?;
        values.push(self.is_body_truncated)
    }
}
