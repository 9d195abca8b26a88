//! What is there before anybody made anything: in development, one subscription to the built-in inbox.

use std::net::SocketAddr;

use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::id::SubscriptionId;
use crate::domain::page::PageRequest;
use crate::domain::shard::ShardNumber;
use crate::domain::signature;
use crate::domain::subscription::{SigningSecret, Spec, Status, Subscription};
use crate::domain::tenant::TenantName;
use crate::store::{EventFilter, Store, StoreError};

/// Creates a subscription to `/dev/inbox/hello` if nobody ever created one or posted an event, so that the first event posted
/// to a fresh installation is seen to arrive.
pub(super) async fn greet(
    store: &dyn Store,
    address: SocketAddr,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(), StoreError> {
    let tenant = TenantName::default();
    let first = PageRequest { limit: 1, before: None };
    let has_events = !store.events(&tenant, &EventFilter::default(), first).await?.rows.is_empty();
    if has_events || !store.subscriptions(&tenant, first).await?.rows.is_empty() {
        return Ok(());
    }
    let now = clock.now();
    let mut spec = Spec::to(format!("http://127.0.0.1:{}/dev/inbox/hello", address.port()));
    spec.description = Some("the built-in inbox: look at /dev/inbox/hello".into());
    let secret = SigningSecret { secret: signature::generate_secret(entropy), created_at: now, expires_at: None };
    let subscription = Subscription {
        id: SubscriptionId::on(ShardNumber::HOME, now, entropy),
        tenant,
        status: Status::Active,
        disabled_reason: None,
        spec,
        secrets: vec![secret],
        handshake: None,
        created_at: now,
        updated_at: now,
    };
    store.create_subscription(&subscription).await
}
