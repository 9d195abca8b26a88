//! Forwards: written with the death, leased by their due moment, and recorded by whoever holds the token.

use std::time::Duration;

use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::{DeadReason, ErrorAttributes};
use waypost::domain::id::{DeliveryId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::{
    DeadLetterFilter, Forward, ForwardReport, ForwardState, ForwardThen, LeasedForward, Recorded, Report, Resolution,
};

use super::super::sample;
use super::fixture::{backlog, claim, lane, living_node, record, report};
use crate::support::database::{TestStore, both_databases};

const MINUTE: Duration = Duration::from_mins(1);

fn error() -> ErrorAttributes {
    ErrorAttributes { destination: "https://sink.example/?a=b".into(), code: 503, data: Some("YQ==".into()) }
}

/// Lets `count` deliveries to `lane` die, to be sent on.
async fn dead(store: &TestStore, lane: SubscriptionId, count: usize) -> Vec<DeliveryId> {
    let node = living_node(store).await;
    let ids = backlog(store, node, lane, count).await;
    let leased = claim(store, node, &[(lane, u32::try_from(count).unwrap())]).await;
    let told = |lease| {
        let died = report(store, lease, 1, Resolution::Dead(DeadReason::Exhausted));
        Report { forward: Some(Box::new(error())), ..died }
    };
    let reports: Vec<_> = leased.iter().map(|leased| told(leased.lease)).collect();
    assert!(store.record(&reports, &[], store.now()).await.unwrap().iter().all(|answer| *answer == Recorded::Done));
    ids
}

async fn forward(store: &TestStore, id: DeliveryId) -> Option<Forward> {
    store.delivery(&TenantName::default(), id).await.unwrap().forward
}

async fn claimed(store: &TestStore, lane: SubscriptionId, now: Timestamp, limit: u32) -> Vec<LeasedForward> {
    store.claim_forwards(lane, now, now.plus(MINUTE), limit).await.unwrap()
}

fn came(leased: &LeasedForward, then: ForwardThen) -> ForwardReport {
    ForwardReport {
        delivery_id: leased.delivery_id,
        token: leased.token,
        then,
        is_attempted: true,
        status: Some(500),
        error: Some("the sink answered 500".into()),
    }
}

both_databases!(a_death_that_is_to_be_told_is_due_at_once_and_no_other, async |store: TestStore| {
    let (told, quiet) = (lane(&store), lane(&store));
    let ids = dead(&store, told, 1).await;
    let node = living_node(&store).await;
    let silent = backlog(&store, node, quiet, 1).await;
    let lease = claim(&store, node, &[(quiet, 1)]).await[0].lease;
    record(&store, report(&store, lease, 1, Resolution::Dead(DeadReason::Gone))).await;

    let now = store.now();
    let due = store.due_forwards(None, 10).await.unwrap();
    assert!(due.len() == 1 && due[0].0 == told && due[0].1 <= now);
    assert_eq!(store.due_forwards(Some(told), 10).await.unwrap(), []);
    assert!(claimed(&store, quiet, now, 10).await.is_empty());
    assert_eq!(forward(&store, silent[0]).await, None);
    let seen = forward(&store, ids[0]).await.unwrap();
    assert_eq!((seen.state, seen.attempt_count, seen.finished_at), (ForwardState::Pending, 0, None));

    let leased = claimed(&store, told, now, 10).await;
    assert_eq!((leased.len(), leased[0].delivery_id, leased[0].subscription_id), (1, ids[0], told));
    assert_eq!((leased[0].attempt_count, &leased[0].error), (0, &error()));
    assert_eq!(leased[0].event.event.event_type(), "com.example.order");
});

both_databases!(a_death_whose_lease_was_lost_tells_nobody, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 1).await;
    let lease = claim(&store, node, &[(lane, 1)]).await[0].lease;
    record(&store, report(&store, lease, 1, Resolution::Delivered)).await;
    let late = Report { forward: Some(Box::new(error())), ..report(&store, lease, 2, Resolution::Dead(DeadReason::Gone)) };
    assert_eq!(record(&store, late).await, Recorded::LeaseLost);
    assert_eq!(forward(&store, ids[0]).await, None);
    assert_eq!(store.due_forwards(None, 10).await.unwrap(), []);
});

both_databases!(a_leased_forward_is_nobody_elses_until_its_lease_ends, async |store: TestStore| {
    let lane = lane(&store);
    dead(&store, lane, 3).await;
    let now = store.now();
    let first = claimed(&store, lane, now, 2).await;
    let second = claimed(&store, lane, now, 10).await;
    assert_eq!((first.len(), second.len()), (2, 1));
    assert!(claimed(&store, lane, now, 10).await.is_empty());
    let again = claimed(&store, lane, now.plus(MINUTE), 10).await;
    assert_eq!(again.len(), 3);
    // Who held them before comes too late.
    assert_eq!(store.record_forward(&came(&first[0], ForwardThen::Delivered), now).await.unwrap(), Recorded::LeaseLost);
    let holder = again.iter().find(|leased| leased.delivery_id == first[0].delivery_id).unwrap();
    assert_eq!(store.record_forward(&came(holder, ForwardThen::Delivered), now).await.unwrap(), Recorded::Done);
});

