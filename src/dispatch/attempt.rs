//! One worker: makes an attempt, reports what came of it, and goes on with the next delivery for as long as there is one.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info, warn};

use super::lanes::Shown;
use super::recorder::{Ended, Release, Reported};
use super::request::{self, Again, Numbered};
use super::shared::Shared;
use super::sink::Target;
use crate::domain::breaker::{Failure, Sign};
use crate::domain::clock::Timestamp;
use crate::domain::delivery::verdict::{self, Circumstances, Verdict};
use crate::domain::delivery::{Attempt, DeadReason, ErrorAttributes, ErrorClass, Outcome};
use crate::domain::id::AttemptId;
use crate::domain::subscription::Subscription;
use crate::metrics::Attempted;
use crate::store::{Leased, Report, Resolution, SinkPause};

/// When a delivery whose attempt was broken off is due again.
const AFTER_ABORT: Duration = Duration::from_secs(1);

/// Attempts `leased` and whatever is ready after it.
pub(super) async fn work(shared: Arc<Shared>, leased: Leased, target: Arc<Target>) {
    let mut next = Some((leased, target));
    while let Some((leased, target)) = next {
        let slot = Slot { shared: &shared, leased: Some(&leased) };
        let reported = attempt(&shared, &leased, &target).await;
        slot.end(reported);
        next = shared.next_attempt();
    }
}

async fn attempt(shared: &Shared, leased: &Leased, target: &Target) -> Reported {
    let started_at = shared.clock.now();
    let expires_at = leased.event.event.expires_at();
    if expires_at.is_some_and(|end| end <= started_at) {
        return expired(leased, target);
    }
    let number = leased.attempt_count + 1;
    let outcome = exchange(shared, leased, target, number, started_at).await;
    let now = shared.clock.now();
    let policy = &target.subscription.spec.config.retry;
    let pause = verdict::retry_after(&outcome, policy, now).filter(|pause| !pause.is_zero());
    let budget_attempts_made = leased.budget_attempt_count + 1;
    let fraction = shared.entropy.fraction();
    let verdict = verdict::decide(&outcome, policy, &Circumstances { budget_attempts_made, pause, expires_at, now, fraction });
    log(leased, target, number, &outcome, verdict);
    let latency = latency(leased, verdict, now);
    shared.metrics.attempted(Attempted {
        subscription_id: leased.subscription_id,
        number: budget_attempts_made,
        outcome: &outcome,
        verdict: verdict.kind(),
        age: latency,
    });
    let then = resolution(verdict);
    let forward = forward(&target.subscription, Some(&outcome), then);
    let shown = shown(&outcome, pause.is_some(), started_at, now);
    let attempt =
        Attempt { id: AttemptId::new(started_at, &*shared.entropy), number, started_at, outcome, verdict: verdict.kind() };
    Reported {
        report: Report { lease: leased.lease, tenant: leased.event.tenant.clone(), attempt: Some(attempt), then, forward },
        subscription_id: leased.subscription_id,
        held_bytes: Some(super::lanes::weight(leased)),
        pause: pause.map(|pause| SinkPause { subscription_id: leased.subscription_id, until: now.plus(pause) }),
        shown: Some(shown),
        is_gone: verdict == Verdict::Gone,
        latency,
    }
}

/// An event whose time is over before it is attempted: it ends without an attempt.
fn expired(leased: &Leased, target: &Target) -> Reported {
    let (event_id, delivery_id, subscription_id) = (leased.event.id, leased.lease.delivery_id, leased.subscription_id);
    warn!(%event_id, %delivery_id, %subscription_id, reason = DeadReason::Expired.as_str(), "dead-lettered");
    Reported {
        report: Report {
            lease: leased.lease,
            tenant: leased.event.tenant.clone(),
            attempt: None,
            then: Resolution::Dead(DeadReason::Expired),
            forward: forward(&target.subscription, None, Resolution::Dead(DeadReason::Expired)),
        },
        subscription_id,
        held_bytes: Some(super::lanes::weight(leased)),
        pause: None,
        shown: None,
        is_gone: false,
        latency: None,
    }
}

/// What a dead-letter sink is to be told, if the delivery died and its subscription has one.
pub(super) fn forward(subscription: &Subscription, outcome: Option<&Outcome>, then: Resolution) -> Option<Box<ErrorAttributes>> {
    match then {
        Resolution::Dead(reason) if subscription.spec.config.dead_letter_sink.is_some() => {
            Some(Box::new(ErrorAttributes::new(&subscription.spec.sink, outcome, reason)))
        }
        _ => None,
    }
}

