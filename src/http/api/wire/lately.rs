//! Lists that people look at are read from a replica where there is one that is near enough, and from the primary else.

use std::time::Duration;

use crate::store::StoreError;

/// How long a replica may take before the primary is asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a list: `lately!(store.events(&tenant, &filter, page))`. The arguments may be read twice.
macro_rules! lately {
    ($store:ident.$read:ident($($argument:expr),*)) => {{
        let found = match $store.lately() {
            Some(replica) => $crate::http::api::wire::within(replica.$read($($argument),*)).await,
            None => None,
        };
        match found {
            Some(found) => found,
            None => $store.$read($($argument),*).await,
        }
    }};
}
pub(crate) use lately;

/// What a replica answers; nothing if it is away, takes long or had to break off for what it replays.
pub(crate) async fn within<T>(read: impl Future<Output = Result<T, StoreError>>) -> Option<Result<T, StoreError>> {
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(Err(StoreError::Unavailable(_))) | Err(_) => None,
        Ok(found) => Some(found),
    }
}
