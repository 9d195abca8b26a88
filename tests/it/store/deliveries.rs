//! Deliveries as people search, redeliver and cancel them.

use std::time::Duration;

use waypost::domain::delivery::state::Transition;
use waypost::domain::delivery::{DeadReason, Delivery, DeliveryState, VerdictKind};
use waypost::domain::id::{DeliveryId, SubscriptionId};
use waypost::domain::page::PageRequest;
use waypost::domain::subscription::DisabledReason;
use waypost::domain::tenant::TenantName;
use waypost::store::{Claim, Conflict, DeliveryFilter, Recorded, Report, Resolution, StoreError};

use super::sample::{ORDER, dead, delivered, ended, handed_over, in_flight, is_not_found, outcome, pending, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

async fn seen(store: &TestStore, id: DeliveryId) -> Delivery {
    store.delivery(&TenantName::default(), id).await.unwrap().delivery
}

/// A delivery in each state, by way of the transitions that lead there.
async fn in_each_state(store: &TestStore, tenant: &TenantName, to: SubscriptionId) -> Vec<(DeliveryState, DeliveryId)> {
    let cancelled = in_flight(store, tenant, to).await.delivery_id;
    store.cancel(tenant, cancelled, store.now()).await.unwrap();
    vec![
        (DeliveryState::Pending, pending(store, tenant, to, store.now()).await),
        (DeliveryState::InFlight, in_flight(store, tenant, to).await.delivery_id),
        (DeliveryState::Delivered, delivered(store, tenant, to).await),
        (DeliveryState::DeadLettered, dead(store, tenant, to, DeadReason::Exhausted).await),
        (DeliveryState::Cancelled, cancelled),
    ]
}

both_databases!(a_delivery_is_read_with_its_attempts, async |store: TestStore| {
    let default = TenantName::default();
    let id = dead(&store, &default, subscribed(&store, &default).await, DeadReason::Permanent).await;
    let detail = store.delivery(&default, id).await.unwrap();
    assert_eq!((detail.delivery.state, detail.delivery.reason), (DeliveryState::DeadLettered, Some(DeadReason::Permanent)));
    assert_eq!((detail.delivery.attempt_count, detail.delivery.last_status), (1, Some(503)));
    assert!(detail.delivery.finished_at.is_some() && detail.delivery.next_attempt_at.is_none());
    assert_eq!((detail.attempts.len(), detail.attempts[0].number, detail.attempts[0].verdict), (1, 1, VerdictKind::Dead));
    assert_eq!(detail.attempts[0].outcome, outcome());
});

both_databases!(another_tenants_delivery_does_not_exist, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let to = subscribed(&store, &default).await;
    let (dead, open) = (dead(&store, &default, to, DeadReason::Gone).await, in_flight(&store, &default, to).await.delivery_id);
    assert!(is_not_found(&store.delivery(&other, dead).await));
    assert!(is_not_found(&store.redeliver(&other, dead, store.now()).await));
    assert!(is_not_found(&store.cancel(&other, open, store.now()).await));
    let by_event = DeliveryFilter { event_id: Some(seen(&store, dead).await.event_id), ..DeliveryFilter::default() };
    let by_subscription = DeliveryFilter { subscription_id: Some(to), ..DeliveryFilter::default() };
    for filter in [DeliveryFilter::default(), by_event, by_subscription] {
        assert!(store.deliveries(&other, &filter, PageRequest::default()).await.unwrap().rows.is_empty());
    }
    assert_eq!(seen(&store, dead).await.state, DeliveryState::DeadLettered);
});

both_databases!(people_move_deliveries_exactly_as_the_state_machine_says, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    for transition in [Transition::Redeliver, Transition::Cancel] {
        for (state, id) in in_each_state(&store, &default, to).await {
            let result = match transition {
                Transition::Redeliver => store.redeliver(&default, id, store.now()).await,
                _ => store.cancel(&default, id, store.now()).await,
            };
            match (state.after(transition), result) {
                (Some(next), Ok(moved)) => assert_eq!((moved.state, moved.id), (next, id)),
                (None, Err(StoreError::Conflict(Conflict::State(found)))) => assert_eq!(found, state.as_str()),
                (expected, result) => panic!("{transition:?} of {state:?}: {expected:?}, {result:?}"),
            }
            assert_eq!(seen(&store, id).await.state, state.after(transition).unwrap_or(state));
        }
    }
});

both_databases!(a_redelivered_one_has_a_fresh_budget_and_its_whole_history, async |store: TestStore| {
    let default = TenantName::default();
    let id = dead(&store, &default, subscribed(&store, &default).await, DeadReason::Exhausted).await;
    let now = store.now();
    let opened = store.redeliver(&default, id, now).await.unwrap();
    assert_eq!((opened.attempt_count, opened.budget_attempt_count), (1, 0));
    assert_eq!((opened.next_attempt_at, opened.reason, opened.finished_at), (Some(now), None, None));
    let detail = store.delivery(&default, id).await.unwrap();
    assert_eq!((detail.delivery, detail.attempts.len()), (opened, 1));
});

