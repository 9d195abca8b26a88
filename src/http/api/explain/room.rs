//! Room for explanations: how many are worked on at once, and for how long each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::config::Explain;
use crate::http::problem::{Code, Problem, Result};

/// When to ask again after there was no room.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The explanations and previews that this node works on.
#[derive(Debug)]
pub struct Room {
    permits: Arc<Semaphore>,
    time_limit: Duration,
}

/// The room of one, until it is dropped.
#[derive(Debug)]
pub(in crate::http::api) struct Place {
    _permit: OwnedSemaphorePermit,
    deadline: Instant,
}

impl Room {
    /// As much room as `config` says.
    #[must_use]
    pub fn new(config: &Explain) -> Arc<Self> {
        let time_limit = Duration::from_millis(config.time_limit_ms);
        Arc::new(Self { permits: Arc::new(Semaphore::new(config.max_concurrency)), time_limit })
    }

    /// Room for one more, as soon as there is some.
    ///
    /// # Errors
    /// 429 if there was none for as long as one may take.
    pub(in crate::http::api) async fn take(&self) -> Result<Place> {
        if let Ok(Ok(permit)) = timeout(self.time_limit, Arc::clone(&self.permits).acquire_owned()).await {
            return Ok(Place { _permit: permit, deadline: Instant::now() + self.time_limit });
        }
        let detail = "As many explanations and previews are worked on as `explain.max_concurrency` allows.";
        Err(Problem::new(Code::TooManyRequests, detail).retry_after(RETRY_AFTER))
    }
}

impl Place {
    /// When to stop and answer what was found by then.
    pub(in crate::http::api) const fn deadline(&self) -> Instant {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_no_room_waits_as_long_as_one_may_take_and_no_longer() {
        let room = Room::new(&Explain { max_events: 1, time_limit_ms: 20, max_concurrency: 1 });
        let first = room.take().await.unwrap();
        assert_eq!(room.take().await.unwrap_err().code(), Code::TooManyRequests);
        drop(first);
        assert!(room.take().await.is_ok());
    }
}
