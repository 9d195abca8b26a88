//! Sessions of the dashboard, found by the hash of their token.

use uuid::Uuid;

use super::api_keys;
use super::engine::Engine;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::Timestamp;
use crate::domain::credential::{KeyHash, Session};
use crate::domain::id::ApiKeyId;
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    CREATE = "INSERT INTO sessions (token_hash, api_key_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    // The key is read each time, so that a session ends with it.
    FIND = "SELECT s.api_key_id AS begun_with, s.expires_at AS ends_at,
                   k.id, k.tenant, k.name, k.scopes, k.hint, k.created_at, k.expires_at
            FROM sessions s LEFT JOIN api_keys k ON k.id = s.api_key_id
            WHERE s.token_hash = $1 AND (s.api_key_id IS NULL OR k.id IS NOT NULL)";
    DELETE = "DELETE FROM sessions WHERE token_hash = $1";
    DELETE_ENDED = "DELETE FROM sessions WHERE expires_at < $1";
}

/// Stores a session.
pub(super) async fn create(
    engine: &Engine,
    token: &KeyHash,
    api_key: Option<ApiKeyId>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let values = values![token.as_slice(), api_key, now, expires_at];
    engine.execute(CREATE, values).await.map(|_| ())
}

/// The session of that token.
pub(super) async fn find(engine: &Engine, token: &KeyHash) -> Result<Option<Session>> {
    let Some(row) = engine.fetch_optional(FIND, values![token.as_slice()]).await? else { return Ok(None) };
    let begun_with: Option<Uuid> = row.get("begun_with")?;
    let api_key = begun_with.map(|_| api_keys::read(&row)).transpose()?;
    Ok(Some(Session { api_key, expires_at: row.time("ends_at")? }))
}

/// Deletes a session.
pub(super) async fn delete(engine: &Engine, token: &KeyHash) -> Result<()> {
    engine.execute(DELETE, values![token.as_slice()]).await.map(|_| ())
}

/// Deletes those that ended before `now`.
pub(super) async fn delete_ended(engine: &Engine, now: Timestamp) -> Result<()> {
    engine.execute(DELETE_ENDED, values![now]).await.map(|_| ())
}
