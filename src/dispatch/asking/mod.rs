//! Asking sinks whether they take deliveries: the CloudEvents webhook handshake (SPECS WA-1 to WA-7).
//!
//! [`run`] finds those that are to be asked by now, [`ask()`] asks one, [`question`] is what is sent. What follows from an answer is
//! `domain::handshake`'s to decide; here it is carried out. A question is claimed before it is put, so that nodes never ask together.

mod ask;
mod question;

pub(super) use ask::ask;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::shared::Shared;
use crate::config::{self, Config};
use crate::domain::handshake::{Pace, Policy};
use crate::domain::subscription::{RateLimit, Subscription};
use crate::store::StoreError;

/// Sinks asked at once.
const MAX_ASKING: usize = 64;
/// The longest a sink may take to answer, whatever its subscription allows a delivery.
const MAX_TIME: Duration = Duration::from_secs(10);
/// How often those are looked for that no hint told of.
const INTERVAL: Duration = Duration::from_secs(1);

/// How sinks are asked.
#[derive(Debug, Clone)]
pub struct Asking {
    settings: config::Handshake,
    origin: String,
    public_url: String,
}

impl Asking {
    /// As these settings say.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let Config { handshake, server, .. } = config;
        let public_url = server.public_url.trim_end_matches('/').to_owned();
        Self { settings: handshake.clone(), origin: handshake.origin(server), public_url }
    }

    /// The policy for a subscription.
    #[must_use]
    pub fn policy(&self, subscription: &Subscription) -> Policy {
        subscription.spec.config.handshake.unwrap_or(self.settings.policy)
    }

    /// When sinks are asked again.
    #[must_use]
    pub fn pace(&self, fraction: f64) -> Pace {
        Pace {
            revalidate: Duration::from_millis(self.settings.revalidate_ms),
            retry: Duration::from_millis(self.settings.retry_ms),
            fraction,
        }
    }

    /// What a sink that was asked and does not agree gets at most.
    pub(super) fn unpermitted(&self) -> Option<RateLimit> {
        per_minute(self.settings.unpermitted_rate)
    }
}

/// A limit of requests a minute, evenly spread: any minute then has no more of them. 0 is none.
pub(super) fn per_minute(rate: u32) -> Option<RateLimit> {
    (rate > 0).then(|| RateLimit { per_second: f64::from(rate) / 60.0, burst: 1 })
}

/// Asks until `stop`. Questions that are open then are broken off: they are put again when their claim ends.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut asks = JoinSet::new();
    while !stop.is_cancelled() {
        let free = MAX_ASKING.saturating_sub(asks.len());
        match shared.store.due_handshakes(shared.clock.now(), u32::try_from(free).unwrap_or(0)).await {
            Ok(due) => {
                for subscription in due {
                    let shared = Arc::clone(&shared);
                    asks.spawn(async move { log(ask(&shared, &subscription).await.map(drop)) });
                }
            }
            Err(failure) => log(Err(failure)),
        }
        tokio::select! {
            () = sleep(INTERVAL) => {}
            () = shared.ask_soon.notified() => {}
            () = stop.cancelled() => {}
        }
        while asks.try_join_next().is_some() {}
    }
    asks.shutdown().await;
}

fn log(done: Result<(), StoreError>) {
    match done {
        Ok(()) => {}
        Err(failure @ StoreError::Unavailable(_)) => {
            warn!(error = &failure as &dyn std::error::Error, "handshakes wait for the database");
        }
        Err(failure) => error!(error = &failure as &dyn std::error::Error, "a sink could not be asked"),
    }
}
