//! What tenants share of a node, and nodes of a subscription.

use super::*;
use crate::domain::tenant::TenantName;

/// A delivery to a subscription of another tenant than the default one.
fn leased_of(tenant: &str, lane: u128, number: u128) -> Leased {
    let mut leased = leased(lane, number);
    let mut event = (*leased.event).clone();
    event.tenant = tenant.parse::<TenantName>().unwrap();
    leased.event = Arc::new(event);
    leased
}

#[test]
fn tenants_take_turns_whatever_number_of_lanes_they_have() {
    let mut fixture = Fixture::new(LIMITS, 4);
    fixture.give(4, "small");
    for lane in [1, 2, 3, 4, 1, 4] {
        fixture.fill(lane, 1);
    }
    assert_eq!(fixture.begin_all(NOW), [1, 4, 2, 4, 3, 1].map(id));
}

#[test]
fn a_thousand_hanging_lanes_of_a_tenant_leave_slots_and_memory_to_others() {
    let limits = Limits { held: 1000, open: 90, waiting_per_lane: 100, ..LIMITS };
    let mut fixture = Fixture::new(limits, 1001);
    fixture.give(1001, "healthy");
    for hanging in 1..=1000 {
        fixture.fill(hanging, 100);
    }
    fixture.begin_all(NOW);
    assert!((75..=80).contains(&fixture.lanes.open), "eight parts of nine: {}", fixture.lanes.open);
    assert!((880..=890).contains(&fixture.lanes.held.count), "{}", fixture.lanes.held.count);
    for _ in 0..1000 {
        assert_eq!(fixture.fill(1001, 5), 5);
        assert_eq!(fixture.begin_all(NOW), [id(1001); 5]);
        (0..5).for_each(|_| fixture.done(1001, NOW));
    }
}

#[test]
fn claims_leave_room_to_other_tenants() {
    let limits = Limits { held: 900, waiting_per_lane: 100, ..LIMITS };
    let mut fixture = Fixture::new(limits, 101);
    fixture.give(101, "healthy");
    for lane in 1..=100 {
        fixture.lanes.sweep(&due(lane), NOW);
    }
    for _ in 0..100 {
        for (id, asked) in fixture.wanted().claims {
            let lane = id.as_uuid().as_u128();
            let brought = (0..asked).map(|number| leased(lane, u128::from(number))).collect();
            fixture.lanes.claimed(id, asked, brought, NOW);
            fixture.lanes.sweep(&due(lane), NOW);
        }
    }
    assert!((790..=810).contains(&fixture.lanes.held.count), "eight parts of nine: {}", fixture.lanes.held.count);
    fixture.lanes.sweep(&due(101), NOW);
    assert!(fixture.wanted().claims.iter().any(|&(lane, room)| lane == id(101) && room > 10));
}

#[test]
fn claims_go_to_every_tenant_in_turn() {
    let mut fixture = Fixture::new(Limits { held: 10_000, waiting_per_lane: 100, ..LIMITS }, 21);
    fixture.give(21, "small");
    for lane in 1..=21 {
        fixture.lanes.sweep(&due(lane), NOW);
    }
    let claims = fixture.lanes.wanted(&fixture.directory, 250, NOW).claims;
    assert_eq!(claims.iter().map(|&(lane, _)| lane).collect::<Vec<_>>(), [1, 21, 2].map(id));
}

#[test]
fn a_tenant_is_forgotten_with_its_last_lane() {
    let mut fixture = Fixture::new(LIMITS, 1);
    fixture.give(1, "guest");
    assert!(fixture.reserve(1));
    assert!(fixture.lanes.hand_over(leased_of("guest", 1, 1)).is_none());
    fixture.begin_all(NOW);
    let share = |lanes: &mut Lanes| lanes.tenants.at(0).map(|share| (share.open, share.held.count, share.is_listed));
    assert_eq!(share(&mut fixture.lanes), Some((1, 1, false)));
    fixture.done(1, NOW);
    fixture.begin_all(NOW);
    fixture.lanes.tidy(&fixture.directory, NOW);
    assert_eq!(share(&mut fixture.lanes), Some((0, 0, false)));
    assert_eq!((fixture.lanes.by_id.len(), fixture.lanes.tenants.count()), (0, 0));
}

#[test]
fn nodes_send_what_a_subscription_allows_together() {
    let mut open = 0;
    for rank in 0..3 {
        let mut fixture = Fixture::new(LIMITS, 1);
        fixture.change(1, |subscription| subscription.spec.config.max_concurrency = 5);
        fixture.lanes.join(Crew::new(3, rank));
        fixture.fill(1, 10);
        open += fixture.begin_all(NOW).len();
    }
    assert_eq!(open, 5);
}

#[test]
fn a_node_without_a_part_takes_nothing_and_gives_back_what_it_has() {
    let mut fixture = Fixture::new(LIMITS, 2);
    for lane in [1, 2] {
        fixture.change(lane, |subscription| subscription.spec.config.max_concurrency = 1);
        assert_eq!(fixture.fill(lane, 3), 3);
    }
    // Of two nodes, one of the two subscriptions is the other's.
    fixture.lanes.join(Crew::new(2, 0));
    let (mut begun, mut withdrawn) = (Vec::new(), Vec::new());
    while let Some(next) = fixture.next(NOW) {
        match next {
            Next::Attempt(leased, _) => begun.push(leased.subscription_id),
            Next::Withdraw(leased, due_at) => {
                assert_eq!((leased.len(), due_at), (3, NOW));
                withdrawn.push(leased[0].subscription_id);
            }
        }
    }
    assert_eq!((begun.len(), withdrawn.len()), (1, 1));
    let others = withdrawn[0].as_uuid().as_u128();
    assert!(!fixture.reserve(others));
    fixture.lanes.sweep(&due(others), NOW);
    assert!(fixture.wanted().claims.is_empty());
    // The other node goes: it takes over.
    fixture.lanes.join(Crew::default());
    assert!(fixture.reserve(others));
}
