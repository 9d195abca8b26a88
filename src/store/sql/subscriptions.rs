//! Subscriptions. Their signing secrets and sink credentials are sealed; the rest of the spec is JSON.
//!
//! Every change raises the routing version in its transaction, first of all: changes queue up at that row, so that versions and
//! states grow together.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::engine::{Engine, Transaction};
use super::row::Row;
use super::statement::statements;
use super::value::values;
use super::vault::{Owner, Vault};
use super::{handshakes, order, rates, revisions, sinks};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::subscription::{Credential, DisabledReason, Rules, SigningSecret, Spec, Status, Subscription};
use crate::domain::tenant::TenantName;
use crate::store::{Conflict, Directory, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

macro_rules! columns {
    () => {
        "id, tenant, status, disabled_reason, spec, sealed, created_at, updated_at"
    };
}

/// What a subscription is read from, its handshake included.
macro_rules! whole {
    () => {
        "id, tenant, status, disabled_reason, spec, sealed, created_at, updated_at, begun_at, revision, is_paused, next_ask_at,
         attempt_count, asked_at, asked_origin, requested_rate, callback_hash, callback_expires_at, allowed_at, allowed_origin,
         allowed_rate, last_heard, last_status, last_error
         FROM subscriptions LEFT JOIN handshakes ON subscription_id = id"
    };
}

statements! {
    VERSION = "SELECT version FROM routing WHERE id = 1";
    RAISE_VERSION = "UPDATE routing SET version = version + 1 WHERE id = 1";
    CREATE = "INSERT INTO subscriptions (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    FIND = "SELECT ", whole!(), " WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL";
    FIND_ANY = "SELECT ", whole!(), " WHERE id = $1 AND deleted_at IS NULL";
    LIST = "SELECT ", whole!(), " WHERE tenant = $1 AND id < $2 AND deleted_at IS NULL ORDER BY id DESC LIMIT $3";
    LOAD = "SELECT ", whole!(), " WHERE deleted_at IS NULL";
    DUE = "SELECT ", whole!(), " WHERE next_ask_at <= $1 AND deleted_at IS NULL AND status <> 'disabled'
           ORDER BY next_ask_at LIMIT $2";
    SET_STATUS = "UPDATE subscriptions SET status = $3, updated_at = CASE WHEN $4 > updated_at THEN $4 ELSE updated_at + 1 END
                  WHERE id = $1 AND updated_at = $2 AND deleted_at IS NULL";
    // `updated_at` grows with every change even if the clock does not, or a change in the same microsecond would go unseen.
    UPDATE = "UPDATE subscriptions SET status = $4, disabled_reason = $5, spec = $6, sealed = $7,
                updated_at = CASE WHEN $8 > updated_at THEN $8 ELSE updated_at + 1 END
              WHERE tenant = $1 AND id = $2 AND updated_at = $3 AND deleted_at IS NULL";
    // The row stays for its deliveries' sake; its secrets do not.
    DELETE = "UPDATE subscriptions SET deleted_at = $3, updated_at = $3, sealed = $4
              WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL";
    DISABLE = "UPDATE subscriptions SET status = 'disabled', disabled_reason = $2,
                 updated_at = CASE WHEN $3 > updated_at THEN $3 ELSE updated_at + 1 END
               WHERE id = $1 AND deleted_at IS NULL AND status <> 'disabled' RETURNING tenant, spec";
}

/// What is sealed of a subscription.
#[derive(Serialize, Deserialize)]
struct Sealed {
    secrets: Vec<SigningSecret>,
    sinkcredential: Option<Credential>,
}

/// The routing version now.
pub(super) async fn routing_version(engine: &Engine) -> Result<i64> {
    engine.fetch_one(VERSION, values![]).await?.int("version")
}

/// Every subscription with the routing version it is the state of.
pub(super) async fn load(engine: &Engine, vault: &Vault) -> Result<Directory> {
    let mut snapshot = engine.snapshot().await?;
    let version = snapshot.fetch_optional(VERSION, values![]).await?;
    let version = version.ok_or_else(|| StoreError::corrupt("the routing version is gone"))?.int("version")?;
    let rows = snapshot.fetch_all(LOAD, values![]).await?;
    snapshot.commit().await?;
    let subscriptions = rows.iter().map(|row| read(vault, row).map(|found| (found.id, Arc::new(found))));
    Ok(Directory { version, subscriptions: subscriptions.collect::<Result<_>>()? })
}

/// Stores a new subscription.
pub(super) async fn create(engine: &Engine, vault: &Vault, subscription: &Subscription) -> Result<()> {
    let (spec, sealed) = split(vault, subscription)?;
    let values = values![
        subscription.id,
        &subscription.tenant,
        subscription.status.as_str(),
        subscription.disabled_reason.map(reason_name),
        spec,
        sealed,
        subscription.created_at,
        subscription.updated_at,
    ];
    let mut transaction = change(engine).await?;
    if transaction.execute(CREATE, values).await? == 0 {
        return Err(Conflict::Exists.into());
    }
    let (whose, rules) = ((&subscription.tenant, subscription.id), Rules::from(&subscription.spec));
    let status = (subscription.status, subscription.disabled_reason);
    revisions::begin(&mut transaction, whose, status, &rules, subscription.created_at).await?;
    if subscription.handshake.is_some() {
        handshakes::follow(&mut transaction, subscription.id, subscription.handshake.as_ref()).await?;
    }
    transaction.commit().await
}

/// One subscription.
pub(super) async fn find(engine: &Engine, vault: &Vault, tenant: &TenantName, id: SubscriptionId) -> Result<Subscription> {
    let row = engine.fetch_optional(FIND, values![tenant, id]).await?.ok_or(StoreError::NotFound)?;
    read(vault, &row)
}

/// A tenant's subscriptions, newest first.
pub(super) async fn list(engine: &Engine, vault: &Vault, tenant: &TenantName, page: PageRequest) -> Result<Page<Subscription>> {
    let values = values![tenant, page.before.unwrap_or(Uuid::max()), page.limit + 1];
    let rows = engine.fetch_all(LIST, values).await?;
    let subscriptions = rows.iter().map(|row| read(vault, row)).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(subscriptions, page.limit, |subscription| subscription.id.as_uuid()))
}

