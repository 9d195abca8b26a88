//! Subscriptions, and the routing version that grows with each of their changes.

use tokio::task::JoinSet;
use waypost::domain::page::PageRequest;
use waypost::domain::subscription::{DisabledReason, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::store::{Conflict, Store, StoreError};

use super::sample::{is_not_found, subscribed, subscription, tenant};
use crate::support::database::{TestStore, both_databases};

async fn created(store: &TestStore) -> Subscription {
    let subscription = subscription(store, &TenantName::default());
    store.create_subscription(&subscription).await.unwrap();
    subscription
}

fn was_changed(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict(Conflict::State(_))))
}

both_databases!(a_subscription_is_found_as_it_was_stored, async |store: TestStore| {
    let stored = created(&store).await;
    assert_eq!(store.subscription(&stored.tenant, stored.id).await.unwrap(), stored);
    assert_eq!(*store.load_directory().await.unwrap().subscriptions[&stored.id], stored);
});

both_databases!(another_tenants_subscription_does_not_exist, async |store: TestStore| {
    let (mine, other) = (created(&store).await, tenant(&store, "other").await);
    assert!(is_not_found(&store.subscription(&other, mine.id).await));
    assert!(is_not_found(&store.delete_subscription(&other, mine.id, store.now()).await));
    let stolen = Subscription { tenant: other.clone(), ..mine.clone() };
    assert!(is_not_found(&store.update_subscription(&stolen, mine.updated_at).await));
    assert!(store.subscriptions(&other, PageRequest::default()).await.unwrap().rows.is_empty());
    assert_eq!(store.subscription(&mine.tenant, mine.id).await.unwrap(), mine);
});

both_databases!(every_change_raises_the_routing_version_and_a_refused_one_does_not, async |store: TestStore| {
    let mut version = store.routing_version().await.unwrap();
    let mut grown = async || {
        let before = std::mem::replace(&mut version, store.routing_version().await.unwrap());
        version - before
    };
    let mut subscription = created(&store).await;
    assert_eq!(grown().await, 1);
    let read_at = std::mem::replace(&mut subscription.updated_at, store.now());
    store.update_subscription(&subscription, read_at).await.unwrap();
    assert_eq!(grown().await, 1);
    assert!(was_changed(&store.update_subscription(&subscription, read_at).await));
    assert_eq!(grown().await, 0);
    store.disable_subscription(subscription.id, DisabledReason::Gone, store.now()).await.unwrap();
    assert_eq!(grown().await, 1);
    store.disable_subscription(subscription.id, DisabledReason::Gone, store.now()).await.unwrap();
    assert_eq!(grown().await, 0);
    store.delete_subscription(&subscription.tenant, subscription.id, store.now()).await.unwrap();
    assert_eq!(grown().await, 1);
    assert!(is_not_found(&store.delete_subscription(&subscription.tenant, subscription.id, store.now()).await));
    store.disable_subscription(subscription.id, DisabledReason::Gone, store.now()).await.unwrap();
    assert_eq!(grown().await, 0);
    assert!(matches!(store.create_subscription(&subscription).await, Err(StoreError::Conflict(Conflict::Exists))));
    assert_eq!(grown().await, 0);
});

both_databases!(an_update_replaces_spec_status_and_secrets, async |store: TestStore| {
    let mut subscription = created(&store).await;
    let read_at = std::mem::replace(&mut subscription.updated_at, store.now());
    subscription.status = Status::Paused;
    subscription.spec.sinkcredential = None;
    subscription.spec.types.clear();
    subscription.secrets.push(subscription.secrets[0].clone());
    store.update_subscription(&subscription, read_at).await.unwrap();
    assert_eq!(store.subscription(&subscription.tenant, subscription.id).await.unwrap(), subscription);
});

both_databases!(of_changes_computed_from_one_state_one_is_written, async |store: TestStore| {
    let mut subscription = created(&store).await;
    let read_at = subscription.updated_at;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        // All of them in the very microsecond of the state they were computed from.
        subscription.spec.description = Some(number.to_string());
        let (shared, changed) = (store.shared(), subscription.clone());
        tasks.spawn(async move { shared.update_subscription(&changed, read_at).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| was_changed(result)).count(), 19);
});

both_databases!(a_deleted_subscription_is_gone_from_everywhere, async |store: TestStore| {
    let (gone, kept) = (created(&store).await, created(&store).await);
    store.delete_subscription(&gone.tenant, gone.id, store.now()).await.unwrap();
    assert!(is_not_found(&store.subscription(&gone.tenant, gone.id).await));
    assert!(is_not_found(&store.update_subscription(&gone, gone.updated_at).await));
    assert_eq!(store.subscriptions(&gone.tenant, PageRequest::default()).await.unwrap().rows, std::slice::from_ref(&kept));
    assert_eq!(store.load_directory().await.unwrap().subscriptions.keys().collect::<Vec<_>>(), [&kept.id]);
});

both_databases!(a_disabled_subscription_says_why_and_is_newer_than_before, async |store: TestStore| {
    let subscription = created(&store).await;
    let now = store.now();
    store.disable_subscription(subscription.id, DisabledReason::Gone, now).await.unwrap();
    let found = store.subscription(&subscription.tenant, subscription.id).await.unwrap();
    assert_eq!((found.status, found.disabled_reason), (Status::Disabled, Some(DisabledReason::Gone)));
    assert_eq!(found.updated_at, now);
    assert!(was_changed(&store.update_subscription(&subscription, subscription.updated_at).await));
});

both_databases!(subscriptions_are_listed_newest_first_in_pages, async |store: TestStore| {
    let acme = tenant(&store, "acme").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(subscribed(&store, &acme).await);
        subscribed(&store, &TenantName::default()).await;
    }
    ids.reverse();
    let first = store.subscriptions(&acme, PageRequest { limit: 3, before: None }).await.unwrap();
    let second = store.subscriptions(&acme, PageRequest { limit: 3, before: first.next }).await.unwrap();
    let seen: Vec<_> = first.rows.iter().chain(&second.rows).map(|row| row.id).collect();
    assert_eq!((seen, second.next), (ids, None));
});

both_databases!(a_directory_is_the_state_of_its_version, async |store: TestStore| {
    // Each subscription that is created raises the version by one, so a snapshot must hold as many more.
    let start = store.load_directory().await.unwrap().version;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (shared, new) = (store.shared(), subscription(&store, &TenantName::default()));
        tasks.spawn(async move { shared.create_subscription(&new).await.unwrap() });
    }
    for _ in 0..30 {
        let directory = store.load_directory().await.unwrap();
        assert_eq!(directory.version - start, i64::try_from(directory.subscriptions.len()).unwrap());
    }
    tasks.join_all().await;
    assert_eq!(store.load_directory().await.unwrap().subscriptions.len(), 10);
});
