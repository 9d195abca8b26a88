//! Leases: given back, taken from the dead, and of no use afterwards.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use waypost::domain::crew::Crew;
use waypost::domain::delivery::DeliveryState;
use waypost::domain::id::NodeId;
use waypost::domain::page::PageRequest;
use waypost::domain::tenant::TenantName;
use waypost::store::{Claim, DeliveryFilter, Lease, Recorded, Resolution};

use super::fixture::{accept, accepting, backlog, claim, handed_over, lane, living_node, record, report, seen};
use crate::support::database::{TestStore, both_databases};

both_databases!(what_is_released_is_due_at_once_and_untried, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 2).await;
    let leased = claim(&store, node, &[(lane, 2)]).await;
    let lost = Lease { token: 99, ..leased[1].lease };
    let now = store.now();

    store.release(&[leased[0].lease, lost], now).await.unwrap();

    let released = seen(&store, ids[0]).await;
    assert_eq!((released.state, released.attempt_count, released.next_attempt_at), (DeliveryState::Pending, 0, Some(now)));
    assert_eq!(seen(&store, ids[1]).await.state, DeliveryState::InFlight, "a lease already lost is passed over");
    assert_eq!(record(&store, report(&store, leased[0].lease, 1, Resolution::Delivered)).await, Recorded::LeaseLost);
    assert_eq!(claim(&store, node, &[(lane, 2)]).await[0].lease.token, leased[0].lease.token + 1);
});

both_databases!(a_node_without_heartbeat_loses_its_leases, async |store: TestStore| {
    let (dead, lane) = (living_node(&store).await, lane(&store));
    let handed = handed_over(&store, lane);
    accept(&store, dead, vec![accepting(&store, "a", vec![handed.clone()])]).await;
    backlog(&store, dead, lane, 2).await;
    let leased = claim(&store, dead, &[(lane, 1)]).await;
    assert_eq!(store.reclaim(store.now(), 100).await.unwrap(), 0, "it is alive");
    store.clock.advance(Duration::from_secs(61));
    let alive = living_node(&store).await;
    let kept = claim(&store, alive, &[(lane, 1)]).await;
    let now = store.now();

    assert_eq!(store.reclaim(now, 100).await.unwrap(), 2);

    assert_eq!(record(&store, report(&store, leased[0].lease, 1, Resolution::Delivered)).await, Recorded::LeaseLost);
    assert_eq!(record(&store, report(&store, kept[0].lease, 1, Resolution::Delivered)).await, Recorded::Done);
    let reclaimed = seen(&store, handed.id).await;
    assert_eq!((reclaimed.state, reclaimed.attempt_count, reclaimed.next_attempt_at), (DeliveryState::Pending, 0, Some(now)));
    let again = claim(&store, alive, &[(lane, 10)]).await;
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|leased| leased.lease.token == 3), "reclaiming fences the old token, claiming makes a new one");
});

both_databases!(a_retired_node_is_reclaimed_at_once_in_portions, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    backlog(&store, node, lane, 5).await;
    claim(&store, node, &[(lane, 5)]).await;
    store.retire_node(node).await.unwrap();

    let now = store.now();
    let portions =
        [store.reclaim(now, 3).await.unwrap(), store.reclaim(now, 3).await.unwrap(), store.reclaim(now, 3).await.unwrap()];

    assert_eq!(portions, [3, 2, 0]);
});

both_databases!(a_heartbeat_prolongs_a_life, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    backlog(&store, node, lane, 1).await;
    claim(&store, node, &[(lane, 1)]).await;
    let until = store.now().plus(Duration::from_mins(10));
    store.heartbeat(node, store.now(), until).await.unwrap();

    assert_eq!(store.reclaim(until.minus(Duration::from_micros(1)), 10).await.unwrap(), 0);
    assert_eq!(store.reclaim(until, 10).await.unwrap(), 1);
});

both_databases!(a_heartbeat_tells_which_of_the_living_nodes_it_is, async |store: TestStore| {
    let mut nodes = [(); 3].map(|()| NodeId::new(store.now(), &store.entropy));
    nodes.sort_unstable();
    let long = store.now().plus(Duration::from_mins(10));
    let soon = store.now().plus(Duration::from_secs(1));
    assert_eq!(store.heartbeat(nodes[1], store.now(), long).await.unwrap(), Crew::default());
    assert_eq!(store.heartbeat(nodes[2], store.now(), soon).await.unwrap(), Crew::new(2, 1));
    assert_eq!(store.heartbeat(nodes[0], store.now(), long).await.unwrap(), Crew::new(3, 0));
    assert_eq!(store.heartbeat(nodes[1], store.now(), long).await.unwrap(), Crew::new(3, 1));

    // One died, and one stopped.
    assert_eq!(store.heartbeat(nodes[1], soon, long).await.unwrap(), Crew::new(2, 1));
    store.retire_node(nodes[0]).await.unwrap();
    assert_eq!(store.heartbeat(nodes[1], soon, long).await.unwrap(), Crew::default());
});

