//! Deleting events: all of one or nothing, and nothing that has not ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::delivery::{DeadReason, DeliveryState, ErrorAttributes};
use waypost::domain::id::{EventId, NodeId, SubscriptionId};
use waypost::domain::tenant::TenantName;
use waypost::store::{
    AcceptBatch, Accepting, Deleted, ForwardReport, ForwardThen, Report, Resolution, Settled, Store, StoreError, Submission,
};

use super::super::sample::{ORDER, dead, delivered, ended, handed_over, in_flight, is_not_found, pending, subscribed, tenant};
use super::sweeping::{round, sweeper};
use super::{TABLES, counts, delete, event, exists};
use crate::support::database::{TestStore, both_databases};

async fn event_of(store: &TestStore, delivery: waypost::domain::id::DeliveryId) -> EventId {
    store.delivery(&TenantName::default(), delivery).await.unwrap().delivery.event_id
}

both_databases!(an_event_goes_with_everything_that_belongs_to_it_and_nothing_else, async |store: TestStore| {
    let default = TenantName::default();
    let [one, other] = [subscribed(&store, &default).await, subscribed(&store, &default).await];
    let (id, leases) = handed_over(&store, &default, ORDER, &[one, other]).await;
    ended(&store, &default, leases[0], Resolution::Delivered).await;
    ended(&store, &default, leases[1], Resolution::Dead(DeadReason::Exhausted)).await;
    let stays = dead(&store, &default, one, DeadReason::Gone).await;
    let deletion = delete(&store, &default, &[id]).await;
    assert_eq!(deletion.deleted, Deleted { events: 1, deliveries: 2, dead_letters: 1, attempts: 2, emptied: 0 });
    assert!(deletion.kept.is_empty());
    assert_eq!(counts(&store).await, [1, 1, 1, 1, 0]);
    assert!(is_not_found(&store.event(&default, id).await));
    assert!(is_not_found(&store.delivery(&default, leases[1].delivery_id).await));
    assert_eq!(store.delivery(&default, stays).await.unwrap().delivery.state, DeliveryState::DeadLettered);
});

both_databases!(an_event_stays_as_it_is_until_all_its_deliveries_have_ended, async |store: TestStore| {
    let default = TenantName::default();
    let [one, other] = [subscribed(&store, &default).await, subscribed(&store, &default).await];
    let waiting = event_of(&store, pending(&store, &default, one, store.now()).await).await;
    let (flying, leases) = handed_over(&store, &default, ORDER, &[one, other]).await;
    ended(&store, &default, leases[0], Resolution::Delivered).await;
    let before = counts(&store).await;
    let deletion = delete(&store, &default, &[waiting, flying]).await;
    assert_eq!((deletion.deleted, deletion.kept), (Deleted::default(), vec![waiting, flying]));
    assert_eq!(counts(&store).await, before);
    ended(&store, &default, leases[1], Resolution::Cancelled).await;
    assert_eq!(delete(&store, &default, &[waiting, flying]).await.kept, [waiting]);
    store.cancel(&default, store.event(&default, waiting).await.unwrap().deliveries[0].id, store.now()).await.unwrap();
    assert!(delete(&store, &default, &[waiting, flying]).await.deleted.events == 1);
    assert_eq!(counts(&store).await, [0; 5], "{TABLES:?}");
});

both_databases!(a_dead_letter_that_holds_up_its_line_stays, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let id = event_of(&store, dead(&store, &default, to, DeadReason::Exhausted).await).await;
    let line = "INSERT INTO ordered (key, position, subscription_id, delivery_id, due_at, is_blocking)
                SELECT id, 1, subscription_id, id, 0, TRUE FROM deliveries";
    store.database.run(line).await;
    assert_eq!(delete(&store, &default, &[id]).await.kept, [id]);
    store.database.run("DELETE FROM ordered").await;
    assert_eq!(delete(&store, &default, &[id]).await.deleted.dead_letters, 1);
});

