//! News between nodes, over `LISTEN` and `NOTIFY`. On SQLite there is nobody to tell.
//!
//! A transaction that notifies takes a lock that the whole server shares, and holds it until it is on the disk. So no transaction
//! that changes anything ever notifies: news gathers beside them and is told in a transaction of its own, which writes nothing and
//! waits for no disk, once for all that came since the last (docs/adr/0027).

mod letter;
mod listen;

use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;

use super::engine::{Engine, PostgresEngine};
use super::failure::store_error;
use crate::config::Database;
use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::store::{AcceptBatch, News, NewsBox, Placement, StoreError};

/// The channel; one per database.
const CHANNEL: &str = "waypost";

/// Tells everything there is to tell. It writes no row, so Postgres does not wait for the disk to commit it.
const TELL: &str = "SELECT pg_notify($1, told.letter) FROM UNNEST($2::text[]) AS told (letter)";

type Result<T> = std::result::Result<T, StoreError>;

/// What this node has to tell the others, and how it hears them.
pub(super) struct Herald {
    wire: Option<Wire>,
}

struct Wire {
    /// Where to listen: with a connection of its own, which no pool lends out. Nothing behind a pooler that has no way past it.
    server: Option<PgConnectOptions>,
    /// Whether somebody listens there right now.
    is_heard: AtomicBool,
    /// What is to be told.
    outbox: NewsBox,
}

impl Herald {
    /// The herald of a node on that database.
    pub(super) fn new(engine: &Engine, options: &Database) -> Self {
        let wire = match engine {
            Engine::Postgres(engine) if options.notify => {
                let server = engine.direct.as_deref().cloned();
                Some(Wire { server, is_heard: AtomicBool::new(false), outbox: NewsBox::default() })
            }
            Engine::Postgres(_) | Engine::Sqlite(_) => None,
        };
        Self { wire }
    }

    /// The herald of who changes nothing.
    pub(super) const fn silent() -> Self {
        Self { wire: None }
    }

    /// Notes something that others should know soon.
    pub(super) fn tell(&self, add: impl FnOnce(&mut News)) {
        if let Some(wire) = &self.wire {
            wire.outbox.add(add);
        }
    }

    /// Notes that routing changed, and that a subscription's deliveries may flow or end by that.
    pub(super) fn tell_change(&self, id: SubscriptionId, now: Timestamp) {
        self.tell(|news| {
            news.routing = true;
            news.waits(id, now);
        });
    }

    /// Notes which deliveries of a committed batch wait for anybody. Costs a look at each delivery, and nothing more where all were
    /// handed over.
    pub(super) fn tell_queued(&self, batch: &AcceptBatch) {
        let Some(wire) = &self.wire else { return };
        let events = batch.submissions.iter().flat_map(|submission| &submission.events);
        let mut queued = events
            .flat_map(|event| &event.deliveries)
            .filter_map(|delivery| match delivery.placement {
                Placement::Queued(due_at) | Placement::InLine(_, due_at) => Some((delivery.subscription_id, due_at)),
                Placement::HandedOver => None,
            })
            .peekable();
        if queued.peek().is_some() {
            wire.outbox.add(|news| queued.for_each(|(id, due_at)| news.waits(id, due_at)));
        }
    }

    /// Waits until there is something to tell, and tells it.
    pub(super) async fn spread(&self, engine: &Engine, node: NodeId) -> Result<()> {
        let (Some(wire), Engine::Postgres(engine)) = (&self.wire, engine) else { return std::future::pending().await };
        send(engine, node, &wire.outbox.take().await).await
    }

    /// Tells something at once: the node will not be there to tell it later.
    pub(super) async fn spread_now(&self, engine: &Engine, node: NodeId, news: &News) {
        if let (Some(_), Engine::Postgres(engine)) = (&self.wire, engine)
            && let Err(failure) = send(engine, node, news).await
        {
            tracing::debug!(error = &failure as &dyn std::error::Error, "the last news was not told");
        }
    }

    /// Puts what others tell into `inbox`, until the connection is lost.
    pub(super) async fn hear(&self, node: NodeId, inbox: &NewsBox) -> Result<()> {
        let Some((wire, server)) = self.listening() else { return std::future::pending().await };
        let heard = listen::hear(server, node, inbox, || wire.is_heard.store(true, Ordering::Relaxed)).await;
        wire.is_heard.store(false, Ordering::Relaxed);
        heard.map_err(store_error)
    }

    /// Whether others are heard right now; nothing where nobody is to be heard.
    pub(super) fn hears(&self) -> Option<bool> {
        self.listening().map(|(wire, _)| wire.is_heard.load(Ordering::Relaxed))
    }

    fn listening(&self) -> Option<(&Wire, &PgConnectOptions)> {
        let wire = self.wire.as_ref()?;
        Some((wire, wire.server.as_ref()?))
    }
}

async fn send(engine: &PostgresEngine, node: NodeId, news: &News) -> Result<()> {
    let query = sqlx::query(TELL).bind(CHANNEL).bind(letter::write(node, news));
    engine.execute(query).await.map(|_| ()).map_err(store_error)
}

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[TELL];
