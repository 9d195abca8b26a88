//! Tenants.

use uuid::Uuid;

use super::engine::Engine;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::entropy::Entropy;
use crate::domain::id::uuid_v7;
use crate::domain::page::{Page, PageRequest};
use crate::domain::shard::ShardNumber;
use crate::domain::tenant::{Tenant, TenantName};
use crate::store::{Conflict, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// The identifier of the tenant `default`: a `UUIDv7` of the first millisecond of 1970, the same in every database.
const DEFAULT_ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000);

statements! {
    CREATE = "INSERT INTO tenants (id, name, description, retention, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    PIN = "INSERT INTO pins (tenant, shard) VALUES ($1, $2) ON CONFLICT (tenant) DO NOTHING";
    PINNED = "SELECT shard FROM pins WHERE tenant = $1";
    FIND = "SELECT id, name, description, retention, created_at, COALESCE(shard, 0) AS shard
              FROM tenants LEFT JOIN pins ON tenant = name WHERE name = $1";
    LIST = "SELECT id, name, description, retention, created_at, COALESCE(shard, 0) AS shard
              FROM tenants LEFT JOIN pins ON tenant = name WHERE id < $1 ORDER BY id DESC LIMIT $2";
    UPDATE = "UPDATE tenants SET description = $2, retention = $3 WHERE name = $1";
    BY_SHARD = "SELECT COALESCE(shard, 0) AS shard, COUNT(*) AS tenant_count
                  FROM tenants LEFT JOIN pins ON tenant = name GROUP BY COALESCE(shard, 0)";
    IS_IN_USE = "SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM subscriptions WHERE tenant = $1 AND deleted_at IS NULL)
                                       OR EXISTS (SELECT 1 FROM producers WHERE tenant = $1)
                                       OR EXISTS (SELECT 1 FROM api_keys WHERE tenant = $1)";
    DELETE = "DELETE FROM tenants WHERE name = $1
                AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE tenant = $1 AND deleted_at IS NULL)
                AND NOT EXISTS (SELECT 1 FROM producers WHERE tenant = $1)
                AND NOT EXISTS (SELECT 1 FROM api_keys WHERE tenant = $1)";
}

/// Makes the tenant `default` if it is not there.
pub(super) async fn ensure_default(engine: &Engine) -> Result<()> {
    if find(engine, &TenantName::default()).await.is_ok() {
        return Ok(());
    }
    let values = values![DEFAULT_ID, &TenantName::default(), None::<String>, None::<String>, SystemClock.now()];
    engine.execute(CREATE, values).await.map(|_| ())
}

/// Stores a tenant.
pub(super) async fn create(engine: &Engine, entropy: &dyn Entropy, tenant: &Tenant) -> Result<()> {
    let id = uuid_v7(tenant.created_at, entropy);
    let values = values![id, &tenant.name, tenant.description.clone(), retention(tenant)?, tenant.created_at];
    let mut transaction = engine.begin().await?;
    if transaction.execute(CREATE, values).await? == 0 {
        return Err(Conflict::Exists.into());
    }
    if transaction.execute(PIN, values![&tenant.name, i64::from(tenant.shard.get())]).await? == 0 {
        let row = transaction.fetch_optional(PINNED, values![&tenant.name]).await?;
        let shard = row.ok_or_else(|| StoreError::corrupt("a pin is gone"))?.shard("shard")?;
        if shard != tenant.shard {
            return Err(Conflict::Pinned(shard).into());
        }
    }
    transaction.commit().await
}

/// How many tenants there are by shard.
pub(super) async fn by_shard(engine: &Engine) -> Result<Vec<(ShardNumber, u64)>> {
    let rows = engine.fetch_all(BY_SHARD, values![]).await?;
    rows.iter().map(|row| Ok((row.shard("shard")?, row.narrow("tenant_count")?))).collect()
}

/// Whether anything here depends on a tenant.
pub(super) async fn is_in_use(engine: &Engine, name: &TenantName) -> Result<bool> {
    Ok(engine.fetch_optional(IS_IN_USE, values![name]).await?.is_some())
}

/// One tenant.
pub(super) async fn find(engine: &Engine, name: &TenantName) -> Result<Tenant> {
    let row = engine.fetch_optional(FIND, values![name]).await?.ok_or(StoreError::NotFound)?;
    read(&row).map(|(_, tenant)| tenant)
}

/// All tenants, newest first.
pub(super) async fn list(engine: &Engine, page: PageRequest) -> Result<Page<Tenant>> {
    let values = values![page.before.unwrap_or(Uuid::max()), page.limit + 1];
    let rows = engine.fetch_all(LIST, values).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    let page = Page::cut(rows, page.limit, |(id, _)| *id);
    Ok(Page { rows: page.rows.into_iter().map(|(_, tenant)| tenant).collect(), next: page.next })
}

/// Replaces what can be changed of a tenant.
pub(super) async fn update(engine: &Engine, tenant: &Tenant) -> Result<()> {
    match engine.execute(UPDATE, values![&tenant.name, tenant.description.clone(), retention(tenant)?]).await? {
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

fn retention(tenant: &Tenant) -> Result<Option<String>> {
    tenant.retention.as_ref().map(serde_json::to_string).transpose().map_err(StoreError::corrupt)
}

/// Deletes a tenant nothing depends on.
pub(super) async fn delete(engine: &Engine, name: &TenantName) -> Result<()> {
    if engine.execute(DELETE, values![name]).await? > 0 {
        return Ok(());
    }
    find(engine, name).await?;
    Err(Conflict::InUse.into())
}

fn read(row: &Row) -> Result<(Uuid, Tenant)> {
    let retention: Option<String> = row.get("retention")?;
    let tenant = Tenant {
        name: row.tenant("name")?,
        description: row.get("description")?,
        retention: retention.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::corrupt)?,
        created_at: row.time("created_at")?,
        shard: row.shard("shard")?,
    };
    Ok((row.uuid("id")?, tenant))
}
