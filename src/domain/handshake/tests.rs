use std::time::Duration;

use super::*;
use crate::domain::delivery::Outcome;
use crate::domain::entropy::SeededEntropy;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{DisabledReason, Spec, Status, Subscription};
use crate::domain::tenant::TenantName;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const DAY: Duration = Duration::from_hours(24);
const MINUTE: Duration = Duration::from_mins(1);
const PACE: Pace = Pace { revalidate: DAY, retry: MINUTE, fraction: 0.0 };
const HASH: KeyHash = [7; 32];

fn subscription(status: Status) -> Subscription {
    Subscription {
        id: SubscriptionId::new(NOW, &SeededEntropy::new(1)),
        tenant: TenantName::default(),
        status,
        disabled_reason: None,
        spec: Spec::to("https://sink.example/"),
        secrets: Vec::new(),
        handshake: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn created(policy: Policy) -> Subscription {
    let mut created = subscription(Status::Active);
    follow(None, &mut created, policy, NOW);
    created
}

fn ask(subscription: &mut Subscription, now: Timestamp, callback: bool) {
    let asked = Asked { at: now, origin: "waypost.example".into(), requested_rate: Some(120) };
    let callback = callback.then_some(Callback { hash: HASH, expires_at: now.plus(DAY) });
    subscription.handshake.as_mut().unwrap().ask(asked, callback, now.plus(MINUTE));
}

fn answer(heard: Heard) -> Answer {
    Answer { heard, rate: Some(60), status: Some(200), error: None }
}

/// Asks and answers.
fn hear(subscription: &mut Subscription, heard: Heard, policy: Policy, now: Timestamp) {
    ask(subscription, now, false);
    settle(subscription, answer(heard), policy, PACE, now);
}

fn handshake(subscription: &Subscription) -> &Handshake {
    subscription.handshake.as_ref().unwrap()
}

fn outcome(status: u16, headers: &[(&str, &str)]) -> Outcome {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Outcome { status: (status != 0).then_some(status), response_headers: headers, ..Outcome::default() }
}

// WA-3
#[test]
fn only_the_header_with_our_origin_or_a_star_allows() {
    let read = |status, headers: &[(&str, &str)]| Answer::read(&outcome(status, headers), "waypost.example", None).heard;
    for status in [200, 204, 301, 401, 404, 405, 500, 503] {
        assert_eq!(read(status, &[(answer::ALLOWED_ORIGIN, "*")]), Heard::Allowed, "{status}");
        assert_eq!(read(status, &[(answer::ALLOWED_ORIGIN, " Waypost.Example ")]), Heard::Allowed, "{status}");
        for other in ["", "waypost.example.evil.example", "evil-waypost.example", "https://waypost.example", "*.example"] {
            assert_eq!(read(status, &[(answer::ALLOWED_ORIGIN, other)]), Heard::Refused, "{status} {other}");
        }
        let twice = [(answer::ALLOWED_ORIGIN, "*"), (answer::ALLOWED_ORIGIN, "other.example")];
        assert_eq!(read(status, &twice), Heard::Refused, "{status}");
    }
    for status in [200, 204, 302, 401, 404, 405] {
        assert_eq!(read(status, &[("allow", "POST, OPTIONS")]), Heard::Withheld, "{status}");
    }
    for status in [0, 408, 429, 500, 502, 503] {
        assert_eq!(read(status, &[]), Heard::Unreachable, "{status}");
    }
}

// WA-4
#[test]
fn rate_is_a_positive_number_or_none_and_else_the_requested_one() {
    let requested = Some(120);
    for (value, expected) in [
        (Some("*"), None),
        (Some("60"), Some(60)),
        (Some("99999999999"), Some(u32::MAX)),
        (Some("0"), requested),
        (Some("-5"), requested),
        (Some("fast"), requested),
        (Some("1.5"), requested),
        (None, requested),
    ] {
        assert_eq!(answer::rate(value, requested), expected, "{value:?}");
    }
    assert_eq!(answer::rate(None, None), None);
}

#[test]
fn new_subscription_is_unverified_where_that_is_required_and_only_there() {
    for (policy, status, is_asked) in [
        (Policy::Required, Status::Unverified, true),
        (Policy::Preferred, Status::Active, true),
        (Policy::Off, Status::Active, false),
    ] {
        let created = created(policy);
        assert_eq!((created.status, created.handshake.is_some()), (status, is_asked), "{policy:?}");
        assert!(created.handshake.is_none_or(|handshake| handshake.next_ask_at == NOW && handshake.state() == State::Pending));
    }
}

#[test]
fn sink_that_agrees_is_verified_and_asked_again_a_day_later() {
    let mut subscription = created(Policy::Required);
    hear(&mut subscription, Heard::Allowed, Policy::Required, NOW);
    let permission = Permission { origin: "waypost.example".into(), rate: Some(60), at: NOW };
    assert_eq!((subscription.status, handshake(&subscription).permission.clone()), (Status::Active, Some(permission)));
    assert_eq!((handshake(&subscription).next_ask_at, handshake(&subscription).state()), (NOW.plus(DAY), State::Allowed));
}

#[test]
fn sink_that_refuses_later_stops_only_what_requires_it() {
    for (policy, status) in [(Policy::Required, Status::Unverified), (Policy::Preferred, Status::Active)] {
        for refusal in [Heard::Refused, Heard::Withheld] {
            let mut subscription = created(policy);
            hear(&mut subscription, Heard::Allowed, policy, NOW);
            hear(&mut subscription, refusal, policy, NOW.plus(DAY));
            assert_eq!((subscription.status, handshake(&subscription).state()), (status, State::Refused), "{policy:?}");
            assert_eq!(handshake(&subscription).permission, None);
        }
    }
}

#[test]
fn sink_that_can_not_be_reached_keeps_its_permission_and_is_asked_ever_more_rarely() {
    let mut subscription = created(Policy::Required);
    hear(&mut subscription, Heard::Allowed, Policy::Required, NOW);
    let later = NOW.plus(DAY);
    let waits: Vec<u64> = (0..13)
        .map(|_| {
            hear(&mut subscription, Heard::Unreachable, Policy::Required, later);
            assert_eq!((subscription.status, handshake(&subscription).state()), (Status::Active, State::Allowed));
            handshake(&subscription).next_ask_at.since(later).as_secs() / 60
        })
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]);
    hear(&mut subscription, Heard::Allowed, Policy::Required, later);
    assert_eq!(handshake(&subscription).attempt_count, 0);
}

