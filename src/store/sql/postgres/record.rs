//! Recording outcomes on Postgres: deliveries, attempts and pauses in one statement.

use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::order::{Lines, ends_in_line};
use super::{ROW, Statement, column, roomy};
use crate::domain::clock::Timestamp;
use crate::domain::id::DeliveryId;
use crate::domain::map::Set;
use crate::store::sql::columns::{AttemptRow, ReportRow};
use crate::store::sql::engine::{PostgresEngine, Runner, Transaction};
use crate::store::sql::failure::store_error;
use crate::store::sql::lease_book::Batch;
use crate::store::sql::order;
use crate::store::{Lease, Recorded, Report, SinkPause, StoreError};

/// Attempts are kept for the leases that still held, which are returned. An attempt's number that is taken already can only be
/// a defect elsewhere; it must not stop the outbox. What changes of a delivery stands in no index, so that its row is rewritten where
/// it lies.
const RECORD: &str = "WITH ended AS (
    UPDATE deliveries d SET
        state = r.state, next_attempt_at = r.next_attempt_at, reason = r.reason, finished_at = r.finished_at, lease_owner = NULL,
        attempt_count = d.attempt_count + r.made, budget_attempt_count = d.budget_attempt_count + r.made,
        last_status = CASE WHEN r.made = 1 THEN r.status ELSE d.last_status END,
        last_error_class = CASE WHEN r.made = 1 THEN r.error_class ELSE d.last_error_class END
    FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])
        AS r (id, token, state, next_attempt_at, reason, finished_at, made, status, error_class)
    WHERE d.id = r.id AND d.lease_token = r.token AND d.state = 'in_flight'
    RETURNING d.id, d.lease_token, d.tenant, d.subscription_id, d.next_attempt_at, d.reason, d.created_at
), kept AS (
    INSERT INTO attempts (delivery_id, number, id, started_at, duration_us, verdict, status, error_class, error, response_headers,
        response_body, is_body_truncated)
    SELECT a.delivery_id, a.number, a.id, a.started_at, a.duration_us, a.verdict, a.status, a.error_class, a.error, a.response_headers,
        a.response_body, a.is_body_truncated
    FROM UNNEST($10::uuid[], $11::bigint[], $12::bigint[], $13::uuid[], $14::bigint[], $15::bigint[], $16::text[], $17::bigint[],
        $18::text[], $19::text[], $20::text[], $21::bytea[], $22::boolean[])
        AS a (delivery_id, token, number, id, started_at, duration_us, verdict, status, error_class, error, response_headers,
            response_body, is_body_truncated)
    WHERE ((a.delivery_id, a.token) IN (SELECT id, lease_token FROM ended)) IS TRUE
    ON CONFLICT (delivery_id, number) DO NOTHING
), requeued AS (
    INSERT INTO queue (subscription_id, due_at, delivery_id)
    SELECT subscription_id, next_attempt_at, id FROM ended WHERE next_attempt_at IS NOT NULL
    ON CONFLICT (subscription_id, due_at, delivery_id) DO NOTHING
), buried AS (
    INSERT INTO dead_letters (tenant, delivery_id, subscription_id, reason, created_at)
    SELECT tenant, id, subscription_id, reason, created_at FROM ended WHERE reason IS NOT NULL
    ON CONFLICT (tenant, delivery_id) DO UPDATE SET reason = excluded.reason
), forgotten AS (
    DELETE FROM leases l USING UNNEST($25::uuid[], $26::uuid[]) AS gone (node_id, id)
    WHERE l.node_id = gone.node_id AND l.id = gone.id
), paused AS (
    INSERT INTO sink_pauses AS known (subscription_id, paused_until)
    SELECT p.* FROM UNNEST($23::uuid[], $24::bigint[]) AS p (subscription_id, paused_until) ORDER BY 1
    ON CONFLICT (subscription_id) DO UPDATE SET paused_until = GREATEST(known.paused_until, excluded.paused_until)
)
SELECT array_agg(id), array_agg(lease_token) FROM ended";

/// Beside [`RECORD`], in one transaction, where a death is to be sent on.
const FORWARD: &str = "INSERT INTO forwards AS known
    (delivery_id, tenant, event_id, subscription_id, failure, state, due_at, lease_token, attempt_count, created_at)
    SELECT d.id, d.tenant, d.event_id, d.subscription_id, n.failure, 'pending', $3, 1, 0, $3
    FROM UNNEST($1::uuid[], $2::text[]) AS n (id, failure)
    CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE id = n.id LIMIT 1) d ORDER BY 1
    ON CONFLICT (delivery_id) DO UPDATE SET failure = excluded.failure, state = 'pending', due_at = excluded.due_at,
        lease_token = known.lease_token + 1, attempt_count = 0, last_status = NULL, last_error = NULL,
        created_at = excluded.created_at, finished_at = NULL";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[RECORD, FORWARD];

type Result<T> = std::result::Result<T, StoreError>;

