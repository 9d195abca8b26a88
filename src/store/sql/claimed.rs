//! Claimed rows on their way to the dispatcher: deliveries of one event share it.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::columns::EventColumns;
use crate::domain::id::{DeliveryId, JobId, SubscriptionId};
use crate::store::{Lease, Leased};

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
    pub(super) is_reopened: bool,
    pub(super) replay_job_id: Option<Uuid>,
}

impl Rows {
    /// Every lease that was taken, also of deliveries that can't be read: theirs never ends, so that whoever takes over from this
    /// node finds them.
    pub(super) fn leases(&self) -> impl Iterator<Item = Lease> {
        self.deliveries.iter().map(|row| Lease { delivery_id: DeliveryId::from_uuid(row.id), token: row.token })
    }

    /// The deliveries with their events. One whose event can't be read is passed over, or it would hold up all others: it stays
    /// leased, and the log tells of it.
    pub(super) fn read(self) -> Vec<Leased> {
        let mut events = HashMap::with_capacity(self.events.len());
        for (id, columns) in self.events {
            match columns.read() {
                Ok(event) => drop(events.insert(id, Arc::new(event))),
                Err(error) => tracing::error!(%id, error = &error as &dyn std::error::Error, "a stored event can't be read"),
            }
        }
        let lease = |row: Claimed| {
            let event = events.get(&row.event_id);
            if event.is_none() {
                tracing::error!(delivery_id = %DeliveryId::from_uuid(row.id), "a delivery has no readable event");
            }
            Some(Leased {
                lease: Lease { delivery_id: DeliveryId::from_uuid(row.id), token: row.token },
                subscription_id: SubscriptionId::from_uuid(row.subscription_id),
                attempt_count: row.attempt_count,
                budget_attempt_count: row.budget_attempt_count,
                is_reopened: row.is_reopened,
                replay_job_id: row.replay_job_id.map(JobId::from_uuid),
                event: Arc::clone(event?),
            })
        };
        self.deliveries.into_iter().filter_map(lease).collect()
    }
}
