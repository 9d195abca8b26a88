//! Things to store: tenants, subscriptions, and events with deliveries in the state a test wants.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::{Attempt, DeadReason, ErrorClass, Outcome, VerdictKind};
use waypost::domain::event::{Accepted, read};
use waypost::domain::id::{AttemptId, DeliveryId, EventId, NodeId, SubscriptionId};
use waypost::domain::secret::Secret;
use waypost::domain::shard::ShardNumber;
use waypost::domain::subscription::{Credential, SigningSecret, Spec, Status, Subscription};
use waypost::domain::tenant::{Tenant, TenantName};
use waypost::store::{
    AcceptBatch, Accepting, Lease, NewDelivery, Placement, Report, Resolution, Settled, StoreError, Submission,
};

use crate::support::database::TestStore;

/// A secret that must never be found where it does not belong.
pub(super) const SIGNING_SECRET: &str = "whsec_bm9ib2R5IG1heSBldmVyIHNlZSB0aGlzIQ";
/// Another one.
pub(super) const SINK_TOKEN: &str = "sink-token-that-nobody-may-ever-see";

/// A tenant that is not `default`, created.
pub(super) async fn tenant(store: &TestStore, name: &str) -> TenantName {
    let name: TenantName = name.parse().unwrap();
    store
        .create_tenant(&Tenant {
            name: name.clone(),
            description: None,
            retention: None,
            created_at: store.now(),
            shard: ShardNumber::HOME,
        })
        .await
        .unwrap();
    name
}

/// A subscription with everything in it, not yet stored.
pub(super) fn subscription(store: &TestStore, tenant: &TenantName) -> Subscription {
    let now = store.now();
    let spec = r#"{"sink": "https://shop.example/hooks", "source": "/orders", "types": ["com.example.order.created"],
        "filters": [{"any": [{"prefix": {"subject": "eu-"}}, {"not": {"exact": {"type": "x"}}}]}],
        "protocolsettings": {"headers": {"X-Env": "prod"}, "method": "PUT"},
        "description": "orders to the shop", "metadata": {"team": "shop"},
        "config": {"content_mode": "binary", "timeout_ms": 1500, "max_concurrency": 3,
          "retry": {"schedule_ms": [0, 1000], "jitter": 0.5}, "rate_limit": {"per_second": 2.5, "burst": 7}}}"#;
    let credential =
        Credential::AccessToken { accesstoken: Secret::new(SINK_TOKEN), accesstokenexpiresutc: None, accesstokentype: None };
    let secret = SigningSecret { secret: Secret::new(SIGNING_SECRET), created_at: now, expires_at: None };
    Subscription {
        id: SubscriptionId::new(now, &store.entropy),
        tenant: tenant.clone(),
        status: Status::Active,
        disabled_reason: None,
        spec: Spec { sinkcredential: Some(credential), ..serde_json::from_str(spec).unwrap() },
        secrets: vec![secret],
        handshake: None,
        created_at: now,
        updated_at: now,
    }
}

/// A subscription, created.
pub(super) async fn subscribed(store: &TestStore, tenant: &TenantName) -> SubscriptionId {
    let subscription = subscription(store, tenant);
    store.create_subscription(&subscription).await.unwrap();
    subscription.id
}

/// Accepts an event with one delivery to each subscription, handed over to a node of its own, and gives their leases.
pub(super) async fn handed_over(
    store: &TestStore,
    tenant: &TenantName,
    body: &str,
    subscriptions: &[SubscriptionId],
) -> (EventId, Vec<Lease>) {
    let now = store.now();
    let accepted = Accepted {
        id: EventId::new(now, &store.entropy),
        tenant: tenant.clone(),
        accepted_at: now,
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        event: read::structured(Bytes::from(body.to_owned()), read::Limits::NONE).unwrap(),
    };
    let new = |&subscription_id| {
        let id = DeliveryId::of(accepted.id, subscription_id);
        NewDelivery { id, subscription_id, placement: Placement::HandedOver }
    };
    let deliveries: Vec<_> = subscriptions.iter().map(new).collect();
    let leases = deliveries.iter().map(|delivery| Lease { delivery_id: delivery.id, token: 1 }).collect();
    let id = accepted.id;
    let accepting = Accepting { accepted: Arc::new(accepted), key: *id.as_uuid().as_bytes(), deliveries };
    let batch = AcceptBatch {
        node: NodeId::new(now, &store.entropy),
        routing_version: store.routing_version().await.unwrap(),
        now,
        keys_since: now.minus(Duration::from_mins(1)),
        submissions: vec![Submission { replay: None, events: vec![accepting] }],
    };
    assert_eq!(store.accept(&batch).await.unwrap(), Settled::Committed(vec![Some(vec![None])]));
    (id, leases)
}

/// A plain order.
pub(super) const ORDER: &str =
    r#"{"specversion":"1.0","id":"1","source":"/orders","type":"com.example.order","subject":"eu-1","data":{"n":1.0}}"#;

/// Accepts an order for one subscription and gives its delivery, `in_flight`.
pub(super) async fn in_flight(store: &TestStore, tenant: &TenantName, subscription: SubscriptionId) -> Lease {
    handed_over(store, tenant, ORDER, &[subscription]).await.1[0]
}

/// Records the end of a lease with one attempt.
pub(super) async fn ended(store: &TestStore, tenant: &TenantName, lease: Lease, then: Resolution) -> DeliveryId {
    let report = Report { lease, tenant: tenant.clone(), attempt: Some(attempt(store, then)), then, forward: None };
    store.record(&[report], &[], store.now()).await.unwrap();
    lease.delivery_id
}

/// Accepts an order that is delivered.
pub(super) async fn delivered(store: &TestStore, tenant: &TenantName, subscription: SubscriptionId) -> DeliveryId {
    let lease = in_flight(store, tenant, subscription).await;
    ended(store, tenant, lease, Resolution::Delivered).await
}

/// Accepts an order that dies.
pub(super) async fn dead(store: &TestStore, tenant: &TenantName, subscription: SubscriptionId, reason: DeadReason) -> DeliveryId {
    let lease = in_flight(store, tenant, subscription).await;
    ended(store, tenant, lease, Resolution::Dead(reason)).await
}

/// Accepts an order that is to be tried again at `due`.
pub(super) async fn pending(store: &TestStore, tenant: &TenantName, subscription: SubscriptionId, due: Timestamp) -> DeliveryId {
    let lease = in_flight(store, tenant, subscription).await;
    ended(store, tenant, lease, Resolution::Retry(due)).await
}

fn attempt(store: &TestStore, then: Resolution) -> Attempt {
    let verdict = match then {
        Resolution::Delivered => VerdictKind::Delivered,
        Resolution::Retry(_) => VerdictKind::Retry,
        Resolution::Dead(_) | Resolution::Cancelled => VerdictKind::Dead,
    };
    Attempt { id: AttemptId::new(store.now(), &store.entropy), number: 1, started_at: store.now(), outcome: outcome(), verdict }
}

/// What comes of every attempt here.
pub(super) fn outcome() -> Outcome {
    Outcome {
        duration: Duration::from_micros(1500),
        status: Some(503),
        error_class: Some(ErrorClass::Server),
        error: Some("answered 503".to_owned()),
        response_headers: vec![("retry-after".to_owned(), "7".to_owned()), ("x-a".to_owned(), "\"".to_owned())],
        response_body: Bytes::from_static(b"\xff\x00busy"),
        is_body_truncated: true,
    }
}

/// Whether a transition was refused because there is no such thing.
pub(super) fn is_not_found<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::NotFound))
}
