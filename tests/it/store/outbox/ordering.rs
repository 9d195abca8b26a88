//! Lines of ordered deliveries: one of a key at a time, in the order of accepting, whatever becomes of each.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::{DeadReason, DeliveryState};
use waypost::domain::id::{DeliveryId, NodeId, SubscriptionId};
use waypost::domain::subscription::{OnFailure, OrderedBy, Ordering, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::store::{
    Accepting, Claim, DeadLetterFilter, DeliveryFilter, Lease, Leased, NewDelivery, Placement, Recorded, Resolution, Settled,
};

use super::fixture::{
    accept_batch, accepting, batch, claim, handed_over, lane, living_node, record, report, seen, submission, untried,
};
use crate::store::sample;
use crate::support::database::{TestStore, both_databases};

/// A delivery in the line of a key, due at once.
fn in_line(store: &TestStore, lane: SubscriptionId, key: u8) -> NewDelivery {
    in_line_at(store, lane, key, store.now())
}

fn in_line_at(store: &TestStore, lane: SubscriptionId, key: u8, due_at: Timestamp) -> NewDelivery {
    // As the digest would, the key tells subscriptions apart.
    let mut digest = *lane.as_uuid().as_bytes();
    digest[0] = key;
    NewDelivery { placement: Placement::InLine(digest, due_at), ..handed_over(store, lane) }
}

/// Accepts one event for each key named, in one batch, and gives their deliveries.
async fn accept_keys(store: &TestStore, node: NodeId, lane: SubscriptionId, keys: &[u8]) -> Vec<DeliveryId> {
    let now = store.now();
    let new = |(place, &key): (usize, &u8)| {
        let unique = waypost::domain::id::EventId::new(now, &store.entropy).to_string();
        accepting(store, &format!("{place}-{}", &unique[unique.len() - 10..]), vec![in_line(store, lane, key)])
    };
    let events: Vec<Accepting> = keys.iter().enumerate().map(new).collect();
    let ids = events.iter().map(|event| event.deliveries[0].id).collect();
    let mut batch = batch(store, node, vec![submission(events)]);
    while let Settled::Stale { routing_version } = store.accept(&batch).await.unwrap() {
        batch.routing_version = routing_version;
    }
    ids
}

async fn ids_due(store: &TestStore, node: NodeId, lane: SubscriptionId) -> (Vec<DeliveryId>, Vec<Leased>) {
    let leased = claim(store, node, &[(lane, 100)]).await;
    (leased.iter().map(|leased| leased.lease.delivery_id).collect(), leased)
}

/// A subscription that orders, so that its policy is known.
async fn ordered(store: &TestStore, on_failure: OnFailure) -> Subscription {
    let mut subscription = sample::subscription(store, &TenantName::default());
    subscription.spec.config.ordering = Ordering::By(OrderedBy { by: "subject".into(), on_failure });
    store.create_subscription(&subscription).await.unwrap();
    store.subscription(&subscription.tenant, subscription.id).await.unwrap()
}

/// Fails the delivery that is first in the line of its lane, for good.
async fn fail_first(store: &TestStore, node: NodeId, lane: SubscriptionId, reason: DeadReason) -> Lease {
    let (_, leased) = ids_due(store, node, lane).await;
    let number = leased[0].attempt_count + 1;
    assert_eq!(record(store, report(store, leased[0].lease, number, Resolution::Dead(reason))).await, Recorded::Done);
    leased[0].lease
}

async fn deliver_all(store: &TestStore, node: NodeId, lane: SubscriptionId) -> Vec<DeliveryId> {
    let mut delivered = Vec::new();
    loop {
        let (ids, leased) = ids_due(store, node, lane).await;
        if ids.is_empty() {
            return delivered;
        }
        delivered.extend(ids);
        for leased in leased {
            assert_eq!(record(store, untried(leased.lease, Resolution::Delivered)).await, Recorded::Done);
        }
    }
}

both_databases!(a_key_goes_one_at_a_time_and_keys_go_in_parallel, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let first = accept_keys(&store, node, lane, &[1, 2, 1, 1]).await;
    let later = accept_keys(&store, node, lane, &[2, 3]).await;

    let (ids, leased) = ids_due(&store, node, lane).await;
    assert_eq!(ids.iter().collect::<HashSet<_>>(), [&first[0], &first[1], &later[1]].into_iter().collect());
    assert!(leased.iter().all(|leased| leased.lease.may_be_in_line()));
    assert!(ids_due(&store, node, lane).await.0.is_empty());
    let waiting = store.delivery(&TenantName::default(), first[3]).await.unwrap();
    assert_eq!((waiting.delivery.state, waiting.delivery.next_attempt_at), (DeliveryState::Pending, None));
    assert_eq!(waiting.waits_for, Some(first[0]));
    assert!(waiting.delivery.waits_in_line() && !seen(&store, first[0]).await.waits_in_line());
    assert_eq!(store.waiting(&TenantName::default(), None, 100).await.unwrap().0, 0, "it has no subscription to be found by");
    let pending = DeliveryFilter { subscription_id: Some(lane), ..DeliveryFilter::default() };
    let page = waypost::domain::page::PageRequest { limit: 10, before: None };
    assert_eq!(store.deliveries(&TenantName::default(), &pending, page).await.unwrap().rows.len(), 6);

    for leased in leased.iter().filter(|leased| leased.lease.delivery_id != first[1]) {
        record(&store, untried(leased.lease, Resolution::Delivered)).await;
    }
    let (ids, leased) = ids_due(&store, node, lane).await;
    assert_eq!(ids, [first[2]], "the others of key 1, and those of key 2, wait");
    record(&store, untried(leased[0].lease, Resolution::Delivered)).await;
    assert_eq!(ids_due(&store, node, lane).await.0, [first[3]]);
});

