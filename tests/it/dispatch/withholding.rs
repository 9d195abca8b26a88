//! When nothing may be sent: pauses that a sink asks for, paused, disabled and deleted subscriptions, rate limits.

use std::time::{Duration, Instant};

use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::subscription::{RateLimit, Status};
use waypost::store::Placement;

use super::fixture::{Node, new_event};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Reply, Sink};

both_databases!(retry_after_leaves_the_sink_alone_until_then, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|number, _| match number {
        0 => Reply::Answer(429, vec![("retry-after", "1".into())], "".into()),
        _ => Reply::status(200),
    })
    .await;
    let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.max_concurrency = 1).await;
    node.wait_for_room(&subscription).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(node.post(&subscription).await);
    }
    sink.wait_for(1).await;
    for _ in 0..3 {
        ids.push(node.post(&subscription).await);
    }
    for id in &ids {
        node.wait_for(*id, DeliveryState::Delivered).await;
    }
    let requests = sink.received();
    assert_eq!(requests.len(), 8);
    for request in &requests[1..] {
        assert!(request.at - requests[0].at >= Duration::from_millis(950), "{:?}", request.at - requests[0].at);
    }
    // Waiting for the sink is no attempt.
    for id in &ids[1..] {
        assert_eq!(node.store.delivery(&subscription.tenant, *id).await.unwrap().attempts.len(), 1);
    }
    node.stopped().await;
});

both_databases!(another_node_leaves_the_sink_alone_too, async |store: TestStore| {
    let node = Node::start(&store).await;
    let other = Node::start(&store).await;
    let sink = Sink::start(|number, _| match number {
        0 => Reply::Answer(503, vec![("retry-after", "1".into())], "".into()),
        _ => Reply::status(200),
    })
    .await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let id = node.post(&subscription).await;
    node.wait_until(id, |detail| detail.delivery.attempt_count == 1).await;
    other.refresh().await;
    let queued = other.accept(&subscription, new_event(), Placement::Queued(SystemClock.now())).await;
    other.wait_for(queued.lease.delivery_id, DeliveryState::Delivered).await;
    let requests = sink.received();
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(950));
    node.stopped().await;
    other.stopped().await;
});

both_databases!(a_paused_subscription_collects_and_flows_when_resumed, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let (paused, healthy) = (node.subscribe(&sink.url("/paused"), |_| {}).await, node.subscribe(&sink.url("/"), |_| {}).await);
    node.set_status(&paused, Status::Paused).await;
    let waiting = node.post(&paused).await;
    let id = node.post(&healthy).await;
    node.wait_for(id, DeliveryState::Delivered).await;
    assert!(sink.received().iter().all(|request| request.path == "/"));
    node.set_status(&paused, Status::Active).await;
    assert_eq!(node.wait_for(waiting, DeliveryState::Delivered).await.attempts.len(), 1);
    node.stopped().await;
});

both_databases!(deliveries_of_disabled_and_deleted_subscriptions_end_without_a_request, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let (disabled, deleted) = (node.subscribe(&sink.url("/"), |_| {}).await, node.subscribe(&sink.url("/"), |_| {}).await);
    node.set_status(&disabled, Status::Paused).await;
    node.set_status(&deleted, Status::Paused).await;
    let (dead, cancelled) = (node.post(&disabled).await, node.post(&deleted).await);
    node.set_status(&disabled, Status::Disabled).await;
    node.store.delete_subscription(&deleted.tenant, deleted.id, SystemClock.now()).await.unwrap();
    node.refresh().await;
    let detail = node.wait_for(dead, DeliveryState::DeadLettered).await;
    assert_eq!(detail.delivery.reason, Some(DeadReason::Disabled));
    node.wait_for(cancelled, DeliveryState::Cancelled).await;
    assert!(sink.received().is_empty());
    node.stopped().await;
});

both_databases!(a_subscription_this_node_has_not_seen_yet_loses_nothing, async |store: TestStore| {
    let node = Node::start(&store).await;
    let stale = node.directory.load_full();
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    node.directory.store(stale);
    let queued = node.accept(&subscription, new_event(), Placement::Queued(SystemClock.now())).await.lease.delivery_id;
    // It was claimed, looked at and put back: its token shows it.
    let seen = node.wait_until(queued, |detail| detail.delivery.next_attempt_at > Some(detail.delivery.created_at)).await;
    assert_eq!(seen.delivery.state, DeliveryState::Pending);
    node.refresh().await;
    node.wait_for(queued, DeliveryState::Delivered).await;
    node.stopped().await;
});

both_databases!(the_rate_limit_spaces_requests, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let limit = RateLimit { per_second: 20.0, burst: 1 };
    let subscription = node.subscribe(&sink.url("/"), |spec| spec.config.rate_limit = Some(limit)).await;
    node.wait_for_room(&subscription).await;
    // From before the first is sent: how long each is under way does not count.
    let began = Instant::now();
    for _ in 0..6 {
        node.post(&subscription).await;
    }
    let spread = sink.wait_for(6).await[5].at - began;
    assert!(spread >= Duration::from_millis(250), "{spread:?}");
    node.stopped().await;
});
