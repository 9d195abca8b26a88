//! A running dispatcher on a real store, with subscriptions and a way to accept events for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waypost::config::{Breaker, Config, Dispatch, Egress};
use waypost::dispatch::{Asking, DispatchParts, Dispatcher, Handle};
use waypost::domain::clock::{Clock, SystemClock, Timestamp};
use waypost::domain::delivery::DeliveryState;
use waypost::domain::entropy::{Entropy, SystemEntropy};
use waypost::domain::event::{Accepted, read};
use waypost::domain::id::{DeliveryId, EventId, NodeId, SubscriptionId};
use waypost::domain::retry::{RetrySchedule, Waits};
use waypost::domain::secret::Secret;
use waypost::domain::subscription::{SigningSecret, Spec, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::metrics::{self, Metrics};
use waypost::store::{
    AcceptBatch, Accepting, DeliveryDetail, Flush, Lease, Leased, NewDelivery, Placement, Settled, SharedDirectory, StatsBuffer,
    StatsRow, StatsWidth, Store, Submission,
};

use crate::support::database::TestStore;

/// What signs in these tests.
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// How long a test waits for a state before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A dispatcher on a store.
pub(super) struct Node {
    pub(super) store: Arc<dyn Store>,
    pub(super) handle: Handle,
    pub(super) directory: SharedDirectory,
    pub(super) stats: Arc<StatsBuffer>,
    pub(super) id: NodeId,
    pub(super) stop: CancellationToken,
    grace: Duration,
    abort: CancellationToken,
    running: JoinSet<()>,
}

/// How a node differs from the usual one.
pub(super) struct Options {
    pub(super) dispatch: Dispatch,
    pub(super) breaker: Breaker,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) dev: bool,
    pub(super) grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let dispatch = Dispatch { sweep_ms: 50, heartbeat_ms: 500, connect_timeout_ms: 2000, ..Config::builtin().dispatch };
        Self {
            dispatch,
            breaker: Config::builtin().breaker,
            clock: Arc::new(SystemClock),
            dev: true,
            grace: Duration::from_secs(10),
        }
    }
}

impl Node {
    /// Starts the usual node and waits until it takes deliveries.
    pub(super) async fn start(store: &TestStore) -> Self {
        Self::start_with(store, Options::default()).await
    }

    pub(super) async fn start_with(store: &TestStore, options: Options) -> Self {
        let store: Arc<dyn Store> = store.shared();
        let entropy = Arc::new(SystemEntropy::new());
        let id = NodeId::new(SystemClock.now(), &*entropy);
        let (directory, stats) = (SharedDirectory::default(), Arc::new(StatsBuffer::default()));
        let (dispatcher, handle) = Dispatcher::new(DispatchParts {
            store: Arc::clone(&store),
            directory: Arc::clone(&directory),
            node: id,
            config: options.dispatch,
            breaker: options.breaker,
            egress: Egress { allow: Vec::new(), allow_http: true },
            asking: Asking::new(&Config::builtin()),
            dev: options.dev,
            clock: options.clock,
            entropy,
            stats: Arc::clone(&stats),
            metrics: Metrics::new(&metrics::Options::default()).deliver,
        });
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(dispatcher.run(stop.clone(), abort.clone()));
        let node = Self { store, handle, directory, stats, id, stop, abort, grace: options.grace, running };
        node.refresh().await;
        node
    }

    /// Stops the node and waits until it did.
    pub(super) async fn stopped(mut self) {
        self.stop.cancel();
        if let Ok(ended) = tokio::time::timeout(self.grace, self.running.join_next()).await {
            return ended.unwrap().unwrap();
        }
        self.abort.cancel();
        self.running.join_next().await.unwrap().unwrap();
    }

    /// What the node counted so far for the subscription.
    pub(super) async fn counts(&self, subscription: &Subscription) -> StatsRow {
        self.stats.flush(&*self.store, self.id, Flush::All, SystemClock.now()).await.unwrap();
        let since = Timestamp::from_micros(0);
        let points = self.store.stats(&subscription.tenant, Some(subscription.id), StatsWidth::TwoHours, since).await.unwrap();
        let mut sum = StatsRow::default();
        for point in points {
            sum.merge(&point.counts);
        }
        sum
    }

    /// Looks at the subscriptions again, as routing would.
    pub(super) async fn refresh(&self) {
        self.directory.store(Arc::new(self.store.load_directory().await.unwrap()));
    }

    /// Creates an active, signed subscription whose retries come quickly.
    pub(super) async fn subscribe(&self, sink: &str, change: impl FnOnce(&mut Spec)) -> Subscription {
        self.subscribe_as(&TenantName::default(), sink, change).await
    }