#[test]
fn silent_sink_has_as_long_as_its_callback_lives_to_agree() {
    let mut subscription = created(Policy::Required);
    for round in 0..3 {
        let now = NOW.plus(DAY * round);
        ask(&mut subscription, now, true);
        settle(&mut subscription, answer(Heard::Withheld), Policy::Required, PACE, now);
        assert_eq!((subscription.status, handshake(&subscription).state()), (Status::Unverified, State::Pending));
        assert_eq!(handshake(&subscription).next_ask_at, now.plus(DAY), "another question would make the callback worthless");
    }
    let later = NOW.plus(DAY * 3).minus(MINUTE);
    assert!(!grant(&mut subscription.clone(), &[8; 32], None, PACE, later), "another secret");
    assert!(!grant(&mut subscription.clone(), &HASH, None, PACE, NOW.plus(DAY * 3)), "too late");
    assert!(grant(&mut subscription, &HASH, None, PACE, later));
    assert_eq!(subscription.status, Status::Active);
    assert_eq!(handshake(&subscription).permission.as_ref().unwrap().rate, Some(120), "the rate that was asked for");
    assert!(!grant(&mut subscription, &HASH, None, PACE, later), "it works once");
}

#[test]
fn sink_that_had_agreed_and_is_silent_twice_no_longer_agrees() {
    let mut subscription = created(Policy::Required);
    hear(&mut subscription, Heard::Allowed, Policy::Required, NOW);
    for (round, status) in [(1, Status::Active), (2, Status::Unverified)] {
        let now = NOW.plus(DAY * round);
        ask(&mut subscription, now, true);
        settle(&mut subscription, answer(Heard::Withheld), Policy::Required, PACE, now);
        assert_eq!(subscription.status, status, "round {round}");
    }
}

