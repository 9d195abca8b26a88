//! The path of an event: each transition goes to the database in use, and the leases it gives or ends go into the book.

use super::claimed::Rows;
use super::engine::Engine;
use super::lease_book::Batch;
use super::{SqlStore, leases, postgres, sqlite};
use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, uuid_v7};
use crate::store::{
    AcceptBatch, Claim, Lease, Leased, NewDelivery, Placement, Recorded, Report, Settled, SinkPause, StatsBucket, StoreError,
    SubmissionResult,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Hands a transition to the database in use.
macro_rules! hot {
    ($store:ident, $transition:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(engine) => sqlite::$transition(engine, $($argument),*).await,
            Engine::Postgres(engine) => postgres::$transition(engine, $($argument),*).await,
        }
    };
}

impl SqlStore {
    pub(super) async fn accept_batch(&self, batch: &AcceptBatch) -> Result<Settled> {
        let lease = self.new_batch(batch.node, batch.now);
        let awaited = self.leases.expect(lease, batch.now);
        let settled = hot!(self, accept(batch, lease.1))?;
        match &settled {
            Settled::Committed(results) => {
                awaited.came(leased(batch, results), has_leases(batch));
                self.herald.tell_queued(batch);
            }
            Settled::Stale { .. } => awaited.came(std::iter::empty(), false),
        }
        Ok(settled)
    }

    pub(super) async fn claim_due(&self, claim: &Claim) -> Result<Vec<Leased>> {
        let lease = self.new_batch(claim.node, claim.now);
        let awaited = self.leases.expect(lease, claim.now);
        let claimed: Rows = hot!(self, claim(claim, lease.1))?;
        awaited.came(claimed.leases(), !claimed.deliveries.is_empty());
        Ok(claimed.read())
    }

    pub(super) async fn record_reports(&self, reports: &[Report], pauses: &[SinkPause], now: Timestamp) -> Result<Vec<Recorded>> {
        let ended = self.leases.ended();
        let recorded = hot!(self, record(reports, pauses, &ended, now))?;
        self.leases.forget(&ended);
        self.leases.end(reports.iter().map(|report| report.lease));
        Ok(recorded)
    }

    pub(super) async fn release_leases(&self, leases: &[Lease], now: Timestamp) -> Result<u64> {
        let count = hot!(self, release(leases, now))?;
        self.leases.end(leases.iter().copied());
        Ok(count)
    }

    pub(super) async fn reclaim_leases(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let mut reclaimed = leases::reclaim(&self.engine, now, limit).await?;
        if let Some(node) = self.leases.doubtful() {
            let mut count = 0;
            for batch in self.leases.forgotten(leases::of_node(&self.engine, node).await?, now) {
                count += leases::take_back(&self.engine, batch, now, usize::MAX).await? as u64;
            }
            if count > 0 {
                tracing::warn!(count, "took back deliveries whose lease was lost on its way to this node");
            }
            reclaimed += count;
        }
        Ok(reclaimed)
    }

    pub(super) async fn prune_old(&self, now: Timestamp, keys_before: Timestamp, limit: u32) -> Result<u64> {
        hot!(self, prune(now, keys_before, limit))
    }

    pub(super) async fn put_roll_ups(&self, node: NodeId, buckets: &[StatsBucket]) -> Result<()> {
        hot!(self, put_stats(node, buckets))
    }

    fn new_batch(&self, node: NodeId, now: Timestamp) -> Batch {
        (node, uuid_v7(now, self.entropy.as_ref()))
    }
}

/// The leases that came with a committed batch.
fn leased<'b>(batch: &'b AcceptBatch, results: &'b [SubmissionResult]) -> impl Iterator<Item = Lease> + 'b {
    let written = batch.submissions.iter().zip(results).filter_map(|(submission, result)| Some((submission, result.as_ref()?)));
    let events = written.flat_map(|(submission, firsts)| submission.events.iter().zip(firsts));
    let new = events.filter(|(_, first)| first.is_none()).flat_map(|(event, _)| &event.deliveries);
    new.filter(|delivery| is_handed_over(delivery)).map(|delivery| Lease { delivery_id: delivery.id, token: Lease::FIRST_TOKEN })
}

/// What a batch leases to its node, as it lies in the row of its leases. With deliveries of duplicates, which never come to be.
pub(super) fn packed_leases(batch: &AcceptBatch) -> Vec<u8> {
    leases::pack(handed_over(batch).map(|delivery| delivery.id.as_uuid()))
}

fn has_leases(batch: &AcceptBatch) -> bool {
    handed_over(batch).next().is_some()
}

fn handed_over(batch: &AcceptBatch) -> impl Iterator<Item = &NewDelivery> {
    let events = batch.submissions.iter().flat_map(|submission| &submission.events);
    events.flat_map(|event| &event.deliveries).filter(|delivery| is_handed_over(delivery))
}

fn is_handed_over(delivery: &NewDelivery) -> bool {
    delivery.placement == Placement::HandedOver
}