both_databases!(a_retry_keeps_its_place, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = accept_keys(&store, node, lane, &[1, 1]).await;
    let (_, leased) = ids_due(&store, node, lane).await;
    let due = store.now().plus(Duration::from_secs(5));
    record(&store, report(&store, leased[0].lease, 1, Resolution::Retry(due))).await;
    assert!(ids_due(&store, node, lane).await.0.is_empty(), "the one behind it does not pass it");
    let again = store.claim(&Claim { node, now: due, lanes: vec![(lane, 10)] }).await.unwrap();
    assert_eq!(again.iter().map(|leased| leased.lease.delivery_id).collect::<Vec<_>>(), [ids[0]]);
    store.release(&[again[0].lease], due).await.unwrap();
    let again = store.claim(&Claim { node, now: due, lanes: vec![(lane, 10)] }).await.unwrap();
    assert_eq!(again.len(), 1);
    record(&store, untried(again[0].lease, Resolution::Delivered)).await;
    assert_eq!(ids_due(&store, node, lane).await.0, [ids[1]]);
});

both_databases!(a_lost_lease_neither_moves_a_line_nor_lets_a_late_report_move_it, async |store: TestStore| {
    let (dead, lane) = (living_node(&store).await, lane(&store));
    let ids = accept_keys(&store, dead, lane, &[1, 1, 1]).await;
    let (_, old) = ids_due(&store, dead, lane).await;
    store.clock.advance(Duration::from_mins(2));
    let node = living_node(&store).await;
    assert_eq!(store.reclaim(store.now(), 100).await.unwrap(), 1);
    let (again, leased) = ids_due(&store, node, lane).await;
    assert_eq!(again, [ids[0]]);
    assert_eq!(record(&store, untried(old[0].lease, Resolution::Delivered)).await, Recorded::LeaseLost);
    assert!(ids_due(&store, node, lane).await.0.is_empty());
    record(&store, untried(leased[0].lease, Resolution::Delivered)).await;
    assert_eq!(deliver_all(&store, node, lane).await, ids[1..]);
    assert_eq!(
        (store.database.count("ordered").await, store.database.count("order_keys").await, store.database.count("queue").await),
        (0, 0, 0)
    );
});

both_databases!(a_failing_key_goes_on_without_its_dead_letter_where_that_is_asked, async |store: TestStore| {
    let (node, subscription) = (living_node(&store).await, ordered(&store, OnFailure::Skip).await);
    let ids = accept_keys(&store, node, subscription.id, &[1, 1]).await;
    fail_first(&store, node, subscription.id, DeadReason::Exhausted).await;
    assert_eq!(deliver_all(&store, node, subscription.id).await, ids[1..]);
    // Redelivered it goes by itself, and holds up nobody.
    store.redeliver(&TenantName::default(), ids[0], store.now()).await.unwrap();
    let more = accept_keys(&store, node, subscription.id, &[1]).await;
    let (due, _) = ids_due(&store, node, subscription.id).await;
    assert_eq!(due.into_iter().collect::<HashSet<_>>(), [ids[0], more[0]].into());
});

