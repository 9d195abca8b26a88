//! The health of a subscription's sink, as it is shown while it is in trouble.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::view::Subscription;
use crate::domain::breaker;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription;
use crate::http::problem::Result;
use crate::store::Store;

/// How a sink in trouble stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SinkHealth)]
pub(super) struct Health {
    /// Whether deliveries flow to it.
    state: breaker::State,
    /// Since when nothing went well; absent after a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failing_since: Option<Timestamp>,
    /// Failures since the last success that count for the breaker.
    failure_count: u32,
    /// While the breaker is open: when a few deliveries try the sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_at: Option<Timestamp>,
    /// When its last failure was.
    last_failed_at: Timestamp,
    /// The status it answered then, if it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_status: Option<u16>,
    /// What was wrong then, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
}

impl From<breaker::Health> for Health {
    fn from(health: breaker::Health) -> Self {
        Self {
            state: health.state,
            failing_since: health.failing_since,
            failure_count: health.failure_count,
            retry_at: health.until.filter(|_| health.state == breaker::State::Open),
            last_failed_at: health.last.at,
            last_status: health.last.status,
            last_error: health.last.error,
        }
    }
}

/// Shows a subscription with its sink's health.
///
/// # Errors
/// The store's own.
pub(super) async fn shown(store: &dyn Store, subscription: subscription::Subscription) -> Result<Subscription> {
    let found = store.sink_health(&[subscription.id]).await?.pop();
    Ok(Subscription::from(subscription).with_health(found.map(|(_, health)| health.into())))
}

/// The health of those sinks of these subscriptions that are in trouble.
///
/// # Errors
/// The store's own.
pub(super) async fn of_all(
    store: &dyn Store,
    subscriptions: &[subscription::Subscription],
) -> Result<HashMap<SubscriptionId, Health>> {
    let ids: Vec<_> = subscriptions.iter().map(|subscription| subscription.id).collect();
    let found = store.sink_health(&ids).await?;
    Ok(found.into_iter().map(|(id, health)| (id, Health::from(health))).collect())
}
