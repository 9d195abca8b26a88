//! Redelivering and cancelling many at once.

use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::id::NodeId;
use waypost::domain::id::{DeliveryId, SubscriptionId};
use waypost::domain::page::PageRequest;
use waypost::domain::tenant::TenantName;
use waypost::store::{Claim, DeadLetterFilter};

use super::sample::{dead, delivered, in_flight, pending, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

async fn state(store: &TestStore, id: DeliveryId) -> DeliveryState {
    store.delivery(&TenantName::default(), id).await.unwrap().delivery.state
}

/// How many of the subscription's deliveries a node gets.
async fn claimable(store: &TestStore, subscription: SubscriptionId) -> usize {
    let node = NodeId::new(store.now(), &store.entropy);
    store.claim(&Claim { node, now: store.now(), lanes: vec![(subscription, 1000)] }).await.unwrap().len()
}

both_databases!(finished_ones_are_opened_and_others_passed_over, async |store: TestStore| {
    let default = TenantName::default();
    let subscription = subscribed(&store, &default).await;
    let foreign = tenant(&store, "other").await;
    let theirs = delivered(&store, &foreign, subscribed(&store, &foreign).await).await;
    let mut ids =
        vec![delivered(&store, &default, subscription).await, dead(&store, &default, subscription, DeadReason::Exhausted).await];
    let leased = in_flight(&store, &default, subscription).await.delivery_id;
    ids.extend([leased, theirs, ids[0]]);
    let opened = store.redeliver_many(&default, &ids, store.now()).await.unwrap();
    assert_eq!(opened, [subscription; 2]);
    assert_eq!(state(&store, ids[0]).await, DeliveryState::Pending);
    assert_eq!(state(&store, leased).await, DeliveryState::InFlight);
    let letters = store.dead_letters(&default, &DeadLetterFilter::default(), PageRequest::default()).await.unwrap();
    assert!(letters.rows.is_empty());
    assert_eq!(claimable(&store, subscription).await, 2);
    assert_eq!(store.delivery(&foreign, theirs).await.unwrap().delivery.state, DeliveryState::Delivered);
});

both_databases!(those_of_a_deleted_subscription_stay_as_they_are, async |store: TestStore| {
    let default = TenantName::default();
    let subscription = subscribed(&store, &default).await;
    let id = delivered(&store, &default, subscription).await;
    store.delete_subscription(&default, subscription, store.now()).await.unwrap();
    assert_eq!(store.redeliver_many(&default, &[id], store.now()).await.unwrap(), []);
    assert_eq!(state(&store, id).await, DeliveryState::Delivered);
});

both_databases!(waiting_and_open_ones_are_cancelled_and_claimed_by_nobody, async |store: TestStore| {
    let default = TenantName::default();
    let subscription = subscribed(&store, &default).await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(pending(&store, &default, subscription, store.now()).await);
    }
    ids.push(in_flight(&store, &default, subscription).await.delivery_id);
    let done = delivered(&store, &default, subscription).await;
    ids.push(done);
    assert_eq!(store.cancel_many(&default, &ids, store.now()).await.unwrap(), 41);
    assert_eq!(store.cancel_many(&default, &ids, store.now()).await.unwrap(), 0);
    assert_eq!(state(&store, done).await, DeliveryState::Delivered);
    assert_eq!(state(&store, ids[40]).await, DeliveryState::Cancelled);
    assert_eq!(claimable(&store, subscription).await, 0);
    assert_eq!(store.waiting(&default, None, 100).await.unwrap().0, 0);
});
