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

/// Attempts by subscription and verdict.
#[derive(Debug)]
pub struct BySubscription {
    attempts: IntCounterVec,
    /// Nothing if it is switched off.
    series: Option<Series>,
}

#[derive(Debug)]
struct Series {
    max: usize,
    /// Resolved handles: looking up a label takes longer than this lock is held.
    known: Mutex<HashMap<SubscriptionId, Verdicts>>,
    other: Verdicts,
}

type Verdicts = [IntCounter; VerdictKind::ALL.len()];

impl BySubscription {
    pub(super) fn new(catalog: &mut Catalog, max: Option<usize>) -> Self {
        let attempts = catalog.counter_family(
            "waypost_subscription_attempts_total",
            "Attempts by subscription and what they meant. Only with `metrics.per_subscription`.",
            vec![
                Label::described("subscription", "the identifiers of the first `metrics.max_subscriptions` seen, then `other`"),
                Label::listed("verdict", &VerdictKind::ALL.map(VerdictKind::as_str)),
            ],
        );
        let series = max.map(|max| Series { max, known: Mutex::default(), other: resolve(&attempts, OTHER) });
        Self { attempts, series }
    }

    pub(super) fn attempted(&self, id: SubscriptionId, verdict: VerdictKind) {
        let Some(series) = &self.series else { return };
        let mut known = series.known.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = known.len() < series.max;
        let counters = if has_room {
            known.entry(id).or_insert_with(|| resolve(&self.attempts, &id.to_string()))
        } else {
            known.get(&id).unwrap_or(&series.other)
        };
        counters[verdict as usize].inc();
    }
}

fn resolve(attempts: &IntCounterVec, subscription: &str) -> Verdicts {
    VerdictKind::ALL.map(|verdict| attempts.with_label_values(&[subscription, verdict.as_str()]))
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
