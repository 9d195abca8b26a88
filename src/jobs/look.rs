//! Looking at the past: which events a replay is about, how each stands with the subscription, what is to be done with it.
//!
//! Nothing is written here. Types and sources are compared first, from a page of lines without data; only what is left of it is read
//! whole, some at a time, and only if the subscription has filters. So memory is bounded by a handful of events.

use std::collections::{HashMap, HashSet};

use crate::domain::filter::{Answer, Facts};
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::job::{Progress, Replay, Treatment};
use crate::domain::subscription::Subscription;
use crate::store::{EventRow, Past, Store, StoreError};

/// Events read whole at a time.
const WHOLE: usize = 32;
/// Lines of a page, at least and at most.
const MIN_PAGE: usize = 16;
const MAX_PAGE: usize = 500;

type Result<T> = std::result::Result<T, StoreError>;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// How far the job is then. What is to be opened is counted as matched only.
    pub(super) progress: Progress,
    /// The events to be opened, each with its delivery if it has one already.
    pub(super) opens: Vec<(EventId, Option<DeliveryId>)>,
    /// Whether there is nothing more to be looked at.
    pub(super) is_end: bool,
}

/// What a replay would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DryRun {
    /// What it would have done then.
    pub progress: Progress,
    /// Whether everything was looked at.
    pub is_complete: bool,
}

/// Counts what a replay would do, looking at no more than about `max_events`. Nothing is stored.
///
/// # Errors
/// The store's own.
pub async fn dry_run(store: &dyn Store, subscription: &Subscription, replay: &Replay, max_events: u32) -> Result<DryRun> {
    let found = look(store, subscription, replay, Progress::default(), usize::MAX, u64::from(max_events)).await?;
    let mut progress = found.progress;
    for (_, delivery) in found.opens {
        match delivery {
            None => progress.created += 1,
            Some(_) => progress.reopened += 1,
        }
    }
    Ok(DryRun { progress, is_complete: found.is_end })
}

/// Looks on from where `progress` stands, until there are `quota` events to be opened or about `max_events` were looked at.
///
/// # Errors
/// The store's own.
pub(super) async fn look(
    store: &dyn Store,
    subscription: &Subscription,
    replay: &Replay,
    progress: Progress,
    quota: usize,
    max_events: u64,
) -> Result<Found> {
    let mut found = Found { progress, ..Found::default() };
    let until = progress.looked_at.saturating_add(max_events);
    // Few at first, where few are to be opened: what is read beyond them would be read again by the next step.
    let mut size = quota.saturating_mul(2).clamp(MIN_PAGE, MAX_PAGE);
    while found.opens.len() < quota && found.progress.looked_at < until && !found.is_end {
        let past = Past { after: replay.after, before: replay.before, position: found.progress.position };
        let limit = u32::try_from(size).unwrap_or(u32::MAX);
        let page = store.past_events(&subscription.tenant, &past, limit).await?;
        found.is_end = page.len() < size;
        let verdicts = Verdicts::of(store, subscription, replay, &page).await?;
        for event in &page {
            if found.opens.len() >= quota {
                // The rest of the page is the next step's.
                found.is_end = false;
                break;
            }
            verdicts.count(event, &mut found);
        }
        size = (size * 2).min(MAX_PAGE);
    }
    Ok(found)
}

/// What is to be done with the events of a page.
struct Verdicts<'a> {
    replay: &'a Replay,
    faulty: HashSet<EventId>,
    treatments: HashMap<EventId, (Treatment, Option<DeliveryId>)>,
}

impl<'a> Verdicts<'a> {
    async fn of(store: &dyn Store, subscription: &Subscription, replay: &'a Replay, page: &[EventRow]) -> Result<Self> {
        let spec = &subscription.spec;
        let is_candidate = |event: &&EventRow| is_of_type(replay, event) && spec.asks_for(&event.event_type, &event.source);
        let candidates: Vec<EventId> = page.iter().filter(is_candidate).map(|event| event.id).collect();
        let (matched, faulty) =
            if spec.filters.is_empty() { (candidates, HashSet::new()) } else { ask(store, subscription, &candidates).await? };
        let standings = store.standings(&subscription.tenant, subscription.id, &matched).await?;
        let standings: HashMap<_, _> = standings.into_iter().map(|standing| (standing.event_id, standing)).collect();
        let treatment = |id: &EventId| {
            let standing = standings.get(id);
            let treatment = replay.only.treats(standing.map(|standing| standing.state));
            (*id, (treatment, standing.map(|standing| standing.delivery_id)))
        };
        Ok(Self { replay, faulty, treatments: matched.iter().map(treatment).collect() })
    }

    fn count(&self, event: &EventRow, found: &mut Found) {
        let progress = &mut found.progress;
        progress.looked_at += 1;
        progress.position = Some(event.id);
        progress.position_at = Some(event.accepted_at);
        let Some(&(treatment, delivery)) = self.treatments.get(&event.id) else {
            let count = if !is_of_type(self.replay, event) {
                &mut progress.skipped.other_type
            } else if self.faulty.contains(&event.id) {
                &mut progress.skipped.filter_failed
            } else {
                &mut progress.skipped.not_matching
            };
            *count += 1;
            return;
        };
        progress.matched += 1;
        match treatment {
            Treatment::Skip(reason) => progress.skip(reason),
            Treatment::Reopen | Treatment::Create => found.opens.push((event.id, delivery)),
        }
    }
}

fn is_of_type(replay: &Replay, event: &EventRow) -> bool {
    replay.types.is_empty() || replay.types.contains(&event.event_type)
}

/// Those of the events that pass the subscription's filters, and those of which a filter could not say.
async fn ask(store: &dyn Store, subscription: &Subscription, ids: &[EventId]) -> Result<(Vec<EventId>, HashSet<EventId>)> {
    let (mut matched, mut faulty) = (Vec::with_capacity(ids.len()), HashSet::new());
    for some in ids.chunks(WHOLE) {
        for event in store.events_named(&subscription.tenant, some).await? {
            match subscription.spec.ask(&Facts::new(&event.event)) {
                Answer::Yes => matched.push(event.id),
                Answer::No => {}
                Answer::Fault => drop(faulty.insert(event.id)),
            }
        }
    }
    Ok((matched, faulty))
}
