//! The path of an event: each transition goes to the database in use, and the leases it gives or ends go into the book.

use super::engine::Engine;
use super::{SqlStore, lanes, postgres, sqlite};
use crate::domain::clock::Timestamp;
use crate::store::{
    AcceptBatch, Claim, Lease, Leased, Placement, Recorded, Report, Settled, SinkPause, StoreError, SubmissionResult,
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
        let awaited = self.leases.expect(batch.node, batch.now);
        let settled = hot!(self, accept(batch))?;
        match &settled {
            Settled::Committed(results) => awaited.came(handed_over(batch, results)),
            Settled::Stale { .. } => awaited.came(std::iter::empty()),
        }
        Ok(settled)
    }

    pub(super) async fn claim_due(&self, claim: &Claim) -> Result<Vec<Leased>> {
        let awaited = self.leases.expect(claim.node, claim.now);
        let leased: Vec<Leased> = hot!(self, claim(claim))?;
        awaited.came(leased.iter().map(|leased| leased.lease));
        Ok(leased)
    }

    pub(super) async fn record_reports(&self, reports: &[Report], pauses: &[SinkPause], now: Timestamp) -> Result<Vec<Recorded>> {
        let recorded = hot!(self, record(reports, pauses, now))?;
        self.leases.end(reports.iter().map(|report| report.lease));
        Ok(recorded)
    }

    pub(super) async fn release_leases(&self, leases: &[Lease], now: Timestamp) -> Result<()> {
        hot!(self, release(leases, now))?;
        self.leases.end(leases.iter().copied());
        Ok(())
    }

    pub(super) async fn reclaim_leases(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let mut reclaimed = hot!(self, reclaim(now, limit))?;
        if let Some(node) = self.leases.doubtful() {
            let forgotten = self.leases.forgotten(lanes::leases_of(&self.engine, node).await?, now);
            if !forgotten.is_empty() {
                self.release_leases(&forgotten, now).await?;
                tracing::warn!(count = forgotten.len(), "took back deliveries whose lease was lost on its way to this node");
            }
            reclaimed += forgotten.len() as u64;
        }
        Ok(reclaimed)
    }

    pub(super) async fn prune_old(&self, now: Timestamp, keys_before: Timestamp, limit: u32) -> Result<u64> {
        hot!(self, prune(now, keys_before, limit))
    }
}

/// The leases that came with a committed batch.
fn handed_over<'b>(batch: &'b AcceptBatch, results: &'b [SubmissionResult]) -> impl Iterator<Item = Lease> + 'b {
    let written = batch.submissions.iter().zip(results).filter_map(|(submission, result)| Some((submission, result.as_ref()?)));
    let events = written.flat_map(|(submission, firsts)| submission.events.iter().zip(firsts));
    let new = events.filter(|(_, first)| first.is_none()).flat_map(|(event, _)| &event.deliveries);
    let mine = new.filter(|delivery| delivery.placement == Placement::HandedOver);
    mine.map(|delivery| Lease { delivery_id: delivery.id, token: 1 })
}
