//! Dead letters: listed, counted, redriven and purged by one filter.

use tokio::task::JoinSet;
use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::id::{DeliveryId, SubscriptionId};
use waypost::domain::page::PageRequest;
use waypost::domain::subscription::DisabledReason;
use waypost::domain::tenant::TenantName;
use waypost::store::{DeadLetterFilter, DeadLetterGroup, GroupBy, Store};

use super::sample::{dead, delivered, in_flight, is_not_found, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

struct Letters {
    first: SubscriptionId,
    second: SubscriptionId,
    /// To the first, exhausted; to the first, gone; to the second, exhausted, twice.
    ids: Vec<DeliveryId>,
}

async fn letters(store: &TestStore, tenant: &TenantName) -> Letters {
    let (first, second) = (subscribed(store, tenant).await, subscribed(store, tenant).await);
    let mut ids = Vec::new();
    for (to, reason) in [
        (first, DeadReason::Exhausted),
        (first, DeadReason::Gone),
        (second, DeadReason::Exhausted),
        (second, DeadReason::Exhausted),
    ] {
        ids.push(dead(store, tenant, to, reason).await);
        delivered(store, tenant, to).await;
        in_flight(store, tenant, to).await;
    }
    Letters { first, second, ids }
}

async fn listed(store: &TestStore, tenant: &TenantName, filter: &DeadLetterFilter) -> Vec<DeliveryId> {
    let page = store.dead_letters(tenant, filter, PageRequest::default()).await.unwrap();
    page.rows.into_iter().map(|delivery| delivery.id).collect()
}

async fn state(store: &TestStore, id: DeliveryId) -> DeliveryState {
    store.delivery(&TenantName::default(), id).await.unwrap().delivery.state
}

fn to(subscription: SubscriptionId) -> DeadLetterFilter {
    DeadLetterFilter { subscription_id: Some(subscription), ..DeadLetterFilter::default() }
}

both_databases!(dead_letters_are_listed_by_subscription_reason_and_time, async |store: TestStore| {
    let default = TenantName::default();
    let letters = letters(&store, &default).await;
    let ids = &letters.ids;
    let third = store.delivery(&default, ids[2]).await.unwrap().delivery.created_at;
    let any = DeadLetterFilter::default();
    let cases = [
        (any.clone(), vec![ids[3], ids[2], ids[1], ids[0]]),
        (to(letters.first), vec![ids[1], ids[0]]),
        (DeadLetterFilter { reason: Some(DeadReason::Exhausted), ..any.clone() }, vec![ids[3], ids[2], ids[0]]),
        (DeadLetterFilter { reason: Some(DeadReason::Gone), ..to(letters.second) }, vec![]),
        (DeadLetterFilter { after: Some(third), ..any.clone() }, vec![ids[3], ids[2]]),
        (DeadLetterFilter { before: Some(third), ..any.clone() }, vec![ids[1], ids[0]]),
    ];
    for (filter, expected) in cases {
        assert_eq!(listed(&store, &default, &filter).await, expected, "{filter:?}");
    }
    let other = tenant(&store, "other").await;
    assert!(listed(&store, &other, &any).await.is_empty());
});

both_databases!(dead_letters_are_counted_in_groups_the_largest_first, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let letters = letters(&store, &default).await;
    let mut times = Vec::new();
    for id in &letters.ids {
        times.push(store.delivery(&default, *id).await.unwrap().delivery.created_at);
    }
    let group = |subscription_id, reason, count, oldest: usize, newest: usize| DeadLetterGroup {
        subscription_id,
        reason,
        count,
        oldest_at: times[oldest],
        newest_at: times[newest],
    };
    let (first, second) = (Some(letters.first), Some(letters.second));
    let (exhausted, gone) = (Some(DeadReason::Exhausted), Some(DeadReason::Gone));
    let cases = [
        (false, false, vec![group(None, None, 4, 0, 3)]),
        (true, false, vec![group(first, None, 2, 0, 1), group(second, None, 2, 2, 3)]),
        (false, true, vec![group(None, exhausted, 3, 0, 3), group(None, gone, 1, 1, 1)]),
        (true, true, vec![group(second, exhausted, 2, 2, 3), group(first, exhausted, 1, 0, 0), group(first, gone, 1, 1, 1)]),
    ];
    for (subscription, reason, expected) in cases {
        let by = GroupBy { subscription, reason };
        let found = store.dead_letter_groups(&default, &DeadLetterFilter::default(), by).await.unwrap();
        assert_eq!(found, expected, "{by:?}");
        let none = store.dead_letter_groups(&other, &DeadLetterFilter::default(), by).await.unwrap();
        assert!(none.is_empty());
    }
});

