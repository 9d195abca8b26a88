//! Random walks through the state machine, held against a model in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use waypost::domain::clock::{Clock, Timestamp};
use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::id::{DeliveryId, NodeId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::{Conflict, Lease, Recorded, Resolution, StoreError};

use super::fixture::{accept, accepting, claim, handed_over, lane, queued, record, report, seen, untried};
use crate::support::database::{Kind, TestStore};

const LANES: usize = 3;
const NODES: usize = 2;
const LIFETIME: Duration = Duration::from_secs(20);

/// Something that happens. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Accept { lane: usize, wait_s: Option<u64> },
    Claim { node: usize, lane: usize, room: u32 },
    Record { lease: usize, then: usize, is_tried: bool },
    Release { lease: usize },
    Cancel { delivery: usize },
    Heartbeat { node: usize },
    Reclaim,
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..LANES, proptest::option::of(0_u64..30)).prop_map(|(lane, wait_s)| Step::Accept { lane, wait_s }),
        4 => (0..NODES, 0..LANES, 0_u32..4).prop_map(|(node, lane, room)| Step::Claim { node, lane, room }),
        6 => (any::<usize>(), 0_usize..4, any::<bool>())
            .prop_map(|(lease, then, is_tried)| Step::Record { lease, then, is_tried }),
        2 => any::<usize>().prop_map(|lease| Step::Release { lease }),
        1 => any::<usize>().prop_map(|delivery| Step::Cancel { delivery }),
        2 => (0..NODES).prop_map(|node| Step::Heartbeat { node }),
        2 => Just(Step::Reclaim),
        2 => (1_u64..30).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// A delivery as the model has it.
#[derive(Debug, Clone)]
struct Row {
    lane: SubscriptionId,
    state: DeliveryState,
    attempt_count: u32,
    due: Option<Timestamp>,
    owner: Option<NodeId>,
    token: i64,
    reason: Option<DeadReason>,
    finished_at: Option<Timestamp>,
}

/// The store and what it should hold.
struct Walk {
    store: TestStore,
    lanes: Vec<SubscriptionId>,
    nodes: Vec<NodeId>,
    alive_until: BTreeMap<NodeId, Timestamp>,
    rows: BTreeMap<DeliveryId, Row>,
    /// Every lease that was ever given, lost or not.
    leases: Vec<Lease>,
}

