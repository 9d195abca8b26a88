//! Sinks in trouble are left alone, tried a little, and loaded again; those that stay in trouble lose their subscription.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use waypost::domain::breaker::{Overrides, State};
use waypost::domain::clock::{Clock, SystemClock, Timestamp};
use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::id::DeliveryId;
use waypost::domain::retry::{RetrySchedule, Waits};
use waypost::domain::subscription::{DisabledReason, Spec, Status, Subscription};
use waypost::store::Placement;

use super::fixture::{Node, Options, new_event, wait_until};
use crate::support::database::{TestStore, both_databases};
use crate::support::sink::{Reply, Sink};

const PROBES: u32 = 2;
const CONCURRENCY: u32 = 4;

/// A sink that answers with whatever status is set.
struct Moody {
    sink: Sink,
    status: Arc<AtomicUsize>,
}

impl Moody {
    async fn start(status: usize) -> Self {
        let status = Arc::new(AtomicUsize::new(status));
        let says = Arc::clone(&status);
        let sink = Sink::start(move |_, _| Reply::status(u16::try_from(says.load(Ordering::SeqCst)).unwrap())).await;
        Self { sink, status }
    }

    fn will(&self, status: usize) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn requests(&self) -> usize {
        self.sink.received().len()
    }
}

/// Retries that come as quickly as they can, and a breaker that opens after three failures for `open_ms`.
fn touchy(spec: &mut Spec, open_ms: u64) {
    spec.config.retry = Waits::Schedule(RetrySchedule { schedule_ms: vec![0; 10], jitter: 0.0 }).into();
    spec.config.max_concurrency = CONCURRENCY;
    spec.config.breaker = Some(Overrides {
        consecutive_failures: Some(3),
        open_ms: Some(open_ms),
        max_open_ms: Some(open_ms),
        probes: Some(PROBES),
        ..Overrides::default()
    });
}

async fn state(node: &Node, subscription: &Subscription) -> Option<State> {
    node.store.sink_health(&[subscription.id]).await.unwrap().pop().map(|(_, health)| health.state)
}

async fn wait_for_state(node: &Node, subscription: &Subscription, wanted: &[State]) {
    for _ in 0..2000 {
        if state(node, subscription).await.is_some_and(|state| wanted.contains(&state)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never was {wanted:?}");
}

async fn attempts(node: &Node, subscription: &Subscription, ids: &[DeliveryId]) -> usize {
    let mut sum = 0;
    for id in ids {
        sum += node.store.delivery(&subscription.tenant, *id).await.unwrap().attempts.len();
    }
    sum
}

both_databases!(an_open_breaker_uses_no_attempts_up_and_loses_nothing, async |store: TestStore| {
    let node = Node::start(&store).await;
    let moody = Moody::start(500).await;
    let subscription = node.subscribe(&moody.sink.url("/"), |spec| touchy(spec, 300)).await;
    node.wait_for_room(&subscription).await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(node.post(&subscription).await);
    }
    wait_for_state(&node, &subscription, &[State::Open]).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // Without a breaker forty deliveries of ten attempts each would be dead by now. At most six times it was tried.
    let requests = moody.requests();
    assert!(requests <= (3 + CONCURRENCY + 6 * PROBES) as usize, "{requests}");
    let counted = attempts(&node, &subscription, &ids).await;
    assert!(counted <= moody.requests(), "nothing else is an attempt: {counted}");
    for _ in 0..5 {
        ids.push(node.post(&subscription).await);
    }
    moody.will(200);
    for id in &ids {
        node.wait_for(*id, DeliveryState::Delivered).await;
    }
    assert_eq!(state(&node, &subscription).await, Some(State::Recovering));
    node.stopped().await;
});

both_databases!(a_breaker_opened_on_one_node_keeps_the_others_away, async |store: TestStore| {
    let node = Node::start(&store).await;
    let other = Node::start(&store).await;
    let moody = Moody::start(500).await;
    let subscription = node.subscribe(&moody.sink.url("/"), |spec| touchy(spec, 60_000)).await;
    other.refresh().await;
    node.wait_for_room(&subscription).await;
    for _ in 0..4 {
        node.post(&subscription).await;
    }
    wait_for_state(&node, &subscription, &[State::Open]).await;
    wait_until("the other node knows", || {
        let has_room = other.handle.reserve(subscription.id, 0);
        if has_room {
            other.handle.give_back(subscription.id, 0);
        }
        !has_room
    })
    .await;
    let before = moody.requests();
    for _ in 0..20 {
        other.post(&subscription).await;
        other.accept(&subscription, new_event(), Placement::Queued(SystemClock.now())).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(moody.requests(), before);
    node.stopped().await;
    other.stopped().await;
});

both_databases!(nodes_try_a_sink_with_no_more_than_the_probes, async |store: TestStore| {
    let node = Node::start(&store).await;
    let other = Node::start(&store).await;
    let third = Node::start(&store).await;
    let moody = Moody::start(500).await;
    let subscription = node.subscribe(&moody.sink.url("/"), |spec| touchy(spec, 1000)).await;
    for node in [&node, &other, &third] {
        node.refresh().await;
        for _ in 0..10 {
            node.accept(&subscription, new_event(), Placement::Queued(SystemClock.now())).await;
        }
    }
    wait_for_state(&node, &subscription, &[State::Open]).await;
    // Nodes that had not heard of it yet may have sent something meanwhile.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = moody.requests();
    moody.sink.wait_for(before + 3 * PROBES as usize).await;
    let received = moody.sink.received();
    let mut groups: Vec<usize> = Vec::new();
    for (number, request) in received.iter().enumerate().skip(before) {
        let is_new = number == before || request.at - received[number - 1].at > Duration::from_millis(250);
        if is_new {
            groups.push(0);
        }
        *groups.last_mut().unwrap() += 1;
    }
    assert!(groups.len() >= 3 && groups.iter().all(|&tried| tried <= PROBES as usize), "{groups:?}");
    for node in [node, other, third] {
        node.stopped().await;
    }
});

both_databases!(a_restart_keeps_a_breaker_open, async |store: TestStore| {
    let node = Node::start(&store).await;
    let moody = Moody::start(500).await;
    let subscription = node.subscribe(&moody.sink.url("/"), |spec| touchy(spec, 60_000)).await;
    node.wait_for_room(&subscription).await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(node.post(&subscription).await);
    }
    wait_for_state(&node, &subscription, &[State::Open]).await;
    node.stopped().await;
    let (before, node) = (moody.requests(), Node::start(&store).await);
    moody.will(200);
    wait_until("deliveries flow", || node.handle.load().is_open).await;
    assert!(!node.handle.reserve(subscription.id, 0), "it knows before it sends anything");
    ids.push(node.post(&subscription).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(moody.requests(), before);
    node.handle.forget_health(subscription.id).await.unwrap();
    for id in &ids {
        node.wait_for(*id, DeliveryState::Delivered).await;
    }
    node.stopped().await;
});

both_databases!(a_sink_that_fails_half_of_the_time_is_left_alone_too, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::start(|number, _| Reply::status(if number % 2 == 0 { 503 } else { 200 })).await;
    let change = |spec: &mut Spec| {
        touchy(spec, 60_000);
        spec.config.breaker.as_mut().unwrap().consecutive_failures = Some(1000);
    };
    let subscription = node.subscribe(&sink.url("/"), change).await;
    node.wait_for_room(&subscription).await;
    for _ in 0..100 {
        node.post(&subscription).await;
    }
    wait_for_state(&node, &subscription, &[State::Open]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let requests = sink.received().len();
    assert!((20..20 + 2 * CONCURRENCY as usize).contains(&requests), "{requests}");
    node.stopped().await;
});

both_databases!(a_sink_that_refuses_events_is_not_in_trouble, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(422).await;
    let subscription = node.subscribe(&sink.url("/"), |spec| touchy(spec, 60_000)).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(node.post(&subscription).await);
    }
    for id in ids {
        let detail = node.wait_for(id, DeliveryState::DeadLettered).await;
        assert_eq!((detail.delivery.reason, detail.attempts.len()), (Some(DeadReason::Exhausted), 10));
    }
    assert_eq!(state(&node, &subscription).await, None);
    node.stopped().await;
});