both_databases!(a_blocked_key_waits_until_its_dead_letter_is_redelivered_with_success, async |store: TestStore| {
    let (node, subscription) = (living_node(&store).await, ordered(&store, OnFailure::Block).await);
    let lane = subscription.id;
    let ids = accept_keys(&store, node, lane, &[1, 1]).await;
    fail_first(&store, node, lane, DeadReason::Permanent).await;
    let more = accept_keys(&store, node, lane, &[1, 2]).await;
    assert_eq!(deliver_all(&store, node, lane).await, [more[1]], "only the other key goes");
    let blocked = store.delivery(&TenantName::default(), ids[0]).await.unwrap();
    assert_eq!((blocked.delivery.state, blocked.holds_up), (DeliveryState::DeadLettered, Some(2)));
    assert_eq!(store.delivery(&TenantName::default(), more[0]).await.unwrap().waits_for, Some(ids[0]));

    // It dies again, and once more by a redrive, before it arrives.
    store.redeliver(&TenantName::default(), ids[0], store.now()).await.unwrap();
    fail_first(&store, node, lane, DeadReason::Exhausted).await;
    assert!(ids_due(&store, node, lane).await.0.is_empty());
    assert_eq!(store.redrive(&TenantName::default(), &DeadLetterFilter::default(), store.now(), 10).await.unwrap(), 1);
    assert_eq!(deliver_all(&store, node, lane).await, [ids[0], ids[1], more[0]]);
    assert_eq!(
        (store.database.count("ordered").await, store.database.count("order_keys").await, store.database.count("queue").await),
        (0, 0, 0)
    );
});

both_databases!(what_expired_or_ended_with_its_subscription_blocks_nobody, async |store: TestStore| {
    for reason in [DeadReason::Expired, DeadReason::Disabled, DeadReason::Gone] {
        let (node, subscription) = (living_node(&store).await, ordered(&store, OnFailure::Block).await);
        let ids = accept_keys(&store, node, subscription.id, &[1, 1]).await;
        fail_first(&store, node, subscription.id, reason).await;
        assert_eq!(deliver_all(&store, node, subscription.id).await, ids[1..], "{reason:?}");
    }
});

both_databases!(cancelling_takes_out_of_the_line_and_lets_it_go_on, async |store: TestStore| {
    let (node, lane, tenant) = (living_node(&store).await, lane(&store), TenantName::default());
    let ids = accept_keys(&store, node, lane, &[1; 6]).await;
    let (_, leased) = ids_due(&store, node, lane).await;
    store.cancel(&tenant, ids[1], store.now()).await.unwrap();
    assert!(ids_due(&store, node, lane).await.0.is_empty(), "one that waited moves nobody");
    store.cancel(&tenant, ids[0], store.now()).await.unwrap();
    assert_eq!(record(&store, untried(leased[0].lease, Resolution::Delivered)).await, Recorded::LeaseLost);
    let (due, leased) = ids_due(&store, node, lane).await;
    assert_eq!(due, [ids[2]]);
    assert_eq!(store.cancel_many(&tenant, &[ids[4], ids[2], ids[3]], store.now()).await.unwrap(), 3);
    assert_eq!(record(&store, untried(leased[0].lease, Resolution::Delivered)).await, Recorded::LeaseLost);
    assert_eq!(deliver_all(&store, node, lane).await, [ids[5]]);
    assert_eq!(
        (store.database.count("ordered").await, store.database.count("order_keys").await, store.database.count("queue").await),
        (0, 0, 0)
    );
});

both_databases!(purging_a_dead_letter_or_skipping_from_now_on_lets_its_key_go_on, async |store: TestStore| {
    let (node, subscription) = (living_node(&store).await, ordered(&store, OnFailure::Block).await);
    let lane = subscription.id;
    let ids = accept_keys(&store, node, lane, &[1, 1, 1, 1]).await;
    fail_first(&store, node, lane, DeadReason::Exhausted).await;
    store.purge(&TenantName::default(), &DeadLetterFilter::default(), 10).await.unwrap();
    fail_first(&store, node, lane, DeadReason::Exhausted).await;
    assert!(ids_due(&store, node, lane).await.0.is_empty());
    let mut skipping = subscription.clone();
    skipping.spec.config.ordering = Ordering::By(OrderedBy { by: "subject".into(), on_failure: OnFailure::Skip });
    store.update_subscription(&skipping, subscription.updated_at).await.unwrap();
    assert_eq!(fail_first(&store, node, lane, DeadReason::Exhausted).await.delivery_id, ids[2]);
    assert_eq!(deliver_all(&store, node, lane).await, ids[3..]);
});

