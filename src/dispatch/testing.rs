//! Events, subscriptions and deliveries for the unit tests of this layer.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::sink::Terms;
use crate::domain::breaker;
use crate::domain::clock::Timestamp;
use crate::domain::event::{Accepted, read};
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::domain::subscription::{Config, Protocol, ProtocolSettings, Spec, Status, Subscription};
use crate::domain::tenant::TenantName;
use crate::store::{Directory, Lease, Leased};

/// A moment.
pub(super) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// What holds for subscriptions that do not say, as the server is set up if nobody says otherwise.
pub(super) const TERMS: Terms = Terms {
    unpermitted: None,
    breaker: breaker::Policy {
        is_enabled: true,
        consecutive_failures: 10,
        failure_percent: 50,
        min_attempts: 20,
        window: Duration::from_mins(1),
        open: Duration::from_secs(5),
        max_open: Duration::from_mins(5),
        probes: 3,
        disable_after: None,
    },
};

/// The identifier of a numbered subscription.
pub(super) fn id(number: u128) -> SubscriptionId {
    SubscriptionId::from_uuid(Uuid::from_u128(number))
}

/// A numbered subscription, active and unsigned.
pub(super) fn subscription(number: u128) -> Subscription {
    let spec = Spec {
        sink: "https://sink.example/hooks".into(),
        protocol: Protocol::Http,
        source: None,
        types: Vec::new(),
        filters: Vec::new(),
        protocolsettings: ProtocolSettings::default(),
        sinkcredential: None,
        description: None,
        metadata: std::collections::BTreeMap::new(),
        config: Config::default(),
    };
    Subscription {
        id: id(number),
        tenant: TenantName::default(),
        status: Status::Active,
        disabled_reason: None,
        spec,
        secrets: Vec::new(),
        handshake: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// The snapshot of these subscriptions.
pub(super) fn directory(subscriptions: impl IntoIterator<Item = Subscription>) -> Directory {
    let subscriptions = subscriptions.into_iter().map(|one| (one.id, Arc::new(one))).collect();
    Directory { version: 1, subscriptions }
}

/// A numbered event.
pub(super) fn event(number: u128) -> Accepted {
    let text = format!(r#"{{"specversion":"1.0","id":"{number}","source":"/s","type":"t","data":{{"n":1.0}}}}"#);
    Accepted {
        id: EventId::from_uuid(Uuid::from_u128(number)),
        tenant: TenantName::default(),
        accepted_at: NOW,
        traceparent: None,
        event: read::structured(text.into(), read::Limits::NONE).unwrap(),
    }
}

/// A numbered delivery to a numbered subscription.
pub(super) fn leased(subscription: u128, number: u128) -> Leased {
    Leased {
        lease: Lease { delivery_id: DeliveryId::from_uuid(Uuid::from_u128(number)), token: 1 },
        subscription_id: id(subscription),
        attempt_count: 0,
        budget_attempt_count: 0,
        is_reopened: false,
        replay_job_id: None,
        event: Arc::new(event(number)),
    }
}