both_databases!(a_breaker_that_is_off_never_opens, async |store: TestStore| {
    let node = Node::start(&store).await;
    let sink = Sink::answering(500).await;
    let off = |spec: &mut Spec| {
        touchy(spec, 60_000);
        spec.config.breaker.as_mut().unwrap().is_enabled = Some(false);
    };
    let subscription = node.subscribe(&sink.url("/"), off).await;
    let id = node.post(&subscription).await;
    assert_eq!(node.wait_for(id, DeliveryState::DeadLettered).await.attempts.len(), 10);
    wait_for_state(&node, &subscription, &[State::Failing]).await;
    node.stopped().await;
});

/// The system's clock, moved ahead.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0.load(Ordering::SeqCst))
    }
}

impl Ahead {
    fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

/// Fails one delivery a day for `days` days, but on `well_on` delivers one, and says what became of the subscription.
async fn fails_for(store: &TestStore, days: u32, well_on: Option<u32>) -> Subscription {
    let clock = Arc::new(Ahead::default());
    let mut options = Options { clock: clock.clone(), ..Options::default() };
    options.dispatch.heartbeat_ms = 20;
    let node = Node::start_with(store, options).await;
    let moody = Moody::start(500).await;
    let once = |spec: &mut Spec| {
        spec.config.retry = Waits::Schedule(RetrySchedule { schedule_ms: vec![0], jitter: 0.0 }).into();
    };
    let subscription = node.subscribe(&moody.sink.url("/"), once).await;
    node.wait_for_room(&subscription).await;
    for day in 0..=days {
        moody.will(if Some(day) == well_on { 200 } else { 500 });
        let id = node.post(&subscription).await;
        let ended = node.wait_until(id, |detail| detail.delivery.state.is_finished()).await;
        assert_eq!(ended.attempts.len(), 1);
        let at = ended.attempts[0].started_at;
        let told = |last: Option<Timestamp>| last.is_some_and(|last| last >= at);
        for _ in 0..2000 {
            let health = node.store.sink_health(&[subscription.id]).await.unwrap().pop();
            let is_well = health.is_none() && (Some(day) == well_on || day == days);
            if is_well || told(health.map(|(_, health)| health.last.at)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        clock.advance(Duration::from_hours(24));
        // Its own lease ended with the jump: the next sign of life renews it.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    for _ in 0..200 {
        let found = node.store.subscription(&subscription.tenant, subscription.id).await.unwrap();
        if found.status == Status::Disabled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let found = node.store.subscription(&subscription.tenant, subscription.id).await.unwrap();
    assert_eq!(state(&node, &found).await.is_none(), found.status == Status::Disabled);
    node.stopped().await;
    found
}

both_databases!(five_days_without_a_success_disable_the_subscription, async |store: TestStore| {
    let disabled = fails_for(&store, 5, None).await;
    assert_eq!((disabled.status, disabled.disabled_reason), (Status::Disabled, Some(DisabledReason::Failing)));
});

both_databases!(one_success_in_five_days_keeps_the_subscription, async |store: TestStore| {
    let kept = fails_for(&store, 5, Some(2)).await;
    assert_eq!((kept.status, kept.disabled_reason), (Status::Active, None));
});