both_databases!(nothing_stays_behind_a_dead_letter_of_a_subscription_that_ended, async |store: TestStore| {
    for is_deleted in [true, false] {
        let (node, subscription) = (living_node(&store).await, ordered(&store, OnFailure::Block).await);
        let ids = accept_keys(&store, node, subscription.id, &[1, 1, 2, 2]).await;
        for _ in 0..2 {
            let (_, leased) = ids_due(&store, node, subscription.id).await;
            for leased in leased {
                record(&store, untried(leased.lease, Resolution::Dead(DeadReason::Exhausted))).await;
            }
        }
        if is_deleted {
            store.delete_subscription(&subscription.tenant, subscription.id, store.now()).await.unwrap();
        } else {
            let disabled = Subscription { status: Status::Disabled, ..subscription.clone() };
            store.update_subscription(&disabled, subscription.updated_at).await.unwrap();
        }
        let due: HashSet<_> = ids_due(&store, node, subscription.id).await.0.into_iter().collect();
        assert_eq!(due, [ids[1], ids[3]].into());
    }
});

both_databases!(a_delay_holds_up_those_behind_it, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let later = store.now().plus(Duration::from_mins(5));
    let events = vec![
        accepting(&store, "a", vec![in_line_at(&store, lane, 1, later)]),
        accepting(&store, "b", vec![in_line(&store, lane, 1)]),
    ];
    let ids: Vec<_> = events.iter().map(|event| event.deliveries[0].id).collect();
    accept_batch(&store, &batch(&store, node, vec![submission(events)])).await;
    assert!(ids_due(&store, node, lane).await.0.is_empty());
    assert_eq!(seen(&store, ids[0]).await.next_attempt_at, Some(later));
    store.clock.advance(Duration::from_mins(5));
    store.heartbeat(node, store.now(), later.plus(Duration::from_mins(1))).await.unwrap();
    assert_eq!(deliver_all(&store, node, lane).await, ids);
});

both_databases!(duplicates_take_no_place, async |store: TestStore| {
    let (node, other, lane) = (living_node(&store).await, lane(&store), lane(&store));
    let event = |name: &str| accepting(&store, name, vec![in_line(&store, lane, 1), handed_over(&store, other)]);
    let (first, again, second) = (event("a"), event("a"), event("b"));
    let ids = [first.deliveries[0].id, second.deliveries[0].id];
    accept_batch(&store, &batch(&store, node, vec![submission(vec![first, again])])).await;
    accept_batch(&store, &batch(&store, node, vec![submission(vec![event("a"), second])])).await;
    assert_eq!(deliver_all(&store, node, lane).await, ids);
    assert_eq!(store.database.count("deliveries").await, 4);
});

both_databases!(lines_stay_whole_when_all_is_done_at_once, async |store: TestStore| {
    const KEYS: u8 = 5;
    let (node, lane) = (living_node(&store).await, lane(&store));
    let store = std::sync::Arc::new(store);
    let mut writers = JoinSet::new();
    for writer in 0..4_u8 {
        let store = std::sync::Arc::clone(&store);
        writers.spawn(async move {
            for round in 0..25_u8 {
                let keys = [(writer + round) % KEYS, round % KEYS, round % KEYS];
                let ids = accept_keys(&store, node, lane, &keys).await;
                if round % 8 == 0 {
                    // Lost against whoever delivers it, or won.
                    let _ = store.cancel(&TenantName::default(), ids[1], store.now()).await;
                }
            }
        });
    }
    let mut readers = JoinSet::new();
    for _ in 0..3 {
        let store = std::sync::Arc::clone(&store);
        readers.spawn(async move {
            let mut count = 0;
            let mut idle = 0;
            while idle < 40 {
                let (ids, leased) = ids_due(&store, node, lane).await;
                idle = if ids.is_empty() { idle + 1 } else { 0 };
                let reports: Vec<_> = leased.iter().map(|leased| untried(leased.lease, Resolution::Delivered)).collect();
                let answers = store.record(&reports, &[], store.now()).await.unwrap();
                count += answers.iter().filter(|answer| **answer == Recorded::Done).count();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            count
        });
    }
    writers.join_all().await;
    let delivered: usize = readers.join_all().await.into_iter().sum();
    assert_eq!(
        (store.database.count("ordered").await, store.database.count("order_keys").await, store.database.count("queue").await),
        (0, 0, 0)
    );
    assert!((284..=300).contains(&delivered), "{delivered} delivered, the others cancelled");
});
