//! Counters and what waits.

use std::time::Duration;

use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::DeadReason;
use waypost::domain::id::{NodeId, SubscriptionId};
use waypost::domain::latency::Latencies;
use waypost::domain::tenant::TenantName;
use waypost::store::{StatsBucket, StatsRow, StatsWidth};

use super::sample::{dead, pending, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

const MINUTE: Duration = Duration::from_mins(1);

fn bucket(tenant: &TenantName, subscription_id: Option<SubscriptionId>, begins_at: Timestamp, accepted: u64) -> StatsBucket {
    let mut latencies = Latencies::default();
    latencies.add(Duration::from_millis(accepted));
    let counts = StatsRow {
        accepted,
        duplicates: 1,
        attempts: 2,
        delivered: 3,
        failed: accepted,
        dead_lettered: 5,
        waiting: Some(accepted),
        latencies,
    };
    StatsBucket { tenant: tenant.clone(), subscription_id, width: StatsWidth::Minute, begins_at, counts }
}

/// Beginning and accepted events of the points of the tenant's own series.
async fn series(store: &TestStore, tenant: &TenantName, since: Timestamp) -> Vec<(Timestamp, u64)> {
    let points = store.stats(tenant, None, StatsWidth::Minute, since).await.unwrap();
    points.into_iter().map(|point| (point.begins_at, point.counts.accepted)).collect()
}

both_databases!(a_series_is_summed_over_all_nodes_and_ordered_by_time, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let nodes = [NodeId::new(store.now(), &store.entropy), NodeId::new(store.now(), &store.entropy)];
    let first = store.now();
    let second = first.plus(MINUTE);
    let of_default = [bucket(&default, None, second, 20), bucket(&default, None, first, 10)];
    store.put_stats(nodes[0], &of_default).await.unwrap();
    store.put_stats(nodes[0], &[bucket(&other, None, second, 7)]).await.unwrap();
    store.put_stats(nodes[1], &[bucket(&default, None, second, 1000)]).await.unwrap();
    store.put_stats(nodes[1], &[]).await.unwrap();
    assert_eq!(series(&store, &default, first).await, [(first, 10), (second, 1020)]);
    assert_eq!(series(&store, &default, second).await, [(second, 1020)]);
    assert_eq!(series(&store, &other, first).await, [(second, 7)]);
    assert_eq!(series(&store, &tenant(&store, "none").await, first).await, []);
    let counts = store.stats(&default, None, StatsWidth::Minute, second).await.unwrap().remove(0).counts;
    assert_eq!((counts.duplicates, counts.attempts, counts.delivered, counts.dead_lettered), (2, 4, 6, 10));
    assert_eq!(counts.waiting, Some(1000));
    assert_eq!(counts.latencies.counts().map(|(_, count)| count).sum::<u32>(), 2);
    assert_eq!(store.stats(&default, None, StatsWidth::Quarter, first).await.unwrap(), []);
});

both_databases!(a_stretch_that_is_written_again_is_replaced, async |store: TestStore| {
    let (default, node, now) = (TenantName::default(), NodeId::new(store.now(), &store.entropy), store.now());
    for accepted in [1, 5, 5] {
        store.put_stats(node, &[bucket(&default, None, now, accepted)]).await.unwrap();
    }
    assert_eq!(series(&store, &default, now).await, [(now, 5)]);
});

both_databases!(subscriptions_with_the_most_failures_come_first, async |store: TestStore| {
    let (default, now) = (TenantName::default(), store.now());
    let node = NodeId::new(now, &store.entropy);
    let ids = [(); 3].map(|()| SubscriptionId::new(store.now(), &store.entropy));
    let later = now.plus(MINUTE);
    let mut buckets = vec![bucket(&default, None, now, 9), bucket(&default, Some(ids[0]), now, 3)];
    buckets.extend([bucket(&default, Some(ids[1]), now, 4), bucket(&default, Some(ids[1]), later, 4)]);
    buckets.push(bucket(&default, Some(ids[2]), now.minus(MINUTE), 100));
    buckets.push(bucket(&tenant(&store, "other").await, Some(ids[2]), now, 100));
    store.put_stats(node, &buckets).await.unwrap();
    let worst = store.worst_subscriptions(&default, StatsWidth::Minute, now, 10).await.unwrap();
    assert_eq!(worst.iter().map(|(id, counts)| (*id, counts.failed)).collect::<Vec<_>>(), [(ids[1], 8), (ids[0], 3)]);
    assert_eq!(store.worst_subscriptions(&default, StatsWidth::Minute, now, 1).await.unwrap().len(), 1);
    let own = store.stats(&default, Some(ids[1]), StatsWidth::Minute, now).await.unwrap();
    assert_eq!(own.iter().map(|point| point.counts.failed).collect::<Vec<_>>(), [4, 4]);
});

both_databases!(stretches_are_kept_as_long_as_their_width_asks_for, async |store: TestStore| {
    let (default, now) = (TenantName::default(), store.now());
    let node = NodeId::new(now, &store.entropy);
    let begins = StatsWidth::ALL.map(|width| now.minus(width.kept()));
    for (width, begins_at) in StatsWidth::ALL.into_iter().zip(begins) {
        let old = StatsBucket { width, ..bucket(&default, None, begins_at.minus(MINUTE), 1) };
        let kept = StatsBucket { width, ..bucket(&default, None, begins_at, 2) };
        store.put_stats(node, &[old, kept]).await.unwrap();
    }
    store.tidy(now).await.unwrap();
    for (width, begins_at) in StatsWidth::ALL.into_iter().zip(begins) {
        let points = store.stats(&default, None, width, Timestamp::from_micros(0)).await.unwrap();
        assert_eq!(points.iter().map(|point| point.begins_at).collect::<Vec<_>>(), [begins_at]);
    }
});

both_databases!(pending_deliveries_are_counted_up_to_a_cap_with_the_age_of_the_oldest, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    assert_eq!(store.waiting(&default, None, 100).await.unwrap(), (0, None));
    let to = [subscribed(&store, &default).await, subscribed(&store, &default).await];
    let oldest = pending(&store, &default, to[0], store.now()).await;
    let oldest = oldest.made_at().unwrap();
    for _ in 0..4 {
        pending(&store, &default, to[1], store.now()).await;
        dead(&store, &default, to[1], DeadReason::Gone).await;
    }
    pending(&store, &other, subscribed(&store, &other).await, store.now()).await;
    assert_eq!(store.waiting(&default, None, 100).await.unwrap(), (5, Some(oldest)));
    assert_eq!(store.waiting(&default, None, 3).await.unwrap().0, 3);
    assert_eq!(store.waiting(&default, Some(to[0]), 100).await.unwrap(), (1, Some(oldest)));
    assert_eq!(store.waiting(&default, Some(to[1]), 100).await.unwrap().0, 4);
});

both_databases!(a_ping_is_answered_until_the_store_is_closed, async |store: TestStore| {
    assert!(store.ping().await.unwrap() < Duration::from_secs(5));
    store.close().await;
    assert!(matches!(store.ping().await, Err(waypost::store::StoreError::Unavailable(_))));
});
