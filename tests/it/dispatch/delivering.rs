//! What arrives at a sink that works.

use std::time::Duration;

use standardwebhooks::Webhook;
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::delivery::{DeliveryState, VerdictKind};
use waypost::domain::id::NodeId;
use waypost::domain::secret::Secret;
use waypost::domain::subscription::{ContentMode, Credential};
use waypost::store::Placement;

use super::fixture::{Node, Options, SECRET, new_event};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Received, Reply, Sink};

fn verified(request: &Received) -> bool {
    let mut headers = http::HeaderMap::new();
    for (name, value) in &request.headers {
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    Webhook::new(SECRET).unwrap().verify(&request.body, &headers).is_ok()
}

both_databases!(delivery_arrives_signed_and_is_recorded, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|_, _| Reply::Answer(201, vec![("x-sink", "yes".into())], "thanks".into())).await;
    let subscription = node.subscribe(&sink.url("/hooks?shop=1"), |_| {}).await;
    node.wait_for_room(&subscription).await;
    let event = new_event();
    let id = node.post_event(&subscription, event.clone()).await;

    let request = &sink.wait_for(1).await[0];
    assert!(verified(request));
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hooks?shop=1"));
    assert_eq!(request.body, event.event.body());
    assert_eq!(request.header("webhook-id"), Some(&*event.id.to_string()));
    assert_eq!(request.header("waypost-delivery-id"), Some(&*id.to_string()));
    assert_eq!(request.header("waypost-attempt"), Some("1"));
    assert_eq!(request.header("host"), Some(&*sink.authority()));

    let detail = node.wait_for(id, DeliveryState::Delivered).await;
    assert_eq!((detail.delivery.attempt_count, detail.delivery.last_status), (1, Some(201)));
    let attempt = &detail.attempts[0];
    assert_eq!((attempt.number, attempt.verdict, attempt.outcome.status), (1, VerdictKind::Delivered, Some(201)));
    assert_eq!(attempt.outcome.response_body, "thanks");
    assert!(attempt.outcome.response_headers.contains(&("x-sink".into(), "yes".into())));
    let counts = node.counts(&subscription).await;
    assert_eq!((counts.attempts, counts.delivered, counts.failed), (1, 1, 0));
    assert!(counts.latencies.quantile(1.0).is_some());
    node.stopped().await;
});

both_databases!(binary_mode_and_credentials_are_sent_as_asked_for, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(204).await;
    let subscription = node
        .subscribe(&sink.url("/"), |spec| {
            spec.config.content_mode = ContentMode::Binary;
            spec.protocolsettings.headers.insert("X-Env".into(), "prod".into());
            spec.protocolsettings.method = Some("PUT".into());
            spec.sinkcredential = Some(Credential::AccessToken {
                accesstoken: Secret::new("letmein"),
                accesstokenexpiresutc: None,
                accesstokentype: None,
            });
        })
        .await;
    let id = node.post(&subscription).await;
    let request = &sink.wait_for(1).await[0];
    assert!(verified(request));
    assert_eq!(request.method, "PUT");
    assert_eq!(request.body, r#"{"total":1.50}"#);
    assert_eq!(request.header("ce-source"), Some("/orders"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer letmein"));
    assert_eq!(request.header("x-env"), Some("prod"));
    node.wait_for(id, DeliveryState::Delivered).await;
    node.stopped().await;
});

both_databases!(queued_deliveries_that_nobody_was_told_of_are_found, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    let leased = node.accept(&subscription, new_event(), Placement::Queued(SystemClock.now())).await;
    let later = SystemClock.now().plus(Duration::from_millis(300));
    let due_later = node.accept(&subscription, new_event(), Placement::Queued(later)).await;
    node.wait_for(leased.lease.delivery_id, DeliveryState::Delivered).await;
    let detail = node.wait_for(due_later.lease.delivery_id, DeliveryState::Delivered).await;
    assert!(detail.attempts[0].started_at >= later);
    node.stopped().await;
});

both_databases!(a_backlog_far_beyond_memory_is_delivered_once_each, async |store: TestStore| {
    let mut options = Options::default();
    options.dispatch.max_in_memory = 40;
    options.dispatch.max_in_memory_per_lane = 16;
    let node = Node::start_with(&store, options).await;
    let sink = Sink::answering(200).await;
    let subscriptions = [node.subscribe(&sink.url("/a"), |_| {}).await, node.subscribe(&sink.url("/b"), |_| {}).await];
    let mut ids = Vec::new();
    for number in 0..300 {
        ids.push(node.post(&subscriptions[number % 2]).await);
    }
    for id in ids {
        node.wait_for(id, DeliveryState::Delivered).await;
    }
    assert_eq!(sink.received().len(), 300);
    node.stopped().await;
});

both_databases!(leases_of_a_node_that_is_gone_are_taken_over, async |store: TestStore| {
    let mut node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    // Accepted in the name of a node that never gave a sign of life.
    node.id = NodeId::new(SystemClock.now(), &store.entropy);
    let leased = node.accept(&subscription, new_event(), Placement::HandedOver).await;
    node.wait_for(leased.lease.delivery_id, DeliveryState::Delivered).await;
    node.stopped().await;
});

both_databases!(idle_connections_are_used_again, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(200).await;
    let subscription = node.subscribe(&sink.url("/"), |_| {}).await;
    for _ in 0..5 {
        let id = node.post(&subscription).await;
        node.wait_for(id, DeliveryState::Delivered).await;
    }
    assert!(sink.received().iter().all(|request| request.connection == 0));
    node.stopped().await;
});
