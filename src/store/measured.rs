//! The store with a watch: the same port, but each call's time and failure are noted, and what it committed is counted.
//!
//! Nothing is decided here. A transition is counted where its commit is known, whoever asked for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    AcceptBatch, Accepting, Claim, DeadLetterFilter, DeadLetterGroup, Deleted, Deletion, DeliveryDetail, DeliveryFilter,
    Directory, DueJob, DueLane, EventFilter, EventRow, ForwardReport, GroupBy, HealthChange, Holdings, Identity, JobChange,
    JobClaim, JobFilter, JobStep, Lease, Leased, LeasedForward, Mark, NewsBox, OldEvent, Past, Placement, Portion, Recorded,
    Report, Resolution, Revision, RoutingHistory, Settled, SinkPause, Standing, StatsBucket, StatsPoint, StatsRow, StatsWidth,
    Stepped, Store, StoreError, StoredEvent, SubmissionResult, Turned,
};
use crate::domain::breaker::Health;
use crate::domain::clock::Timestamp;
use crate::domain::credential::{ApiKey, KeyHash, Reach, Session};
use crate::domain::crew::Crew;
use crate::domain::delivery::Delivery;
use crate::domain::delivery::state::Transition;
use crate::domain::event::Accepted;
use crate::domain::id::{ApiKeyId, DeliveryId, EventId, JobId, NodeId, ProducerId, SubscriptionId};
use crate::domain::job::Job;
use crate::domain::page::{Page, PageRequest};
use crate::domain::producer::Producer;
use crate::domain::retention::Retention;
use crate::domain::shard::ShardNumber;
use crate::domain::subscription::{DisabledReason, Subscription};
use crate::domain::tenant::{Tenant, TenantName};
use crate::metrics::{self, Failure, Metrics, Operation, Queued, Transitions};

type Result<T> = std::result::Result<T, StoreError>;

/// A store that is watched.
pub struct Measured {
    store: Arc<dyn Store>,
    accept: Arc<metrics::Accept>,
    transitions: Arc<Transitions>,
    database: Arc<metrics::Database>,
    jobs: Arc<metrics::Jobs>,
    retention: Arc<metrics::Retention>,
}

impl Measured {
    /// Watches `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, metrics: &Metrics) -> Self {
        Self {
            store,
            accept: Arc::clone(&metrics.accept),
            transitions: Arc::clone(&metrics.transitions),
            database: Arc::clone(&metrics.database),
            jobs: Arc::clone(&metrics.jobs),
            retention: Arc::clone(&metrics.retention),
        }
    }

    async fn watch<T>(&self, operation: Operation, call: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let answer = call.await;
        let failure = match &answer {
            Err(StoreError::Unavailable(_)) => Some(Failure::Unavailable),
            Err(StoreError::Corrupt(_)) => Some(Failure::Corrupt),
            Ok(_) | Err(StoreError::NotFound | StoreError::Conflict(_)) => None,
        };
        self.database.done(operation, began.elapsed(), failure);
        answer
    }

    fn happened(&self, transition: Transition, count: usize) {
        self.transitions.happened(transition, count as u64);
    }

    fn accepted(&self, batch: &AcceptBatch, settled: &Settled) {
        if let Settled::Committed(results) = settled {
            self.accept.committed(tally(batch, results));
        }
    }

    fn stepped(&self, stepped: Stepped) {
        if let Stepped::Done { created, reopened } = stepped {
            self.jobs.opened(created, reopened);
            self.transitions.happened(Transition::Redeliver, reopened);
        }
    }

    fn deleted(&self, deleted: &Deleted) {
        let Deleted { events, deliveries, dead_letters, attempts, emptied } = *deleted;
        self.retention.deleted([events, deliveries, dead_letters, attempts, emptied]);
    }

    fn recorded(&self, reports: &[Report], answers: &[Recorded]) {
        self.transitions.recorded(reports.len());
        for (report, answer) in reports.iter().zip(answers) {
            match (answer, report.then) {
                (Recorded::LeaseLost, _) => self.transitions.lost(),
                (Recorded::Done, Resolution::Delivered) => self.happened(Transition::Succeed, 1),
                (Recorded::Done, Resolution::Retry(_)) => self.happened(Transition::Retry, 1),
                (Recorded::Done, Resolution::Cancelled) => self.happened(Transition::Cancel, 1),
                (Recorded::Done, Resolution::Dead(reason)) => {
                    self.happened(Transition::Die, 1);
                    self.transitions.died(reason);
                }
            }
        }
    }
}