/// Replaces a subscription that is still as it was read.
pub(super) async fn update(engine: &Engine, vault: &Vault, subscription: &Subscription, read_at: Timestamp) -> Result<()> {
    let (spec, sealed) = split(vault, subscription)?;
    let values = values![
        &subscription.tenant,
        subscription.id,
        read_at,
        subscription.status.as_str(),
        subscription.disabled_reason.map(reason_name),
        spec,
        sealed,
        subscription.updated_at,
    ];
    let mut transaction = change(engine).await?;
    if transaction.execute(UPDATE, values).await? == 0 {
        let found = transaction.fetch_optional(FIND, values![&subscription.tenant, subscription.id]).await?;
        return Err(found.map_or(StoreError::NotFound, |_| Conflict::State("newer than what was read").into()));
    }
    let (whose, rules) = ((&subscription.tenant, subscription.id), Rules::from(&subscription.spec));
    let status = (subscription.status, subscription.disabled_reason);
    revisions::note(&mut transaction, whose, status, &rules, subscription.updated_at).await?;
    handshakes::follow(&mut transaction, subscription.id, subscription.handshake.as_ref()).await?;
    if subscription.status == Status::Disabled || !subscription.spec.config.ordering.blocks() {
        order::unblock(&mut transaction, subscription.id).await?;
    }
    transaction.commit().await
}

/// One subscription, whoever's it is.
pub(super) async fn find_any(engine: &Engine, vault: &Vault, id: SubscriptionId) -> Result<Subscription> {
    let row = engine.fetch_optional(FIND_ANY, values![id]).await?.ok_or(StoreError::NotFound)?;
    read(vault, &row)
}

/// Subscriptions whose sink is to be asked by now.
pub(super) async fn due_handshakes(engine: &Engine, vault: &Vault, now: Timestamp, limit: u32) -> Result<Vec<Subscription>> {
    let rows = engine.fetch_all(DUE, values![now, limit]).await?;
    rows.iter().map(|row| read(vault, row)).collect()
}

