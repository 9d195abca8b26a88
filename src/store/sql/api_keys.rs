//! API keys, found by their hash.

use uuid::Uuid;

use super::engine::Engine;
use super::row::{Row, unreadable};
use super::statement::statements;
use super::value::values;
use crate::domain::credential::{ApiKey, KeyHash, Reach, Scope};
use crate::domain::id::ApiKeyId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::tenant::TenantName;
use crate::store::{Conflict, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "id, tenant, name, scopes, hint, created_at, expires_at"
    };
}

statements! {
    CREATE = "INSERT INTO api_keys (id, key_hash, tenant, name, scopes, hint, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    FIND = "SELECT ", columns!(), " FROM api_keys WHERE key_hash = $1";
    ANY = "SELECT 1 AS found FROM api_keys LIMIT 1";
    LIST_ALL = "SELECT ", columns!(), " FROM api_keys WHERE id < $1 ORDER BY id DESC LIMIT $2";
    LIST_OF_TENANT = "SELECT ", columns!(), " FROM api_keys WHERE id < $1 AND tenant = $3 ORDER BY id DESC LIMIT $2";
    DELETE_ANY = "DELETE FROM api_keys WHERE id = $1";
    DELETE_OF_TENANT = "DELETE FROM api_keys WHERE id = $1 AND tenant = $2";
}

/// Stores a key.
pub(super) async fn create(engine: &Engine, key: &ApiKey, hash: &KeyHash) -> Result<()> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let values = values![
        key.id,
        hash.as_slice(),
        tenant_of(&key.reach).map(TenantName::as_str),
        key.name.clone(),
        scopes.join(" "),
        key.hint.clone(),
        key.created_at,
        key.expires_at,
    ];
    match engine.execute(CREATE, values).await? {
        0 => Err(Conflict::Exists.into()),
        _ => Ok(()),
    }
}

/// The key of that hash.
pub(super) async fn find(engine: &Engine, hash: &KeyHash) -> Result<Option<ApiKey>> {
    engine.fetch_optional(FIND, values![hash.as_slice()]).await?.as_ref().map(read).transpose()
}

/// Whether there is any.
pub(super) async fn any(engine: &Engine) -> Result<bool> {
    Ok(engine.fetch_optional(ANY, values![]).await?.is_some())
}

/// The keys within a reach, newest first.
pub(super) async fn list(engine: &Engine, reach: &Reach, page: PageRequest) -> Result<Page<ApiKey>> {
    let (before, limit) = (page.before.unwrap_or(Uuid::max()), page.limit + 1);
    let rows = match tenant_of(reach) {
        Some(tenant) => engine.fetch_all(LIST_OF_TENANT, values![before, limit, tenant]).await?,
        None => engine.fetch_all(LIST_ALL, values![before, limit]).await?,
    };
    let keys = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(keys, page.limit, |key| key.id.as_uuid()))
}

/// Deletes a key within a reach.
pub(super) async fn delete(engine: &Engine, reach: &Reach, id: ApiKeyId) -> Result<()> {
    let deleted = match tenant_of(reach) {
        Some(tenant) => engine.execute(DELETE_OF_TENANT, values![id, tenant]).await?,
        None => engine.execute(DELETE_ANY, values![id]).await?,
    };
    if deleted == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

fn tenant_of(reach: &Reach) -> Option<&TenantName> {
    match reach {
        Reach::Tenant(name) => Some(name),
        Reach::All => None,
    }
}

/// Reads the columns of a key.
pub(super) fn read(row: &Row) -> Result<ApiKey> {
    let tenant: Option<String> = row.get("tenant")?;
    let reach = match tenant {
        Some(_) => Reach::Tenant(row.tenant("tenant")?),
        None => Reach::All,
    };
    let scopes = row.text("scopes")?;
    let scopes = scopes.split_whitespace().map(|name| Scope::parse(name).ok_or_else(|| unreadable("scopes")));
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(row.uuid("id")?),
        name: row.text("name")?,
        reach,
        scopes: scopes.collect::<Result<_>>()?,
        hint: row.text("hint")?,
        created_at: row.time("created_at")?,
        expires_at: row.optional_time("expires_at")?,
    })
}
