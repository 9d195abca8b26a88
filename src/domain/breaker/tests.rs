//! The breaker, stepped by hand.

use uuid::Uuid;

use super::*;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{ErrorClass, Outcome};
use crate::domain::id::NodeId;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

const POLICY: Policy = Policy {
    is_enabled: true,
    consecutive_failures: 3,
    failure_percent: 50,
    min_attempts: 10,
    window: Duration::from_mins(1),
    open: Duration::from_secs(5),
    max_open: Duration::from_secs(30),
    probes: 2,
    disable_after: Some(Duration::from_hours(120)),
};

fn failure(at: Timestamp) -> Failure {
    Failure { at, status: Some(500), error: None }
}

/// `count` failures at `at`.
fn sick(count: u32, at: Timestamp) -> Seen {
    let mut seen = Seen::default();
    (0..count).for_each(|_| seen.failed(failure(at), true));
    seen
}

fn well(begun_at: Timestamp) -> Seen {
    let mut seen = Seen::default();
    seen.well(begun_at);
    seen
}

fn probes_failed(at: Timestamp) -> Seen {
    let mut seen = sick(1, at);
    seen.end_probes();
    seen
}

fn follow(before: Option<&Health>, seen: &Seen, now: Timestamp) -> Option<Health> {
    Health::follow(before, seen, &POLICY, now, 0.5)
}

fn opened() -> Health {
    follow(None, &sick(3, NOW), NOW).unwrap()
}

fn node(number: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(number))
}

fn half_open(before: &Health) -> (Health, Timestamp) {
    let at = before.until.unwrap();
    (before.tried(node(1), at, at.plus(SECOND)).unwrap(), at)
}

#[test]
fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
    let failing = follow(None, &sick(2, NOW), NOW).unwrap();
    assert_eq!((failing.state, failing.failure_count, failing.failing_since), (State::Failing, 2, Some(NOW)));
    assert_eq!(follow(Some(&failing), &well(NOW), NOW), None);
    let later = NOW.plus(SECOND);
    let open = follow(Some(&failing), &sick(1, later), later).unwrap();
    assert_eq!((open.state, open.trips, open.until), (State::Open, 1, Some(later.plus(POLICY.open))));
    assert_eq!(open.failing_since, Some(NOW));
    let mut mixed = sick(2, NOW);
    mixed.well(NOW);
    mixed.failed(failure(later), true);
    assert_eq!(follow(Some(&failing), &mixed, later).unwrap().failing_since, Some(later));
}

#[test]
fn a_sink_that_is_well_leaves_nothing_behind() {
    assert_eq!(follow(None, &well(NOW), NOW), None);
    assert_eq!(follow(None, &Seen::default(), NOW), None);
}

#[test]
fn a_share_of_failures_opens_it_even_if_a_success_comes_last() {
    let mut watch = Watch::default();
    let tripped = (0..10).map(|number| {
        watch.well(NOW);
        (number, watch.sick(&POLICY, NOW))
    });
    assert_eq!(tripped.filter(|(_, is_tripped)| *is_tripped).map(|(number, _)| number).next(), Some(5));
    let mut seen = sick(1, NOW);
    seen.trip();
    seen.well(NOW);
    let open = follow(None, &seen, NOW).unwrap();
    assert_eq!((open.state, open.failing_since), (State::Open, None));
}

#[test]
fn a_share_below_the_limit_or_of_few_attempts_does_not() {
    let mut watch = Watch::default();
    for _ in 0..200 {
        assert!(!watch.sick(&POLICY, NOW));
        (0..2).for_each(|_| watch.well(NOW));
    }
    let mut few = Watch::default();
    for minute in 0..20 {
        let now = NOW.plus(Duration::from_mins(minute));
        assert!(!few.sick(&POLICY, now));
        few.well(now);
        assert!(!few.is_quiet(now) && few.is_quiet(now.plus(POLICY.window)));
    }
}

