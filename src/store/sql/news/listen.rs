//! The connection that listens.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Error, Executor};
use tokio::time::timeout;

use super::{CHANNEL, letter};
use crate::domain::id::NodeId;
use crate::store::{News, NewsBox};

/// After so long a silence the connection is asked whether it still lives: a peer that vanished says nothing at all.
const SILENCE: Duration = Duration::from_secs(20);
/// Limit for its answer, and for connecting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens until the connection is lost, and says when it begins to. Whatever was told before may be missing, so it begins with
/// everything.
pub(super) async fn hear(server: &PgConnectOptions, node: NodeId, inbox: &NewsBox, begins: impl FnOnce()) -> Result<(), Error> {
    // A listener is made from a pool; this one holds it and nothing else.
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).acquire_timeout(PATIENCE);
    let pool = pool.connect_with(server.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    tracing::debug!("listening to other nodes");
    begins();
    inbox.add(|news| *news = News::of_everything());
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(heard) => {
                let Some(heard) = heard? else { return Err(lost()) };
                if let Some(heard) = letter::read(node, heard.payload()) {
                    inbox.add(|news| news.merge(heard));
                }
            }
            Err(_) => match timeout(PATIENCE, listener.execute("SELECT 1")).await {
                Ok(answer) => answer.map(|_| ())?,
                Err(_) => return Err(lost()),
            },
        }
    }
}

fn lost() -> Error {
    std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into()
}
