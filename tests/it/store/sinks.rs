//! The health of sinks, read as written and changed by one at a time, and what nodes reserve of rate limits.

use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::breaker::{Failure, Health, State};
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::id::{NodeId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::{HealthChange, Store};

use super::sample::subscribed;
use crate::support::database::{TestStore, both_databases};

fn health(store: &TestStore) -> Health {
    let now = store.now();
    Health {
        revision: 7,
        state: State::Failing,
        since: now,
        until: None,
        prober: None,
        trips: 0,
        failing_since: None,
        failure_count: 1,
        last: Failure { at: now, status: None, error: None },
    }
}

/// The same with everything in it.
fn full(store: &TestStore) -> Health {
    let now = store.now();
    let node = NodeId::new(SystemClock.now(), &SystemEntropy::new());
    Health {
        revision: 8,
        state: State::HalfOpen,
        until: Some(now.plus(Duration::from_secs(5))),
        prober: Some(node),
        trips: u32::MAX,
        failing_since: Some(now.minus(Duration::from_hours(100))),
        failure_count: u32::MAX,
        last: Failure { at: now, status: Some(503), error: Some("127.0.0.1:9: reset".into()) },
        ..health(store)
    }
}

fn change(id: SubscriptionId, read: Option<i64>, after: Option<Health>) -> HealthChange {
    HealthChange { id, read, after }
}

both_databases!(health_is_read_as_it_was_written, async |store: TestStore| {
    let id = subscribed(&store, &TenantName::default()).await;
    assert!(store.sink_health(&[id]).await.unwrap().is_empty());
    let (first, second) = (health(&store), full(&store));
    assert_eq!(store.put_sink_health(&[change(id, None, Some(first.clone()))]).await.unwrap(), [true]);
    assert_eq!(store.sink_health(&[id]).await.unwrap(), [(id, first)]);
    assert_eq!(store.put_sink_health(&[change(id, Some(7), Some(second.clone()))]).await.unwrap(), [true]);
    assert_eq!(store.sinks_in_trouble(None, 10).await.unwrap(), [(id, second)]);
    assert_eq!(store.put_sink_health(&[change(id, Some(8), None)]).await.unwrap(), [true]);
    assert!(store.sinks_in_trouble(None, 10).await.unwrap().is_empty());
});

both_databases!(a_change_of_what_is_not_there_any_more_is_not_written, async |store: TestStore| {
    let id = subscribed(&store, &TenantName::default()).await;
    let begun = change(id, None, Some(health(&store)));
    assert_eq!(store.put_sink_health(&[begun.clone(), begun.clone()]).await.unwrap(), [true, false]);
    let late = [change(id, Some(6), Some(full(&store))), change(id, Some(6), None)];
    assert_eq!(store.put_sink_health(&late).await.unwrap(), [false, false]);
    assert_eq!(store.sink_health(&[id]).await.unwrap(), [(id, health_of(&begun))]);
    // The others of a group are written all the same, in whatever order they come.
    let other = subscribed(&store, &TenantName::default()).await;
    let group = [change(other, None, Some(health(&store))), begun, change(other, None, None)];
    assert_eq!(store.put_sink_health(&group).await.unwrap(), [true, false, true]);
});

fn health_of(change: &HealthChange) -> Health {
    change.after.clone().unwrap()
}

both_databases!(of_many_who_want_to_try_a_sink_one_may, async |store: TestStore| {
    let id = subscribed(&store, &TenantName::default()).await;
    store.put_sink_health(&[change(id, None, Some(health(&store)))]).await.unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let (store, wanted) = (store.shared(), change(id, Some(7), Some(full(&store))));
        callers.spawn(async move { store.put_sink_health(&[wanted]).await.unwrap() });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer[..] == [true]).count(), 1);
});

both_databases!(sinks_in_trouble_come_in_pages_and_go_with_their_subscription, async |store: TestStore| {
    let tenant = TenantName::default();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = subscribed(&store, &tenant).await;
        store.put_sink_health(&[change(id, None, Some(health(&store)))]).await.unwrap();
        ids.push(id);
    }
    ids.sort_unstable();
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..3 {
        let page = store.sinks_in_trouble(after, 2).await.unwrap();
        after = page.last().map(|(id, _)| *id);
        found.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(found, ids);
    store.delete_subscription(&tenant, ids[2], store.now()).await.unwrap();
    assert_eq!(store.sink_health(&ids).await.unwrap().len(), 4);
});

both_databases!(slots_that_many_reserve_at_once_follow_each_other, async |store: TestStore| {
    let id = subscribed(&store, &TenantName::default()).await;
    let (now, span) = (store.now(), Duration::from_millis(40));
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let store = store.shared();
        callers.spawn(async move { store.reserve_slots(&[(id, span)], now).await.unwrap() });
    }
    let mut begins: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
    begins.sort_unstable();
    let expected: Vec<_> = (0..20).map(|number| now.plus(span * number)).collect();
    assert_eq!(begins, expected);
    let later = now.plus(Duration::from_mins(1));
    assert_eq!(store.reserve_slots(&[(id, span)], later).await.unwrap(), [later], "a quiet time fills the bucket");
});
