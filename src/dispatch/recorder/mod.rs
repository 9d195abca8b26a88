//! Writes what became of deliveries, many at once: while one commit runs the next group gathers.
//!
//! An outcome is kept until it is recorded or its lease is known to be lost, however long the database is away; the bounds of
//! the lanes bound how many wait here.

mod ended;
mod pace;

pub(super) use ended::{Ended, Release, Reported};

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use self::pace::{PATIENCE, Pace};
use super::shared::Shared;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::VerdictKind;
use crate::domain::id::SubscriptionId;
use crate::domain::map::Map;
use crate::domain::subscription::DisabledReason;
use crate::domain::tenant::TenantName;
use crate::store::{Lease, Recorded, Report, Resolution, SinkPause, StatsRow, StoreError};

/// Deliveries that are recorded in one transaction.
const MAX_GROUP: usize = 500;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// A transition under way.
type Transition<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The task that records.
#[derive(Debug)]
pub(super) struct Recorder {
    shared: Arc<Shared>,
    incoming: UnboundedReceiver<Ended>,
    pace: Pace,
    /// Cancelled when nothing more is to come: what is there is recorded, then it ends.
    finish: CancellationToken,
    /// Cancelled when time is up: what can't be recorded at once is left to be reclaimed.
    abort: CancellationToken,
}

impl Recorder {
    /// A recorder of what comes in.
    pub(super) fn new(
        shared: Arc<Shared>,
        incoming: UnboundedReceiver<Ended>,
        finish: CancellationToken,
        abort: CancellationToken,
    ) -> Self {
        Self { shared, incoming, pace: Pace::default(), finish, abort }
    }

    /// Records until told to finish.
    pub(super) async fn run(mut self) {
        let mut group = Vec::with_capacity(MAX_GROUP);
        while self.gather(&mut group).await {
            let size = group.len();
            self.write(&mut group).await;
            self.pace.wrote(size, Instant::now());
        }
    }

    /// Fills the group, with patience where that pays.
    async fn gather(&mut self, group: &mut Vec<Ended>) -> bool {
        tokio::select! {
            biased;
            received = self.incoming.recv_many(group, MAX_GROUP) => if received == 0 { return false },
            () = self.finish.cancelled() => return false,
        }
        if self.pace.lets_grow(group, Instant::now()) && !self.finish.is_cancelled() {
            sleep(PATIENCE).await;
            while group.len() < MAX_GROUP
                && let Ok(more) = self.incoming.try_recv()
            {
                group.push(more);
            }
        }
        true
    }

    async fn write(&self, group: &mut Vec<Ended>) {
        let mut reported = Vec::with_capacity(group.len());
        let mut released: BTreeMap<Timestamp, Vec<Release>> = BTreeMap::new();
        for ended in group.drain(..) {
            match ended {
                Ended::Report(report) => reported.push(*report),
                Ended::Release(release) => released.entry(release.due_at).or_default().push(release),
            }
        }
        if !reported.is_empty() {
            self.record(reported).await;
        }
        for (due_at, releases) in released {
            self.release(due_at, &releases).await;
        }
    }

    async fn record(&self, reported: Vec<Reported>) {
        let mut follow_ups = Vec::with_capacity(reported.len());
        let mut reports = Vec::with_capacity(reported.len());
        let mut pauses = Vec::new();
        for Reported { report, subscription_id, held_bytes, pause, is_gone, latency, .. } in reported {
            pauses.extend(pause);
            follow_ups.push(FollowUp { subscription_id, held_bytes, is_gone, latency });
            reports.push(report);
        }
        let answers = self.record_reports(&reports, &pauses).await;
        if reports.iter().any(|report| report.forward.is_some()) {
            self.shared.forwards.notify_one();
        }
        self.count(&reports, &follow_ups, &answers);
        let now = self.shared.clock.now();
        self.free(reports.iter().zip(&follow_ups).map(|(report, follow_up)| {
            let due_at = match report.then {
                Resolution::Retry(at) => Some(at),
                // Who waited behind it is due now.
                _ => report.lease.may_be_in_line().then_some(now),
            };
            (follow_up.subscription_id, follow_up.held_bytes, due_at)
        }));
        self.disable_gone(follow_ups.iter().filter(|follow_up| follow_up.is_gone).map(|follow_up| follow_up.subscription_id))
            .await;
    }

