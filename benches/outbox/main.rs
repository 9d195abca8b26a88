//! How many rows a second the path of an event takes: accepting, claiming and recording in batches, one caller.
//!
//! `cargo bench --bench outbox -- sqlite:///tmp/outbox.db 100 500`, or a `postgres://` URL. Never part of the tests: it asserts
//! nothing.

#![expect(clippy::print_stdout, reason = "a table on standard output is what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use waypost::config::{Config, Database, Encryption};
use waypost::domain::clock::{Clock, SystemClock, Timestamp};
use waypost::domain::delivery::{Attempt, Outcome, VerdictKind};
use waypost::domain::entropy::{Entropy, SystemEntropy};
use waypost::domain::event::{Accepted, read};
use waypost::domain::id::{AttemptId, DeliveryId, EventId, NodeId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::sql::SqlStore;
use waypost::store::{AcceptBatch, Accepting, Claim, Lease, NewDelivery, Placement, Report, Resolution, Store, Submission};

/// How long each transition is measured.
const TIME: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some((url, sizes)) = arguments.split_first() else { anyhow::bail!("name a database and batch sizes") };
    let settings = Database { url: url.clone(), ..Config::builtin().database };
    let encryption = Encryption { key: None, key_file: None };
    let store = SqlStore::open(&settings, &encryption, Arc::new(SystemEntropy::new())).await?;
    let bench = Bench::new(store).await?;
    for size in sizes {
        bench.measure(size.parse()?).await?;
    }
    bench.store.close().await;
    Ok(())
}

struct Bench {
    store: SqlStore,
    entropy: SystemEntropy,
    node: NodeId,
    lanes: Vec<SubscriptionId>,
}

impl Bench {
    async fn new(store: SqlStore) -> anyhow::Result<Self> {
        let (entropy, now) = (SystemEntropy::new(), SystemClock.now());
        let node = NodeId::new(now, &entropy);
        store.heartbeat(node, now, now.plus(Duration::from_hours(1))).await?;
        let lanes = (0..10).map(|_| SubscriptionId::new(now, &entropy)).collect();
        Ok(Self { store, entropy, node, lanes })
    }

    async fn measure(&self, size: usize) -> anyhow::Result<()> {
        let mut leases = Vec::new();
        let mut accepted = Meter::new("accept, handed over", size);
        while accepted.is_running() {
            let batch = self.batch(size, |_| Placement::HandedOver);
            let deliveries = batch.submissions.iter().flat_map(|one| &one.events).flat_map(|event| &event.deliveries);
            leases.extend(deliveries.map(|delivery| Lease { delivery_id: delivery.id, token: 1 }));
            accepted.time(self.store.accept(&batch)).await?;
        }
        self.record("record, handed over", size, &leases).await?;
        let mut queued = Meter::new("accept, queued", size);
        while queued.is_running() {
            let batch = self.batch(size, Placement::Queued);
            queued.time(self.store.accept(&batch)).await?;
        }
        let (mut claimed, mut leases) = (Meter::new("claim", size), Vec::new());
        let room = u32::try_from(size.div_ceil(self.lanes.len()))?;
        while claimed.is_running() {
            let lanes = self.lanes.iter().map(|&lane| (lane, room)).collect();
            let claim = Claim { node: self.node, now: SystemClock.now(), lanes };
            let leased = claimed.time(self.store.claim(&claim)).await?;
            if leased.is_empty() {
                break;
            }
            leases.extend(leased.iter().map(|leased| leased.lease));
        }
        self.record("record, claimed", size, &leases).await
    }

    async fn record(&self, what: &'static str, size: usize, leases: &[Lease]) -> anyhow::Result<()> {
        let mut recorded = Meter::new(what, size);
        for leases in leases.chunks_exact(size) {
            let reports: Vec<_> = leases.iter().map(|&lease| self.report(lease)).collect();
            recorded.time(self.store.record(&reports, &[], SystemClock.now())).await?;
            if !recorded.is_running() {
                break;
            }
        }
        Ok(())
    }

    fn batch(&self, size: usize, place: impl Fn(Timestamp) -> Placement) -> AcceptBatch {
        let now = SystemClock.now();
        let submission = |number| Submission { replay: None, events: vec![self.accepting(number, place(now))] };
        AcceptBatch {
            node: self.node,
            routing_version: 1,
            now,
            keys_since: now.minus(Duration::from_hours(1)),
            submissions: (0..size).map(submission).collect(),
        }
    }

    fn accepting(&self, number: usize, placement: Placement) -> Accepting {
        let now = SystemClock.now();
        let id = EventId::new(now, &self.entropy);
        let body = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/bench","type":"com.example.bench","data":{{"text":"{}"}}}}"#,
            "x".repeat(900)
        );
        let event = read::structured(Bytes::from(body), read::Limits::default()).expect("it is an event");
        let accepted = Accepted { id, tenant: TenantName::default(), accepted_at: now, traceparent: None, event };
        let mut key = [0; 16];
        self.entropy.fill(&mut key);
        let subscription_id = self.lanes[number % self.lanes.len()];
        let delivery = NewDelivery { id: DeliveryId::of(id, subscription_id), subscription_id, placement };
        Accepting { accepted: Arc::new(accepted), key, deliveries: vec![delivery] }
    }

    fn report(&self, lease: Lease) -> Report {
        let now = SystemClock.now();
        let outcome = Outcome {
            duration: Duration::from_millis(3),
            status: Some(200),
            response_headers: vec![
                ("content-length".into(), "2".into()),
                ("date".into(), "Sat, 21 Nov 2026 08:00:00 GMT".into()),
            ],
            response_body: Bytes::from_static(b"ok"),
            ..Outcome::default()
        };
        let attempt = Attempt {
            id: AttemptId::new(now, &self.entropy),
            number: 1,
            started_at: now,
            outcome,
            verdict: VerdictKind::Delivered,
        };
        Report { lease, tenant: TenantName::default(), attempt: Some(attempt), then: Resolution::Delivered, forward: None }
    }
}

/// Adds up the time of calls; prints the result when it goes.
struct Meter {
    what: &'static str,
    size: usize,
    times: Vec<Duration>,
}

impl Meter {
    fn new(what: &'static str, size: usize) -> Self {
        Self { what, size, times: Vec::new() }
    }

    fn is_running(&self) -> bool {
        self.times.iter().sum::<Duration>() < TIME
    }

    async fn time<T>(&mut self, call: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = call.await;
        self.times.push(start.elapsed());
        answer
    }
}

impl Drop for Meter {
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    fn drop(&mut self) {
        let total = self.times.iter().sum::<Duration>().as_secs_f64();
        self.times.sort_unstable();
        let at = |share: usize| self.times.get(self.times.len() * share / 100).copied().unwrap_or_default();
        let rate = (self.times.len() * self.size) as f64 / total;
        println!("{:<20} {:>4}: {rate:>8.0} rows/s, p50 {:>8.2?}, p99 {:>8.2?}", self.what, self.size, at(50), at(99));
    }
}