#[test]
fn it_stays_open_longer_each_time_up_to_a_bound_and_differs_by_the_draw() {
    let mut health = opened();
    let mut waits = Vec::new();
    for _ in 0..5 {
        let (trying, at) = half_open(&health);
        health = follow(Some(&trying), &probes_failed(at), at).unwrap();
        assert_eq!(health.state, State::Open);
        waits.push(health.until.unwrap().since(at).as_secs());
    }
    assert_eq!(waits, [10, 20, 30, 30, 30]);
    let until = |fraction| Health::follow(None, &sick(3, NOW), &POLICY, NOW, fraction).unwrap().until.unwrap().since(NOW);
    assert_eq!((until(0.0), until(0.5)), (SECOND * 4, SECOND * 5));
    assert!(until(0.99) < SECOND * 6);
}

#[test]
fn only_one_node_tries_it_and_another_one_when_that_took_too_long() {
    let open = opened();
    assert_eq!(open.tried(node(1), NOW, NOW), None);
    let (trying, at) = half_open(&open);
    assert_eq!((trying.state, trying.prober), (State::HalfOpen, Some(node(1))));
    assert_eq!(trying.tried(node(2), at, at.plus(SECOND)), None);
    let later = trying.until.unwrap();
    assert_eq!(trying.tried(node(2), later, later.plus(SECOND)).unwrap().prober, Some(node(2)));
}

#[test]
fn a_probe_that_arrives_closes_it_and_one_that_fails_does_not_speak_for_the_others() {
    let (trying, at) = half_open(&opened());
    let one_failed = follow(Some(&trying), &sick(1, at), at).unwrap();
    assert_eq!(one_failed.state, State::HalfOpen);
    let closed = follow(Some(&one_failed), &well(at), at).unwrap();
    assert_eq!((closed.state, closed.failing_since, closed.failure_count, closed.prober), (State::Recovering, None, 0, None));
}

#[test]
fn what_was_under_way_when_it_opened_does_not_close_it() {
    let open = opened();
    let after = follow(Some(&open), &well(NOW.minus(SECOND)), NOW).unwrap();
    assert_eq!((after.state, after.failing_since), (State::Open, None));
    let (trying, at) = half_open(&open);
    assert_eq!(follow(Some(&trying), &well(at.minus(SECOND)), at).unwrap().state, State::HalfOpen);
}

#[test]
fn trouble_that_comes_back_soon_goes_on_and_later_trouble_begins_anew() {
    let (trying, at) = half_open(&opened());
    let recovering = follow(Some(&trying), &well(at), at).unwrap();
    assert!(!recovering.is_over(at));
    let again = follow(Some(&recovering), &sick(3, at), at).unwrap();
    assert_eq!((again.state, again.trips), (State::Open, 2));
    let later = recovering.until.unwrap();
    assert!(recovering.is_over(later));
    assert_eq!(follow(Some(&recovering), &well(later), later), None);
    let anew = follow(Some(&recovering), &sick(3, later), later).unwrap();
    assert_eq!((anew.state, anew.trips), (State::Open, 1));
}

#[test]
fn a_breaker_that_is_off_counts_and_never_opens() {
    let off = Policy { is_enabled: false, ..POLICY };
    let mut seen = sick(100, NOW);
    seen.trip();
    assert_eq!(Health::follow(None, &seen, &off, NOW, 0.5).unwrap().state, State::Failing);
    let mut watch = Watch::default();
    assert!((0..100).all(|_| !watch.sick(&off, NOW)));
}

#[test]
fn it_is_hopeless_after_days_of_failures_without_a_success_or_a_silence() {
    let fails_daily = |days: &[u32]| {
        let at = |day: u32| NOW.plus(DAY * day);
        days.iter().fold(None, |health, &day| follow(health.as_ref(), &sick(1, at(day)), at(day))).unwrap()
    };
    assert!(!fails_daily(&[0, 1, 2, 3, 4]).is_hopeless(&POLICY));
    assert!(fails_daily(&[0, 1, 2, 3, 4, 5]).is_hopeless(&POLICY));
    assert!(!fails_daily(&[0, 3, 4, 5]).is_hopeless(&POLICY), "nothing is known of the days between");
    assert!(!fails_daily(&[0, 1, 2, 3, 4, 5]).is_hopeless(&Policy { disable_after: None, ..POLICY }));
    let healed = follow(Some(&fails_daily(&[0, 1, 2, 3, 4])), &well(NOW.plus(DAY * 4)), NOW.plus(DAY * 4)).unwrap();
    let again = follow(Some(&healed), &sick(1, NOW.plus(DAY * 5)), NOW.plus(DAY * 5)).unwrap();
    assert!(!again.is_hopeless(&POLICY));
}