both_databases!(a_dead_letter_stays_until_it_was_sent_on, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let lease = in_flight(&store, &default, to).await;
    let id = event_of(&store, lease.delivery_id).await;
    let error = ErrorAttributes { destination: "https://sink.example/".into(), code: 503, data: None };
    let died = Report {
        lease,
        tenant: default.clone(),
        attempt: None,
        then: Resolution::Dead(DeadReason::Exhausted),
        forward: Some(Box::new(error)),
    };
    store.record(&[died], &[], store.now()).await.unwrap();
    assert_eq!(delete(&store, &default, &[id]).await.kept, [id]);
    let now = store.now();
    let leased = store.claim_forwards(to, now, now.plus(Duration::from_mins(1)), 1).await.unwrap();
    assert_eq!(delete(&store, &default, &[id]).await.kept, [id], "it is on its way");
    let report = ForwardReport {
        delivery_id: lease.delivery_id,
        token: leased[0].token,
        then: ForwardThen::Delivered,
        is_attempted: true,
        status: Some(204),
        error: None,
    };
    store.record_forward(&report, store.now()).await.unwrap();
    assert!(delete(&store, &default, &[id]).await.kept.is_empty());
    assert_eq!(counts(&store).await, [0; 5], "{TABLES:?}");
});

both_databases!(another_tenants_event_is_not_deleted, async |store: TestStore| {
    let other = tenant(&store, "other").await;
    let id = event(&store, &other, "a").await;
    assert_eq!(delete(&store, &TenantName::default(), &[id]).await.deleted, Deleted::default());
    assert!(exists(&store, &other, id).await);
});

both_databases!(of_two_that_delete_the_same_events_each_event_is_one_s, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(event_of(&store, delivered(&store, &default, to).await).await);
    }
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (shared, tenant, ids, now) = (store.shared(), default.clone(), ids.clone(), store.now());
        tasks.spawn(async move {
            let mut sum = Deleted::default();
            for some in ids.chunks(10) {
                sum += shared.delete_events(&tenant, some, Some(now)).await.unwrap().deleted;
            }
            sum
        });
    }
    let mut sum = Deleted::default();
    tasks.join_all().await.into_iter().for_each(|deleted| sum += deleted);
    sum += delete(&store, &default, &ids).await.deleted;
    assert_eq!(sum, Deleted { events: 40, deliveries: 40, dead_letters: 0, attempts: 40, emptied: 0 });
});

/// Deliveries whose event is gone.
const ORPHANS: &str = "deliveries d WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant = d.tenant AND e.id = d.event_id)";

