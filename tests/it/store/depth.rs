//! How many deliveries there are, counted without reading them, and what a process holds.

use std::time::Duration;

use waypost::domain::delivery::DeadReason;
use waypost::domain::tenant::TenantName;
use waypost::store::{Lease, Mark, Portion, Resolution};

use super::sample::{dead, delivered, ended, in_flight, pending, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

both_databases!(what_waits_and_what_is_dead_is_counted_portion_by_portion_over_all_tenants, async |store: TestStore| {
    let tenants = [TenantName::default(), tenant(&store, "other").await];
    for mark in [Mark::Pending(None), Mark::DeadLettered(None)] {
        let nothing = Portion { count: 0, oldest_at: None, rest: None };
        assert_eq!(store.count_portion(&mark, 10).await.unwrap(), nothing);
    }
    let mut created = Vec::new();
    for (tenant, count) in tenants.iter().zip([3, 2]) {
        let to = [subscribed(&store, tenant).await, subscribed(&store, tenant).await];
        for number in 0..count {
            // Retries: what was created first may be due last.
            let due = store.now().minus(Duration::from_secs(number));
            let ids = [pending(&store, tenant, to[0], due).await, dead(&store, tenant, to[1], DeadReason::Gone).await];
            created.push(ids);
        }
        delivered(&store, tenant, to[0]).await;
        in_flight(&store, tenant, to[0]).await;
    }
    for (begin, kind) in [(Mark::Pending(None), 0), (Mark::DeadLettered(None), 1)] {
        let at = store.delivery(&TenantName::default(), created[0][kind]).await.unwrap().delivery.created_at;
        let whole = store.count_portion(&begin, 6).await.unwrap();
        assert_eq!(whole, Portion { count: 5, oldest_at: Some(at), rest: None });
        let (mut counts, mut oldest, mut mark) = (Vec::new(), Vec::new(), Some(begin));
        while let Some(from) = mark {
            let portion = store.count_portion(&from, 2).await.unwrap();
            counts.push(portion.count);
            oldest.extend(portion.oldest_at);
            mark = portion.rest;
        }
        assert_eq!(counts, [2, 2, 1]);
        assert_eq!(oldest.into_iter().min(), Some(at));
    }
    let full = store.count_portion(&Mark::Pending(None), 5).await.unwrap().rest.expect("there may be more");
    assert_eq!(store.count_portion(&full, 5).await.unwrap(), Portion { count: 0, oldest_at: None, rest: None });
});

both_databases!(holdings_say_what_is_leased_and_connected, async |store: TestStore| {
    assert_eq!((store.holdings().lease_count, store.holdings().oldest_lease_at), (0, None));
    let to = subscribed(&store, &TenantName::default()).await;
    let first = in_flight(&store, &TenantName::default(), to).await;
    let second = in_flight(&store, &TenantName::default(), to).await;
    let created =
        async |lease: Lease| store.delivery(&TenantName::default(), lease.delivery_id).await.unwrap().delivery.created_at;
    let held = store.holdings();
    assert_eq!((held.lease_count, held.oldest_lease_at), (2, Some(created(first).await)));
    ended(&store, &TenantName::default(), first, Resolution::Delivered).await;
    let held = store.holdings();
    assert_eq!((held.lease_count, held.oldest_lease_at), (1, Some(created(second).await)));
    assert!(held.pools.iter().all(|pool| pool.used + pool.idle <= pool.max && pool.max > 0), "{held:?}");
    assert!(held.pools.iter().any(|pool| pool.used + pool.idle > 0), "{held:?}");
});