both_databases!(leases_of_a_node_nobody_knows_are_reclaimed, async |store: TestStore| {
    let (node, lane) = (NodeId::new(store.now(), &store.entropy), lane(&store));
    backlog(&store, node, lane, 1).await;
    claim(&store, node, &[(lane, 1)]).await;

    assert_eq!(store.reclaim(store.now(), 10).await.unwrap(), 1);
});

both_databases!(leases_nobody_was_told_of_are_taken_back, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    backlog(&store, node, lane, 3).await;
    let held = claim(&store, node, &[(lane, 1)]).await;
    let request = Claim { node, now: store.now(), lanes: vec![(lane, 1)] };
    // The caller goes away after its first poll: the claim is under way, or even done, and its answer has no reader. A database
    // that was quick enough to answer it all the same is asked again.
    while let Ok(answered) = tokio::time::timeout(Duration::ZERO, store.claim(&request)).await {
        let leases: Vec<_> = answered.unwrap().iter().map(|leased| leased.lease).collect();
        store.release(&leases, request.now).await.unwrap();
    }
    let until = store.now().plus(Duration::from_mins(10));
    store.heartbeat(node, store.now(), until).await.unwrap();

    // A server may still be working on the claim when it is first looked for.
    let mut again = claim(&store, node, &[(lane, 10)]).await;
    while again.len() < 2 {
        store.clock.advance(Duration::from_secs(6));
        store.reclaim(store.now(), 10).await.unwrap();
        again.extend(claim(&store, node, &[(lane, 10)]).await);
    }

    let reports: Vec<_> = again.iter().map(|leased| report(&store, leased.lease, 1, Resolution::Delivered)).collect();
    assert_eq!(store.record(&reports, &[], store.now()).await.unwrap(), [Recorded::Done; 2]);
    assert_eq!(record(&store, report(&store, held[0].lease, 1, Resolution::Delivered)).await, Recorded::Done);
});

both_databases!(rows_of_batches_that_ended_go_with_a_later_record, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    for name in ["a", "a", "b"] {
        // The second is a duplicate: its batch has a row and no delivery.
        accept(&store, node, vec![accepting(&store, name, vec![handed_over(&store, lane)])]).await;
    }
    backlog(&store, node, lane, 1).await;
    let claimed = claim(&store, node, &[(lane, 1)]).await;
    assert_eq!(store.database.count("leases").await, 4);
    let page = PageRequest { limit: 10, before: None };
    let in_flight = DeliveryFilter { state: Some(DeliveryState::InFlight), ..DeliveryFilter::default() };
    let held = store.deliveries(&TenantName::default(), &in_flight, page).await.unwrap().rows;
    assert_eq!(held.len(), 3);

    for delivery in held {
        record(&store, report(&store, Lease { delivery_id: delivery.id, token: 1 }, 1, Resolution::Delivered)).await;
    }
    assert_eq!(record(&store, report(&store, claimed[0].lease, 1, Resolution::Delivered)).await, Recorded::LeaseLost);

    store.record(&[], &[], store.now()).await.unwrap();
    assert_eq!((store.database.count("leases").await, store.database.count("queue").await), (0, 0));
});

both_databases!(a_place_left_in_the_queue_is_cleared_away, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let id = backlog(&store, node, lane, 1).await[0];
    store.cancel(&TenantName::default(), id, store.now()).await.unwrap();
    assert_eq!(store.database.count("queue").await, 0);
    // As if it had been cancelled while a retry was being recorded.
    let place = "INSERT INTO queue (subscription_id, due_at, delivery_id) SELECT subscription_id, created_at, id FROM deliveries";
    store.database.run(place).await;

    assert!(claim(&store, node, &[(lane, 10)]).await.is_empty());
    assert_eq!((store.database.count("leases").await, store.database.count("queue").await), (0, 0));
});

both_databases!(a_delivery_whose_event_can_not_be_read_is_found_by_whoever_takes_over, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 2).await;
    let first = "SELECT event_id FROM deliveries ORDER BY id LIMIT 1";
    store.database.run(AssertSqlSafe(format!("UPDATE events SET wire = 'no way of ours' WHERE id = ({first})"))).await;
    let claimed = claim(&store, node, &[(lane, 10)]).await;
    assert_eq!(claimed.iter().map(|leased| leased.lease.delivery_id).collect::<Vec<_>>(), ids[1..], "one holds up no other");
    record(&store, report(&store, claimed[0].lease, 1, Resolution::Delivered)).await;
    store.record(&[], &[], store.now()).await.unwrap();

    store.retire_node(node).await.unwrap();

    assert_eq!(store.reclaim(store.now(), 10).await.unwrap(), 1);
    assert_eq!(seen(&store, ids[0]).await.state, DeliveryState::Pending);
});