/// What a committed batch brought.
fn tally(batch: &AcceptBatch, results: &[SubmissionResult]) -> Queued {
    let mut sum = Queued::default();
    let written = batch.submissions.iter().zip(results).filter_map(|(submission, result)| Some((submission, result.as_ref()?)));
    for (Accepting { deliveries, .. }, first) in written.flat_map(|(submission, firsts)| submission.events.iter().zip(firsts)) {
        if first.is_some() {
            sum.duplicates += 1;
            continue;
        }
        let handed_over = deliveries.iter().filter(|delivery| delivery.placement == Placement::HandedOver).count();
        sum.accepted += 1;
        sum.unrouted += u64::from(deliveries.is_empty());
        sum.handed_over += handed_over as u64;
        sum.queued += (deliveries.len() - handed_over) as u64;
    }
    sum
}

/// One line per method: the operation it counts as, its signature, and what follows from its answer.
macro_rules! watched {
    ($($operation:ident: $name:ident($($argument:ident: $type:ty),*) -> $answer:ty $(, then |$this:ident, $found:pat_param| $follow:expr)?;)*) => {
        #[async_trait]
        impl Store for Measured {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                let answer = self.watch(Operation::$operation, self.store.$name($($argument),*)).await;
                $(if let Ok($found) = &answer {
                    let $this = self;
                    $follow;
                })?
                answer
            })*

            // Both wait most of the time, which says nothing about the database.
            async fn spread_news(&self, node: NodeId) -> Result<()> {
                self.store.spread_news(node).await
            }

            async fn hear_news(&self, node: NodeId, inbox: &NewsBox) -> Result<()> {
                self.store.hear_news(node, inbox).await
            }

            fn lately(&self) -> Option<Arc<dyn Store>> {
                let store = self.store.lately()?;
                let Self { accept, transitions, database, jobs, retention, .. } = self;
                let (accept, transitions) = (Arc::clone(accept), Arc::clone(transitions));
                let (database, jobs, retention) = (Arc::clone(database), Arc::clone(jobs), Arc::clone(retention));
                Some(Arc::new(Measured { store, accept, transitions, database, jobs, retention }))
            }

            async fn look_at_replica(&self) {
                self.store.look_at_replica().await;
            }

            fn holdings(&self) -> Holdings {
                self.store.holdings()
            }

            async fn close(&self) {
                self.store.close().await;
            }
        }
    };
}

