//! Fills the lanes from the database: claims what is due, for lanes that have room, as soon as it is known to be due.
//!
//! Hints tell it where to look; [`sweep`] looks everywhere once in a while, so that a lost hint costs a moment and nothing else.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use uuid::Uuid;

use super::drain;
use super::health;
use super::shared::Shared;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Status;
use crate::store::{Directory, DueLane, Leased, StoreError};

/// Deliveries claimed at once (PERFORMANCE: claims of a hundred to some hundreds cost least per row).
const MAX_CLAIM: usize = 256;
/// Lanes looked at in one step of a sweep.
const SWEEP_PAGE: u32 = 500;
/// Expired leases taken back in one step.
const RECLAIM_PAGE: u32 = 500;
/// How long a database that does not answer is left alone.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// The least time between two sweeps, however often somebody asks for one.
const SWEEP_PAUSE: Duration = Duration::from_millis(250);
/// The longest sleep without an alarm.
const MAX_SLEEP: Duration = Duration::from_mins(1);

/// Claims until `stop`.
pub(super) async fn feed(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match claim_due(&shared).await {
            Ok(true) => {}
            Ok(false) => rest(&shared, &stop).await,
            Err(failure) => {
                log("deliveries could not be claimed", &failure);
                sleep(AFTER_FAILURE).await;
            }
        }
    }
}

async fn rest(shared: &Shared, stop: &CancellationToken) {
    let now = shared.clock.now();
    let alarm = shared.lanes().next_due(now).map_or(MAX_SLEEP, |at| at.since(now).min(MAX_SLEEP));
    tokio::select! {
        () = shared.refill.notified() => {}
        // A timer may fire early by its granularity; the moment itself must have come.
        () = sleep(alarm + Duration::from_millis(1)) => {}
        () = stop.cancelled() => {}
    }
}

/// Claims once for every lane that has room, and says whether there was anything to do.
async fn claim_due(shared: &Shared) -> Result<bool, StoreError> {
    let now = shared.clock.now();
    let wanted = shared.lanes().wanted(&shared.directory.load(), MAX_CLAIM, now);
    if !wanted.claims.is_empty() {
        claim(shared, wanted.claims, now).await?;
    } else if wanted.ended.is_empty() && wanted.tries.is_empty() {
        return Ok(false);
    }
    if !wanted.ended.is_empty() {
        drain::settle(shared, &wanted.ended).await?;
    }
    if !wanted.tries.is_empty() {
        health::try_out(shared, &wanted.tries).await?;
    }
    Ok(true)
}