both_databases!(a_redrive_opens_what_matches_oldest_first_up_to_its_limit, async |store: TestStore| {
    let default = TenantName::default();
    let letters = letters(&store, &default).await;
    let filter = DeadLetterFilter { reason: Some(DeadReason::Exhausted), ..DeadLetterFilter::default() };
    assert_eq!(store.count_redrivable(&default, &filter).await.unwrap(), 3);
    let now = store.now();
    assert_eq!(store.redrive(&default, &filter, now, 2).await.unwrap(), 2);
    let states = [DeliveryState::Pending, DeliveryState::DeadLettered, DeliveryState::Pending, DeliveryState::DeadLettered];
    for (id, expected) in letters.ids.iter().zip(states) {
        assert_eq!(state(&store, *id).await, expected);
    }
    let opened = store.delivery(&default, letters.ids[0]).await.unwrap().delivery;
    assert_eq!((opened.next_attempt_at, opened.budget_attempt_count, opened.attempt_count), (Some(now), 0, 1));
    assert_eq!((opened.reason, opened.finished_at), (None, None));
    assert_eq!(store.redrive(&default, &filter, store.now(), 2).await.unwrap(), 1);
    assert_eq!(store.redrive(&default, &filter, store.now(), 2).await.unwrap(), 0);
    assert_eq!(store.count_redrivable(&default, &filter).await.unwrap(), 0);
});

both_databases!(a_redrive_passes_over_subscriptions_that_are_gone_or_disabled, async |store: TestStore| {
    let default = TenantName::default();
    let letters = letters(&store, &default).await;
    store.delete_subscription(&default, letters.first, store.now()).await.unwrap();
    store.disable_subscription(letters.second, DisabledReason::Gone, store.now()).await.unwrap();
    let kept = dead(&store, &default, subscribed(&store, &default).await, DeadReason::Gone).await;
    let any = DeadLetterFilter::default();
    assert_eq!(store.count_redrivable(&default, &any).await.unwrap(), 1);
    assert_eq!(store.redrive(&default, &any, store.now(), 1).await.unwrap(), 1);
    assert_eq!(state(&store, kept).await, DeliveryState::Pending);
    assert_eq!(listed(&store, &default, &any).await.len(), 4);
});

both_databases!(another_tenants_dead_letters_are_not_touched, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let letters = letters(&store, &default).await;
    for filter in [DeadLetterFilter::default(), to(letters.first)] {
        assert_eq!(store.count_redrivable(&other, &filter).await.unwrap(), 0);
        assert_eq!(store.redrive(&other, &filter, store.now(), 100).await.unwrap(), 0);
        assert_eq!(store.purge(&other, &filter, 100).await.unwrap(), 0);
    }
    assert_eq!(listed(&store, &default, &DeadLetterFilter::default()).await.len(), 4);
});

both_databases!(a_purge_deletes_what_matches_oldest_first_up_to_its_limit, async |store: TestStore| {
    let default = TenantName::default();
    let letters = letters(&store, &default).await;
    let filter = DeadLetterFilter { reason: Some(DeadReason::Exhausted), ..DeadLetterFilter::default() };
    assert_eq!(store.purge(&default, &filter, 2).await.unwrap(), 2);
    assert!(is_not_found(&store.delivery(&default, letters.ids[0]).await));
    assert!(is_not_found(&store.delivery(&default, letters.ids[2]).await));
    assert_eq!(listed(&store, &default, &DeadLetterFilter::default()).await, [letters.ids[3], letters.ids[1]]);
    assert_eq!(store.delivery(&default, letters.ids[3]).await.unwrap().attempts.len(), 1);
    assert_eq!(store.purge(&default, &DeadLetterFilter::default(), 100).await.unwrap(), 2);
    assert_eq!(store.purge(&default, &DeadLetterFilter::default(), 100).await.unwrap(), 0);
});

both_databases!(a_purge_takes_the_attempts_of_many_deliveries_along, async |store: TestStore| {
    let default = TenantName::default();
    let subscription = subscribed(&store, &default).await;
    let kept = delivered(&store, &default, subscription).await;
    for _ in 0..70 {
        dead(&store, &default, subscription, DeadReason::Exhausted).await;
    }
    assert_eq!(store.purge(&default, &to(subscription), 1000).await.unwrap(), 70);
    assert_eq!(store.database.count("attempts").await, 1);
    assert_eq!(store.delivery(&default, kept).await.unwrap().attempts.len(), 1);
});

both_databases!(each_dead_letter_is_redriven_by_one_of_those_who_redrive_at_once, async |store: TestStore| {
    let default = TenantName::default();
    let subscription = subscribed(&store, &default).await;
    for _ in 0..20 {
        dead(&store, &default, subscription, DeadReason::Exhausted).await;
    }
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (shared, now) = (store.shared(), store.now());
        tasks.spawn(async move { shared.redrive(&TenantName::default(), &DeadLetterFilter::default(), now, 100).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<u64>(), 20);
});
