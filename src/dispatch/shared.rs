//! What the tasks of a dispatcher and its handles share: the lanes behind one short lock, the signals between them, the client.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::asking::Asking;
use super::dispatcher::DispatchParts;
use super::egress::Guard;
use super::lanes::{Lanes, Limits, Next};
use super::recorder::{Ended, Release};
use super::sink::{Target, Terms};
use super::transport::Transport;
use crate::config;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::entropy::Entropy;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::metrics;
use crate::store::{Claim, Leased, SharedDirectory, StatsBuffer, Store, StoreError};

/// State and tools of one dispatcher.
pub(super) struct Shared {
    /// The owner of every lease.
    pub(super) node: NodeId,
    /// Where deliveries come from and outcomes go.
    pub(super) store: Arc<dyn Store>,
    /// The subscriptions.
    pub(super) directory: SharedDirectory,
    /// `[dispatch]`.
    pub(super) config: config::Dispatch,
    /// How sinks are asked whether they take deliveries.
    pub(super) asking: Asking,
    /// What holds for subscriptions that do not say.
    pub(super) terms: Terms,
    /// Time.
    pub(super) clock: Arc<dyn Clock>,
    /// Randomness.
    pub(super) entropy: Arc<dyn Entropy>,
    /// Counters.
    pub(super) stats: Arc<StatsBuffer>,
    /// What is counted of delivering.
    pub(super) metrics: Arc<metrics::Deliver>,
    /// The client.
    pub(super) transport: Transport,
    /// Something may be sent: wakes the dispatcher.
    pub(super) ready: Notify,
    /// Something may be claimed: wakes the feeder.
    pub(super) refill: Notify,
    /// Something may be due anywhere: hastens the sweep.
    pub(super) sweep_soon: Notify,
    /// A node came or went: hastens the heartbeat.
    pub(super) beat_soon: Notify,
    /// A sink is to be asked: wakes who asks.
    pub(super) ask_soon: Notify,
    /// Something was seen of a sink in trouble: wakes who tells the other nodes.
    pub(super) unwell: Notify,
    /// A lane needs slots of its rate limit: wakes who reserves them.
    pub(super) slots_wanted: Notify,
    /// A death was recorded that is to be sent on: wakes the forwarder.
    pub(super) forwards: Notify,
    /// The way to the recorder. Bounded by the lanes: each delivery in memory ends at most once.
    ended: UnboundedSender<Ended>,
    lanes: Mutex<Lanes>,
}

impl Shared {
    /// Puts the parts together; the receiver is the recorder's.
    pub(super) fn new(parts: DispatchParts) -> (Arc<Self>, UnboundedReceiver<Ended>) {
        let (ended, recorder) = mpsc::unbounded_channel();
        let terms = Terms { unpermitted: parts.asking.unpermitted(), breaker: parts.breaker.policy() };
        let guard = Guard::new(&parts.egress, parts.dev);
        let shared = Self {
            node: parts.node,
            store: parts.store,
            directory: parts.directory,
            transport: Transport::new(&parts.config, guard, Arc::clone(&parts.clock)),
            lanes: Mutex::new(Lanes::new(Limits::new(&parts.config, terms))),
            terms,
            config: parts.config,
            asking: parts.asking,
            clock: parts.clock,
            entropy: parts.entropy,
            stats: parts.stats,
            metrics: parts.metrics,
            ready: Notify::new(),
            refill: Notify::new(),
            sweep_soon: Notify::new(),
            beat_soon: Notify::new(),
            ask_soon: Notify::new(),
            unwell: Notify::new(),
            slots_wanted: Notify::new(),
            forwards: Notify::new(),
            ended,
        };
        (Arc::new(shared), recorder)
    }

    /// The lanes. Never held across a wait; nothing in them panics half way, so a poisoned lock is as good as any.
    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims for this node. If the answer is lost the store finds out what it leased; nobody here knows of it.
    ///
    /// # Errors
    /// The store's own.
    pub(super) async fn claim(&self, lanes: &[(SubscriptionId, u32)], now: Timestamp) -> Result<Vec<Leased>, StoreError> {
        self.store.claim(&Claim { node: self.node, now, lanes: lanes.to_vec() }).await
    }

    /// The next attempt to make, if any. Deliveries that may not go any more are given back on the way.
    pub(super) fn next_attempt(&self) -> Option<(Leased, Arc<Target>)> {
        let directory = self.directory.load();
        loop {
            let (next, is_wanted) = {
                let mut lanes = self.lanes();
                (lanes.next(&directory, self.clock.now()), lanes.has_asks())
            };
            if is_wanted {
                self.slots_wanted.notify_one();
            }
            match next? {
                Next::Attempt(leased, target) => return Some((leased, target)),
                Next::Withdraw(leased, due_at) => self.release(leased, due_at),
            }
        }
    }

    /// Gives deliveries back to the database, untried and due at `due_at`.
    pub(super) fn release(&self, leased: Vec<Leased>, due_at: Timestamp) {
        for leased in leased {
            self.end(Ended::Release(Release::of(&leased, due_at)));
        }
    }

    /// Passes what became of a delivery to the recorder. After the recorder ended nothing is lost: the lease is reclaimed.
    pub(super) fn end(&self, ended: Ended) {
        let _ = self.ended.send(ended);
    }

    /// Notes that a delivery waits in the database, and wakes the feeder if that is news to it.
    pub(super) fn note(&self, id: SubscriptionId, due_at: Timestamp) {
        let is_news = self.lanes().note(id, due_at, self.clock.now());
        if is_news {
            self.refill.notify_one();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("node", &self.node).finish_non_exhaustive()
    }
}
