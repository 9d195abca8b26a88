//! Rate limits over all nodes: reserves slots in the database for lanes that have something to send.
//!
//! Only for subscriptions with a limit. One transaction for all lanes that ask, while others gather.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::shared::Shared;
use crate::store::StoreError;

/// How long a database that does not answer is left alone.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// Lanes that slots are reserved for at once.
const MAX_ASKED: usize = 200;

/// Reserves until `stop`.
pub(super) async fn reserve(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = shared.slots_wanted.notified() => {}
            () = stop.cancelled() => break,
        }
        loop {
            let asks = shared.lanes().take_asks(MAX_ASKED);
            if asks.is_empty() {
                break;
            }
            let requests: Vec<_> = asks.iter().map(|ask| (ask.id, ask.span())).collect();
            let granted = shared.store.reserve_slots(&requests, shared.clock.now()).await;
            if let Err(failure) = &granted {
                log(failure);
                tokio::select! {
                    () = sleep(AFTER_FAILURE) => {}
                    () = stop.cancelled() => {}
                }
            }
            // Without an answer they ask again.
            shared.lanes().grant(&asks, granted.ok(), shared.clock.now());
            shared.ready.notify_one();
        }
    }
}

fn log(failure: &StoreError) {
    if matches!(failure, StoreError::Unavailable(_)) {
        warn!(error = failure as &dyn std::error::Error, "deliveries with a rate limit wait for the database");
    } else {
        error!(error = failure as &dyn std::error::Error, "slots of a rate limit could not be reserved");
    }
}
