//! Attempts, as people read them and as they go with their delivery.

use std::time::Duration;

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::engine::Transaction;
use super::row::Row;
use super::statement::statements;
use super::value::values;
use crate::domain::delivery::{Attempt, ErrorClass, Outcome, VerdictKind};
use crate::domain::id::{AttemptId, DeliveryId};
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

statements! {
    OF_DELIVERY = "SELECT id, number, started_at, duration_us, verdict, status, error_class, error, response_headers,
                     response_body, is_body_truncated
                   FROM attempts WHERE delivery_id = $1 ORDER BY number";
    DELETE = "DELETE FROM attempts WHERE delivery_id IN (", ids!(), ")";
}

/// The attempts of a delivery, first one first.
pub(super) async fn of_delivery(transaction: &mut Transaction, id: DeliveryId) -> Result<Vec<Attempt>> {
    transaction.fetch_all(OF_DELIVERY, values![id]).await?.iter().map(read).collect()
}

/// Deletes the attempts of deliveries that go.
pub(super) async fn delete(transaction: &mut Transaction, deliveries: &[Uuid]) -> Result<()> {
    for values in chunks(deliveries) {
        transaction.execute(DELETE, values).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Attempt> {
    let headers: Option<String> = row.get("response_headers")?;
    let outcome = Outcome {
        duration: Duration::from_micros(row.narrow("duration_us")?),
        status: row.optional_narrow("status")?,
        error_class: row.optional_word("error_class", ErrorClass::parse)?,
        error: row.get("error")?,
        response_headers: headers
            .map_or_else(|| Ok(Vec::new()), |text| serde_json::from_str(&text))
            .map_err(StoreError::corrupt)?,
        response_body: row.get::<Option<Vec<u8>>>("response_body")?.unwrap_or_default().into(),
        is_body_truncated: row.get("is_body_truncated")?,
    };
    Ok(Attempt {
        id: AttemptId::from_uuid(row.uuid("id")?),
        number: row.narrow("number")?,
        started_at: row.time("started_at")?,
        outcome,
        verdict: row.word("verdict", VerdictKind::parse)?,
    })
}
