//! Stopping in good order, and what is left when that is not possible.

use std::time::Duration;

use waypost::domain::delivery::DeliveryState;
use waypost::store::Placement;

use super::fixture::{Node, Options, new_event, wait_until};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Reply, Sink};

both_databases!(open_requests_are_finished_and_the_rest_is_released, async |store: TestStore| {
    let node = Node::start(&store).await;
    let slow = Reply::Answer(200, Vec::new(), vec![b'a'; 64].into());
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let sink = Sink::start(move |_, _| {
        // The answer waits for the test; the sink's runtime has other threads.
        let _ = tokio::task::block_in_place(|| held.lock().unwrap().recv());
        slow.clone()
    })
    .await;
    let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.max_concurrency = 1).await;
    node.wait_for_room(&subscription).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(node.post(&subscription).await);
    }
    wait_until("a request is open", || !sink.received().is_empty()).await;
    let (shared, tenant, stop) = (node.store.clone(), subscription.tenant.clone(), node.stop.clone());
    stop.cancel();
    wait_until("nothing is taken any more", || !node.handle.reserve(subscription.id, 0)).await;
    let_go.send(()).unwrap();
    node.stopped().await;
    let mut states = Vec::new();
    for id in ids {
        states.push(shared.delivery(&tenant, id).await.unwrap().delivery.state);
    }
    let pending = [DeliveryState::Pending; 3];
    assert_eq!((states[0], &states[1..]), (DeliveryState::Delivered, &pending[..]));
    drop(let_go);
});

both_databases!(requests_that_outlast_the_grace_period_are_broken_off_and_given_back, async |store: TestStore| {
    let node = Node::start_with(&store, Options { grace: Duration::from_millis(50), ..Options::default() }).await;
    let sink = Sink::start(|_, _| Reply::Hang).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let id = node.post(&subscription).await;
    sink.wait_for(1).await;
    let (shared, tenant) = (node.store.clone(), subscription.tenant.clone());
    node.stopped().await;
    let detail = shared.delivery(&tenant, id).await.unwrap();
    assert_eq!((detail.delivery.state, detail.attempts.len()), (DeliveryState::Pending, 0));
});

both_databases!(a_delivery_handed_over_to_a_stopping_node_is_not_lost, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    node.wait_for_room(&subscription).await;
    assert!(node.handle.reserve(subscription.id, 0));
    let leased = node.accept(&subscription, new_event(), Placement::HandedOver).await;
    let id = leased.lease.delivery_id;
    let handle = node.handle.clone();
    node.stopped().await;
    handle.hand_over(leased);
    let next = Node::start(&store).await;
    next.wait_for(id, DeliveryState::Delivered).await;
    next.stopped().await;
});
