//! Counters and what waits.

use std::time::Duration;

use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::DeadReason;
use waypost::domain::id::NodeId;
use waypost::domain::tenant::TenantName;
use waypost::store::{StatsBucket, StatsRow};

use super::sample::{dead, pending, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

fn bucket(tenant: &TenantName, minute_at: Timestamp, accepted: u64) -> StatsBucket {
    let counts = StatsRow { accepted, duplicates: 1, attempts: 2, delivered: 3, failed: 4, dead_lettered: 5 };
    StatsBucket { tenant: tenant.clone(), minute_at, counts }
}

both_databases!(counters_of_all_nodes_and_minutes_are_summed_per_tenant, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let nodes = [NodeId::new(store.now(), &store.entropy), NodeId::new(store.now(), &store.entropy)];
    let first = store.now();
    let second = first.plus(Duration::from_mins(1));
    store
        .add_stats(nodes[0], &[bucket(&default, first, 10), bucket(&default, second, 20), bucket(&other, second, 7)])
        .await
        .unwrap();
    store.add_stats(nodes[0], &[bucket(&default, second, 100)]).await.unwrap();
    store.add_stats(nodes[1], &[bucket(&default, second, 1000)]).await.unwrap();
    store.add_stats(nodes[1], &[]).await.unwrap();
    let all = store.stats(&default, first).await.unwrap();
    assert_eq!(all, StatsRow { accepted: 1130, duplicates: 4, attempts: 8, delivered: 12, failed: 16, dead_lettered: 20 });
    assert_eq!(store.stats(&default, second).await.unwrap().accepted, 1120);
    assert_eq!(store.stats(&other, first).await.unwrap().accepted, 7);
    assert_eq!(store.stats(&tenant(&store, "none").await, first).await.unwrap(), StatsRow::default());
});

both_databases!(pending_deliveries_are_counted_up_to_a_cap_with_the_age_of_the_oldest, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    assert_eq!(store.waiting(&default, 100).await.unwrap(), (0, None));
    let to = [subscribed(&store, &default).await, subscribed(&store, &default).await];
    let oldest = pending(&store, &default, to[0], store.now()).await;
    let oldest = store.delivery(&default, oldest).await.unwrap().delivery.created_at;
    for _ in 0..4 {
        pending(&store, &default, to[1], store.now()).await;
        dead(&store, &default, to[1], DeadReason::Gone).await;
    }
    pending(&store, &other, subscribed(&store, &other).await, store.now()).await;
    assert_eq!(store.waiting(&default, 100).await.unwrap(), (5, Some(oldest)));
    assert_eq!(store.waiting(&default, 3).await.unwrap().0, 3);
});

both_databases!(a_ping_is_answered_until_the_store_is_closed, async |store: TestStore| {
    assert!(store.ping().await.unwrap() < Duration::from_secs(5));
    store.close().await;
    assert!(matches!(store.ping().await, Err(waypost::store::StoreError::Unavailable(_))));
});