watched! {
    Accept: accept(batch: &AcceptBatch) -> Settled, then |this, settled| this.accepted(batch, settled);
    Claim: claim(claim: &Claim) -> Vec<Leased>, then |this, leased| this.happened(Transition::Claim, leased.len());
    Sweep: due_lanes(after: Option<SubscriptionId>, limit: u32) -> Vec<DueLane>;
    Record: record(reports: &[Report], pauses: &[SinkPause], now: Timestamp) -> Vec<Recorded>,
        then |this, answers| this.recorded(reports, answers);
    Release: release(leases: &[Lease], now: Timestamp) -> u64, then |this, count| this.transitions.happened(Transition::Release, *count);
    Heartbeat: heartbeat(node: NodeId, now: Timestamp, expires_at: Timestamp) -> Crew;
    Heartbeat: retire_node(node: NodeId) -> ();
    Reclaim: reclaim(now: Timestamp, limit: u32) -> u64, then |this, count| this.transitions.reclaimed(*count);
    Prune: prune(now: Timestamp, keys_before: Timestamp, limit: u32) -> u64;

    Sweep: due_forwards(after: Option<SubscriptionId>, limit: u32) -> Vec<(SubscriptionId, Timestamp)>;
    Claim: claim_forwards(id: SubscriptionId, now: Timestamp, until: Timestamp, limit: u32) -> Vec<LeasedForward>;
    Record: record_forward(report: &ForwardReport, now: Timestamp) -> Recorded;

    Sweep: sinks_in_trouble(after: Option<SubscriptionId>, limit: u32) -> Vec<(SubscriptionId, Health)>;
    Read: sink_health(ids: &[SubscriptionId]) -> Vec<(SubscriptionId, Health)>;
    Write: put_sink_health(changes: &[HealthChange]) -> Vec<bool>;

    Write: reserve_slots(wanted: &[(SubscriptionId, Duration)], now: Timestamp) -> Vec<Timestamp>;

    Route: routing_version() -> i64;
    Route: load_directory() -> Directory;
    Write: create_subscription(subscription: &Subscription) -> ();
    Read: subscription(tenant: &TenantName, id: SubscriptionId) -> Subscription;
    Read: subscriptions(tenant: &TenantName, page: PageRequest) -> Page<Subscription>;
    Write: update_subscription(subscription: &Subscription, read_at: Timestamp) -> ();
    Write: delete_subscription(tenant: &TenantName, id: SubscriptionId, now: Timestamp) -> ();
    Write: disable_subscription(id: SubscriptionId, reason: DisabledReason, now: Timestamp) -> ();

    Read: routing_at(tenant: &TenantName, version: i64, page: PageRequest) -> Page<Revision>;
    Read: routing_history(tenant: &TenantName, id: SubscriptionId) -> RoutingHistory;

    Read: any_subscription(id: SubscriptionId) -> Subscription;
    Sweep: due_handshakes(now: Timestamp, limit: u32) -> Vec<Subscription>;
    Write: put_handshake(before: &Subscription, after: &Subscription, now: Timestamp) -> ();

    Read: events(tenant: &TenantName, filter: &EventFilter, page: PageRequest) -> Page<EventRow>;
    Read: event(tenant: &TenantName, id: EventId) -> StoredEvent;
    Read: deliveries(tenant: &TenantName, filter: &DeliveryFilter, page: PageRequest) -> Page<Delivery>;
    Read: delivery(tenant: &TenantName, id: DeliveryId) -> DeliveryDetail;
    Write: redeliver(tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Delivery,
        then |this, _| this.happened(Transition::Redeliver, 1);
    Write: cancel(tenant: &TenantName, id: DeliveryId, now: Timestamp) -> Delivery,
        then |this, _| this.happened(Transition::Cancel, 1);
    Write: redeliver_many(tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> Vec<SubscriptionId>,
        then |this, opened| this.happened(Transition::Redeliver, opened.len());
    Write: cancel_many(tenant: &TenantName, ids: &[DeliveryId], now: Timestamp) -> u64,
        then |this, count| this.transitions.happened(Transition::Cancel, *count);

    Read: dead_letters(tenant: &TenantName, filter: &DeadLetterFilter, page: PageRequest) -> Page<Delivery>;
    Read: dead_letter_groups(tenant: &TenantName, filter: &DeadLetterFilter, by: GroupBy) -> Vec<DeadLetterGroup>;
    Write: redrive(tenant: &TenantName, filter: &DeadLetterFilter, now: Timestamp, limit: u32) -> u64,
        then |this, count| this.transitions.happened(Transition::Redeliver, *count);
    Read: count_redrivable(tenant: &TenantName, filter: &DeadLetterFilter) -> u64;
    Write: purge(tenant: &TenantName, filter: &DeadLetterFilter, limit: u32) -> u64,
        then |this, count| this.transitions.purged(*count);

    Write: create_job(job: &Job, max_open: u32) -> ();
    Read: job(tenant: &TenantName, id: JobId) -> Job;
    Read: jobs(tenant: &TenantName, filter: &JobFilter, page: PageRequest) -> Page<Job>;
    Write: change_job(tenant: &TenantName, id: JobId, change: JobChange, now: Timestamp) -> Job;
    Work: claim_job(claim: &JobClaim) -> DueJob;
    Work: step_job(step: &JobStep) -> Stepped, then |this, stepped| this.stepped(*stepped);
    Work: count_running_jobs() -> u64;
    Prune: prune_jobs(finished_before: Timestamp, limit: u32) -> u64;
    Work: past_events(tenant: &TenantName, past: &Past, limit: u32) -> Vec<EventRow>;
    Work: events_named(tenant: &TenantName, ids: &[EventId]) -> Vec<Accepted>;
    Work: standings(tenant: &TenantName, id: SubscriptionId, events: &[EventId]) -> Vec<Standing>;
    Work: unattempted(ids: &[DeliveryId]) -> Vec<DeliveryId>;

    Prune: lead_retention(node: NodeId, now: Timestamp, until: Timestamp) -> bool;
    Prune: retentions() -> Vec<(TenantName, Retention)>;
    Prune: tenants_with_events(after: Option<&TenantName>, limit: u32) -> Vec<TenantName>;
    Prune: old_events(tenant: &TenantName, after: Option<EventId>, made_before: Timestamp, limit: u32) -> Vec<OldEvent>;
    Prune: delete_events(tenant: &TenantName, ids: &[EventId], keys_since: Option<Timestamp>) -> Deletion,
        then |this, deletion| this.deleted(&deletion.deleted);

    Prune: expire_data(tenant: &TenantName, ids: &[EventId], now: Timestamp) -> Deletion,
        then |this, deletion| this.deleted(&deletion.deleted);

    Prune: turn_partitions(now: Timestamp, drop_before: Option<Timestamp>) -> Turned,
        then |this, turned| this.retention.dropped(turned.partitions, turned.dead_letters);

    Write: identify(wanted: Identity) -> Identity;
    Read: tenants_by_shard() -> Vec<(ShardNumber, u64)>;
    Read: is_tenant_in_use(name: &TenantName) -> bool;
    Write: create_tenant(tenant: &Tenant) -> ();
    Authenticate: tenant(name: &TenantName) -> Tenant;
    Read: tenants(page: PageRequest) -> Page<Tenant>;
    Write: update_tenant(tenant: &Tenant) -> ();
    Write: delete_tenant(name: &TenantName) -> ();
    Write: create_api_key(key: &ApiKey, hash: &KeyHash) -> ();
    Authenticate: api_key_by_hash(hash: &KeyHash) -> Option<ApiKey>;
    Read: has_api_keys() -> bool;
    Read: api_keys(reach: &Reach, page: PageRequest) -> Page<ApiKey>;
    Write: delete_api_key(reach: &Reach, id: ApiKeyId) -> ();
    Write: create_producer(producer: &Producer) -> ();
    Authenticate: producer(id: ProducerId) -> Producer;
    Read: producers(tenant: &TenantName, page: PageRequest) -> Page<Producer>;
    Write: update_producer(producer: &Producer) -> ();
    Write: delete_producer(tenant: &TenantName, id: ProducerId) -> ();

    Write: create_session(token: &KeyHash, api_key: Option<ApiKeyId>, now: Timestamp, expires_at: Timestamp) -> ();
    Authenticate: session(token: &KeyHash) -> Option<Session>;
    Write: delete_session(token: &KeyHash) -> ();

    Count: put_stats(node: NodeId, buckets: &[StatsBucket]) -> ();
    Read: stats(tenant: &TenantName, subscription_id: Option<SubscriptionId>, width: StatsWidth, since: Timestamp)
        -> Vec<StatsPoint>;
    Read: worst_subscriptions(tenant: &TenantName, width: StatsWidth, since: Timestamp, limit: u32)
        -> Vec<(SubscriptionId, StatsRow)>;
    Read: waiting(tenant: &TenantName, subscription_id: Option<SubscriptionId>, cap: u32) -> (u64, Option<Timestamp>);
    Prune: tidy(now: Timestamp) -> ();
    Count: count_portion(mark: &Mark, limit: u32) -> Portion;
    Ping: ping() -> Duration;
}