both_databases!(a_redelivered_one_can_be_claimed_and_an_old_lease_can_not_end_it, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let old = in_flight(&store, &default, to).await;
    store.cancel(&default, old.delivery_id, store.now()).await.unwrap();
    store.redeliver(&default, old.delivery_id, store.now()).await.unwrap();
    let node = waypost::domain::id::NodeId::new(store.now(), &store.entropy);
    let claim = Claim { node, now: store.now(), lanes: vec![(to, 10)] };
    let claimed = store.claim(&claim).await.unwrap();
    assert_eq!(claimed.iter().map(|leased| leased.lease.delivery_id).collect::<Vec<_>>(), [old.delivery_id]);
    let late = Report { lease: old, tenant: default.clone(), attempt: None, then: Resolution::Delivered, forward: None };
    assert_eq!(store.record(&[late], &[], store.now()).await.unwrap(), [Recorded::LeaseLost]);
    assert_eq!(seen(&store, old.delivery_id).await.state, DeliveryState::InFlight);
});

both_databases!(an_attempt_under_way_can_not_be_recorded_after_a_cancel, async |store: TestStore| {
    let default = TenantName::default();
    let lease = in_flight(&store, &default, subscribed(&store, &default).await).await;
    let now = store.now();
    let cancelled = store.cancel(&default, lease.delivery_id, now).await.unwrap();
    assert_eq!((cancelled.finished_at, cancelled.next_attempt_at), (Some(now), None));
    ended(&store, &default, lease, Resolution::Delivered).await;
    let detail = store.delivery(&default, lease.delivery_id).await.unwrap();
    assert_eq!((detail.delivery, detail.attempts.len()), (cancelled, 0));
});

both_databases!(nothing_is_redelivered_to_a_subscription_that_is_gone_or_disabled, async |store: TestStore| {
    let default = TenantName::default();
    let (gone, disabled) = (subscribed(&store, &default).await, subscribed(&store, &default).await);
    let ids = [delivered(&store, &default, gone).await, delivered(&store, &default, disabled).await];
    store.delete_subscription(&default, gone, store.now()).await.unwrap();
    store.disable_subscription(disabled, DisabledReason::Gone, store.now()).await.unwrap();
    for id in ids {
        let refused = store.redeliver(&default, id, store.now()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::InUse))), "{refused:?}");
        assert_eq!(seen(&store, id).await.state, DeliveryState::Delivered);
    }
});

both_databases!(deliveries_are_searched_by_every_combination_of_members, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let (to, to_other) = (subscribed(&store, &default).await, subscribed(&store, &other).await);
    in_each_state(&store, &other, to_other).await;
    let (event, leases) = handed_over(&store, &default, ORDER, &[to, subscribed(&store, &default).await]).await;
    let mut all: Vec<Delivery> = Vec::new();
    for lease in leases {
        all.push(seen(&store, lease.delivery_id).await);
    }
    for (_, id) in in_each_state(&store, &default, to).await {
        all.push(seen(&store, id).await);
    }
    all.sort_by_key(|delivery| std::cmp::Reverse(delivery.id));
    let states = std::iter::once(None).chain(DeliveryState::ALL.map(Some));
    let middle = all[3].created_at;
    for state in states {
        for (subscription_id, event_id) in [(None, None), (Some(to), None), (None, Some(event)), (Some(to), Some(event))] {
            for (after, before) in [(None, None), (Some(middle), None), (None, Some(middle))] {
                let filter = DeliveryFilter { state, subscription_id, event_id, after, before };
                let matches = |row: &&Delivery| {
                    state.is_none_or(|state| row.state == state)
                        && subscription_id.is_none_or(|id| row.subscription_id == id)
                        && event_id.is_none_or(|id| row.event_id == id)
                        && after.is_none_or(|after| row.created_at >= after)
                        && before.is_none_or(|before| row.created_at < before)
                };
                let expected: Vec<_> = all.iter().filter(matches).cloned().collect();
                let page = store.deliveries(&default, &filter, PageRequest::default()).await.unwrap();
                assert_eq!((page.rows, page.next), (expected, None), "{filter:?}");
            }
        }
    }
});

both_databases!(pages_of_pending_deliveries_meet, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let mut expected = Vec::new();
    for number in 0..5_u32 {
        // Due in an order that is not the order of creation.
        let due = store.now().plus(Duration::from_secs(u64::from(10 - number)));
        expected.insert(0, pending(&store, &default, to, due).await);
        delivered(&store, &default, to).await;
    }
    let filter = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
    let first = store.deliveries(&default, &filter, PageRequest { limit: 2, before: None }).await.unwrap();
    let second = store.deliveries(&default, &filter, PageRequest { limit: 3, before: first.next }).await.unwrap();
    let seen: Vec<_> = first.rows.iter().chain(&second.rows).map(|row| row.id).collect();
    assert_eq!((seen, second.next), (expected, None));
});