both_databases!(what_is_opened_again_at_the_same_moment_stays_or_is_gone, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let mut letters = Vec::new();
    for _ in 0..60 {
        let id = dead(&store, &default, to, DeadReason::Exhausted).await;
        letters.push((event_of(&store, id).await, id));
    }
    let ids: Vec<_> = letters.iter().map(|(event, _)| *event).collect();
    let (shared, tenant, now) = (store.shared(), default.clone(), store.now());
    let mut deleting = JoinSet::new();
    deleting.spawn(async move {
        for some in ids.chunks(5) {
            shared.delete_events(&tenant, some, Some(now)).await.unwrap();
        }
    });
    let mut opened = 0;
    for (_, id) in letters.iter().rev() {
        match store.redeliver(&default, *id, store.now()).await {
            Ok(_) => opened += 1,
            Err(StoreError::NotFound) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    deleting.join_all().await;
    assert_eq!(counts(&store).await[..2], [opened, opened]);
    assert_eq!(store.database.count(ORPHANS).await, 0);
});

/// Posts an event whose key is `source`, `id` and says whose it is, if it is not new.
async fn post(store: &TestStore, id: &str) -> (EventId, Option<EventId>) {
    let body = format!(r#"{{"specversion":"1.0","id":"{id}","source":"/keys","type":"t"}}"#);
    let now = store.now();
    let accepted = waypost::domain::event::Accepted {
        id: EventId::new(now, &store.entropy),
        tenant: TenantName::default(),
        accepted_at: now,
        traceparent: None,
        event: waypost::domain::event::read::structured(body.into(), waypost::domain::event::read::Limits::NONE).unwrap(),
    };
    let (id, key) = (accepted.id, accepted.event.key_digest(&accepted.tenant));
    let batch = AcceptBatch {
        node: NodeId::new(now, &store.entropy),
        routing_version: 1,
        now,
        keys_since: now.minus(Duration::from_hours(1)),
        submissions: vec![Submission {
            replay: None,
            events: vec![Accepting { accepted: Arc::new(accepted), key, deliveries: Vec::new() }],
        }],
    };
    match store.accept(&batch).await.unwrap() {
        Settled::Committed(results) => (id, results[0].as_ref().unwrap()[0]),
        stale @ Settled::Stale { .. } => panic!("{stale:?}"),
    }
}

both_databases!(a_key_is_remembered_without_its_event_even_after_a_restart, async |store: TestStore| {
    let default = TenantName::default();
    let (first, _) = post(&store, "a").await;
    let since = store.now().minus(Duration::from_hours(1));
    store.delete_events(&default, &[first], Some(since)).await.unwrap();
    assert_eq!(post(&store, "a").await.1, Some(first));
    let store = store.reopened().await;
    assert_eq!(post(&store, "a").await.1, Some(first));
    assert_eq!(post(&store, "b").await.1, None);
    assert_eq!(counts(&store).await[0], 1);
});

both_databases!(a_key_outlives_an_event_that_is_kept_for_less_than_the_window, async |store: TestStore| {
    let (first, _) = post(&store, "a").await;
    store.clock.advance(Duration::from_mins(40));
    let mut sweeper = sweeper(&store, |config| config.keep_ms = 30 * 60_000);
    assert_eq!(round(&mut sweeper).await.deleted.events, 1);
    drop(sweeper);
    let store = store.reopened().await;
    assert_eq!(post(&store, "a").await.1, Some(first));
    store.clock.advance(Duration::from_mins(40));
    assert_eq!(post(&store, "a").await.1, None, "the window is an hour here");
});

both_databases!(a_replay_creates_no_delivery_for_an_event_that_is_gone, async |store: TestStore| {
    use waypost::domain::job::{Job, JobState, Only, Progress, Replay};
    use waypost::store::{DueJob, JobClaim, JobStep, Opening, Stepped};
    let default = TenantName::default();
    let to: SubscriptionId = subscribed(&store, &default).await;
    let [stays, goes] = [event(&store, &default, "a").await, event(&store, &default, "a").await];
    let now = store.now();
    let job = Job {
        id: waypost::domain::id::JobId::new(now, &store.entropy),
        tenant: default.clone(),
        state: JobState::Running,
        failure: None,
        replay: Replay {
            subscription_id: to,
            after: now.minus(Duration::from_hours(1)),
            before: now,
            types: Vec::new(),
            only: Only::Missing,
            rate_per_second: 10.0,
        },
        progress: Progress::default(),
        unattempted: 0,
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    store.create_job(&job, 10).await.unwrap();
    let node = NodeId::new(now, &store.entropy);
    let claim = JobClaim { node, now: store.now(), until: now.plus(Duration::from_mins(1)) };
    let DueJob::Claimed(claimed) = store.claim_job(&claim).await.unwrap() else { panic!("it is due") };
    delete(&store, &default, &[goes]).await;
    let step = JobStep {
        id: job.id,
        token: claimed.token,
        tenant: default.clone(),
        subscription_id: to,
        opens: vec![Opening::Create(stays), Opening::Create(goes)],
        progress: Progress::default(),
        unattempted: Vec::new(),
        opens_at: now,
        due_at: now,
        end: None,
        now: store.now(),
    };
    assert_eq!(store.step_job(&step).await.unwrap(), Stepped::Done { created: 1, reopened: 0 });
    let skipped = store.job(&default, job.id).await.unwrap().progress.skipped;
    assert_eq!((skipped.expired, skipped.open), (1, 0));
    assert_eq!(store.database.count(ORPHANS).await, 0);
});

both_databases!(tenants_have_events_whether_they_exist_or_not, async |store: TestStore| {
    let names = ["a", "b", "c"].map(|name| name.parse::<TenantName>().unwrap());
    for name in &names {
        tenant(&store, name.as_str()).await;
        event(&store, name, "t").await;
        event(&store, name, "t").await;
    }
    store.delete_tenant(&names[1]).await.unwrap();
    assert_eq!(store.tenants_with_events(None, 10).await.unwrap(), names);
    assert_eq!(store.tenants_with_events(Some(&names[0]), 1).await.unwrap(), names[1..2]);
    assert!(store.tenants_with_events(Some(&names[2]), 10).await.unwrap().is_empty());
});

both_databases!(one_node_has_the_lead_until_its_time_is_over, async |store: TestStore| {
    let now = store.now();
    let [one, other] = [(); 2].map(|()| NodeId::new(store.now(), &store.entropy));
    let minute = Duration::from_mins(1);
    assert!(store.lead_retention(one, now, now.plus(minute)).await.unwrap());
    assert!(!store.lead_retention(other, now, now.plus(minute)).await.unwrap());
    assert!(store.lead_retention(one, now, now.plus(2 * minute)).await.unwrap());
    assert!(!store.lead_retention(other, now.plus(minute), now.plus(3 * minute)).await.unwrap());
    assert!(store.lead_retention(other, now.plus(2 * minute), now.plus(3 * minute)).await.unwrap());
    assert!(!store.lead_retention(one, now.plus(2 * minute), now.plus(4 * minute)).await.unwrap());
});
