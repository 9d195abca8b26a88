//! One question: claimed, put, and its answer written down.

use std::time::Duration;

use tracing::{info, warn};

use super::MAX_TIME;
use super::question::Question;
use crate::dispatch::handle::Asked;
use crate::dispatch::probe;
use crate::dispatch::shared::Shared;
use crate::dispatch::sink::Sink;
use crate::domain::clock::Timestamp;
use crate::domain::handshake::{self, Answer, Heard, Policy};
use crate::domain::subscription::{Status, Subscription};
use crate::store::{Conflict, StoreError};

/// How much longer than the question itself its claim holds: time to write the answer down.
const GRACE: Duration = Duration::from_secs(5);
/// How often an answer is written anew after somebody else wrote first.
const TRIES: usize = 5;

/// Asks a subscription's sink, and draws the conclusions; none if somebody else is asking, or it is not to be asked any more.
/// Without a handshake nothing is written: the question alone is put.
///
/// # Errors
/// The store's own. The sink is asked again when the claim ends.
pub(in crate::dispatch) async fn ask(shared: &Shared, subscription: &Subscription) -> Result<Option<Asked>, StoreError> {
    let is_kept = subscription.handshake.is_some();
    if is_kept && shared.asking.policy(subscription) == Policy::Off {
        let mut released = subscription.clone();
        handshake::release(&mut released);
        return put(shared, subscription, &released).await.map(|_| None);
    }
    let now = shared.clock.now();
    let question = Question::new(&shared.asking, subscription, now, &*shared.entropy);
    if is_kept && !claim(shared, subscription, &question, now).await? {
        return Ok(None);
    }
    let exchange = match Sink::compile(subscription).and_then(|sink| question.request(&sink).map(|request| (sink, request))) {
        Ok((sink, request)) => {
            let sink = Sink { timeout: sink.timeout.min(MAX_TIME), ..sink };
            probe::exchange(shared, &sink, request).await
        }
        Err(text) => probe::nothing_sent(subscription, "OPTIONS", super::super::attempt::unmade(text)),
    };
    let answer = Answer::read(&exchange.outcome, &question.asked.origin, question.asked.requested_rate);
    let asked = Asked { is_allowed: answer.heard == Heard::Allowed, allowed_rate: answer.rate, exchange };
    if is_kept {
        settle(shared, subscription, &answer).await?;
    }
    Ok(Some(asked))
}

/// Claims the question; says whether it is this caller's to put.
async fn claim(shared: &Shared, read: &Subscription, question: &Question, now: Timestamp) -> Result<bool, StoreError> {
    let mut asked = read.clone();
    if let Some(handshake) = &mut asked.handshake {
        handshake.ask(question.asked.clone(), question.callback.clone(), now.plus(MAX_TIME + GRACE));
    }
    put(shared, read, &asked).await
}

/// Writes what follows from the answer, if the handshake it belongs to is still going on.
async fn settle(shared: &Shared, asked: &Subscription, answer: &Answer) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let read = match shared.store.any_subscription(asked.id).await {
            Err(StoreError::NotFound) => return Ok(()),
            found => found?,
        };
        let begun_at = |subscription: &Subscription| subscription.handshake.as_ref().map(|handshake| handshake.begun_at);
        if begun_at(&read) != begun_at(asked) {
            // The sink was exchanged meanwhile: what the old one says concerns nobody.
            return Ok(());
        }
        let mut settled = read.clone();
        let pace = shared.asking.pace(shared.entropy.fraction());
        handshake::settle(&mut settled, answer.clone(), shared.asking.policy(&read), pace, shared.clock.now());
        if put(shared, &read, &settled).await? {
            log(&read, &settled, answer);
            return Ok(());
        }
    }
    Ok(())
}

/// Says whether it was written; it was not if somebody else wrote first.
async fn put(shared: &Shared, before: &Subscription, after: &Subscription) -> Result<bool, StoreError> {
    match shared.store.put_handshake(before, after, shared.clock.now()).await {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict(Conflict::State(_)) | StoreError::NotFound) => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn log(before: &Subscription, after: &Subscription, answer: &Answer) {
    let (subscription_id, heard, error) = (after.id, answer.heard.as_str(), answer.error.as_deref());
    match (before.status, after.status) {
        (Status::Unverified, Status::Unverified) | (Status::Active, Status::Active) | (Status::Paused, Status::Paused) => {
            info!(%subscription_id, heard, error, "a sink was asked");
        }
        (_, Status::Unverified) => {
            warn!(%subscription_id, heard, error, "a sink does not agree to deliveries any more: the subscription is unverified");
        }
        _ => info!(%subscription_id, heard, "a sink agrees to deliveries: the subscription is verified"),
    }
}
