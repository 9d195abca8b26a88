//! Lanes, stepped by hand.

mod claiming;
mod sharing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::dispatch::testing::{NOW, TERMS, directory, id, leased, subscription};
use crate::domain::breaker::{Failure, Health, Sign, State};
use crate::domain::subscription::{RateLimit, Status, Subscription};
use crate::store::{Directory, DueLane};

const LIMITS: Limits = Limits { held: 100, held_bytes: 1_000_000, waiting_per_lane: 20, open: 16, terms: TERMS };

/// Lanes with a directory of `count` active subscriptions.
struct Fixture {
    lanes: Lanes,
    directory: Directory,
    handed_over: u128,
}

impl Fixture {
    fn new(limits: Limits, count: u128) -> Self {
        let mut lanes = Lanes::new(limits);
        lanes.open();
        Self { lanes, directory: directory((1..=count).map(subscription)), handed_over: 0 }
    }

    fn change(&mut self, number: u128, change: impl FnOnce(&mut Subscription)) {
        let mut changed = subscription(number);
        change(&mut changed);
        self.directory.subscriptions.insert(id(number), Arc::new(changed));
    }

    /// Makes a subscription another tenant's.
    fn give(&mut self, lane: u128, tenant: &str) {
        self.change(lane, |subscription| subscription.tenant = tenant.parse().unwrap());
    }

    fn reserve(&mut self, lane: u128) -> bool {
        self.lanes.reserve(id(lane), 77, self.directory.subscriptions.get(&id(lane)), NOW)
    }

    /// Hands over until there is no room or `count` is reached; says how many there was room for.
    fn fill(&mut self, lane: u128, count: usize) -> usize {
        (0..count)
            .take_while(|_| {
                let has_room = self.reserve(lane);
                if has_room {
                    self.handed_over += 1;
                    assert!(self.lanes.hand_over(leased(lane, self.handed_over)).is_none());
                }
                has_room
            })
            .count()
    }

    fn next(&mut self, now: Timestamp) -> Option<Next> {
        self.lanes.next(&self.directory, now)
    }

    /// Begins attempts until nothing is ready; gives the lanes in the order served.
    fn begin_all(&mut self, now: Timestamp) -> Vec<SubscriptionId> {
        let attempt = |next| match next {
            Next::Attempt(leased, _) => leased.subscription_id,
            Next::Withdraw(..) => panic!("nothing is withdrawn here"),
        };
        std::iter::from_fn(|| self.next(now).map(attempt)).collect()
    }

    fn done(&mut self, lane: u128, now: Timestamp) {
        self.lanes.finish(id(lane), now);
        self.lanes.free(id(lane), weight(&leased(lane, 1)), now);
    }

    fn wanted(&mut self) -> Wanted {
        self.lanes.wanted(&self.directory, 1000, NOW)
    }
}

fn due(lane: u128) -> DueLane {
    DueLane { subscription_id: id(lane), next_attempt_at: NOW, paused_until: None }
}

#[test]
fn lanes_take_turns() {
    let mut fixture = Fixture::new(LIMITS, 3);
    for lane in [1, 1, 1, 2, 2, 3] {
        fixture.fill(lane, 1);
    }
    assert_eq!(fixture.begin_all(NOW), [1, 2, 3, 1, 2, 1].map(id));
}

#[test]
fn no_more_requests_are_open_than_the_subscription_allows() {
    let mut fixture = Fixture::new(LIMITS, 1);
    fixture.change(1, |subscription| subscription.spec.config.max_concurrency = 2);
    fixture.fill(1, 5);
    assert_eq!(fixture.begin_all(NOW).len(), 2);
    fixture.done(1, NOW);
    assert_eq!(fixture.begin_all(NOW).len(), 1);
}

#[test]
fn hanging_sinks_leave_slots_and_memory_to_others() {
    let mut fixture = Fixture::new(Limits { waiting_per_lane: 1000, ..LIMITS }, 40);
    for hanging in 1..=5 {
        fixture.change(hanging, |subscription| subscription.spec.config.max_concurrency = 1000);
        fixture.fill(hanging, 1000);
    }
    fixture.begin_all(NOW);
    assert!(fixture.lanes.open < LIMITS.open, "{}", fixture.lanes.open);
    for _ in 0..1000 {
        assert_eq!(fixture.fill(40, 1), 1);
        assert_eq!(fixture.begin_all(NOW), [id(40)]);
        fixture.done(40, NOW);
    }
}

#[test]
fn the_node_never_has_more_open_requests_than_configured() {
    let mut fixture = Fixture::new(Limits { held: 10_000, ..LIMITS }, 100);
    for lane in 1..=100 {
        fixture.give(lane, &format!("tenant-{lane}"));
        fixture.fill(lane, 5);
    }
    assert_eq!(fixture.begin_all(NOW).len(), LIMITS.open);
    fixture.done(1, NOW);
    assert_eq!(fixture.begin_all(NOW).len(), 1);
}