/// Writes what became of a handshake, and of its subscription by it.
pub(super) async fn put_handshake(engine: &Engine, before: &Subscription, after: &Subscription, now: Timestamp) -> Result<()> {
    let Some(read) = &before.handshake else { return Err(Conflict::State("not asked").into()) };
    if let Some(handshake) = &after.handshake
        && visible(before) == visible(after)
    {
        return handshakes::note(engine, after.id, handshake).await;
    }
    let mut transaction = change(engine).await?;
    handshakes::put(&mut transaction, after.id, read, after.handshake.as_ref()).await?;
    if before.status != after.status {
        let values = values![after.id, before.updated_at, after.status.as_str(), now];
        if transaction.execute(SET_STATUS, values).await? == 0 {
            return Err(Conflict::State("newer than what was read").into());
        }
        let (whose, status) = ((&after.tenant, after.id), (after.status, after.disabled_reason));
        revisions::note(&mut transaction, whose, status, &Rules::from(&after.spec), now).await?;
    }
    transaction.commit().await
}

/// What routing and dispatch see of a handshake.
fn visible(subscription: &Subscription) -> (Status, bool, Option<(&str, Option<u32>)>) {
    let permission = subscription.handshake.as_ref().and_then(|handshake| handshake.permission.as_ref());
    let seen = permission.map(|permission| (permission.origin.as_str(), permission.rate));
    (subscription.status, subscription.handshake.is_some(), seen)
}

/// Deletes a subscription.
pub(super) async fn delete(engine: &Engine, tenant: &TenantName, id: SubscriptionId, now: Timestamp) -> Result<()> {
    let mut transaction = change(engine).await?;
    if transaction.execute(DELETE, values![tenant, id, now, Vec::new()]).await? == 0 {
        return Err(StoreError::NotFound);
    }
    revisions::end(&mut transaction, tenant, id, now).await?;
    handshakes::end(&mut transaction, id).await?;
    sinks::forget(&mut transaction, id).await?;
    order::unblock(&mut transaction, id).await?;
    rates::forget(&mut transaction, id).await?;
    transaction.commit().await
}

/// Disables a subscription that is neither deleted nor disabled.
pub(super) async fn disable(engine: &Engine, id: SubscriptionId, reason: DisabledReason, now: Timestamp) -> Result<()> {
    let mut transaction = change(engine).await?;
    let Some(row) = transaction.fetch_optional(DISABLE, values![id, reason_name(reason), now]).await? else { return Ok(()) };
    let (tenant, spec) = (row.tenant("tenant")?, row.json::<Spec>("spec")?);
    let status = (Status::Disabled, Some(reason));
    revisions::note(&mut transaction, (&tenant, id), status, &Rules::from(&spec), now).await?;
    order::unblock(&mut transaction, id).await?;
    transaction.commit().await
}

/// Begins a change. A transaction that is dropped takes its version back.
async fn change(engine: &Engine) -> Result<Transaction> {
    let mut transaction = engine.begin().await?;
    transaction.execute(RAISE_VERSION, values![]).await?;
    Ok(transaction)
}

/// The spec as JSON without its credential, and what is sealed.
fn split(vault: &Vault, subscription: &Subscription) -> Result<(String, Vec<u8>)> {
    let spec = Spec { sinkcredential: None, ..subscription.spec.clone() };
    let sealed = Sealed { secrets: subscription.secrets.clone(), sinkcredential: subscription.spec.sinkcredential.clone() };
    let owner = Owner::Subscription(subscription.id.as_uuid());
    Ok((serde_json::to_string(&spec).map_err(StoreError::corrupt)?, vault.seal(owner, &sealed)?))
}

pub(super) fn parse_status(name: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status.as_str() == name)
}

pub(super) const fn reason_name(reason: DisabledReason) -> &'static str {
    match reason {
        DisabledReason::Gone => "gone",
        DisabledReason::Failing => "failing",
    }
}

pub(super) fn parse_reason(name: &str) -> Option<DisabledReason> {
    [DisabledReason::Gone, DisabledReason::Failing].into_iter().find(|reason| reason_name(*reason) == name)
}

fn read(vault: &Vault, row: &Row) -> Result<Subscription> {
    let id = row.uuid("id")?;
    let sealed: Vec<u8> = row.get("sealed")?;
    let Sealed { secrets, sinkcredential } = vault.open(Owner::Subscription(id), &sealed)?;
    Ok(Subscription {
        id: SubscriptionId::from_uuid(id),
        tenant: row.tenant("tenant")?,
        status: row.word("status", parse_status)?,
        disabled_reason: row.optional_word("disabled_reason", parse_reason)?,
        spec: Spec { sinkcredential, ..row.json("spec")? },
        secrets,
        handshake: handshakes::read(row)?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
