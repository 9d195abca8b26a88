//! The course of a handshake: what follows from a sink's answers, from its callback, and from what the owner changes.

use std::time::Duration;

use aws_lc_rs::constant_time;

use super::{Answer, Handshake, Heard, Last, Permission, Policy};
use crate::domain::clock::Timestamp;
use crate::domain::credential::KeyHash;
use crate::domain::subscription::{Status, Subscription};

/// When sinks are asked again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// After an answer.
    pub revalidate: Duration,
    /// After the first question that was not answered; each further wait is twice as long, up to `revalidate`.
    pub retry: Duration,
    /// A random part in `0.0..1.0`: what was asked together is not asked together again.
    pub fraction: f64,
}

impl Pace {
    fn after_answer(self, now: Timestamp) -> Timestamp {
        now.plus(self.revalidate.mul_f64(1.0 - self.fraction / 10.0))
    }

    fn after_silence(self, attempt_count: u32, now: Timestamp) -> Timestamp {
        let doubled = self.retry.saturating_mul(2_u32.saturating_pow(attempt_count.saturating_sub(1).min(30)));
        now.plus(doubled.min(self.revalidate).mul_f64(1.0 - self.fraction / 10.0))
    }
}

/// Draws the conclusions from what the owner wrote: `stored` is the subscription as it was, none if it is new.
///
/// A new sink is a new handshake. A policy that the owner changes is followed at once; one that the operator changes holds for what
/// is created or changed from then on.
pub fn follow(stored: Option<&Subscription>, changed: &mut Subscription, policy: Policy, now: Timestamp) {
    let is_new = stored.is_none_or(|stored| stored.spec.sink != changed.spec.sink);
    let has_turned = stored.is_some_and(|stored| stored.spec.config.handshake != changed.spec.config.handshake);
    if !is_new && !has_turned {
        return;
    }
    if policy == Policy::Off {
        return release(changed);
    }
    if is_new || changed.handshake.is_none() {
        let is_paused = changed.handshake.as_ref().is_some_and(|old| old.is_paused);
        changed.handshake = Some(Handshake { is_paused, ..Handshake::begin(now) });
    }
    let is_allowed = changed.handshake.as_ref().is_some_and(|handshake| handshake.permission.is_some());
    match policy {
        Policy::Required if !is_allowed => unverify(changed),
        _ => verify(changed),
    }
}

/// Draws the conclusions from a sink's answer to the last question.
///
/// A sink that can't be reached keeps its permission: only what it says takes it away. One that answers without a word is taken to
/// refuse, at once if no callback was offered; one that had agreed, if it is silent twice and does not call back in between.
pub fn settle(subscription: &mut Subscription, answer: Answer, policy: Policy, pace: Pace, now: Timestamp) {
    let Some(handshake) = &mut subscription.handshake else { return };
    let Some(asked) = handshake.asked.clone() else { return };
    let Answer { mut heard, rate, status, error } = answer;
    let is_granted_since = handshake.permission.as_ref().is_some_and(|permission| permission.at >= asked.at);
    if is_granted_since && heard != Heard::Allowed {
        // The callback came before the answer that it takes the place of.
        return;
    }
    let was_silent = handshake.last.as_ref().is_some_and(|last| last.heard == Heard::Withheld);
    let may_call_back = handshake.callback.is_some() && !(handshake.permission.is_some() && was_silent);
    if heard == Heard::Withheld && !may_call_back {
        heard = Heard::Refused;
    }
    handshake.last = Some(Last { heard, status, error });
    match heard {
        Heard::Allowed => allow(subscription, Permission { origin: asked.origin, rate, at: now }, pace),
        Heard::Refused => {
            handshake.permission = None;
            handshake.attempt_count = 0;
            handshake.next_ask_at = pace.after_answer(now);
            if policy == Policy::Required {
                unverify(subscription);
            }
        }
        Heard::Withheld | Heard::Unreachable => {
            handshake.attempt_count = handshake.attempt_count.saturating_add(1);
            let retry_at = pace.after_silence(handshake.attempt_count, now);
            // Another question would make the callback that may still come worthless.
            let patience = handshake.callback.as_ref().map(|callback| callback.expires_at);
            handshake.next_ask_at = match heard {
                Heard::Withheld => patience.map_or(retry_at, |end| end.max(retry_at)),
                _ => retry_at,
            };
        }
    }
}

/// Whether a callback with the secret of that hash counts: it was offered, is not over and was not used. Takes as long for a wrong
/// secret as for the right one.
#[must_use]
pub fn is_expected(handshake: &Handshake, secret: &KeyHash, now: Timestamp) -> bool {
    handshake.callback.as_ref().is_some_and(|callback| {
        constant_time::verify_slices_are_equal(&callback.hash, secret).is_ok() && now < callback.expires_at
    })
}

/// Takes the permission that a sink gives by the callback; says whether it counted. `rate` is the header's value; without it the
/// requested rate holds (WA-4).
pub fn grant(subscription: &mut Subscription, secret: &KeyHash, rate: Option<&str>, pace: Pace, now: Timestamp) -> bool {
    let Some(handshake) = &mut subscription.handshake else { return false };
    let Some(asked) = handshake.asked.clone().filter(|_| is_expected(handshake, secret, now)) else { return false };
    let rate = super::answer::rate(rate, asked.requested_rate);
    handshake.last = Some(Last { heard: Heard::Allowed, status: None, error: None });
    allow(subscription, Permission { origin: asked.origin, rate, at: now }, pace);
    true
}

/// Ends the handshake: the sink is not to be asked.
pub fn release(subscription: &mut Subscription) {
    verify(subscription);
    subscription.handshake = None;
}

/// Makes a subscription active again that a person or its sink stopped, as far as its sink agrees.
pub fn resume(subscription: &mut Subscription, policy: Policy) {
    subscription.status = Status::Active;
    subscription.disabled_reason = None;
    let is_allowed = subscription.handshake.as_ref().is_none_or(|handshake| handshake.permission.is_some());
    if policy == Policy::Required && !is_allowed {
        unverify(subscription);
    }
}

fn allow(subscription: &mut Subscription, permission: Permission, pace: Pace) {
    if let Some(handshake) = &mut subscription.handshake {
        handshake.next_ask_at = pace.after_answer(permission.at);
        handshake.attempt_count = 0;
        handshake.callback = None;
        handshake.permission = Some(permission);
    }
    verify(subscription);
}

fn unverify(subscription: &mut Subscription) {
    if let (Some(handshake), Status::Active | Status::Paused) = (&mut subscription.handshake, subscription.status) {
        handshake.is_paused = subscription.status == Status::Paused;
        subscription.status = Status::Unverified;
    }
}

fn verify(subscription: &mut Subscription) {
    if subscription.status == Status::Unverified {
        let is_paused = subscription.handshake.as_mut().is_some_and(|handshake| std::mem::take(&mut handshake.is_paused));
        subscription.status = if is_paused { Status::Paused } else { Status::Active };
    }
}