#[test]
fn one_slot_is_enough_to_serve_everybody() {
    let mut fixture = Fixture::new(Limits { open: 1, ..LIMITS }, 3);
    for lane in 1..=3 {
        fixture.fill(lane, 1);
    }
    let mut served = Vec::new();
    while let Some(Next::Attempt(leased, _)) = fixture.next(NOW) {
        served.push(leased.subscription_id);
        fixture.lanes.finish(leased.subscription_id, NOW);
    }
    assert_eq!(served, [1, 2, 3].map(id));
}

#[test]
fn memory_is_bounded_by_count_per_lane_and_by_bytes() {
    let mut fixture = Fixture::new(LIMITS, 100);
    assert_eq!(fixture.fill(1, 1000), LIMITS.waiting_per_lane);
    for lane in 2..=100 {
        fixture.give(lane, &format!("tenant-{lane}"));
    }
    let all: usize = (2..=100).map(|lane| fixture.fill(lane, 1000)).sum();
    assert_eq!(all + LIMITS.waiting_per_lane, LIMITS.held);
    let mut fixture = Fixture::new(Limits { held_bytes: 3 * 77, ..LIMITS }, 100);
    for lane in 1..=100 {
        fixture.give(lane, &format!("tenant-{lane}"));
    }
    let all: usize = (1..=100).map(|lane| fixture.fill(lane, 1000)).sum();
    assert_eq!(all, 3);
}

#[test]
fn room_comes_back_when_the_outcome_is_recorded_not_before() {
    let mut fixture = Fixture::new(Limits { held: 1, ..LIMITS }, 1);
    assert_eq!(fixture.fill(1, 2), 1);
    assert_eq!(fixture.begin_all(NOW).len(), 1);
    fixture.lanes.finish(id(1), NOW);
    assert!(!fixture.reserve(1));
    fixture.lanes.free(id(1), weight(&leased(1, 1)), NOW);
    assert!(fixture.reserve(1));
    fixture.lanes.give_back(id(1), 77, NOW);
    assert_eq!((fixture.lanes.held.count, fixture.lanes.held.bytes, fixture.lanes.by_id.len()), (0, 0, 0));
}

#[test]
fn reserved_bytes_that_were_wrong_do_not_leak() {
    let mut fixture = Fixture::new(LIMITS, 1);
    for reserved in [0, 1, 1000] {
        assert!(fixture.lanes.reserve(id(1), reserved, fixture.directory.subscriptions.get(&id(1)), NOW));
        fixture.lanes.hand_over(leased(1, 1));
        assert_eq!(fixture.lanes.held.bytes, weight(&leased(1, 1)));
        fixture.begin_all(NOW);
        fixture.done(1, NOW);
    }
    assert_eq!(fixture.lanes.held.bytes, 0);
}

#[test]
fn rate_limit_lets_the_next_go_in_time() {
    let mut fixture = Fixture::new(LIMITS, 1);
    let limit = RateLimit { per_second: 10.0, burst: 2 };
    fixture.change(1, |subscription| subscription.spec.config.rate_limit = Some(limit));
    fixture.fill(1, 5);
    assert!(fixture.begin_all(NOW).is_empty(), "it has to ask first");
    assert!(fixture.next(NOW).is_none() && fixture.lanes.has_asks());
    let asks = fixture.lanes.take_asks(10);
    assert_eq!(asks.len(), 1, "and asks once");
    fixture.lanes.grant(&asks, None, NOW);
    fixture.begin_all(NOW);
    let asks = fixture.lanes.take_asks(10);
    assert_eq!(asks[0].span(), Duration::from_millis(200));
    fixture.lanes.grant(&asks, Some(vec![NOW]), NOW);
    assert_eq!(fixture.begin_all(NOW).len(), 2);
    let asks = fixture.lanes.take_asks(10);
    fixture.lanes.grant(&asks, Some(vec![NOW.plus(asks[0].span())]), NOW);
    assert!(fixture.begin_all(NOW).is_empty());
    let next_at = fixture.lanes.next_timer().unwrap();
    assert_eq!(next_at, NOW.plus(Duration::from_millis(100)));
    assert!(fixture.begin_all(NOW.plus(Duration::from_millis(99))).is_empty());
    assert_eq!(fixture.begin_all(next_at).len(), 1);
}

