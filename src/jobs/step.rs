//! One step of a replay: find some events, open their deliveries, say when to go on.
//!
//! Its pace has two reins. The rate: each step opens what is due in half a second and sets the moment before which no step opens
//! more; it is stored, so neither a restart nor a pause lets the job make up for lost time. And the sink: a job never has more
//! deliveries that nobody tried yet than two seconds of its rate, so that new events of the same subscription wait behind a few and
//! never behind thousands.

use std::time::Duration;

use super::look::{Found, look};
use super::worker::Parts;
use crate::domain::clock::Timestamp;
use crate::domain::id::DeliveryId;
use crate::domain::job::{JobFailure, Replay};
use crate::domain::subscription::{Status, Subscription};
use crate::store::{ClaimedJob, JobEnd, JobStep, Opening, Stepped, StoreError};

/// How much of its rate a step opens at once.
const STRIDE: Duration = Duration::from_millis(500);
/// How long a job that may open nothing rests, if its subscription's deliveries do not flow.
const LONG_REST: Duration = Duration::from_secs(2);
/// Events that one step looks at: about as many as are read within its lease even from a slow disk.
const MAX_EVENTS: u64 = 2000;

type Result<T> = std::result::Result<T, StoreError>;

/// Makes the next step of a job.
///
/// # Errors
/// The store's own. The step is made again when its lease has ended.
pub(super) async fn make(parts: &Parts, claimed: ClaimedJob) -> Result<()> {
    let replay = &claimed.job.replay;
    let subscription = match parts.store.subscription(&claimed.job.tenant, replay.subscription_id).await {
        Ok(subscription) => subscription,
        Err(StoreError::NotFound) => return fail(parts, &claimed, JobFailure::SubscriptionDeleted).await,
        Err(failure) => return Err(failure),
    };
    if let Some(failure) = JobFailure::of(subscription.status) {
        return fail(parts, &claimed, failure).await;
    }
    let unattempted = parts.store.unattempted(&claimed.unattempted).await?;
    let now = parts.clock.now();
    let pace = Pace::new(replay, parts.config.max_unattempted);
    let room = if now < claimed.opens_at { 0 } else { pace.room(unattempted.len()) };
    if room == 0 || is_crowded(parts, &subscription).await? {
        return rest(parts, &claimed, unattempted, &subscription).await;
    }
    let found = look(&*parts.store, &subscription, replay, claimed.job.progress, room, MAX_EVENTS).await?;
    advance(parts, &claimed, found, unattempted, pace).await
}

/// How fast a replay may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    per_second: f64,
    max_unattempted: u32,
}

impl Pace {
    /// The pace of `replay`, with at most `max` deliveries that nobody tried.
    pub(super) fn new(replay: &Replay, max: u32) -> Self {
        let per_second = replay.rate_per_second.max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of the bound")]
        let two_seconds = (per_second * 2.0).ceil().clamp(1.0, f64::from(max.max(1))) as u32;
        Self { per_second, max_unattempted: two_seconds }
    }

    /// How many deliveries a step may open while so many that were opened before wait for their first attempt.
    pub(super) fn room(self, unattempted: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of the bound")]
        let stride = (self.per_second * STRIDE.as_secs_f64()).ceil().clamp(1.0, f64::from(self.max_unattempted)) as usize;
        (self.max_unattempted as usize).saturating_sub(unattempted).min(stride)
    }

    /// How long so many deliveries take at this rate.
    pub(super) fn time_for(self, count: usize) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "a step opens at most some hundred deliveries")]
        let seconds = count as f64 / self.per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// Whether so much is pending for the subscription that a replay must not add to it.
async fn is_crowded(parts: &Parts, subscription: &Subscription) -> Result<bool> {
    let max = parts.config.max_pending.max(1);
    let (pending, _) = parts.store.waiting(&subscription.tenant, Some(subscription.id), max).await?;
    Ok(pending >= u64::from(max))
}

async fn advance(parts: &Parts, claimed: &ClaimedJob, found: Found, unattempted: Vec<DeliveryId>, pace: Pace) -> Result<()> {
    let now = parts.clock.now();
    let opening = |&(event, delivery): &(_, Option<DeliveryId>)| match delivery {
        Some(delivery) => Opening::Reopen(delivery),
        None => Opening::Create(event),
    };
    let opens: Vec<Opening> = found.opens.iter().map(opening).collect();
    let looked_at = found.progress.looked_at - claimed.job.progress.looked_at;
    let opens_at = if opens.is_empty() { claimed.opens_at } else { now.plus(pace.time_for(opens.len())) };
    let step = JobStep {
        progress: found.progress,
        unattempted,
        opens_at,
        // Where nothing was to be opened it goes on at once.
        due_at: if opens.is_empty() { now } else { opens_at },
        end: found.is_end.then_some(JobEnd::Completed),
        opens,
        ..blank(claimed, now)
    };
    let stepped = parts.store.step_job(&step).await?;
    if let Stepped::Done { created, reopened } = stepped {
        parts.metrics.looked_at(looked_at);
        if created + reopened > 0 {
            parts.outlet.queued(step.subscription_id, now);
        }
        if step.end.is_some() {
            tracing::info!(job_id = %step.id, looked_at = found.progress.looked_at, "a replay is complete");
        }
    }
    Ok(())
}

/// Gives the job back, to be looked at again a little later.
async fn rest(parts: &Parts, claimed: &ClaimedJob, unattempted: Vec<DeliveryId>, subscription: &Subscription) -> Result<()> {
    let now = parts.clock.now();
    let pause = if subscription.status == Status::Active { STRIDE } else { LONG_REST };
    let due_at = if now < claimed.opens_at { claimed.opens_at } else { now.plus(pause) };
    parts.store.step_job(&JobStep { unattempted, due_at, ..blank(claimed, now) }).await.map(drop)
}

async fn fail(parts: &Parts, claimed: &ClaimedJob, failure: JobFailure) -> Result<()> {
    let step = JobStep { end: Some(JobEnd::Failed(failure)), ..blank(claimed, parts.clock.now()) };
    if parts.store.step_job(&step).await? != Stepped::LeaseLost {
        tracing::warn!(job_id = %step.id, subscription_id = %step.subscription_id, failure = failure.as_str(), "a replay can't go on");
    }
    Ok(())
}

/// A step that does nothing.
fn blank(claimed: &ClaimedJob, now: Timestamp) -> JobStep {
    JobStep {
        id: claimed.job.id,
        token: claimed.token,
        tenant: claimed.job.tenant.clone(),
        subscription_id: claimed.job.replay.subscription_id,
        opens: Vec::new(),
        progress: claimed.job.progress,
        unattempted: claimed.unattempted.clone(),
        opens_at: claimed.opens_at,
        due_at: now,
        end: None,
        now,
    }
}
