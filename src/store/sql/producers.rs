//! Producers. Their secrets are sealed.

use uuid::Uuid;

use super::engine::Engine;
use super::row::{Row, unreadable};
use super::statement::statements;
use super::value::values;
use super::vault::{Owner, Vault};
use crate::domain::id::ProducerId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::producer::{Producer, ProducerKind};
use crate::domain::tenant::TenantName;
use crate::store::{Conflict, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "id, tenant, name, kind, sealed, created_at"
    };
}

statements! {
    CREATE = "INSERT INTO producers (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    FIND = "SELECT ", columns!(), " FROM producers WHERE id = $1";
    LIST = "SELECT ", columns!(), " FROM producers WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    UPDATE = "UPDATE producers SET name = $3, sealed = $4 WHERE tenant = $1 AND id = $2";
    DELETE = "DELETE FROM producers WHERE tenant = $1 AND id = $2";
}

/// Stores a producer.
pub(super) async fn create(engine: &Engine, vault: &Vault, producer: &Producer) -> Result<()> {
    let values = values![
        producer.id,
        &producer.tenant,
        producer.name.clone(),
        kind_name(producer.kind),
        sealed(vault, producer)?,
        producer.created_at,
    ];
    match engine.execute(CREATE, values).await? {
        0 => Err(Conflict::Exists.into()),
        _ => Ok(()),
    }
}

/// One producer of any tenant.
pub(super) async fn find(engine: &Engine, vault: &Vault, id: ProducerId) -> Result<Producer> {
    let row = engine.fetch_optional(FIND, values![id]).await?.ok_or(StoreError::NotFound)?;
    read(vault, &row)
}

/// A tenant's producers, newest first.
pub(super) async fn list(engine: &Engine, vault: &Vault, tenant: &TenantName, page: PageRequest) -> Result<Page<Producer>> {
    let values = values![tenant, page.before.unwrap_or(Uuid::max()), page.limit + 1];
    let rows = engine.fetch_all(LIST, values).await?;
    let producers = rows.iter().map(|row| read(vault, row)).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(producers, page.limit, |producer| producer.id.as_uuid()))
}

/// Replaces a producer's name and secrets.
pub(super) async fn update(engine: &Engine, vault: &Vault, producer: &Producer) -> Result<()> {
    let values = values![&producer.tenant, producer.id, producer.name.clone(), sealed(vault, producer)?];
    found(engine.execute(UPDATE, values).await?)
}

/// Deletes a producer.
pub(super) async fn delete(engine: &Engine, tenant: &TenantName, id: ProducerId) -> Result<()> {
    found(engine.execute(DELETE, values![tenant, id]).await?)
}

fn found(rows: u64) -> Result<()> {
    if rows == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

fn sealed(vault: &Vault, producer: &Producer) -> Result<Vec<u8>> {
    vault.seal(Owner::Producer(producer.id.as_uuid()), &producer.secrets)
}

const fn kind_name(kind: ProducerKind) -> &'static str {
    match kind {
        ProducerKind::StandardWebhooks => "standard_webhooks",
    }
}

fn parse_kind(name: &str) -> Option<ProducerKind> {
    [ProducerKind::StandardWebhooks].into_iter().find(|kind| kind_name(*kind) == name)
}

fn read(vault: &Vault, row: &Row) -> Result<Producer> {
    let id = row.uuid("id")?;
    let sealed: Vec<u8> = row.get("sealed")?;
    Ok(Producer {
        id: ProducerId::from_uuid(id),
        tenant: row.tenant("tenant")?,
        name: row.text("name")?,
        kind: parse_kind(&row.text("kind")?).ok_or_else(|| unreadable("kind"))?,
        secrets: vault.open(Owner::Producer(id), &sealed)?,
        created_at: row.time("created_at")?,
    })
}
