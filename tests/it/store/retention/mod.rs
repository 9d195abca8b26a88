//! Retention: what may be deleted and what may not, and the sweeper that finds it.

mod deleting;
mod emptying;
mod mixed;
mod partitions;
mod sweeping;

use waypost::domain::id::EventId;
use waypost::domain::tenant::TenantName;
use waypost::store::Deletion;

use super::sample::handed_over;
use crate::support::database::TestStore;

/// Everything that belongs to events.
const TABLES: [&str; 5] = ["events", "deliveries", "attempts", "dead_letters", "forwards"];

/// How many rows each of [`TABLES`] has.
async fn counts(store: &TestStore) -> [i64; 5] {
    let mut counts = [0; 5];
    for (count, table) in counts.iter_mut().zip(TABLES) {
        *count = store.database.count(table).await;
    }
    counts
}

/// Accepts an event of a type that goes nowhere.
async fn event(store: &TestStore, tenant: &TenantName, event_type: &str) -> EventId {
    let body = format!(r#"{{"specversion":"1.0","id":"{}","source":"/s","type":"{event_type}","data":1}}"#, store.now());
    handed_over(store, tenant, &body, &[]).await.0
}

async fn delete(store: &TestStore, tenant: &TenantName, ids: &[EventId]) -> Deletion {
    store.delete_events(tenant, ids, Some(store.now())).await.unwrap()
}

async fn exists(store: &TestStore, tenant: &TenantName, id: EventId) -> bool {
    store.event(tenant, id).await.is_ok()
}