    /// The same for another tenant.
    pub(super) async fn subscribe_as(&self, tenant: &TenantName, sink: &str, change: impl FnOnce(&mut Spec)) -> Subscription {
        let now = SystemClock.now();
        let mut spec: Spec = serde_json::from_value(serde_json::json!({ "sink": sink })).unwrap();
        spec.config.retry = Waits::Schedule(RetrySchedule { schedule_ms: vec![0, 50, 100], jitter: 0.0 }).into();
        change(&mut spec);
        let subscription = Subscription {
            id: SubscriptionId::new(now, &SystemEntropy::new()),
            tenant: tenant.clone(),
            status: Status::Active,
            disabled_reason: None,
            spec,
            secrets: vec![SigningSecret { secret: Secret::new(SECRET), created_at: now, expires_at: None }],
            handshake: None,
            created_at: now,
            updated_at: now,
        };
        self.store.create_subscription(&subscription).await.unwrap();
        self.refresh().await;
        subscription
    }

    /// Changes a subscription's status, as the API would.
    pub(super) async fn set_status(&self, subscription: &Subscription, status: Status) {
        let found = self.store.subscription(&subscription.tenant, subscription.id).await.unwrap();
        let changed = Subscription { status, updated_at: SystemClock.now(), ..found.clone() };
        self.store.update_subscription(&changed, found.updated_at).await.unwrap();
        self.refresh().await;
    }

    /// Accepts an event for a subscription, as routing would: handed over if there is room, else queued.
    pub(super) async fn post(&self, subscription: &Subscription) -> DeliveryId {
        self.post_event(subscription, new_event()).await
    }

    pub(super) async fn post_event(&self, subscription: &Subscription, event: Accepted) -> DeliveryId {
        let bytes = event.event.body().len();
        let is_handed_over = self.handle.reserve(subscription.id, bytes);
        let placement = if is_handed_over { Placement::HandedOver } else { Placement::Queued(SystemClock.now()) };
        let leased = self.accept(subscription, event, placement).await;
        let id = leased.lease.delivery_id;
        if is_handed_over {
            self.handle.hand_over(leased);
        } else {
            self.handle.queued(subscription.id, SystemClock.now());
        }
        id
    }

    /// Accepts an event that no node is told of.
    pub(super) async fn accept(&self, subscription: &Subscription, event: Accepted, placement: Placement) -> Leased {
        let (event, now) = (Arc::new(event), SystemClock.now());
        let id = DeliveryId::of(event.id, subscription.id);
        let delivery = NewDelivery { id, subscription_id: subscription.id, placement };
        let mut key = [0; 16];
        SystemEntropy::new().fill(&mut key);
        let accepting = Accepting { accepted: Arc::clone(&event), key, deliveries: vec![delivery] };
        let mut batch = AcceptBatch {
            node: self.id,
            routing_version: 0,
            now,
            keys_since: now.minus(Duration::from_mins(1)),
            submissions: vec![Submission { replay: None, events: vec![accepting] }],
        };
        while let Settled::Stale { routing_version } = self.store.accept(&batch).await.unwrap() {
            batch.routing_version = routing_version;
        }
        Leased {
            lease: Lease { delivery_id: id, token: 1 },
            subscription_id: subscription.id,
            attempt_count: 0,
            budget_attempt_count: 0,
            is_reopened: false,
            replay_job_id: None,
            event,
        }
    }

    /// Waits until a delivery is in a state, and gives it.
    pub(super) async fn wait_for(&self, id: DeliveryId, state: DeliveryState) -> DeliveryDetail {
        self.wait_until(id, |detail| detail.delivery.state == state).await
    }

    /// Waits until a delivery is as it should be, and gives it.
    pub(super) async fn wait_until(&self, id: DeliveryId, is_right: impl Fn(&DeliveryDetail) -> bool) -> DeliveryDetail {
        let mut last = None;
        let looking = async {
            loop {
                let detail = self.store.delivery(&TenantName::default(), id).await.unwrap();
                if is_right(&detail) {
                    return detail;
                }
                last = Some(detail);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await;
        found.unwrap_or_else(|_| panic!("the delivery stays as it is: {last:#?}"))
    }

    /// Waits until there is room for a subscription, then leaves it free.
    pub(super) async fn wait_for_room(&self, subscription: &Subscription) {
        wait_until("there is room", || {
            let has_room = self.handle.reserve(subscription.id, 0);
            if has_room {
                self.handle.give_back(subscription.id, 0);
            }
            has_room
        })
        .await;
    }
}

/// Waits until something holds.
pub(super) async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "it never came true that {what}");
}

/// An event with some data, accepted now.
pub(super) fn new_event() -> Accepted {
    let (now, entropy) = (SystemClock.now(), SystemEntropy::new());
    let id = EventId::new(now, &entropy);
    let text = format!(r#"{{"specversion":"1.0","id":"{id}","source":"/orders","type":"t","data":{{"total":1.50}}}}"#);
    Accepted {
        id,
        tenant: TenantName::default(),
        accepted_at: now,
        traceparent: None,
        event: read::structured(text.into(), read::Limits::NONE).unwrap(),
    }
}
