//! Claiming: what is due, once, and no more than there is room for.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::delivery::DeliveryState;
use waypost::domain::id::SubscriptionId;
use waypost::store::{Claim, DueLane, Resolution, SinkPause, Store};

use super::fixture::{accept, accepting, backlog, claim, lane, living_node, queued, record, report, seen};
use crate::support::database::{TestStore, both_databases};

both_databases!(lanes_are_claimed_earliest_first_within_their_room, async |store: TestStore| {
    let (node, one, two) = (living_node(&store).await, lane(&store), lane(&store));
    let (first, second) = (backlog(&store, node, one, 5).await, backlog(&store, node, two, 2).await);

    let leased = claim(&store, node, &[(two, 3), (one, 3)]).await;

    let ids: Vec<_> = leased.iter().map(|leased| leased.lease.delivery_id).collect();
    assert_eq!(ids, [&second[..], &first[..3]].concat());
    assert_eq!(seen(&store, first[0]).await.state, DeliveryState::InFlight);
    assert_eq!(seen(&store, first[0]).await.next_attempt_at, None);
    assert_eq!(seen(&store, first[4]).await.state, DeliveryState::Pending);
    assert!(claim(&store, node, &[(one, 0)]).await.is_empty());
    assert!(claim(&store, node, &[]).await.is_empty());
});

both_databases!(what_is_not_due_is_not_given, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let due = store.now().plus(Duration::from_mins(1));
    accept(&store, node, vec![accepting(&store, "a", vec![queued(&store, lane, due)])]).await;

    let early = Claim { node, now: due.minus(Duration::from_micros(1)), lanes: vec![(lane, 1)] };
    assert!(store.claim(&early).await.unwrap().is_empty());
    assert_eq!(store.claim(&Claim { now: due, ..early }).await.unwrap().len(), 1);
});

both_databases!(a_retry_is_due_when_it_was_told_to_be, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    backlog(&store, node, lane, 1).await;
    let leased = claim(&store, node, &[(lane, 1)]).await;
    let due = store.now().plus(Duration::from_secs(5));
    record(&store, report(&store, leased[0].lease, 1, Resolution::Retry(due))).await;

    assert!(claim(&store, node, &[(lane, 1)]).await.is_empty());
    let again = store.claim(&Claim { node, now: due, lanes: vec![(lane, 1)] }).await.unwrap();

    assert_eq!((again[0].attempt_count, again[0].budget_attempt_count), (1, 1));
    assert_eq!(again[0].lease.token, leased[0].lease.token + 1);
});

both_databases!(twenty_claimers_never_get_the_same_delivery, async |store: TestStore| {
    const EACH: u32 = 7;
    let (node, lanes) = (living_node(&store).await, [(); 4].map(|()| lane(&store)));
    for lane in lanes {
        backlog(&store, node, lane, 500).await;
    }
    let mut claimers = JoinSet::new();
    for _ in 0..20 {
        let (shared, now) = (store.shared(), store.now());
        let claim = Claim { node, now, lanes: lanes.map(|lane| (lane, EACH)).into() };
        claimers.spawn(async move {
            let mut mine = Vec::new();
            // A claimer whose rows are all locked by others gets none of them and asks again; the rest is taken in the end.
            let mut empty_handed = 0;
            while empty_handed < 3 {
                let leased = shared.claim(&claim).await.unwrap();
                for lane in lanes {
                    assert!(leased.iter().filter(|leased| leased.subscription_id == lane).count() <= EACH as usize);
                }
                empty_handed = if leased.is_empty() { empty_handed + 1 } else { 0 };
                mine.extend(leased.into_iter().map(|leased| leased.lease));
            }
            mine
        });
    }

    let taken = claimers.join_all().await.concat();
    let rest = claim(&store, node, &lanes.map(|lane| (lane, 2000))).await;
    let taken: Vec<_> = taken.into_iter().chain(rest.into_iter().map(|leased| leased.lease)).collect();

    assert_eq!(taken.len(), 2000);
    assert_eq!(taken.iter().map(|lease| lease.delivery_id).collect::<HashSet<_>>().len(), 2000);
    assert!(taken.iter().all(|lease| lease.token == 1));
});

both_databases!(due_lanes_tell_when_their_earliest_delivery_is_due, async |store: TestStore| {
    let node = living_node(&store).await;
    let lanes: [SubscriptionId; 3] = [(); 3].map(|()| lane(&store));
    let due = store.now();
    let at = |seconds| due.plus(Duration::from_secs(seconds));
    for (number, (lane, seconds)) in [(2, 30), (0, 20), (0, 10), (1, 5)].into_iter().enumerate() {
        accept(&store, node, vec![accepting(&store, &number.to_string(), vec![queued(&store, lanes[lane], at(seconds))])]).await;
    }
    let pause = SinkPause { subscription_id: lanes[2], until: at(99) };
    store.record(&[], &[pause], store.now()).await.unwrap();

    let expected = [(lanes[0], at(10), None), (lanes[1], at(5), None), (lanes[2], at(30), Some(at(99)))]
        .map(|(subscription_id, next_attempt_at, paused_until)| DueLane { subscription_id, next_attempt_at, paused_until });
    assert_eq!(store.due_lanes(None, 10).await.unwrap(), expected);
    assert_eq!(store.due_lanes(None, 2).await.unwrap(), expected[..2]);
    assert_eq!(store.due_lanes(Some(lanes[0]), 10).await.unwrap(), expected[1..]);
    assert_eq!(store.due_lanes(Some(lanes[2]), 10).await.unwrap(), []);
});