#[test]
fn pauses_that_a_sink_asks_for_count_for_days_and_not_for_the_breaker() {
    let mut seen = Seen::default();
    (0..100).for_each(|_| seen.failed(failure(NOW), false));
    let busy = follow(None, &seen, NOW).unwrap();
    assert_eq!((busy.state, busy.failure_count, busy.failing_since), (State::Failing, 0, Some(NOW)));
}

#[test]
fn news_that_could_not_be_written_come_before_younger_ones() {
    let later = NOW.plus(SECOND);
    let both = sick(2, later).after(sick(1, NOW));
    assert_eq!(both.failed, Some((NOW, failure(later))));
    assert_eq!(both.failure_count, 3);
    let mut healed = Seen::default();
    healed.well(later);
    assert_eq!(healed.clone().after(sick(5, NOW)), healed);
    let fallen = sick(1, later).after(healed);
    assert_eq!((fallen.failure_count, fallen.well_begun_at), (1, Some(later)));
}

#[test]
fn a_revision_never_comes_back() {
    let first = opened();
    let second = follow(Some(&first), &sick(1, NOW), NOW).unwrap();
    assert_eq!((first.revision, second.revision), (NOW.as_micros(), NOW.as_micros() + 1));
    let slow_clock = follow(Some(&second), &sick(1, NOW), NOW.minus(DAY)).unwrap();
    assert!(slow_clock.revision > second.revision);
}

#[test]
fn a_recovered_sink_gets_twice_as_much_after_each_round() {
    let mut ramp = Ramp::new(2);
    let mut rounds = Vec::new();
    for _ in 0..4 {
        rounds.push(ramp.allowance());
        (0..ramp.allowance()).for_each(|_| ramp.well());
    }
    assert_eq!(rounds, [2, 4, 8, 16]);
    ramp.sick();
    assert_eq!(ramp.allowance(), 16);
    (0..9).for_each(|_| ramp.sick());
    assert_eq!(ramp.allowance(), 1);
}

#[test]
fn answers_about_the_event_are_no_trouble_of_the_sink() {
    let answered = |status| Outcome { status: Some(status), ..Outcome::default() };
    let failed = |class| Outcome { error_class: Some(class), ..Outcome::default() };
    for status in [200, 204, 400, 409, 413, 415, 422] {
        assert_eq!(Sign::of(&answered(status), false), Sign::Well, "{status}");
    }
    for status in [301, 401, 403, 404, 405, 408, 429, 500, 502, 503, 504] {
        assert_eq!(Sign::of(&answered(status), false), Sign::Sick, "{status}");
    }
    for class in [ErrorClass::Timeout, ErrorClass::Connect, ErrorClass::Dns, ErrorClass::Tls, ErrorClass::Protocol] {
        assert_eq!(Sign::of(&failed(class), false), Sign::Sick, "{class:?}");
    }
    assert_eq!(Sign::of(&answered(503), true), Sign::Busy);
    assert_eq!(Sign::of(&answered(410), false), Sign::Silent);
    assert_eq!(Sign::of(&failed(ErrorClass::Request), false), Sign::Silent);
    let cut_off = Outcome { error_class: Some(ErrorClass::Timeout), ..answered(200) };
    assert_eq!(Sign::of(&cut_off, false), Sign::Sick);
}

#[test]
fn a_subscription_changes_what_it_names_within_bounds() {
    let wanted = Overrides { open_ms: Some(100), disable_after_ms: Some(0), ..Overrides::default() };
    let policy = POLICY.with(&wanted);
    assert_eq!(policy, Policy { open: Duration::from_millis(100), disable_after: None, ..POLICY });
    assert_eq!(wanted.validate(), Ok(()));
    let wrong = Overrides { open_ms: Some(99), probes: Some(0), ..Overrides::default() };
    let members: Vec<_> = wrong.validate().unwrap_err().into_iter().map(|(member, _)| member).collect();
    assert_eq!(members, ["open_ms", "probes"]);
}
