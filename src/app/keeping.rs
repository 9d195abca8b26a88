//! Keeping a database beside home: opens it as soon as it is there, and looks whether it answers.
//!
//! While it is away its tenants' requests are refused at once, so that they don't take the room of others'. What delivers for it goes
//! on by itself when it is back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::opening;
use super::shard::{Node, Prepared, Shard};
use crate::domain::shard::ShardNumber;
use crate::http::Shards;
use crate::store::Store;

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How long an answer may take: a database that is slower than that is as good as away.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time between two tries to open a database.
const PAUSE_TO_OPEN: Duration = Duration::from_secs(2);

/// A database to keep.
pub(super) struct Kept {
    pub(super) number: ShardNumber,
    pub(super) installation: Uuid,
    /// What works on it, if it is open.
    pub(super) running: Option<(Shard, Arc<dyn Store>)>,
}

/// Sets everything going on an open database.
pub(super) async fn begin(
    number: ShardNumber,
    store: Arc<dyn Store>,
    node: &Node,
    shards: &Shards,
) -> anyhow::Result<(Shard, Arc<dyn Store>)> {
    let (prepared, shown) = Prepared::new(number, Arc::clone(&store), node).await?;
    let shard = prepared.run(node);
    shards.open(shown);
    Ok((shard, store))
}

/// Keeps it until `stop`, and gives back what works on it then, if it was ever opened.
pub(super) async fn keep(mut kept: Kept, node: Arc<Node>, shards: Arc<Shards>, stop: CancellationToken) -> Option<Shard> {
    let keeping = async {
        let Kept { number, installation, running } = &mut kept;
        let store = loop {
            if let Some((_, store)) = running {
                break Arc::clone(store);
            }
            sleep(PAUSE_TO_OPEN).await;
            let begun = async {
                let store = opening::further(*number, *installation, &node).await?;
                begin(*number, store, &node, &shards).await
            };
            match begun.await {
                Ok(begun) => {
                    tracing::info!(shard = number.get(), "the shard is open");
                    *running = Some(begun);
                }
                Err(error) => tracing::warn!(shard = number.get(), "the shard can't be opened, it is tried again: {error:#}"),
            }
        };
        watch(*number, &*store, &shards).await;
    };
    tokio::select! {
        () = keeping => {}
        () = stop.cancelled() => {}
    }
    kept.running.map(|(shard, _)| shard)
}

async fn watch(number: ShardNumber, store: &dyn Store, shards: &Shards) {
    loop {
        let is_up = matches!(timeout(PATIENCE, store.ping()).await, Ok(Ok(_)));
        match (shards.note(number, is_up), is_up) {
            (true, true) => tracing::info!(shard = number.get(), "the shard answers again"),
            (true, false) => tracing::warn!(shard = number.get(), "the shard does not answer: its tenants get 503"),
            (false, _) => {}
        }
        sleep(PAUSE).await;
    }
}