#[test]
fn a_paused_sink_gets_nothing_and_what_was_queued_goes_back_until_then() {
    let mut fixture = Fixture::new(LIMITS, 1);
    let until = NOW.plus(Duration::from_secs(30));
    fixture.fill(1, 3);
    fixture.lanes.pause(id(1), until);
    match fixture.next(NOW) {
        Some(Next::Withdraw(leased, due_at)) => assert_eq!((leased.len(), due_at), (3, until)),
        other => panic!("{other:?}"),
    }
    assert!(!fixture.reserve(1));
    fixture.lanes.sweep(&due(1), NOW);
    assert!(fixture.wanted().claims.is_empty());
    assert!(fixture.lanes.reserve(id(1), 0, fixture.directory.subscriptions.get(&id(1)), until));
}

#[test]
fn a_pause_another_node_was_asked_for_is_kept_too() {
    let mut fixture = Fixture::new(LIMITS, 1);
    let until = NOW.plus(Duration::from_secs(30));
    let found = DueLane { paused_until: Some(until), ..due(1) };
    fixture.lanes.sweep(&found, NOW);
    assert!(fixture.wanted().claims.is_empty());
    assert!(!fixture.reserve(1));
}

#[test]
fn deliveries_of_paused_disabled_and_deleted_subscriptions_are_withdrawn() {
    for status in [Some(Status::Paused), Some(Status::Disabled), Some(Status::Unverified), None] {
        let mut fixture = Fixture::new(LIMITS, 1);
        fixture.fill(1, 2);
        match status {
            Some(status) => fixture.change(1, |subscription| subscription.status = status),
            None => fixture.directory = directory([]),
        }
        assert!(!fixture.reserve(1), "{status:?}");
        assert!(matches!(fixture.next(NOW), Some(Next::Withdraw(leased, _)) if leased.len() == 2), "{status:?}");
        fixture.lanes.sweep(&due(1), NOW);
        let wanted = fixture.wanted();
        let is_ended = !matches!(status, Some(Status::Paused | Status::Unverified));
        assert!(wanted.claims.is_empty() && wanted.ended.len() == usize::from(is_ended), "{status:?}");
    }
}

#[test]
fn a_sink_that_is_gone_gets_nothing_until_its_subscription_changes() {
    let mut fixture = Fixture::new(LIMITS, 1);
    fixture.fill(1, 2);
    fixture.begin_all(NOW);
    fixture.fill(1, 1);
    fixture.lanes.halt(id(1));
    assert!(matches!(fixture.next(NOW), Some(Next::Withdraw(..))));
    assert!(!fixture.reserve(1));
    fixture.change(1, |subscription| subscription.spec.sink = "https://other.example/".into());
    assert!(fixture.reserve(1));
}

#[test]
fn a_closed_dispatcher_takes_nothing_and_gives_everything_back() {
    let mut fixture = Fixture::new(LIMITS, 1);
    fixture.fill(1, 3);
    assert!(fixture.reserve(1));
    assert_eq!(fixture.lanes.close().len(), 3);
    assert!(!fixture.reserve(1));
    assert!(fixture.lanes.hand_over(leased(1, 9)).is_some());
    fixture.lanes.note(id(1), NOW, NOW);
    assert!(fixture.wanted().claims.is_empty());
    assert!(fixture.next(NOW).is_none());
}

#[test]
fn idle_lanes_are_forgotten() {
    let mut fixture = Fixture::new(LIMITS, 50);
    for lane in 1..=50 {
        fixture.fill(lane, 1);
        fixture.begin_all(NOW);
        fixture.done(lane, NOW);
    }
    fixture.next(NOW);
    fixture.lanes.tidy(&fixture.directory, NOW);
    assert_eq!(fixture.lanes.by_id.len(), 0);
}

fn health(state: State, until: Timestamp) -> Health {
    let last = Failure { at: NOW, status: Some(500), error: None };
    let until = Some(until);
    Health { revision: 1, state, since: NOW, until, prober: None, trips: 1, failing_since: None, failure_count: 0, last }
}

fn shown(sign: Sign) -> Shown {
    let failure = (sign == Sign::Sick).then_some(Failure { at: NOW, status: Some(500), error: None });
    Shown { sign, begun_at: NOW, failure }
}

impl Fixture {
    fn learn(&mut self, lane: u128, revision: i64, state: State, until: Timestamp) {
        self.lanes.learn(id(lane), Some(Health { revision, ..health(state, until) }), NOW);
    }

    /// Ends an attempt that showed this of its sink.
    fn ends(&mut self, lane: u128, sign: Sign) -> bool {
        let is_news = self.lanes.observe(id(lane), shown(sign), NOW);
        self.done(lane, NOW);
        is_news
    }
}

#[test]
fn a_healthy_sink_is_no_news_and_leaves_nothing_behind() {
    let mut fixture = Fixture::new(LIMITS, 1);
    for _ in 0..100 {
        fixture.fill(1, 1);
        fixture.begin_all(NOW);
        assert!(!fixture.ends(1, Sign::Well));
    }
    assert!(fixture.lanes.take_news(10).is_empty());
    fixture.next(NOW);
    fixture.lanes.tidy(&fixture.directory, NOW);
    assert_eq!(fixture.lanes.by_id.len(), 0);
}

