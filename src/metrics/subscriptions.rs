//! Series of single subscriptions, for installations that want them. There may be any number of subscriptions, so that this is
//! off unless switched on, and bounded even then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec};

use super::catalog::{Catalog, Label};
use crate::domain::delivery::VerdictKind;
use crate::domain::id::SubscriptionId;

/// The value of the label for subscriptions past the bound.
const OTHER: &str = "other";

/// What is counted of each subscription: a handle, or some, per subscription.
#[derive(Debug)]
pub(super) struct Series<T> {
    /// Nothing if it is switched off.
    counted: Option<Counted<T>>,
    resolve: fn(&IntCounterVec, &str) -> T,
    family: IntCounterVec,
}

#[derive(Debug)]
struct Counted<T> {
    max: usize,
    /// Resolved handles: looking up a label takes longer than this lock is held.
    known: Mutex<HashMap<SubscriptionId, T>>,
    other: T,
}

impl<T> Series<T> {
    /// Series of the first `max` subscriptions seen, and one of all others; none if it is `None`.
    pub(super) fn new(family: IntCounterVec, max: Option<usize>, resolve: fn(&IntCounterVec, &str) -> T) -> Self {
        let counted = max.map(|max| Counted { max, known: Mutex::default(), other: resolve(&family, OTHER) });
        Self { counted, resolve, family }
    }

    /// Counts by `count` if subscriptions are counted one by one.
    pub(super) fn count(&self, id: SubscriptionId, count: impl FnOnce(&T)) {
        let Some(counted) = &self.counted else { return };
        let mut known = counted.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < counted.max {
            count(known.entry(id).or_insert_with(|| (self.resolve)(&self.family, &id.to_string())));
        } else {
            count(known.get(&id).unwrap_or(&counted.other));
        }
    }
}

/// The label that tells subscriptions apart.
pub(super) const fn label() -> Label {
    Label::described("subscription", "the identifiers of the first `metrics.max_subscriptions` seen, then `other`")
}

/// Attempts by subscription and verdict.
#[derive(Debug)]
pub struct BySubscription(Series<Verdicts>);

type Verdicts = [IntCounter; VerdictKind::ALL.len()];

impl BySubscription {
    pub(super) fn new(catalog: &mut Catalog, max: Option<usize>) -> Self {
        let attempts = catalog.counter_family(
            "waypost_subscription_attempts_total",
            "Attempts by subscription and what they meant. Only with `metrics.per_subscription`.",
            vec![label(), Label::listed("verdict", &VerdictKind::ALL.map(VerdictKind::as_str))],
        );
        Self(Series::new(attempts, max, |attempts, subscription| {
            VerdictKind::ALL.map(|verdict| attempts.with_label_values(&[subscription, verdict.as_str()]))
        }))
    }

    pub(super) fn attempted(&self, id: SubscriptionId, verdict: VerdictKind) {
        self.0.count(id, |counters| counters[verdict as usize].inc());
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn counted(max: Option<usize>) -> Vec<String> {
        let mut catalog = Catalog::default();
        let metric = BySubscription::new(&mut catalog, max);
        for number in [1, 2, 3, 4, 1] {
            metric.attempted(SubscriptionId::from_uuid(Uuid::from_u128(number)), VerdictKind::Retry);
        }
        let families = catalog.gather();
        let series = families.iter().flat_map(prometheus::proto::MetricFamily::get_metric);
        let counted = series.filter(|one| one.get_counter().get_value() > 0.0);
        counted.map(|one| format!("{} {}", one.get_label()[0].value(), one.get_counter().get_value())).collect()
    }

    #[test]
    fn subscriptions_past_the_bound_share_a_series() {
        let id = |number| SubscriptionId::from_uuid(Uuid::from_u128(number));
        assert_eq!(counted(Some(2)), ["other 2".to_owned(), format!("{} 2", id(1)), format!("{} 1", id(2))]);
    }

    #[test]
    fn none_has_a_series_unless_it_is_switched_on() {
        assert_eq!(counted(None), Vec::<String>::new());
    }
}