/// How long the event was on its way, if it has arrived. A delivery that was opened again by a person or a replay tells nothing of
/// that.
fn latency(leased: &Leased, verdict: Verdict, now: Timestamp) -> Option<Duration> {
    (verdict == Verdict::Delivered && Again::of(leased) == Again::Not).then(|| now.since(leased.event.accepted_at))
}

async fn exchange(shared: &Shared, leased: &Leased, target: &Target, number: u32, now: Timestamp) -> Outcome {
    let numbered = Numbered { delivery_id: leased.lease.delivery_id, attempt: number, again: Again::of(leased) };
    let built = target.sink().map_err(str::to_owned).and_then(|sink| {
        let request = request::build(sink, &leased.event, Some(numbered), now, &*shared.entropy)?;
        Ok((request, sink.timeout))
    });
    match built {
        Ok((request, timeout)) => shared.transport.exchange(request, timeout).await,
        Err(text) => unmade(text),
    }
}

/// What an attempt showed of its sink.
fn shown(outcome: &Outcome, is_pause: bool, begun_at: Timestamp, now: Timestamp) -> Shown {
    let sign = Sign::of(outcome, is_pause);
    let failure = matches!(sign, Sign::Sick | Sign::Busy).then(|| Failure {
        at: now,
        status: outcome.status,
        error: outcome.error.clone(),
    });
    Shown { sign, begun_at, failure }
}

/// The outcome of a request that could not be made.
pub(super) fn unmade(text: String) -> Outcome {
    Outcome { error_class: Some(ErrorClass::Request), error: Some(text), ..Outcome::default() }
}

fn resolution(verdict: Verdict) -> Resolution {
    match verdict {
        Verdict::Delivered => Resolution::Delivered,
        Verdict::Retry(at) => Resolution::Retry(at),
        Verdict::Dead(reason) => Resolution::Dead(reason),
        Verdict::Gone => Resolution::Dead(DeadReason::Gone),
    }
}

/// Follows an event by its identifiers. Success is the rule and would drown the rest: it is logged at `debug`.
fn log(leased: &Leased, target: &Target, attempt: u32, outcome: &Outcome, verdict: Verdict) {
    let (event_id, delivery_id, subscription_id) = (leased.event.id, leased.lease.delivery_id, leased.subscription_id);
    let status = outcome.status;
    let error = outcome.error.as_deref();
    let duration_ms = u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX);
    match verdict {
        Verdict::Delivered => debug!(%event_id, %delivery_id, %subscription_id, attempt, status, duration_ms, "delivered"),
        Verdict::Retry(at) => {
            info!(%event_id, %delivery_id, %subscription_id, attempt, status, duration_ms, error, next_attempt_at = %at, "attempt failed");
        }
        Verdict::Dead(reason) => {
            let is_strict = target.subscription.spec.config.ordering.blocks();
            let blocks_its_key = (leased.lease.may_be_in_line() && is_strict && reason.is_failure()).then_some(true);
            warn!(%event_id, %delivery_id, %subscription_id, attempt, status, duration_ms, error, reason = reason.as_str(), blocks_its_key, "dead-lettered");
        }
        Verdict::Gone => {
            warn!(%event_id, %delivery_id, %subscription_id, attempt, status, "the sink is gone: the subscription is disabled");
        }
    }
}

/// The slot of an open request. A worker that is aborted or panics gives its delivery back all the same.
struct Slot<'a> {
    shared: &'a Shared,
    leased: Option<&'a Leased>,
}

impl Slot<'_> {
    fn end(mut self, mut reported: Reported) {
        self.leased = None;
        let id = reported.subscription_id;
        let now = self.shared.clock.now();
        let (is_news, should_refill) = {
            let mut lanes = self.shared.lanes();
            let is_news = reported.shown.take().is_some_and(|shown| lanes.observe(id, shown, now));
            if let Some(pause) = reported.pause {
                lanes.pause(id, pause.until);
            }
            if reported.is_gone {
                lanes.halt(id);
            }
            (is_news, lanes.finish(id, now))
        };
        self.shared.end(Ended::Report(Box::new(reported)));
        if should_refill {
            self.shared.refill.notify_one();
        }
        if is_news {
            self.shared.unwell.notify_one();
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(leased) = self.leased {
            let now = self.shared.clock.now();
            self.shared.lanes().finish(leased.subscription_id, now);
            self.shared.end(Ended::Release(Release::of(leased, now.plus(AFTER_ABORT))));
        }
    }
}
