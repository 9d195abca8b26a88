//! Claimed rows on their way to the dispatcher: deliveries of one event share it.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::columns::EventColumns;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::store::{Lease, Leased, StoreError};

/// What a claim found: deliveries in the order they are to be given, and their events.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) deliveries: Vec<Claimed>,
    pub(super) events: HashMap<Uuid, EventColumns>,
}

/// A delivery's row, as leased.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) id: Uuid,
    pub(super) event_id: Uuid,
    pub(super) subscription_id: Uuid,
    pub(super) token: i64,
    pub(super) attempt_count: u32,
    pub(super) budget_attempt_count: u32,
}

impl Rows {
    /// The deliveries with their events.
    pub(super) fn read(self) -> Result<Vec<Leased>, StoreError> {
        let read = |(id, columns): (Uuid, EventColumns)| columns.read().map(|event| (id, Arc::new(event)));
        let events: HashMap<_, _> = self.events.into_iter().map(read).collect::<Result<_, _>>()?;
        let lease = |row: Claimed| {
            let event = events.get(&row.event_id).ok_or_else(|| StoreError::corrupt("a delivery's event is gone"))?;
            Ok(Leased {
                lease: Lease { delivery_id: DeliveryId::from_uuid(row.id), token: row.token },
                subscription_id: SubscriptionId::from_uuid(row.subscription_id),
                attempt_count: row.attempt_count,
                budget_attempt_count: row.budget_attempt_count,
                event: Arc::clone(event),
            })
        };
        self.deliveries.into_iter().map(lease).collect()
    }
}
