//! Sends dead letters on to their subscriptions' dead-letter sinks (SPECS 3.4).
//!
//! What is to be sent lies in the database, put there in the transaction that recorded the death, and is leased for as long as an
//! attempt may take: after a crash it is due again. Slots are few and shared like those of deliveries: a lane gets no more than
//! are still free, so that no sink that hangs keeps all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::attempt::unmade;
use super::drain::fresh_directory;
use super::request::{self, Again, Numbered};
use super::shared::Shared;
use super::sink::Sink;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::verdict::{self, Circumstances, Verdict};
use crate::domain::delivery::{ErrorAttributes, Outcome};
use crate::domain::event::Accepted;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::metrics::Forwarded;
use crate::store::{ForwardReport, ForwardThen, LeasedForward, Recorded, StoreError};

/// Open requests to dead-letter sinks of one node, and of one subscription.
const MAX_OPEN: usize = 64;
const MAX_OPEN_PER_LANE: usize = 8;
/// Lanes looked at in one step.
const PAGE: u32 = 200;
/// How much longer than its attempt a lease lasts.
const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// How long a database that does not answer is left alone, and how often it is asked to record an outcome.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
const RECORD_TRIES: u32 = 10;

/// Forwards until `stop`, then finishes what is open, until `abort` at the latest: what is broken off is due again after its lease.
pub(super) async fn forward(shared: Arc<Shared>, stop: CancellationToken, abort: CancellationToken) {
    let mut open = Open::default();
    while !stop.is_cancelled() {
        let pause = match claim_due(&shared, &mut open).await {
            Ok(pause) => pause,
            Err(failure) => {
                warn!(
                    error = &failure as &dyn std::error::Error,
                    "dead letters could not be claimed for their dead-letter sinks"
                );
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = shared.forwards.notified() => {}
            Some(ended) = open.tasks.join_next() => open.end(ended.ok()),
            () = sleep(pause) => {}
            () = stop.cancelled() => {}
        }
        while let Some(ended) = open.tasks.try_join_next() {
            open.end(ended.ok());
        }
    }
    tokio::select! {
        () = async { while open.tasks.join_next().await.is_some() {} } => {}
        () = abort.cancelled() => {}
    }
}

/// What is under way.
#[derive(Default)]
struct Open {
    tasks: JoinSet<Ended>,
    by_lane: HashMap<SubscriptionId, usize>,
    /// Until when dead-letter sinks asked to be left alone.
    paused: HashMap<SubscriptionId, Timestamp>,
}

struct Ended {
    subscription_id: SubscriptionId,
    pause_until: Option<Timestamp>,
}

impl Open {
    /// How many more may be opened for a lane.
    fn room(&self, id: SubscriptionId, now: Timestamp) -> usize {
        if self.paused.get(&id).is_some_and(|until| now < *until) {
            return 0;
        }
        let free = MAX_OPEN.saturating_sub(self.tasks.len());
        let held = self.by_lane.get(&id).copied().unwrap_or_default();
        MAX_OPEN_PER_LANE.min(free).saturating_sub(held)
    }

    fn end(&mut self, ended: Option<Ended>) {
        // A task that panicked does not say whose it was; nothing of it is open any more once no task is.
        let Some(Ended { subscription_id, pause_until }) = ended else {
            error!("an attempt to send a dead letter on panicked; it is due again after its lease");
            return self.by_lane.retain(|_, _| !self.tasks.is_empty());
        };
        if let Some(held) = self.by_lane.get_mut(&subscription_id) {
            *held -= 1;
            if *held == 0 {
                self.by_lane.remove(&subscription_id);
            }
        }
        if let Some(until) = pause_until {
            self.paused.insert(subscription_id, until);
        }
    }
}

/// Begins what is due and has room, and says how long to wait for the next.
async fn claim_due(shared: &Arc<Shared>, open: &mut Open) -> Result<Duration, StoreError> {
    let mut pause = Duration::from_millis(shared.config.sweep_ms);
    let mut after = None;
    open.paused.retain(|_, until| shared.clock.now() < *until);
    loop {
        let lanes = shared.store.due_forwards(after, PAGE).await?;
        for &(id, due_at) in &lanes {
            let now = shared.clock.now();
            let room = open.room(id, now);
            if due_at > now {
                pause = pause.min(due_at.since(now) + Duration::from_millis(1));
            } else if room > 0 {
                begin(shared, open, id, room, now).await?;
            }
        }
        match lanes.last() {
            Some((last, _)) if lanes.len() >= PAGE as usize => after = Some(*last),
            _ => return Ok(pause),
        }
    }
}

/// Claims of a lane what it has room for, and begins it.
async fn begin(shared: &Arc<Shared>, open: &mut Open, id: SubscriptionId, room: usize, now: Timestamp) -> Result<(), StoreError> {
    let target = target(shared, id).await?;
    let timeout = target.as_ref().map_or(Duration::ZERO, |target| target.1.timeout);
    let limit = u32::try_from(room).unwrap_or(u32::MAX);
    for leased in shared.store.claim_forwards(id, now, now.plus(timeout + LEASE_MARGIN), limit).await? {
        *open.by_lane.entry(id).or_default() += 1;
        open.tasks.spawn(attempt(Arc::clone(shared), leased, target.clone()));
    }
    Ok(())
}

/// Where a dead letter goes: the subscription and its compiled dead-letter sink, or why it has none.
type Target = Result<Arc<(Arc<Subscription>, Sink)>, String>;

/// The target of a subscription's dead letters. Without one, as the database has it now, there is nothing to send to.
async fn target(shared: &Shared, id: SubscriptionId) -> Result<Target, StoreError> {
    let known = shared.directory.load().subscriptions.get(&id).cloned();
    let is_usable = |found: &Option<Arc<Subscription>>| {
        found.as_ref().is_some_and(|subscription| subscription.spec.config.dead_letter_sink.is_some())
    };
    let found = if is_usable(&known) { known } else { fresh_directory(shared).await?.subscriptions.get(&id).cloned() };
    Ok(match found {
        None => Err("the subscription was deleted".to_owned()),
        Some(subscription) => Sink::of_dead_letters(&subscription).map(|sink| Arc::new((subscription, sink))),
    })
}

async fn attempt(shared: Arc<Shared>, leased: LeasedForward, target: Target) -> Ended {
    let subscription_id = leased.subscription_id;
    let (outcome, then, pause_until, is_attempted) = match &target {
        Err(text) => (unmade(text.clone()), ForwardThen::Failed, None, false),
        Ok(target) => {
            let (subscription, sink) = &**target;
            let outcome = exchange(&shared, &leased, sink).await;
            let (then, pause_until) = decide(&shared, &leased, subscription, &outcome);
            (outcome, then, pause_until, true)
        }
    };
    log(&shared, &leased, &outcome, then);
    let report = ForwardReport {
        delivery_id: leased.delivery_id,
        token: leased.token,
        then,
        is_attempted,
        status: outcome.status,
        error: outcome.error,
    };
    record(&shared, &report).await;
    Ended { subscription_id, pause_until }
}

async fn exchange(shared: &Shared, leased: &LeasedForward, sink: &Sink) -> Outcome {
    let built = told(&leased.event, &leased.error).and_then(|event| {
        let numbered = Numbered { delivery_id: leased.delivery_id, attempt: leased.attempt_count + 1, again: Again::Not };
        request::build(sink, &event, Some(numbered), shared.clock.now(), &*shared.entropy)
    });
    match built {
        Ok(request) => shared.transport.exchange(request, sink.timeout).await,
        Err(text) => unmade(text),
    }
}

/// The event with what its delivery died of. The stored one is not touched.
fn told(event: &Accepted, error: &ErrorAttributes) -> Result<Accepted, String> {
    let attributes = error.attributes();
    let added: Vec<_> = attributes.iter().map(|(name, value, kind)| (*name, value.as_str(), *kind)).collect();
    let annotated = event.event.annotated(&added).map_err(|fault| fault.to_string())?;
    Ok(Accepted { event: annotated, ..event.clone() })
}

fn decide(
    shared: &Shared,
    leased: &LeasedForward,
    subscription: &Subscription,
    outcome: &Outcome,
) -> (ForwardThen, Option<Timestamp>) {
    let (now, policy) = (shared.clock.now(), &subscription.spec.config.retry);
    let pause = verdict::retry_after(outcome, policy, now).filter(|pause| !pause.is_zero());
    let circumstances = Circumstances {
        budget_attempts_made: leased.attempt_count + 1,
        pause,
        // It is told that it expired: that may be what it died of.
        expires_at: None,
        now,
        fraction: shared.entropy.fraction(),
    };
    let then = match verdict::decide(outcome, policy, &circumstances) {
        Verdict::Delivered => ForwardThen::Delivered,
        Verdict::Retry(at) => ForwardThen::Retry(at),
        Verdict::Dead(_) | Verdict::Gone => ForwardThen::Failed,
    };
    (then, pause.map(|pause| now.plus(pause)))
}

/// Until the database answers, for some seconds: after that the lease ends, and the dead-letter sink gets it twice.
async fn record(shared: &Shared, report: &ForwardReport) {
    for _ in 0..RECORD_TRIES {
        match shared.store.record_forward(report, shared.clock.now()).await {
            Ok(Recorded::Done) => return,
            Ok(Recorded::LeaseLost) => {
                return debug!(delivery_id = %report.delivery_id, "the dead letter was purged or died again meanwhile");
            }
            Err(StoreError::Unavailable(_)) => sleep(AFTER_FAILURE).await,
            Err(failure) => {
                let failure = &failure as &dyn std::error::Error;
                return error!(delivery_id = %report.delivery_id, error = failure, "what came of a forward could not be recorded");
            }
        }
    }
    warn!(delivery_id = %report.delivery_id, "what came of a forward could not be recorded: it is sent again after its lease");
}

fn log(shared: &Shared, leased: &LeasedForward, outcome: &Outcome, then: ForwardThen) {
    let (event_id, delivery_id, subscription_id) = (leased.event.id, leased.delivery_id, leased.subscription_id);
    let (attempt, status, error) = (leased.attempt_count + 1, outcome.status, outcome.error.as_deref());
    match then {
        ForwardThen::Delivered => {
            shared.metrics.forwarded(Forwarded::Delivered);
            debug!(%event_id, %delivery_id, %subscription_id, attempt, status, "the dead-letter sink has it");
        }
        ForwardThen::Retry(at) => {
            shared.metrics.forwarded(Forwarded::Retry);
            info!(%event_id, %delivery_id, %subscription_id, attempt, status, error, next_attempt_at = %at, "the dead-letter sink failed");
        }
        ForwardThen::Failed => {
            shared.metrics.forwarded(Forwarded::Failed);
            error!(%event_id, %delivery_id, %subscription_id, attempt, status, error, "a dead letter could not be sent to its dead-letter sink");
        }
    }
}
