//! Recording: the state reported, once, by whoever holds the lease.

use std::time::Duration;

use waypost::domain::delivery::{DeadReason, DeliveryState, ErrorClass};
use waypost::domain::tenant::TenantName;
use waypost::store::{Lease, Recorded, Resolution, SinkPause};

use super::fixture::{backlog, claim, lane, living_node, record, report, seen, untried};
use crate::support::database::{TestStore, both_databases};

both_databases!(each_report_leaves_the_state_it_tells_of, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 4).await;
    let leased = claim(&store, node, &[(lane, 4)]).await;
    let later = store.now().plus(Duration::from_secs(9));
    let endings =
        [Resolution::Delivered, Resolution::Retry(later), Resolution::Dead(DeadReason::Exhausted), Resolution::Cancelled];
    let reports: Vec<_> = leased.iter().zip(endings).map(|(leased, then)| report(&store, leased.lease, 1, then)).collect();
    let now = store.now();

    assert_eq!(store.record(&reports, &[], now).await.unwrap(), [Recorded::Done; 4]);

    let states = [DeliveryState::Delivered, DeliveryState::Pending, DeliveryState::DeadLettered, DeliveryState::Cancelled];
    for ((id, state), report) in ids.into_iter().zip(states).zip(reports) {
        let detail = store.delivery(&TenantName::default(), id).await.unwrap();
        let delivery = &detail.delivery;
        assert_eq!((delivery.state, delivery.attempt_count, delivery.budget_attempt_count), (state, 1, 1));
        assert_eq!(delivery.next_attempt_at, (state == DeliveryState::Pending).then_some(later));
        assert_eq!(delivery.finished_at, (state != DeliveryState::Pending).then_some(now));
        assert_eq!(delivery.reason, (state == DeliveryState::DeadLettered).then_some(DeadReason::Exhausted));
        let is_delivered = state == DeliveryState::Delivered;
        assert_eq!(delivery.last_status, Some(if is_delivered { 204 } else { 500 }));
        assert_eq!(delivery.last_error_class, (!is_delivered).then_some(ErrorClass::Server));
        assert_eq!(detail.attempts, [report.attempt.unwrap()]);
    }
});

both_databases!(late_record_reports_lease_lost, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 1).await;
    let lease = claim(&store, node, &[(lane, 1)]).await[0].lease;
    assert_eq!(record(&store, report(&store, lease, 1, Resolution::Delivered)).await, Recorded::Done);

    assert_eq!(record(&store, report(&store, lease, 2, Resolution::Dead(DeadReason::Gone))).await, Recorded::LeaseLost);

    let detail = store.delivery(&TenantName::default(), ids[0]).await.unwrap();
    assert_eq!((detail.delivery.state, detail.attempts.len()), (DeliveryState::Delivered, 1));
});

both_databases!(of_two_reports_under_one_lease_the_first_counts, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 1).await;
    let lease = claim(&store, node, &[(lane, 1)]).await[0].lease;
    let stale = Lease { token: lease.token + 1, ..lease };
    let reports = [
        report(&store, stale, 1, Resolution::Dead(DeadReason::Gone)),
        report(&store, lease, 1, Resolution::Delivered),
        report(&store, lease, 1, Resolution::Dead(DeadReason::Gone)),
    ];

    let recorded = store.record(&reports, &[], store.now()).await.unwrap();

    assert_eq!(recorded, [Recorded::LeaseLost, Recorded::Done, Recorded::LeaseLost]);
    let detail = store.delivery(&TenantName::default(), ids[0]).await.unwrap();
    assert_eq!(detail.delivery.state, DeliveryState::Delivered);
    assert_eq!(detail.attempts, [reports[1].attempt.clone().unwrap()]);
});

both_databases!(a_cancelled_delivery_can_not_be_recorded, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 1).await;
    let lease = claim(&store, node, &[(lane, 1)]).await[0].lease;
    store.cancel(&TenantName::default(), ids[0], store.now()).await.unwrap();

    assert_eq!(record(&store, report(&store, lease, 1, Resolution::Delivered)).await, Recorded::LeaseLost);

    assert_eq!(seen(&store, ids[0]).await.state, DeliveryState::Cancelled);
});

both_databases!(a_report_without_attempt_counts_none, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let ids = backlog(&store, node, lane, 1).await;
    let first = claim(&store, node, &[(lane, 1)]).await[0].lease;
    record(&store, report(&store, first, 1, Resolution::Retry(store.now()))).await;
    let second = claim(&store, node, &[(lane, 1)]).await[0].lease;

    assert_eq!(record(&store, untried(second, Resolution::Dead(DeadReason::Disabled))).await, Recorded::Done);

    let detail = store.delivery(&TenantName::default(), ids[0]).await.unwrap();
    assert_eq!((detail.delivery.attempt_count, detail.attempts.len()), (1, 1));
    assert_eq!((detail.delivery.last_status, detail.delivery.reason), (Some(500), Some(DeadReason::Disabled)));
});

both_databases!(of_two_pauses_the_later_moment_wins, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    backlog(&store, node, lane, 1).await;
    let start = store.now();
    let at = |seconds| SinkPause { subscription_id: lane, until: start.plus(Duration::from_secs(seconds)) };

    store.record(&[], &[at(10), at(30), at(20)], store.now()).await.unwrap();
    store.record(&[], &[at(15)], store.now()).await.unwrap();

    assert_eq!(store.due_lanes(None, 1).await.unwrap()[0].paused_until, Some(at(30).until));
});