/// Records reports and pauses.
pub(in crate::store::sql) async fn record(
    engine: &PostgresEngine,
    reports: &[Report],
    pauses: &[SinkPause],
    batches: &[Batch],
    now: Timestamp,
) -> Result<Vec<Recorded>> {
    // Of two reports under one lease the first is taken; one statement can't tell them apart.
    let mut seen = Set::default();
    let is_first: Vec<_> = reports.iter().map(|report| seen.insert(report.lease)).collect();
    let firsts = reports.iter().zip(&is_first).filter(|(_, is_first)| **is_first);
    let rows = firsts.map(|(report, _)| ReportRow::new(report, now)).collect::<Result<Vec<_>>>()?;
    let ended = if rows.iter().any(|row| row.failure.is_some() || ends_in_line(row)) {
        let mut transaction = engine.begin().await.map_err(store_error)?;
        let lines = if rows.iter().any(ends_in_line) { Lines::of(&mut transaction, &rows).await? } else { Lines::default() };
        let ended = execute(&mut transaction, &rows, &latest(pauses), batches).await?;
        if rows.iter().any(|row| row.failure.is_some()) {
            forward(&mut transaction, &rows, &ended, now).await?;
        }
        let mut transaction = Transaction::Postgres(transaction);
        let (leaving, keys, blocking) = lines.part(&ended);
        order::block(&mut transaction, &blocking).await?;
        order::leave(&mut transaction, &leaving, &keys).await?;
        transaction.commit().await?;
        ended
    } else {
        execute(&mut &*engine, &rows, &latest(pauses), batches).await?
    };
    let answer = |(report, is_first): (&Report, bool)| {
        if is_first && ended.contains(&report.lease) { Recorded::Done } else { Recorded::LeaseLost }
    };
    Ok(reports.iter().zip(is_first).map(answer).collect())
}

/// The leases in the one row of [`RECORD`], two arrays: a row for each would cost both sides more than the update of it.
fn leases(row: &PgRow) -> std::result::Result<Set<Lease>, sqlx::Error> {
    let ids: Option<Vec<Uuid>> = row.try_get(0)?;
    let tokens: Option<Vec<i64>> = row.try_get(1)?;
    let lease = |(id, token)| Lease { delivery_id: DeliveryId::from_uuid(id), token };
    Ok(ids.into_iter().flatten().zip(tokens.into_iter().flatten()).map(lease).collect())
}

/// One pause per subscription, the latest; one statement can't touch a row twice.
fn latest(pauses: &[SinkPause]) -> BTreeMap<Uuid, i64> {
    let mut latest = BTreeMap::new();
    for pause in pauses {
        let until = latest.entry(pause.subscription_id.as_uuid()).or_insert(i64::MIN);
        *until = pause.until.as_micros().max(*until);
    }
    latest
}

/// About how many bytes a report takes in the message.
fn room(row: &ReportRow) -> usize {
    let kept = |attempt: &AttemptRow| {
        let headers = attempt.response_headers.as_deref().map_or(0, str::len);
        headers + attempt.response_body.as_deref().map_or(0, <[u8]>::len)
    };
    ROW + row.attempt.as_ref().map_or(0, kept)
}

async fn execute(
    runner: &mut impl Runner,
    rows: &[ReportRow],
    pauses: &BTreeMap<Uuid, i64>,
    batches: &[Batch],
) -> Result<Set<Lease>> {
    let query = bind_attempts(bind_endings(roomy(RECORD, rows.iter().map(room).sum()), rows), rows);
    let query = query.bind(pauses.keys().copied().collect::<Vec<_>>()).bind(pauses.values().copied().collect::<Vec<_>>());
    let query = query.bind(column(batches, |(node, _)| node.as_uuid())).bind(column(batches, |(_, id)| *id));
    let rows = runner.rows(query).await.map_err(store_error)?;
    rows.first().map(leases).transpose().map(Option::unwrap_or_default).map_err(store_error)
}

/// Writes the forwards of those deaths whose leases held.
async fn forward(runner: &mut impl Runner, rows: &[ReportRow], ended: &Set<Lease>, now: Timestamp) -> Result<()> {
    let lease = |row: &ReportRow| Lease { delivery_id: DeliveryId::from_uuid(row.delivery_id), token: row.token };
    let told: Vec<_> = rows.iter().filter(|row| row.failure.is_some() && ended.contains(&lease(row))).collect();
    let query = sqlx::query(FORWARD)
        .bind(column(&told, |row| row.delivery_id))
        .bind(column(&told, |row| row.failure.as_deref()))
        .bind(now.as_micros());
    runner.run(query).await.map(|_| ()).map_err(store_error)
}

fn bind_endings<'q>(query: Statement<'q>, rows: &[ReportRow]) -> Statement<'q> {
    query
        .bind(column(rows, |row| row.delivery_id))
        .bind(column(rows, |row| row.token))
        .bind(column(rows, |row| row.ending.state))
        .bind(column(rows, |row| row.ending.next_attempt_at))
        .bind(column(rows, |row| row.ending.reason))
        .bind(column(rows, |row| row.ending.finished_at))
        .bind(column(rows, |row| i64::from(row.attempt.is_some())))
        .bind(column(rows, |row| row.attempt.as_ref().and_then(|attempt| attempt.status)))
        .bind(column(rows, |row| row.attempt.as_ref().and_then(|attempt| attempt.error_class)))
}

fn bind_attempts<'q>(query: Statement<'q>, rows: &[ReportRow]) -> Statement<'q> {
    let made: Vec<_> = rows.iter().filter_map(|row| row.attempt.as_ref().map(|attempt| (row, attempt))).collect();
    query
        .bind(column(&made, |(row, _)| row.delivery_id))
        .bind(column(&made, |(row, _)| row.token))
        .bind(column(&made, |(_, attempt)| attempt.number))
        .bind(column(&made, |(_, attempt)| attempt.id))
        .bind(column(&made, |(_, attempt)| attempt.started_at))
        .bind(column(&made, |(_, attempt)| attempt.duration_us))
        .bind(column(&made, |(_, attempt)| attempt.verdict))
        .bind(column(&made, |(_, attempt)| attempt.status))
        .bind(column(&made, |(_, attempt)| attempt.error_class))
        .bind(column(&made, |(_, attempt)| attempt.error.as_deref()))
        .bind(column(&made, |(_, attempt)| attempt.response_headers.as_deref()))
        .bind(column(&made, |(_, attempt)| attempt.response_body.as_deref()))
        .bind(column(&made, |(_, attempt)| attempt.is_body_truncated))
}