#[test]
fn a_node_that_sees_the_failures_stops_before_anybody_answers() {
    let mut fixture = Fixture::new(LIMITS, 1);
    let failures = usize::try_from(TERMS.breaker.consecutive_failures).unwrap();
    for number in 0..failures {
        assert_eq!(fixture.fill(1, 1), 1, "{number}");
        fixture.begin_all(NOW);
        assert!(fixture.ends(1, Sign::Sick));
    }
    assert!(!fixture.reserve(1));
    assert_eq!(fixture.lanes.take_news(10).len(), 1);
}

#[test]
fn what_is_queued_goes_back_until_an_open_breaker_is_tried() {
    let (mut fixture, until) = (Fixture::new(LIMITS, 1), NOW.plus(Duration::from_secs(5)));
    fixture.fill(1, 3);
    fixture.learn(1, 1, State::Open, until);
    match fixture.next(NOW) {
        Some(Next::Withdraw(leased, due_at)) => assert_eq!((leased.len(), due_at), (3, until)),
        other => panic!("{other:?}"),
    }
    assert!(!fixture.reserve(1));
    fixture.lanes.sweep(&due(1), NOW);
    let wanted = fixture.wanted();
    assert!(wanted.claims.is_empty() && wanted.tries.is_empty(), "too early to try");
    let wanted = fixture.lanes.wanted(&fixture.directory, 1000, until);
    assert!(wanted.claims.is_empty());
    assert_eq!(wanted.tries, [id(1)]);
}

#[test]
fn a_node_that_may_try_a_sink_sends_the_probes_and_waits() {
    let (mut fixture, until) = (Fixture::new(LIMITS, 1), NOW.plus(Duration::from_secs(25)));
    let probes = TERMS.breaker.probes;
    fixture.lanes.permit(id(1), health(State::HalfOpen, until), NOW);
    assert_eq!(fixture.wanted().claims, [(id(1), probes)]);
    let claimed = (1..=u128::from(probes)).map(|number| leased(1, number)).collect();
    fixture.lanes.claimed(id(1), probes, claimed, NOW);
    assert!(!fixture.reserve(1), "what comes now waits in the database");
    assert_eq!(fixture.begin_all(NOW).len(), probes as usize);
    fixture.lanes.note(id(1), NOW, NOW);
    assert!(fixture.wanted().claims.is_empty());
    for _ in 1..probes {
        fixture.ends(1, Sign::Sick);
    }
    let told = |fixture: &mut Fixture| fixture.lanes.take_news(10).pop().unwrap().1;
    let before = Health { until: Some(until), ..health(State::HalfOpen, until) };
    let state = |seen| Health::follow(Some(&before), &seen, &TERMS.breaker, NOW, 0.5).unwrap().state;
    assert_eq!(state(told(&mut fixture)), State::HalfOpen, "one is still under way");
    fixture.ends(1, Sign::Sick);
    assert_eq!(state(told(&mut fixture)), State::Open);
}

#[test]
fn a_recovered_sink_is_not_stampeded_by_its_backlog() {
    let limits = Limits { open: 1000, held: 10_000, waiting_per_lane: 4000, ..LIMITS };
    let mut fixture = Fixture::new(limits, 1);
    fixture.change(1, |subscription| subscription.spec.config.max_concurrency = 100);
    fixture.learn(1, 1, State::Open, NOW);
    fixture.learn(1, 2, State::Recovering, NOW);
    fixture.fill(1, 1000);
    let mut rounds = Vec::new();
    let mut began = fixture.begin_all(NOW).len();
    for _ in 0..7 {
        rounds.push(began);
        let mut next = 0;
        for _ in 0..began {
            fixture.ends(1, Sign::Well);
            next += fixture.begin_all(NOW).len();
        }
        began = next;
    }
    assert_eq!(rounds, [3, 6, 12, 24, 48, 96, 100]);
}

#[test]
fn what_is_no_longer_found_is_well_unless_it_was_learned_meanwhile() {
    let (mut fixture, until) = (Fixture::new(LIMITS, 2), NOW.plus(Duration::from_secs(5)));
    fixture.learn(1, 1, State::Open, until);
    let look = fixture.lanes.begin_look();
    fixture.learn(2, 1, State::Open, until);
    fixture.lanes.end_look(look, HashMap::new(), NOW);
    assert!(fixture.reserve(1) && !fixture.reserve(2));
    let look = fixture.lanes.begin_look();
    let older = Health { revision: 0, ..health(State::Failing, until) };
    fixture.lanes.end_look(look, HashMap::from([(id(2), older)]), NOW);
    assert!(!fixture.reserve(2), "an old page does not undo what is known");
}
