//! Accepting: all or nothing, and what is accepted can be claimed.

use waypost::domain::delivery::DeliveryState;
use waypost::domain::event::Wire;
use waypost::domain::tenant::TenantName;
use waypost::store::{Recorded, Resolution, Settled, StoreError};

use super::fixture::{
    ROUTING_VERSION, accept, accepting, batch, claim, handed_over, lane, living_node, queued, record, report, seen, submission,
};
use crate::support::database::{TestStore, both_databases};

both_databases!(what_was_accepted_is_claimed_with_its_exact_bytes, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let event = accepting(&store, "a", vec![queued(&store, lane, store.now())]);
    let (posted, delivery_id) = (event.accepted.clone(), event.deliveries[0].id);
    assert_eq!(accept(&store, node, vec![event]).await, [None]);

    let leased = claim(&store, node, &[(lane, 10)]).await;

    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].lease.delivery_id, leased[0].lease.token, leased[0].subscription_id), (delivery_id, 1, lane));
    assert_eq!((leased[0].attempt_count, leased[0].budget_attempt_count), (0, 0));
    let found = &leased[0].event;
    assert_eq!((found.id, &found.tenant, found.accepted_at), (posted.id, &posted.tenant, posted.accepted_at));
    assert_eq!((found.event.body(), found.event.wire()), (posted.event.body(), Wire::Structured));
    assert_eq!(found.event.attribute("subject"), Some("s-a"));
});

both_databases!(a_stale_batch_writes_nothing, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let event = accepting(&store, "a", vec![queued(&store, lane, store.now())]);
    let event_id = event.accepted.id;
    let mut stale = batch(&store, node, vec![submission(vec![event])]);
    stale.routing_version = ROUTING_VERSION + 1;

    assert_eq!(store.accept(&stale).await.unwrap(), Settled::Stale { routing_version: ROUTING_VERSION });

    assert!(claim(&store, node, &[(lane, 10)]).await.is_empty());
    assert!(matches!(store.event(&TenantName::default(), event_id).await, Err(StoreError::NotFound)));
    stale.routing_version = ROUTING_VERSION;
    assert_eq!(store.accept(&stale).await.unwrap(), Settled::Committed(vec![Some(vec![None])]), "its key was not taken either");
});

both_databases!(deliveries_handed_over_are_in_flight_and_can_be_recorded, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let delivery = handed_over(&store, lane);
    let event = accepting(&store, "a", vec![delivery.clone()]);
    accept(&store, node, vec![event]).await;

    assert_eq!(seen(&store, delivery.id).await.state, DeliveryState::InFlight);
    assert!(claim(&store, node, &[(lane, 10)]).await.is_empty(), "nobody else may have it");
    let lease = waypost::store::Lease { delivery_id: delivery.id, token: 1 };
    assert_eq!(record(&store, report(&store, lease, 1, Resolution::Delivered)).await, Recorded::Done);
    assert_eq!(seen(&store, delivery.id).await.state, DeliveryState::Delivered);
});

both_databases!(deliveries_of_one_event_share_it, async |store: TestStore| {
    let (node, lanes) = (living_node(&store).await, [lane(&store), lane(&store), lane(&store)]);
    let deliveries = lanes.iter().map(|&lane| queued(&store, lane, store.now())).collect();
    accept(&store, node, vec![accepting(&store, "a", deliveries)]).await;

    let leased = claim(&store, node, &lanes.map(|lane| (lane, 5))).await;

    assert_eq!(leased.len(), 3);
    assert!(leased.iter().all(|one| std::sync::Arc::ptr_eq(&one.event, &leased[0].event)));
});

both_databases!(an_event_that_nobody_wants_is_kept, async |store: TestStore| {
    let node = living_node(&store).await;
    let event = accepting(&store, "a", Vec::new());
    let id = event.accepted.id;

    assert_eq!(accept(&store, node, vec![event]).await, [None]);

    let stored = store.event(&TenantName::default(), id).await.unwrap();
    assert_eq!(stored.accepted.id, id);
    assert!(stored.deliveries.is_empty());
});

both_databases!(a_batch_of_no_events_is_committed, async |store: TestStore| {
    let node = living_node(&store).await;
    let empty = batch(&store, node, vec![submission(Vec::new())]);
    assert_eq!(store.accept(&empty).await.unwrap(), Settled::Committed(vec![Some(Vec::new())]));
    let none = batch(&store, node, Vec::new());
    assert_eq!(store.accept(&none).await.unwrap(), Settled::Committed(Vec::new()));
});
