//! Events, as people search and read them.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::columns::EventColumns;
use super::deliveries;
use super::engine::{Engine, Transaction};
use super::range::Range;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::event::Accepted;
use crate::domain::id::EventId;
use crate::domain::page::{Page, PageRequest};
use crate::domain::tenant::TenantName;
use crate::store::{EventFilter, EventRow, StoreError, StoredEvent};

type Result<T> = std::result::Result<T, StoreError>;

/// The columns of a line of a list.
macro_rules! line_columns {
    () => {
        "id, event_id, source, type, subject, time, accepted_at, CAST(length(body) AS BIGINT) AS body_bytes, data_expired_at"
    };
}
pub(super) use line_columns;

/// The columns of an event.
macro_rules! columns {
    () => {
        "id, tenant, accepted_at, routing_version, traceparent, wire, attributes, body, data_expired_at"
    };
}
pub(super) use columns;

statements! {
    // One index, the tenant's, newest first: an index by type or source would be paid by every event that is accepted.
    LIST = "SELECT ", line_columns!(), " FROM events
            WHERE tenant = $1 AND id < $2 AND id >= $3 AND accepted_at >= $4 AND accepted_at < $5
              AND (type = $6 OR $6 IS NULL) AND (source = $7 OR $7 IS NULL) AND (subject = $8 OR $8 IS NULL)
            ORDER BY id DESC LIMIT $9";
    FIND = "SELECT ", columns!(), " FROM events WHERE tenant = $1 AND id = $2";
    PRESENT = "SELECT id FROM events WHERE tenant = $33 AND id IN (", ids!(), ") AND data_expired_at IS NULL";
}

/// A tenant's events that match, newest first.
pub(super) async fn list(
    engine: &Engine,
    tenant: &TenantName,
    filter: &EventFilter,
    page: PageRequest,
) -> Result<Page<EventRow>> {
    let range = Range::between(filter.after, filter.before).made_since(filter.made_since).page(page);
    let values = values![
        tenant,
        range.high,
        range.low,
        range.after,
        range.before,
        filter.event_type.clone(),
        filter.source.clone(),
        filter.subject.clone(),
        page.limit + 1,
    ];
    let rows = engine.fetch_all(LIST, values).await?;
    let events = rows.iter().map(read_line).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(events, page.limit, |event| event.id.as_uuid()))
}

/// One event with its deliveries.
pub(super) async fn find(engine: &Engine, tenant: &TenantName, id: EventId) -> Result<StoredEvent> {
    let row = engine.fetch_optional(FIND, values![tenant, id]).await?.ok_or(StoreError::NotFound)?;
    Ok(StoredEvent {
        accepted: read(&row)?,
        routing_version: row.int("routing_version")?,
        data_expired_at: row.optional_time("data_expired_at")?,
        deliveries: deliveries::of_event(engine, tenant, id).await?,
    })
}

/// Those of a tenant's events that are there with their data, and stay so until the transaction ends. Before any of their deliveries is touched.
pub(super) async fn hold(transaction: &mut Transaction, tenant: &TenantName, ids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    transaction.lock_events(tenant, ids).await?;
    let mut present = BTreeSet::new();
    for mut values in chunks(ids) {
        values.extend(values![tenant]);
        for row in transaction.fetch_all(PRESENT, values).await? {
            present.insert(row.uuid("id")?);
        }
    }
    Ok(present)
}

/// Reads a row of [`line_columns!`].
pub(super) fn read_line(row: &Row) -> Result<EventRow> {
    Ok(EventRow {
        id: EventId::from_uuid(row.uuid("id")?),
        event_id: row.text("event_id")?,
        source: row.text("source")?,
        event_type: row.text("type")?,
        subject: row.get("subject")?,
        time: row.get("time")?,
        accepted_at: row.time("accepted_at")?,
        body_bytes: row.narrow("body_bytes")?,
        data_expired_at: row.optional_time("data_expired_at")?,
    })
}

/// Reads a row of [`columns!`].
pub(super) fn read(row: &Row) -> Result<Accepted> {
    let columns = EventColumns {
        id: row.uuid("id")?,
        tenant: row.text("tenant")?,
        accepted_at: row.int("accepted_at")?,
        traceparent: row.get("traceparent")?,
        wire: row.text("wire")?,
        attributes: row.get("attributes")?,
        body: row.get("body")?,
    };
    columns.read()
}