async fn claim(shared: &Shared, lanes: Vec<(SubscriptionId, u32)>, now: Timestamp) -> Result<(), StoreError> {
    let claimed = shared.claim(&lanes, now).await;
    let failed_at = claimed.is_err().then(|| now.plus(AFTER_FAILURE));
    let (claimed, failure) = match claimed {
        Ok(claimed) => (claimed, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    let held_back = held_back(&shared.directory.load(), &claimed);
    let mut by_lane: HashMap<SubscriptionId, Vec<Leased>> = HashMap::new();
    for leased in claimed {
        by_lane.entry(leased.subscription_id).or_default().push(leased);
    }
    let mut refused = Vec::new();
    {
        let mut held = shared.lanes();
        for &(id, asked) in &lanes {
            refused.extend(held.claimed(id, asked, by_lane.remove(&id).unwrap_or_default(), now));
            if let Some(at) = failed_at {
                held.note(id, at, now);
            }
        }
    }
    shared.release(refused, now);
    shared.ready.notify_one();
    note_next(shared, &held_back).await?;
    failure.map_or(Ok(()), Err)
}

/// The lanes of deliveries that had been held back. Where one was there are more, each with a moment of its own.
fn held_back(directory: &Directory, claimed: &[Leased]) -> BTreeSet<SubscriptionId> {
    let was_held_back = |leased: &&Leased| {
        let subscription = directory.subscriptions.get(&leased.subscription_id);
        leased.event.event.deliver_after().is_some()
            || subscription.is_some_and(|subscription| subscription.spec.config.delay_ms > 0)
    };
    claimed.iter().filter(was_held_back).map(|leased| leased.subscription_id).collect()
}

/// Notes when the next delivery of these lanes is due. A sweep notes a lane's first one only: those behind it would be up to a sweep
/// late.
async fn note_next(shared: &Shared, ids: &BTreeSet<SubscriptionId>) -> Result<(), StoreError> {
    for id in ids {
        let before = SubscriptionId::from_uuid(Uuid::from_u128(id.as_uuid().as_u128().saturating_sub(1)));
        if let Some(lane) = shared.store.due_lanes(Some(before), 1).await?.first() {
            shared.lanes().sweep(lane, shared.clock.now());
        }
    }
    Ok(())
}

/// Takes back expired leases and looks through all lanes with pending deliveries, again and again until `stop`.
pub(super) async fn sweep(shared: Arc<Shared>, stop: CancellationToken) {
    let pause = Duration::from_millis(shared.config.sweep_ms);
    while !stop.is_cancelled() {
        // A node whose own lease ran out must not take back what it holds itself.
        if shared.lanes().is_open() {
            if let Err(failure) = sweep_once(&shared, &stop).await {
                log("the database could not be searched for due deliveries", &failure);
            }
            shared.lanes().tidy(&shared.directory.load(), shared.clock.now());
            shared.ready.notify_one();
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = hastened(&shared) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn hastened(shared: &Shared) {
    sleep(SWEEP_PAUSE).await;
    shared.sweep_soon.notified().await;
}

async fn sweep_once(shared: &Shared, stop: &CancellationToken) -> Result<(), StoreError> {
    loop {
        let reclaimed = shared.store.reclaim(shared.clock.now(), RECLAIM_PAGE).await?;
        if reclaimed > 0 {
            info!(count = reclaimed, "took back deliveries of a node that is gone");
        }
        if reclaimed < u64::from(RECLAIM_PAGE) || stop.is_cancelled() {
            break;
        }
    }
    health::look(shared).await?;
    let (mut after, mut lag) = (None, Duration::ZERO);
    while !stop.is_cancelled() {
        let found = shared.store.due_lanes(after, SWEEP_PAGE).await?;
        let now = shared.clock.now();
        {
            let mut lanes = shared.lanes();
            lag = lag.max(late_by(&shared.directory.load(), &found, now, |id| lanes.is_shut(id, now)));
            for lane in &found {
                lanes.sweep(lane, now);
            }
        }
        shared.refill.notify_one();
        match found.last() {
            Some(last) if found.len() >= SWEEP_PAGE as usize => after = Some(last.subscription_id),
            _ => {
                shared.metrics.lags(lag);
                break;
            }
        }
    }
    Ok(())
}

/// How long the longest waiting delivery of these lanes is overdue, of those that nobody asked to wait.
fn late_by(directory: &Directory, lanes: &[DueLane], now: Timestamp, is_shut: impl Fn(SubscriptionId) -> bool) -> Duration {
    let is_wanted = |lane: &&DueLane| {
        let subscription = directory.subscriptions.get(&lane.subscription_id);
        let is_active = subscription.is_some_and(|subscription| subscription.status == Status::Active);
        is_active && !is_shut(lane.subscription_id) && lane.paused_until.is_none_or(|until| until <= now)
    };
    lanes.iter().filter(is_wanted).map(|lane| now.since(lane.next_attempt_at)).max().unwrap_or_default()
}

fn log(what: &'static str, failure: &StoreError) {
    if matches!(failure, StoreError::Unavailable(_)) {
        warn!(error = failure as &dyn std::error::Error, "{what}");
    } else {
        error!(error = failure as &dyn std::error::Error, "{what}");
    }
}