both_databases!(two_callers_at_once_never_get_the_same_forward, async |store: TestStore| {
    let lane = lane(&store);
    let ids = dead(&store, lane, 20).await;
    let now = store.now();
    let claims = (0..4).map(|_| claimed(&store, lane, now, 10));
    let mut got: Vec<DeliveryId> = Vec::new();
    for leased in futures_util::future::join_all(claims).await {
        got.extend(leased.iter().map(|leased| leased.delivery_id));
    }
    while got.len() < ids.len() {
        let more = claimed(&store, lane, now, 10).await;
        assert!(!more.is_empty(), "{} of {}", got.len(), ids.len());
        got.extend(more.iter().map(|leased| leased.delivery_id));
    }
    got.sort_unstable();
    let mut expected = ids;
    expected.sort_unstable();
    assert_eq!(got, expected);
});

both_databases!(a_forward_is_retried_and_ends_delivered_or_failed, async |store: TestStore| {
    let lane = lane(&store);
    let ids = dead(&store, lane, 2).await;
    let now = store.now();
    let later = now.plus(Duration::from_secs(5));
    for leased in claimed(&store, lane, now, 2).await {
        store.record_forward(&came(&leased, ForwardThen::Retry(later)), now).await.unwrap();
    }
    let seen = forward(&store, ids[0]).await.unwrap();
    assert_eq!((seen.state, seen.attempt_count, seen.next_attempt_at), (ForwardState::Pending, 1, Some(later)));
    assert_eq!((seen.last_status, seen.last_error.as_deref()), (Some(500), Some("the sink answered 500")));
    assert_eq!(store.due_forwards(None, 10).await.unwrap(), [(lane, later)]);
    assert!(claimed(&store, lane, now, 2).await.is_empty());
    let leased = claimed(&store, lane, later, 2).await;
    assert_eq!(leased[0].attempt_count, 1);
    for (leased, then) in leased.iter().zip([ForwardThen::Delivered, ForwardThen::Failed]) {
        store.record_forward(&came(leased, then), later).await.unwrap();
        assert_eq!(store.record_forward(&came(leased, then), later).await.unwrap(), Recorded::LeaseLost);
        let seen = forward(&store, leased.delivery_id).await.unwrap();
        let state = if then == ForwardThen::Failed { ForwardState::Failed } else { ForwardState::Delivered };
        assert_eq!((seen.state, seen.attempt_count, seen.next_attempt_at), (state, 2, None));
        assert_eq!(seen.finished_at, Some(later));
    }
    assert_eq!(store.due_forwards(None, 10).await.unwrap(), []);
});

both_databases!(a_later_death_is_told_anew_and_a_purge_ends_it, async |store: TestStore| {
    let tenant = TenantName::default();
    let lane = sample::subscribed(&store, &tenant).await;
    let lease = sample::in_flight(&store, &tenant, lane).await;
    let id = lease.delivery_id;
    let told = |lease, number| {
        let died = report(&store, lease, number, Resolution::Dead(DeadReason::Exhausted));
        Report { forward: Some(Box::new(error())), ..died }
    };
    assert_eq!(record(&store, told(lease, 1)).await, Recorded::Done);
    let now = store.now();
    let first = claimed(&store, lane, now, 1).await.remove(0);
    store.record_forward(&came(&first, ForwardThen::Failed), now).await.unwrap();
    // The dead letter is where it was, and its owner opens it again.
    let node = living_node(&store).await;
    store.redeliver(&tenant, id, store.now()).await.unwrap();
    let lease = claim(&store, node, &[(lane, 1)]).await[0].lease;
    assert_eq!(record(&store, told(lease, 2)).await, Recorded::Done);
    let seen = forward(&store, id).await.unwrap();
    assert_eq!((seen.state, seen.attempt_count, seen.last_error), (ForwardState::Pending, 0, None));
    assert_eq!(store.record_forward(&came(&first, ForwardThen::Delivered), now).await.unwrap(), Recorded::LeaseLost);
    let leased = claimed(&store, lane, store.now(), 1).await.remove(0);
    assert_eq!(store.purge(&tenant, &DeadLetterFilter::default(), 10).await.unwrap(), 1);
    assert_eq!(store.record_forward(&came(&leased, ForwardThen::Delivered), now).await.unwrap(), Recorded::LeaseLost);
    assert_eq!(store.due_forwards(None, 10).await.unwrap(), []);
});
