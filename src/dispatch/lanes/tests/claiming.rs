//! What is claimed, and when.

use super::*;

#[test]
fn claims_take_the_room_there_is_and_a_full_one_is_followed_by_another() {
    let mut fixture = Fixture::new(LIMITS, 2);
    fixture.lanes.sweep(&due(1), NOW);
    let wanted = fixture.wanted();
    assert_eq!(wanted.claims, [(id(1), 20)]);
    assert!(fixture.wanted().claims.is_empty());
    let claimed = (1..=20).map(|number| leased(1, number)).collect();
    assert!(fixture.lanes.claimed(id(1), 20, claimed, NOW).is_empty());
    assert_eq!(fixture.begin_all(NOW).len(), 8);
    let refills: Vec<bool> = (0..3).map(|_| fixture.lanes.finish(id(1), NOW)).collect();
    assert_eq!(refills, [false, false, false]);
    assert_eq!(fixture.begin_all(NOW).len(), 3);
    assert!(fixture.lanes.finish(id(1), NOW), "half empty and more waits");
    assert!(!fixture.wanted().claims.is_empty());
}

#[test]
fn a_claim_that_came_back_short_is_not_repeated() {
    let mut fixture = Fixture::new(LIMITS, 1);
    fixture.lanes.note(id(1), NOW, NOW);
    assert_eq!(fixture.wanted().claims.len(), 1);
    fixture.lanes.claimed(id(1), 20, vec![leased(1, 1)], NOW);
    assert_eq!((fixture.lanes.held.count, fixture.lanes.held.bytes), (1, weight(&leased(1, 1))));
    assert!(fixture.wanted().claims.is_empty());
    assert_eq!(fixture.begin_all(NOW).len(), 1);
    fixture.done(1, NOW);
    assert_eq!((fixture.lanes.held.count, fixture.lanes.held.bytes), (0, 0));
}

#[test]
fn what_waits_in_the_database_is_not_overtaken_for_ever() {
    let mut fixture = Fixture::new(LIMITS, 1);
    fixture.lanes.note(id(1), NOW, NOW);
    assert_eq!(fixture.fill(1, 1000), LIMITS.waiting_per_lane / 4);
    assert_eq!(fixture.wanted().claims, [(id(1), 15)]);
}

#[test]
fn a_lane_with_enough_to_send_waits_until_a_claim_is_worth_it() {
    let limits = Limits { held: 400, waiting_per_lane: 2000, open: 1000, ..LIMITS };
    let mut fixture = Fixture::new(limits, 1);
    fixture.change(1, |subscription| subscription.spec.config.max_concurrency = 16);
    fixture.lanes.note(id(1), NOW, NOW);
    // Claims until there is room for a handful only.
    while let [(_, asked)] = fixture.wanted().claims[..] {
        assert!(asked >= 64 || fixture.lanes.held.count < 64, "{asked}");
        let claimed = (0..asked).map(|number| leased(1, u128::from(number))).collect();
        fixture.lanes.claimed(id(1), asked, claimed, NOW);
    }
    let mut sent = 0;
    let asked = loop {
        sent += fixture.begin_all(NOW).len();
        (0..16).for_each(|_| fixture.done(1, NOW));
        if let [(_, asked)] = fixture.wanted().claims[..] {
            break asked;
        }
        assert!(sent < 400, "a lane that waits goes on when it runs low");
    };
    assert!((64..=80).contains(&asked), "{asked}");
}

#[test]
fn a_lane_that_runs_low_takes_what_room_there_is() {
    let mut fixture = Fixture::new(Limits { held: 200, waiting_per_lane: 2000, ..LIMITS }, 2);
    assert!(fixture.fill(2, 1000) > 50);
    fixture.lanes.note(id(1), NOW, NOW);
    let wanted = fixture.wanted();
    assert!(matches!(wanted.claims[..], [(lane, 1..64)] if lane == id(1)), "{wanted:?}");
}
