//! Batches to accept and outcomes to record.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::{Attempt, Delivery, ErrorClass, Outcome, VerdictKind};
use waypost::domain::event::{Accepted, read};
use waypost::domain::id::{AttemptId, DeliveryId, EventId, NodeId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::{
    AcceptBatch, Accepting, Claim, Lease, Leased, NewDelivery, Placement, Recorded, Report, Resolution, Settled, Submission,
    SubmissionResult,
};

use crate::support::database::TestStore;

/// The routing version of a database without subscriptions.
pub(super) const ROUTING_VERSION: i64 = 1;

/// How long the tests remember an event key.
pub(super) const WINDOW: Duration = Duration::from_hours(1);

/// A new subscription's identifier.
pub(super) fn lane(store: &TestStore) -> SubscriptionId {
    SubscriptionId::new(store.now(), &store.entropy)
}

/// A new node that is alive for a minute.
pub(super) async fn living_node(store: &TestStore) -> NodeId {
    let now = store.now();
    let node = NodeId::new(now, &store.entropy);
    store.heartbeat(node, now, now.plus(Duration::from_mins(1))).await.unwrap();
    node
}

/// An event whose key is `name`, with these deliveries.
pub(super) fn accepting(store: &TestStore, name: &str, deliveries: Vec<NewDelivery>) -> Accepting {
    let now = store.now();
    let body = format!(
        r#"{{"specversion":"1.0","id":"{name}","source":"/orders","type":"com.example.order","subject":"s-{name}","data":{{"n": 1.0}}}}"#
    );
    let accepted = Accepted {
        id: EventId::new(now, &store.entropy),
        tenant: TenantName::default(),
        accepted_at: now,
        traceparent: None,
        event: read::structured(Bytes::from(body), read::Limits::default()).expect("the fixture is an event"),
    };
    Accepting { accepted: Arc::new(accepted), key: key(name), deliveries }
}

/// The digest that stands for an event key.
pub(super) fn key(name: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key[..name.len()].copy_from_slice(name.as_bytes());
    key
}

/// A delivery that waits until `due`.
pub(super) fn queued(store: &TestStore, lane: SubscriptionId, due: Timestamp) -> NewDelivery {
    delivery(store, lane, Placement::Queued(due))
}

/// A delivery that the accepting node keeps.
pub(super) fn handed_over(store: &TestStore, lane: SubscriptionId) -> NewDelivery {
    delivery(store, lane, Placement::HandedOver)
}

fn delivery(store: &TestStore, subscription_id: SubscriptionId, placement: Placement) -> NewDelivery {
    NewDelivery { id: DeliveryId::new(store.now(), &store.entropy), subscription_id, placement }
}

/// A submission without a replay digest.
pub(super) fn submission(events: Vec<Accepting>) -> Submission {
    Submission { replay: None, events }
}

/// A batch of these submissions.
pub(super) fn batch(store: &TestStore, node: NodeId, submissions: Vec<Submission>) -> AcceptBatch {
    let now = store.now();
    AcceptBatch { node, routing_version: ROUTING_VERSION, now, keys_since: now.minus(WINDOW), submissions }
}

/// Accepts a batch that is not stale.
pub(super) async fn accept_batch(store: &TestStore, batch: &AcceptBatch) -> Vec<SubmissionResult> {
    match store.accept(batch).await.unwrap() {
        Settled::Committed(results) => results,
        stale @ Settled::Stale { .. } => panic!("the batch was refused: {stale:?}"),
    }
}

/// Accepts events in one submission and says what became of each.
pub(super) async fn accept(store: &TestStore, node: NodeId, events: Vec<Accepting>) -> Vec<Option<EventId>> {
    let batch = batch(store, node, vec![submission(events)]);
    accept_batch(store, &batch).await.remove(0).expect("it is no replay")
}

/// Accepts `count` events with one delivery each to `lane`, due in the order given.
pub(super) async fn backlog(store: &TestStore, node: NodeId, lane: SubscriptionId, count: usize) -> Vec<DeliveryId> {
    let prefix = lane.to_string();
    let prefix = &prefix[prefix.len() - 8..];
    let new = |number| accepting(store, &format!("{prefix}-{number}"), vec![queued(store, lane, store.now())]);
    let events: Vec<_> = (0..count).map(new).collect();
    let ids = events.iter().map(|event| event.deliveries[0].id).collect();
    accept(store, node, events).await;
    ids
}

/// Claims from lanes.
pub(super) async fn claim(store: &TestStore, node: NodeId, lanes: &[(SubscriptionId, u32)]) -> Vec<Leased> {
    store.claim(&Claim { node, now: store.now(), lanes: lanes.to_vec() }).await.unwrap()
}

/// A report with an attempt, numbered `number`.
pub(super) fn report(store: &TestStore, lease: Lease, number: u32, then: Resolution) -> Report {
    Report { lease, tenant: TenantName::default(), attempt: Some(attempt(store, number, then)), then, forward: None }
}

/// A report without an attempt.
pub(super) fn untried(lease: Lease, then: Resolution) -> Report {
    Report { lease, tenant: TenantName::default(), attempt: None, then, forward: None }
}

fn attempt(store: &TestStore, number: u32, then: Resolution) -> Attempt {
    let is_delivered = then == Resolution::Delivered;
    let outcome = Outcome {
        duration: Duration::from_micros(1_234),
        status: Some(if is_delivered { 204 } else { 500 }),
        error_class: (!is_delivered).then_some(ErrorClass::Server),
        error: (!is_delivered).then(|| "the sink answered 500".to_owned()),
        response_headers: vec![("X-Sink".to_owned(), "a \"quoted\" value".to_owned())],
        response_body: Bytes::from_static(b"\x00not text\xff"),
        is_body_truncated: !is_delivered,
    };
    let verdict = match then {
        Resolution::Delivered => VerdictKind::Delivered,
        Resolution::Retry(_) => VerdictKind::Retry,
        Resolution::Dead(_) | Resolution::Cancelled => VerdictKind::Dead,
    };
    Attempt { id: AttemptId::new(store.now(), &store.entropy), number, started_at: store.now(), outcome, verdict }
}

/// Records one report.
pub(super) async fn record(store: &TestStore, report: Report) -> Recorded {
    store.record(&[report], &[], store.now()).await.unwrap()[0]
}

/// A delivery as people see it.
pub(super) async fn seen(store: &TestStore, id: DeliveryId) -> Delivery {
    store.delivery(&TenantName::default(), id).await.unwrap().delivery
}
