//! Accepting events: from a request to its commit.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};

use super::catalog::Catalog;
use super::subscriptions::{self, Series};
use super::{BATCH, LATENCY};
use crate::domain::id::SubscriptionId;

/// The handles of accepting.
#[derive(Debug)]
pub struct Accept {
    accepted: IntCounter,
    duplicates: IntCounter,
    unrouted: IntCounter,
    filter_faults: IntCounter,
    filter_faults_by_subscription: Series<IntCounter>,
    handed_over: IntCounter,
    queued: IntCounter,
    rejected: Vec<IntCounter>,
    literal_values: IntCounter,
    seconds: Histogram,
    batch: Histogram,
    waiting_requests: IntGauge,
    waiting_bytes: IntGauge,
}

/// What a batch brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queued {
    /// Events that are new.
    pub accepted: u64,
    /// Events whose key was known.
    pub duplicates: u64,
    /// New events that nobody subscribed to.
    pub unrouted: u64,
    /// Deliveries that went straight to this node's dispatcher.
    pub handed_over: u64,
    /// Deliveries that went to the queue.
    pub queued: u64,
}

impl Accept {
    pub(super) fn new(catalog: &mut Catalog, codes: &[&'static str], max_subscriptions: Option<usize>) -> Self {
        catalog.section("Accepting");
        let accepted = catalog.counter("waypost_events_accepted_total", "Events accepted by this node, duplicates not counted.");
        let duplicates =
            catalog.counter("waypost_events_duplicate_total", "Events posted again within the deduplication window.");
        let unrouted = catalog.counter("waypost_events_unrouted_total", "Events accepted that no subscription matched.");
        let filter_faults = catalog.counter(
            "waypost_filter_faults_total",
            "Times that the filters of a subscription could not be asked about an event that was accepted, which did not match \
             it for that reason. The log names event and subscription at level `debug`.",
        );
        let faults_by_subscription = catalog.counter_family(
            "waypost_subscription_filter_faults_total",
            "The same by subscription. Only with `metrics.per_subscription`.",
            vec![subscriptions::label()],
        );
        let rejected = catalog.counters(
            "waypost_rejected_requests_total",
            "Requests to post events that were refused, by the code of the problem that was answered.",
            "code",
            codes,
        );
        let literal_values = catalog.counter(
            "waypost_header_values_taken_literally_total",
            "Values of `ce-` headers that did not decode to what their attribute may be and were taken as they stood, in requests \
             that were right otherwise (`ingest.header_decoding`): somebody posts with an SDK that does not encode them.",
        );
        let created = catalog.counters(
            "waypost_deliveries_created_total",
            "Deliveries made of accepted events: handed over to this node's dispatcher through memory, or queued in the database.",
            "placement",
            &["handed_over", "queued"],
        );
        let [handed_over, queued] = <[IntCounter; 2]>::try_from(created).expect("two values make two counters");
        Self {
            accepted,
            duplicates,
            unrouted,
            filter_faults,
            filter_faults_by_subscription: Series::new(faults_by_subscription, max_subscriptions, |family, subscription| {
                family.with_label_values(&[subscription])
            }),
            handed_over,
            queued,
            rejected,
            literal_values,
            seconds: catalog.histogram(
                "waypost_accept_seconds",
                "From a request that was read to the commit that holds its events, for requests that were accepted.",
                &LATENCY,
            ),
            batch: catalog.histogram("waypost_accept_batch_events", "Events committed in one transaction.", &BATCH),
            waiting_requests: catalog.gauge("waypost_accept_queue_requests", "Requests that wait for their commit."),
            waiting_bytes: catalog.gauge("waypost_accept_queue_bytes", "Bytes of the events that wait for their commit."),
        }
    }

    /// Counts a committed batch.
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most some hundred events")]
    pub fn committed(&self, batch: Queued) {
        self.batch.observe((batch.accepted + batch.duplicates) as f64);
        self.accepted.inc_by(batch.accepted);
        self.duplicates.inc_by(batch.duplicates);
        self.unrouted.inc_by(batch.unrouted);
        self.handed_over.inc_by(batch.handed_over);
        self.queued.inc_by(batch.queued);
    }

    /// Counts events that a subscription's filters could not be asked about.
    pub fn faulted(&self, id: SubscriptionId, events: u64) {
        self.filter_faults.inc_by(events);
        self.filter_faults_by_subscription.count(id, |counter| counter.inc_by(events));
    }

    /// Notes how long an accepted request waited for its commit.
    pub fn took(&self, duration: Duration) {
        self.seconds.observe(duration.as_secs_f64());
    }

    /// Counts a refused request by the position of its code.
    pub fn rejected(&self, code: usize) {
        if let Some(counter) = self.rejected.get(code) {
            counter.inc();
        }
    }

    /// Counts values of `ce-` headers that were taken as they stood.
    pub fn took_literally(&self, values: u64) {
        if values > 0 {
            self.literal_values.inc_by(values);
        }
    }

    /// Notes what waits for its commit.
    pub fn waits(&self, requests: usize, bytes: usize) {
        self.waiting_requests.set(super::node::signed(requests));
        self.waiting_bytes.set(super::node::signed(bytes));
    }
}