#[test]
fn answer_that_comes_after_the_callback_takes_nothing_away() {
    for late in [Heard::Withheld, Heard::Refused, Heard::Unreachable] {
        let mut subscription = created(Policy::Required);
        ask(&mut subscription, NOW, true);
        assert!(grant(&mut subscription, &HASH, Some("30"), PACE, NOW.plus(Duration::from_millis(1))));
        let granted = subscription.clone();
        settle(&mut subscription, answer(late), Policy::Required, PACE, NOW.plus(MINUTE));
        assert_eq!(subscription, granted, "{late:?}");
    }
}

#[test]
fn another_sink_begins_another_handshake_and_the_same_one_goes_on() {
    let mut stored = created(Policy::Required);
    hear(&mut stored, Heard::Allowed, Policy::Required, NOW);
    let later = NOW.plus(MINUTE);
    let mut described = stored.clone();
    described.spec.description = Some("x".into());
    follow(Some(&stored), &mut described, Policy::Required, later);
    assert_eq!(described.handshake, stored.handshake);
    let mut moved = stored.clone();
    moved.spec.sink = "https://sink.example/?other".into();
    follow(Some(&stored), &mut moved, Policy::Required, later);
    assert_eq!((moved.status, moved.handshake.unwrap()), (Status::Unverified, Handshake::begin(later)));
}

#[test]
fn paused_subscription_is_paused_again_once_its_new_sink_agrees() {
    let mut stored = created(Policy::Required);
    hear(&mut stored, Heard::Allowed, Policy::Required, NOW);
    stored.status = Status::Paused;
    for sink in ["https://second.example/", "https://third.example/"] {
        let mut moved = stored.clone();
        moved.spec.sink = sink.into();
        follow(Some(&stored), &mut moved, Policy::Required, NOW.plus(MINUTE));
        assert_eq!(moved.status, Status::Unverified);
        stored = moved;
    }
    hear(&mut stored, Heard::Allowed, Policy::Required, NOW);
    assert_eq!(stored.status, Status::Paused);
}

#[test]
fn disabled_subscription_with_a_new_sink_is_unverified_when_it_is_resumed() {
    let disabled = Subscription { disabled_reason: Some(DisabledReason::Gone), ..subscription(Status::Disabled) };
    let mut moved = disabled.clone();
    moved.spec.sink = "https://new.example/".into();
    follow(Some(&disabled), &mut moved, Policy::Required, NOW);
    assert_eq!(moved.status, Status::Disabled);
    resume(&mut moved, Policy::Required);
    assert_eq!((moved.status, moved.disabled_reason), (Status::Unverified, None));
}

#[test]
fn owner_that_changes_the_policy_is_followed_and_other_changes_leave_older_subscriptions_alone() {
    let older = subscription(Status::Active);
    let mut described = older.clone();
    described.spec.description = Some("x".into());
    follow(Some(&older), &mut described, Policy::Required, NOW);
    assert_eq!((described.status, &described.handshake), (Status::Active, &None));
    let mut stored = older;
    for (policy, status, is_asked) in [
        (Policy::Required, Status::Unverified, true),
        (Policy::Preferred, Status::Active, true),
        (Policy::Required, Status::Unverified, true),
        (Policy::Off, Status::Active, false),
    ] {
        let mut changed = stored.clone();
        changed.spec.config.handshake = Some(policy);
        follow(Some(&stored), &mut changed, policy, NOW);
        assert_eq!((changed.status, changed.handshake.is_some()), (status, is_asked), "{policy:?}");
        stored = changed;
    }
}
