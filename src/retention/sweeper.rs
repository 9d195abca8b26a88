//! The sweeper of a node: round after round, of all nodes on one database the one that has the lead.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::walk::{Found, Walk};
use crate::config;
use crate::domain::clock::Clock;
use crate::domain::id::NodeId;
use crate::domain::retention::{End, Plan, Retention};
use crate::domain::tenant::TenantName;
use crate::metrics;
use crate::store::{Deleted, Store, StoreError};

/// Tenants asked for at once.
const TENANTS: u32 = 256;

/// Pages of one walk after which others have their turn.
const PAGES_AT_ONCE: usize = 4;

/// How much longer than the time between two rounds the lead is kept.
const LEAD: Duration = Duration::from_secs(30);

/// How long giving up the lead may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Whose events a walk looks at, what becomes of them, and at which age.
type Key = (TenantName, (End, Duration));

type Result<T> = std::result::Result<T, StoreError>;

/// What a sweeper is made of.
pub struct Parts {
    /// What is swept.
    pub store: Arc<dyn Store>,
    /// Where tenants say how long their events are kept.
    pub tenants: Arc<dyn Store>,
    /// This node.
    pub node: NodeId,
    /// `[retention]`.
    pub config: config::Retention,
    /// How long event keys are remembered.
    pub deduplication_window: Duration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What is counted of it.
    pub metrics: Arc<metrics::Retention>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Parts").field("node", &self.node).finish_non_exhaustive()
    }
}

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// What went.
    pub deleted: Deleted,
    /// Partitions that were dropped.
    pub partitions: u64,
    /// Events that are too old and stay, as far as they were looked at.
    pub kept: u64,
}

/// Deletes what is too old in one store.
#[derive(Debug)]
pub struct Sweeper {
    parts: Parts,
    walks: BTreeMap<Key, Walk>,
    /// What its last round said of what stays.
    kept: u64,
}

impl Sweeper {
    /// A sweeper that has not looked at anything yet.
    #[must_use]
    pub const fn new(parts: Parts) -> Self {
        Self { parts, walks: BTreeMap::new(), kept: 0 }
    }

