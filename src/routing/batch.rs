//! One commit's worth of requests: routed, written, answered and handed over.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::acceptor::Waiting;
use super::{AcceptError, Index, Outlet, Receipt, Route};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::event::Accepted;
use crate::domain::filter::Answer;
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::store::{
    AcceptBatch, Accepting, Lease, Leased, NewDelivery, Placement, StatsBuffer, StatsRow, Submission, SubmissionResult,
};

/// Lays requests out for the store, without their deliveries yet. Also gives the senders of their answers, in order.
pub(super) fn submissions(waiting: &mut [Waiting], now: Timestamp, entropy: &dyn Entropy) -> Vec<Submission> {
    waiting
        .iter_mut()
        .map(|Waiting { request, .. }| Submission {
            replay: request.replay,
            events: std::mem::take(&mut request.events)
                .into_iter()
                .map(|event| {
                    let key = event.key_digest(&request.tenant);
                    let accepted = Accepted {
                        id: EventId::new(now, entropy),
                        tenant: request.tenant.clone(),
                        accepted_at: now,
                        traceparent: request.traceparent.clone(),
                        event,
                    };
                    Accepting { accepted: Arc::new(accepted), key, deliveries: Vec::new() }
                })
                .collect(),
        })
        .collect()
}

/// How many events of a batch the filters of subscriptions could not be asked about. Empty, and then it costs nothing, as a rule.
pub(super) type Faults = HashMap<SubscriptionId, u64>;

/// Gives every event of the batch its deliveries, and takes room for those that can be handed over. A subscription whose filters
/// could not be asked gets none; that is logged, and counted by the caller.
pub(super) fn route(batch: &mut AcceptBatch, index: &Index, outlet: &dyn Outlet, entropy: &dyn Entropy) -> Faults {
    batch.routing_version = index.version();
    let now = batch.now;
    let mut faults = Faults::new();
    for accepting in batch.submissions.iter_mut().flat_map(|submission| &mut submission.events) {
        let Accepting { accepted, deliveries, .. } = accepting;
        deliveries.clear();
        let deliver_after = accepted.event.deliver_after();
        index.matches(&accepted.tenant, &accepted.event, |route, answer| match answer {
            Answer::Fault => {
                let (event_id, subscription_id) = (accepted.id, route.subscription_id);
                tracing::debug!(%event_id, %subscription_id, "a filter could not be asked about the event, which does not match it");
                *faults.entry(subscription_id).or_default() += 1;
            }
            _ => deliveries.push(NewDelivery {
                id: DeliveryId::of(accepted.id, route.subscription_id),
                subscription_id: route.subscription_id,
                placement: place(route, accepted, deliver_after, now, outlet, entropy),
            }),
        });
    }
    faults
}

/// Decides who makes the first attempt, and when. What is to keep its order takes its place in line; a paused subscription's deliveries
/// wait, and so do those whose policy or event asks for it; of several waits the longest counts.
fn place(
    route: &Route,
    accepted: &Accepted,
    deliver_after: Option<Timestamp>,
    now: Timestamp,
    outlet: &dyn Outlet,
    entropy: &dyn Entropy,
) -> Placement {
    let config = &route.subscription.spec.config;
    let first_wait = config.retry.wait(0, entropy.fraction()).unwrap_or_default();
    let due_at = config.not_before(deliver_after, now).max(now.plus(first_wait));
    // One that expires while it waits is dead as soon as it does.
    let due_at = if due_at > now { due_at.min(accepted.event.expires_at().unwrap_or(due_at).max(now)) } else { due_at };
    if let Some(key) = config.ordering.key(route.subscription_id, &accepted.event) {
        return Placement::InLine(key, due_at);
    }
    if due_at > now {
        return Placement::Queued(due_at);
    }
    if route.is_paused() {
        return Placement::Queued(now);
    }
    if outlet.reserve(route.subscription_id, accepted.event.body().len()) {
        Placement::HandedOver
    } else {
        Placement::Queued(now)
    }
}

/// Gives back all room taken for a batch that was not committed, or of which that is not known: then the store finds what it
/// leased and makes it pending.
pub(super) fn give_back(batch: &AcceptBatch, outlet: &dyn Outlet) {
    batch.submissions.iter().flat_map(|submission| &submission.events).for_each(|accepting| give_back_event(accepting, outlet));
}

/// A delivery as it was leased to this node by the accepting transaction.
fn leased(delivery: &NewDelivery, accepted: &Arc<Accepted>) -> Leased {
    Leased {
        lease: Lease { delivery_id: delivery.id, token: Lease::FIRST_TOKEN },
        subscription_id: delivery.subscription_id,
        attempt_count: 0,
        budget_attempt_count: 0,
        is_reopened: false,
        replay_job_id: None,
        event: Arc::clone(accepted),
    }
}

fn give_back_event(accepting: &Accepting, outlet: &dyn Outlet) {
    let bytes = accepting.accepted.event.body().len();
    for delivery in accepting.deliveries.iter().filter(|delivery| delivery.placement == Placement::HandedOver) {
        outlet.give_back(delivery.subscription_id, bytes);
    }
}

/// Answers the requests of a committed batch and hands over what was placed so.
pub(super) fn settle(
    batch: AcceptBatch,
    results: Vec<SubmissionResult>,
    waiting: Vec<Waiting>,
    outlet: &dyn Outlet,
    stats: &StatsBuffer,
    now: Timestamp,
) {
    let mut counts = BTreeMap::new();
    for ((submission, result), waiting) in batch.submissions.into_iter().zip(results).zip(waiting) {
        let answer = match result {
            None => {
                submission.events.iter().for_each(|accepting| give_back_event(accepting, outlet));
                Err(AcceptError::Replayed)
            }
            Some(firsts) => Ok(submission
                .events
                .into_iter()
                .zip(firsts)
                .map(|(accepting, first)| settle_event(accepting, first, outlet))
                .collect::<Vec<_>>()),
        };
        if let Ok(receipts) = &answer {
            count(receipts, counts.entry(waiting.request.tenant).or_default());
        }
        // A caller that went away has its event accepted all the same.
        let _ = waiting.answer.send(answer);
    }
    for (tenant, counts) in &counts {
        stats.add(tenant, None, counts, now);
    }
}

fn count(receipts: &[Receipt], counts: &mut StatsRow) {
    let duplicates = receipts.iter().filter(|receipt| receipt.is_duplicate).count() as u64;
    counts.accepted += receipts.len() as u64 - duplicates;
    counts.duplicates += duplicates;
}

fn settle_event(accepting: Accepting, first: Option<EventId>, outlet: &dyn Outlet) -> Receipt {
    let (tenant, event) = (accepting.accepted.tenant.as_str(), &accepting.accepted.event);
    if let Some(id) = first {
        tracing::debug!(event_id = %id, tenant, source = event.source(), id = event.id(), "duplicate");
        give_back_event(&accepting, outlet);
        return Receipt { id, is_duplicate: true, delivery_count: 0 };
    }
    let (event_id, delivery_count) = (accepting.accepted.id, accepting.deliveries.len());
    tracing::debug!(%event_id, tenant, source = event.source(), id = event.id(), delivery_count, "accepted");
    let Accepting { accepted, deliveries, .. } = accepting;
    let receipt = Receipt { id: accepted.id, is_duplicate: false, delivery_count: deliveries.len() };
    for delivery in deliveries {
        match delivery.placement {
            Placement::HandedOver => outlet.hand_over(leased(&delivery, &accepted)),
            Placement::Queued(due_at) | Placement::InLine(_, due_at) => outlet.queued(delivery.subscription_id, due_at),
        }
    }
    receipt
}
