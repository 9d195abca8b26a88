//! Ends deliveries whose subscription is deleted or disabled, without an attempt.
//!
//! Ending is for good, so it must never follow from an old snapshot: the subscription is looked at again after the claim.

use std::sync::Arc;

use super::attempt::forward;
use super::recorder::{Ended, Release, Reported};
use super::shared::Shared;
use crate::domain::delivery::DeadReason;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Status;
use crate::store::{Directory, Leased, Report, Resolution, StoreError};

/// Deliveries ended at once.
const MAX_SETTLED: u32 = 200;

/// Claims some deliveries of these subscriptions and ends them. Sweeps bring back those that are left.
///
/// # Errors
/// The store's own.
pub(super) async fn settle(shared: &Shared, ids: &[SubscriptionId]) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let lanes: Vec<_> = ids.iter().take(MAX_SETTLED as usize).copied().collect();
    let share = MAX_SETTLED / u32::try_from(lanes.len().max(1)).unwrap_or(MAX_SETTLED);
    let lanes: Vec<_> = lanes.into_iter().map(|id| (id, share)).collect();
    let claimed = shared.claim(&lanes, now).await?;
    if claimed.is_empty() {
        return Ok(());
    }
    let may_be_more = claimed.len() >= share as usize;
    match fresh_directory(shared).await {
        Ok(directory) => {
            for leased in &claimed {
                shared.end(ended(shared, &directory, leased));
            }
        }
        Err(failure) => {
            for leased in &claimed {
                shared.end(untouched(shared, leased));
            }
            return Err(failure);
        }
    }
    if may_be_more {
        for &id in ids {
            shared.note(id, now);
        }
    }
    Ok(())
}

/// The subscriptions as they are now in the database.
pub(super) async fn fresh_directory(shared: &Shared) -> Result<Arc<Directory>, StoreError> {
    let known = shared.directory.load_full();
    if shared.store.routing_version().await? == known.version {
        return Ok(known);
    }
    shared.store.load_directory().await.map(Arc::new)
}

fn ended(shared: &Shared, directory: &Directory, leased: &Leased) -> Ended {
    let subscription = directory.subscriptions.get(&leased.subscription_id);
    let then = match subscription.map(|subscription| subscription.status) {
        None => Resolution::Cancelled,
        Some(Status::Disabled) => Resolution::Dead(DeadReason::Disabled),
        Some(Status::Active | Status::Paused | Status::Unverified) => return untouched(shared, leased),
    };
    let forward = subscription.and_then(|subscription| forward(subscription, None, then));
    let report = Report { lease: leased.lease, tenant: leased.event.tenant.clone(), attempt: None, then, forward };
    Ended::Report(Box::new(Reported {
        report,
        subscription_id: leased.subscription_id,
        held_bytes: None,
        pause: None,
        shown: None,
        is_gone: false,
        latency: None,
    }))
}

fn untouched(shared: &Shared, leased: &Leased) -> Ended {
    // Not at once: this node's own snapshot has to catch up first.
    let due_at = shared.clock.now().plus(std::time::Duration::from_millis(shared.config.sweep_ms));
    Ended::Release(Release { lease: leased.lease, subscription_id: leased.subscription_id, held_bytes: None, due_at })
}