    /// Makes a round now and then until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let interval = Duration::from_millis(self.parts.config.interval_ms);
        while !stop.is_cancelled() {
            let began = Instant::now();
            match self.round(&stop).await {
                Ok(round) => self.tell(round, began.elapsed()),
                Err(error) => {
                    self.parts.metrics.round_failed();
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "deleting what is too old did not work; it is tried again"
                    );
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(interval) => {}
            }
        }
        // Another node may go on at once; if the database does not hear of it, the lead ends by itself.
        let now = self.parts.clock.now();
        let _ = timeout(FAREWELL, self.parts.store.lead_retention(self.parts.node, now, now)).await;
    }

    fn tell(&mut self, round: Option<Round>, time: Duration) {
        let Round { deleted, partitions: _, kept } = round.unwrap_or_default();
        self.parts.metrics.kept(self.kept, kept);
        self.kept = kept;
        if round.is_none() {
            return;
        }
        self.parts.metrics.took(time);
        if deleted.events + deleted.emptied > 0 {
            let Deleted { events, deliveries, dead_letters, attempts, emptied } = deleted;
            tracing::info!(events, deliveries, dead_letters, attempts, emptied, kept, ?time, "deleted what is too old");
        }
    }

    /// Deletes everything that is too old, until nothing is left or `stop`. `None` if another node does it.
    ///
    /// # Errors
    /// The store's own. What was deleted by then stays deleted; the next round goes on.
    pub async fn round(&mut self, stop: &CancellationToken) -> Result<Option<Round>> {
        if !self.lead().await? {
            return Ok(None);
        }
        let plans = self.plans().await?;
        let now = self.parts.clock.now();
        let wanted = |tenant: &TenantName, limit: &(End, Duration), walk: &Walk| {
            plans.get(tenant).is_some_and(|plan| walk.goes_by(plan) && plan.limits().contains(limit))
        };
        self.walks.retain(|(tenant, limit), walk| wanted(tenant, limit, walk));
        for (tenant, plan) in &plans {
            for limit in plan.limits() {
                self.walks.entry((tenant.clone(), limit)).or_insert_with(|| Walk::new(plan.clone(), limit, now));
            }
        }
        let longest = plans.values().map(Plan::longest).try_fold(Duration::ZERO, |most, keep| Some(most.max(keep?)));
        let longest = longest.filter(|longest| !longest.is_zero());
        let turned = self.parts.store.turn_partitions(now, longest.map(|longest| now.minus(longest))).await?;
        let mut round = Round { partitions: turned.partitions, ..Round::default() };
        for ((_, limit), walk) in &mut self.walks {
            // Of those with a shorter limit none goes with its partition in time.
            walk.spare(turned.spare_from.filter(|_| limit.0 == End::Whole && longest == Some(limit.1)));
        }
        // Each turn every walk gets some pages further; it ends, since the events that are old enough do.
        let mut open: Vec<_> = self.walks.keys().cloned().collect();
        while !open.is_empty() && !stop.is_cancelled() {
            let mut rest = Vec::new();
            for key in open {
                if self.advance(&key, &mut round.deleted, stop).await? {
                    rest.push(key);
                }
            }
            open = rest;
            if !open.is_empty() && !self.lead().await? {
                break;
            }
        }
        let wholes = self.walks.iter().filter(|((_, (end, _)), _)| *end == End::Whole);
        round.kept = wholes.map(|(_, walk)| walk.kept()).sum();
        Ok(Some(round))
    }

    async fn lead(&self) -> Result<bool> {
        let now = self.parts.clock.now();
        let until = now.plus(Duration::from_millis(self.parts.config.interval_ms) + LEAD);
        self.parts.store.lead_retention(self.parts.node, now, until).await
    }

    /// What holds for every tenant that has events, also for those that are deleted.
    async fn plans(&self) -> Result<BTreeMap<TenantName, Plan>> {
        let said: BTreeMap<TenantName, Retention> = self.parts.tenants.retentions().await?.into_iter().collect();
        let mut plans = BTreeMap::new();
        let mut after = None;
        loop {
            let tenants = self.parts.store.tenants_with_events(after.as_ref(), TENANTS).await?;
            after = tenants.last().cloned();
            let is_end = tenants.len() < TENANTS as usize;
            plans.extend(tenants.into_iter().map(|tenant| {
                let plan = Plan::new(self.parts.config.keep_ms, self.parts.config.data_ms, said.get(&tenant));
                (tenant, plan)
            }));
            if is_end {
                return Ok(plans);
            }
        }
    }

    /// Takes a walk some pages further, and says whether there may be more.
    async fn advance(&mut self, key: &Key, sum: &mut Deleted, stop: &CancellationToken) -> Result<bool> {
        let Self { parts, walks, .. } = self;
        let Some(walk) = walks.get_mut(key) else { return Ok(false) };
        let mut has_more = true;
        for _ in 0..PAGES_AT_ONCE {
            let found = walk.look(&*parts.store, &key.0, parts.clock.now()).await?;
            has_more = found.has_more;
            end(parts, walk, key, &found, sum, stop).await?;
            if !has_more || stop.is_cancelled() {
                break;
            }
        }
        Ok(has_more)
    }
}

/// Deletes events or their data in batches, with pauses. What is not reached stays in front of the walk.
async fn end(
    parts: &Parts,
    walk: &mut Walk,
    (tenant, (end, _)): &Key,
    found: &Found,
    sum: &mut Deleted,
    stop: &CancellationToken,
) -> Result<()> {
    let size = (parts.config.batch_events as usize).max(1);
    for batch in found.ids.chunks(size) {
        let now = parts.clock.now();
        let deletion = match end {
            _ if stop.is_cancelled() => None,
            End::Whole => {
                // As a rule events are kept for longer than their keys, and no key need be looked at.
                let keys_since = Some(now.minus(parts.deduplication_window)).filter(|since| *since < found.before);
                Some(parts.store.delete_events(tenant, batch, keys_since).await)
            }
            End::Data => Some(parts.store.expire_data(tenant, batch, now).await),
        };
        match deletion {
            Some(Ok(deletion)) => {
                walk.left(&deletion.kept);
                *sum += deletion.deleted;
            }
            unfinished => {
                if let Some(&first) = batch.first() {
                    walk.back_to(first);
                }
                return unfinished.map_or(Ok(()), |failed| failed.map(drop));
            }
        }
        sleep(Duration::from_millis(parts.config.pause_ms)).await;
    }
    Ok(())
}