    /// One answer per report. Where the database refuses a group for good, each report is tried by itself, so that one bad
    /// report holds up no other.
    async fn record_reports(&self, reports: &[Report], pauses: &[SinkPause]) -> Vec<Option<Recorded>> {
        match self.insist(|| self.shared.store.record(reports, pauses, self.shared.clock.now())).await {
            Ok(answers) => answers.into_iter().map(Some).collect(),
            // Time is up: the leases expire with their owner, and the deliveries are made again.
            Err(StoreError::Unavailable(_)) => vec![None; reports.len()],
            Err(_) if reports.len() > 1 => {
                let mut answers = Vec::with_capacity(reports.len());
                for report in reports {
                    answers.extend(Box::pin(self.record_reports(std::slice::from_ref(report), &[])).await);
                }
                answers
            }
            Err(failure) => {
                let delivery_id = reports.first().map(|report| report.lease.delivery_id);
                error!(?delivery_id, error = &failure as &dyn std::error::Error, "an outcome could not be recorded");
                vec![None; reports.len()]
            }
        }
    }

    async fn release(&self, due_at: Timestamp, releases: &[Release]) {
        let leases: Vec<Lease> = releases.iter().map(|release| release.lease).collect();
        if let Err(failure) = self.insist(|| self.shared.store.release(&leases, due_at)).await {
            error!(error = &failure as &dyn std::error::Error, count = leases.len(), "deliveries could not be released");
        }
        self.free(releases.iter().map(|release| (release.subscription_id, release.held_bytes, Some(due_at))));
    }

    /// Frees the room of deliveries that left memory, and notes when those that are not finished are due again.
    fn free(&self, left: impl Iterator<Item = (SubscriptionId, Option<usize>, Option<Timestamp>)>) {
        let now = self.shared.clock.now();
        let mut is_news = false;
        let mut lanes = self.shared.lanes();
        for (id, held_bytes, due_at) in left {
            if let Some(bytes) = held_bytes {
                lanes.free(id, bytes, now);
            }
            is_news |= due_at.is_some_and(|at| lanes.note(id, at, now));
        }
        drop(lanes);
        if is_news {
            self.shared.refill.notify_one();
        }
    }

    /// After their outcomes: if this node dies in between, the next delivery is answered with 410 again.
    async fn disable_gone(&self, ids: impl Iterator<Item = SubscriptionId>) {
        for id in ids {
            let now = self.shared.clock.now();
            let disabled = self.insist(|| self.shared.store.disable_subscription(id, DisabledReason::Gone, now)).await;
            if let Err(failure) = disabled {
                error!(subscription_id = %id, error = &failure as &dyn std::error::Error, "the subscription could not be disabled");
            }
        }
    }

    /// Tries until the database answers. Gives up only on errors that trying again does not mend, and when time is up.
    async fn insist<'a, T>(&self, transition: impl Fn() -> Transition<'a, T>) -> Result<T, StoreError> {
        let mut wait = FIRST_BACKOFF;
        loop {
            match transition().await {
                Err(StoreError::Unavailable(source)) if !self.abort.is_cancelled() => {
                    warn!(error = &*source as &dyn std::error::Error, ?wait, "outcomes wait for the database");
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = self.abort.cancelled() => {}
                    }
                    wait = (wait * 2).min(MAX_BACKOFF);
                }
                done => return done,
            }
        }
    }

    fn count(&self, reports: &[Report], follow_ups: &[FollowUp], answers: &[Option<Recorded>]) {
        let mut counts: Map<(&TenantName, SubscriptionId), StatsRow> = Map::default();
        for ((report, follow_up), answer) in reports.iter().zip(follow_ups).zip(answers) {
            if *answer == Some(Recorded::LeaseLost) {
                warn!(delivery_id = %report.lease.delivery_id, "the lease was lost before the outcome was recorded");
            }
            if *answer == Some(Recorded::Done) {
                let row = counts.entry((&report.tenant, follow_up.subscription_id)).or_default();
                tally(row, report, follow_up.latency);
            }
        }
        let now = self.shared.clock.now();
        for ((tenant, subscription_id), row) in counts {
            self.shared.stats.add(tenant, Some(subscription_id), &row, now);
        }
    }
}

/// What is done with a report after it was recorded.
struct FollowUp {
    subscription_id: SubscriptionId,
    held_bytes: Option<usize>,
    is_gone: bool,
    latency: Option<Duration>,
}

fn tally(row: &mut StatsRow, report: &Report, latency: Option<Duration>) {
    if let Some(attempt) = &report.attempt {
        row.attempts += 1;
        row.failed += u64::from(attempt.verdict != VerdictKind::Delivered);
    }
    row.delivered += u64::from(report.then == Resolution::Delivered);
    row.dead_lettered += u64::from(matches!(report.then, Resolution::Dead(_)));
    if let Some(latency) = latency {
        row.latencies.add(latency);
    }
}
