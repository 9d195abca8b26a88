//! Handshakes with sinks, each a row beside its subscription.
//!
//! Written by [`super::subscriptions`], in the transaction of the change they belong to, or alone where routing and dispatch need not
//! see the difference. Every write names the revision it was computed from.

use super::engine::{Engine, Transaction};
use super::row::Row;
use super::statement::statements;
use super::value::{Value, values};
use crate::domain::handshake::{Asked, Callback, Handshake, Heard, Last, Permission};
use crate::domain::id::SubscriptionId;
use crate::store::{Conflict, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    // A handshake that is there already is a younger one's elder, or the very same, which stays as it is.
    BEGIN = "INSERT INTO handshakes (subscription_id, begun_at, revision, is_paused, next_ask_at, attempt_count, asked_at, asked_origin,
               requested_rate, callback_hash, callback_expires_at, allowed_at, allowed_origin, allowed_rate,
               last_heard, last_status, last_error)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (subscription_id) DO UPDATE SET
               begun_at = excluded.begun_at, revision = excluded.revision, is_paused = excluded.is_paused,
               next_ask_at = excluded.next_ask_at, attempt_count = excluded.attempt_count, asked_at = excluded.asked_at,
               asked_origin = excluded.asked_origin, requested_rate = excluded.requested_rate,
               callback_hash = excluded.callback_hash, callback_expires_at = excluded.callback_expires_at,
               allowed_at = excluded.allowed_at, allowed_origin = excluded.allowed_origin, allowed_rate = excluded.allowed_rate,
               last_heard = excluded.last_heard, last_status = excluded.last_status, last_error = excluded.last_error
             WHERE handshakes.begun_at < excluded.begun_at";
    NOTE = "UPDATE handshakes SET revision = revision + 1, is_paused = $4, next_ask_at = $5, attempt_count = $6, asked_at = $7,
              asked_origin = $8, requested_rate = $9, callback_hash = $10, callback_expires_at = $11, allowed_at = $12,
              allowed_origin = $13, allowed_rate = $14, last_heard = $15, last_status = $16, last_error = $17
            WHERE subscription_id = $1 AND begun_at = $2 AND revision = $3";
    END = "DELETE FROM handshakes WHERE subscription_id = $1";
    DROP = "DELETE FROM handshakes WHERE subscription_id = $1 AND begun_at = $2 AND revision = $3";
}

/// Brings the row to what the owner's change made of it: one that begins replaces its elder, none ends it, the same stays.
pub(super) async fn follow(transaction: &mut Transaction, id: SubscriptionId, handshake: Option<&Handshake>) -> Result<()> {
    match handshake {
        Some(handshake) => transaction.execute(BEGIN, columns(id, handshake)).await,
        None => transaction.execute(END, values![id]).await,
    }
    .map(|_| ())
}

/// Forgets the handshake of a subscription that is deleted.
pub(super) async fn end(transaction: &mut Transaction, id: SubscriptionId) -> Result<()> {
    transaction.execute(END, values![id]).await.map(|_| ())
}

/// Writes what became of a handshake since it was `read`, within a change that others see.
pub(super) async fn put(
    transaction: &mut Transaction,
    id: SubscriptionId,
    read: &Handshake,
    now: Option<&Handshake>,
) -> Result<()> {
    let (statement, values) = match now {
        Some(now) => (NOTE, columns(id, now)),
        None => (DROP, values![id, read.begun_at, read.revision]),
    };
    unless_newer(transaction.execute(statement, values).await?)
}

/// Writes what became of a handshake since it was read.
pub(super) async fn note(engine: &Engine, id: SubscriptionId, now: &Handshake) -> Result<()> {
    unless_newer(engine.execute(NOTE, columns(id, now)).await?)
}

fn unless_newer(rows: u64) -> Result<()> {
    if rows == 0 { Err(Conflict::State("newer than what was read").into()) } else { Ok(()) }
}

fn columns(id: SubscriptionId, handshake: &Handshake) -> Vec<Value> {
    let Handshake { begun_at, revision, is_paused, next_ask_at, attempt_count, asked, callback, permission, last } = handshake;
    let number = |number: Option<u32>| Value::Int(number.map(i64::from));
    values![
        id,
        *begun_at,
        *revision,
        *is_paused,
        *next_ask_at,
        *attempt_count,
        asked.as_ref().map(|asked| asked.at),
        asked.as_ref().map(|asked| asked.origin.as_str()),
        number(asked.as_ref().and_then(|asked| asked.requested_rate)),
        Value::Bytes(callback.as_ref().map(|callback| callback.hash.to_vec())),
        callback.as_ref().map(|callback| callback.expires_at),
        permission.as_ref().map(|permission| permission.at),
        permission.as_ref().map(|permission| permission.origin.as_str()),
        number(permission.as_ref().and_then(|permission| permission.rate)),
        last.as_ref().map(|last| last.heard.as_str()),
        Value::Int(last.as_ref().and_then(|last| last.status).map(i64::from)),
        last.as_ref().and_then(|last| last.error.as_deref()),
    ]
}

/// The handshake in a subscription's row, if there is one.
pub(super) fn read(row: &Row) -> Result<Option<Handshake>> {
    let Some(begun_at) = row.optional_time("begun_at")? else { return Ok(None) };
    let asked = match row.optional_time("asked_at")? {
        Some(at) => {
            let requested_rate = row.optional_narrow("requested_rate")?;
            Some(Asked { at, origin: row.text("asked_origin")?, requested_rate })
        }
        None => None,
    };
    let permission = match row.optional_time("allowed_at")? {
        Some(at) => Some(Permission { at, origin: row.text("allowed_origin")?, rate: row.optional_narrow("allowed_rate")? }),
        None => None,
    };
    let heard = row.optional_word("last_heard", |word| Heard::ALL.into_iter().find(|heard| heard.as_str() == word))?;
    let last = match heard {
        Some(heard) => Some(Last { heard, status: row.optional_narrow("last_status")?, error: row.get("last_error")? }),
        None => None,
    };
    Ok(Some(Handshake {
        begun_at,
        revision: row.int("revision")?,
        is_paused: row.get("is_paused")?,
        next_ask_at: row.time("next_ask_at")?,
        attempt_count: row.narrow("attempt_count")?,
        asked,
        callback: callback(row)?,
        permission,
        last,
    }))
}

fn callback(row: &Row) -> Result<Option<Callback>> {
    let Some(expires_at) = row.optional_time("callback_expires_at")? else { return Ok(None) };
    let hash: Vec<u8> = row.get("callback_hash")?;
    let hash = hash.try_into().map_err(|_| StoreError::corrupt("handshakes.callback_hash is no hash"))?;
    Ok(Some(Callback { hash, expires_at }))
}