impl Walk {
    async fn begin() -> Self {
        let store = TestStore::create(Kind::Sqlite).await;
        let lanes = (0..LANES).map(|_| lane(&store)).collect();
        let nodes = (0..NODES).map(|_| NodeId::new(store.now(), &store.entropy)).collect();
        Self { store, lanes, nodes, alive_until: BTreeMap::new(), rows: BTreeMap::new(), leases: Vec::new() }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Accept { lane, wait_s } => self.accept(lane, wait_s).await,
            Step::Claim { node, lane, room } => self.claim(self.nodes[node], self.lanes[lane], room).await,
            Step::Record { lease, then, is_tried } => self.record(lease, then, is_tried).await,
            Step::Release { lease } => self.release(lease).await,
            Step::Cancel { delivery } => self.cancel(delivery).await,
            Step::Heartbeat { node } => self.heartbeat(self.nodes[node]).await,
            Step::Reclaim => self.reclaim().await,
            Step::Wait { seconds } => self.store.clock.advance(Duration::from_secs(seconds)),
        }
    }

    async fn accept(&mut self, lane: usize, wait_s: Option<u64>) {
        let (node, lane) = (self.nodes[0], self.lanes[lane]);
        let due = wait_s.map(|wait| self.store.now().plus(Duration::from_secs(wait)));
        let delivery = match due {
            Some(due) => queued(&self.store, lane, due),
            None => handed_over(&self.store, lane),
        };
        let id = delivery.id;
        accept(&self.store, node, vec![accepting(&self.store, &format!("{}", self.rows.len()), vec![delivery])]).await;
        let (state, owner, token) = match due {
            Some(_) => (DeliveryState::Pending, None, 0),
            None => (DeliveryState::InFlight, Some(node), 1),
        };
        self.rows.insert(id, Row { lane, state, attempt_count: 0, due, owner, token, reason: None, finished_at: None });
        if due.is_none() {
            self.leases.push(Lease { delivery_id: id, token });
        }
    }

    async fn claim(&mut self, node: NodeId, lane: SubscriptionId, room: u32) {
        let leased = claim(&self.store, node, &[(lane, room)]).await;
        let now = self.store.clock.now();
        let mut due: Vec<_> =
            self.rows.values().filter(|row| row.lane == lane).filter_map(|row| row.due).filter(|&due| due <= now).collect();
        due.sort_unstable();
        due.truncate(room as usize);
        let given: Vec<_> = leased.iter().filter_map(|leased| self.rows[&leased.lease.delivery_id].due).collect();
        assert_eq!(given, due, "the earliest, in order; which of several that are due together is open");
        for leased in leased {
            let row = self.rows.get_mut(&leased.lease.delivery_id).expect("only known deliveries are given");
            *row = Row { state: DeliveryState::InFlight, due: None, owner: Some(node), token: row.token + 1, ..row.clone() };
            assert_eq!((leased.lease.token, leased.attempt_count, leased.subscription_id), (row.token, row.attempt_count, lane));
            self.leases.push(leased.lease);
        }
    }

    /// The lease that `choice` means, and whether it still holds.
    fn lease(&self, choice: usize) -> Option<(Lease, bool)> {
        let lease = *self.leases.get(choice.checked_rem(self.leases.len())?)?;
        let row = &self.rows[&lease.delivery_id];
        Some((lease, row.state == DeliveryState::InFlight && row.token == lease.token))
    }

    async fn record(&mut self, choice: usize, then: usize, is_tried: bool) {
        let Some((lease, holds)) = self.lease(choice) else { return };
        let due = self.store.now().plus(Duration::from_secs(7));
        let then =
            [Resolution::Delivered, Resolution::Retry(due), Resolution::Dead(DeadReason::Gone), Resolution::Cancelled][then];
        let number = self.rows[&lease.delivery_id].attempt_count + 1;
        let report = if is_tried { report(&self.store, lease, number, then) } else { untried(lease, then) };
        let recorded = record(&self.store, report).await;
        assert_eq!(recorded, if holds { Recorded::Done } else { Recorded::LeaseLost });
        if !holds {
            return;
        }
        let now = self.store.clock.now();
        let row = self.rows.get_mut(&lease.delivery_id).expect("a lease is of a known delivery");
        let attempt_count = row.attempt_count + u32::from(is_tried);
        let (state, due, reason) = match then {
            Resolution::Delivered => (DeliveryState::Delivered, None, None),
            Resolution::Retry(due) => (DeliveryState::Pending, Some(due), None),
            Resolution::Dead(reason) => (DeliveryState::DeadLettered, None, Some(reason)),
            Resolution::Cancelled => (DeliveryState::Cancelled, None, None),
        };
        let finished_at = state.is_finished().then_some(now);
        *row = Row { state, attempt_count, due, owner: None, reason, finished_at, ..row.clone() };
    }

    async fn release(&mut self, choice: usize) {
        let Some((lease, holds)) = self.lease(choice) else { return };
        let now = self.store.now();
        self.store.release(&[lease], now).await.unwrap();
        if holds {
            let row = self.rows.get_mut(&lease.delivery_id).expect("a lease is of a known delivery");
            *row = Row { state: DeliveryState::Pending, due: Some(now), owner: None, ..row.clone() };
        }
    }

    async fn cancel(&mut self, choice: usize) {
        let Some(position) = choice.checked_rem(self.rows.len()) else { return };
        let (&id, row) = self.rows.iter_mut().nth(position).expect("the remainder is less than the number");
        let now = self.store.now();
        let cancelled = self.store.cancel(&TenantName::default(), id, now).await;
        if row.state.is_finished() {
            assert!(matches!(cancelled, Err(StoreError::Conflict(Conflict::State(_)))), "{cancelled:?}");
        } else {
            cancelled.unwrap();
            *row = Row { state: DeliveryState::Cancelled, due: None, owner: None, finished_at: Some(now), ..row.clone() };
        }
    }

    async fn heartbeat(&mut self, node: NodeId) {
        let now = self.store.now();
        self.store.heartbeat(node, now, now.plus(LIFETIME)).await.unwrap();
        self.alive_until.insert(node, now.plus(LIFETIME));
    }

    async fn reclaim(&mut self) {
        let now = self.store.now();
        let reclaimed = self.store.reclaim(now, 1000).await.unwrap();
        self.alive_until.retain(|_, until| *until > now);
        let lost = self.rows.values_mut().filter(|row| row.owner.is_some_and(|owner| !self.alive_until.contains_key(&owner)));
        let mut count = 0;
        for row in lost {
            *row = Row { state: DeliveryState::Pending, due: Some(now), owner: None, token: row.token + 1, ..row.clone() };
            count += 1;
        }
        assert_eq!(reclaimed, count);
    }

    async fn compare(&self) {
        for (&id, row) in &self.rows {
            let delivery = seen(&self.store, id).await;
            assert_eq!((delivery.state, delivery.attempt_count, delivery.reason), (row.state, row.attempt_count, row.reason));
            assert_eq!((delivery.next_attempt_at, delivery.finished_at), (row.due, row.finished_at));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_walk_ends_where_the_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        runtime.block_on(async {
            let mut walk = Walk::begin().await;
            for step in steps {
                walk.take(step).await;
            }
            walk.compare().await;
        });
    }
}
