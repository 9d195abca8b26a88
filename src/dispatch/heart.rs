//! The node's sign of life. While it can't be given the lanes are closed: what this node holds may be another's by then.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::health;
use super::shared::Shared;
use crate::domain::clock::Timestamp;
use crate::store::StoreError;

/// How soon a failed heartbeat is tried again.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Beats until `stop`; opens the lanes with the first beat.
pub(super) async fn beat(shared: Arc<Shared>, stop: CancellationToken) {
    let (interval, lease) = (Duration::from_millis(shared.config.heartbeat_ms), Duration::from_millis(shared.config.lease_ms));
    let mut expires_at = Timestamp::default();
    while !stop.is_cancelled() {
        let now = shared.clock.now();
        let beaten = timeout(lease / 2, shared.store.heartbeat(shared.node, now, now.plus(lease)))
            .await
            .unwrap_or_else(|elapsed| Err(StoreError::unavailable(elapsed)));
        // Nothing is sent before it is known which sinks are to be left alone.
        let beaten = match beaten {
            Ok(crew) if !shared.lanes().is_open() => health::look(&shared).await.map(|()| crew),
            beaten => beaten,
        };
        let pause = match beaten {
            Ok(crew) => {
                expires_at = now.plus(lease);
                shared.lanes().join(crew);
                open(&shared, &stop);
                interval
            }
            Err(failure) => {
                warn!(error = &failure as &dyn std::error::Error, "the heartbeat could not be written");
                close_if_expired(&shared, expires_at);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.beat_soon.notified() => {}
            () = stop.cancelled() => {}
        }
    }
}

fn open(shared: &Shared, stop: &CancellationToken) {
    let mut lanes = shared.lanes();
    if !lanes.is_open() && !stop.is_cancelled() {
        lanes.open();
        drop(lanes);
        info!(node = %shared.node, "deliveries flow");
        shared.refill.notify_one();
    }
}

fn close_if_expired(shared: &Shared, expires_at: Timestamp) {
    let now = shared.clock.now();
    let mut lanes = shared.lanes();
    if now >= expires_at && lanes.is_open() {
        let held = lanes.close();
        drop(lanes);
        warn!(node = %shared.node, count = held.len(), "leases may be lost: deliveries pause until the database answers");
        // Their tokens decide: what another node has by then is passed over.
        shared.release(held, now);
    }
}
