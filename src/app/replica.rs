//! Looks how far the replica is behind, so that lists know whether they may be read from it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// The time between two looks: what a replica's age is known to.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks until `stop`.
pub(super) async fn follow(store: Arc<dyn Store>, stop: CancellationToken) {
    let looking = async {
        loop {
            store.look_at_replica().await;
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = looking => {}
        () = stop.cancelled() => {}
    }
}
