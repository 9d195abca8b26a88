//! Jobs: kept, changed by people, claimed by nodes, stepped forward in one transaction.

use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::clock::Timestamp;
use waypost::domain::delivery::{DeadReason, Delivery, DeliveryState};
use waypost::domain::id::{DeliveryId, EventId, JobId, NodeId, SubscriptionId};
use waypost::domain::job::{Job, JobFailure, JobState, Only, Progress, Replay};
use waypost::domain::page::PageRequest;
use waypost::domain::tenant::TenantName;
use waypost::store::{
    Claim, ClaimedJob, Conflict, DeadLetterFilter, DeliveryFilter, DueJob, JobChange, JobClaim, JobEnd, JobFilter, JobStep,
    Opening, Past, Stepped, Store, StoreError,
};

use super::sample::{ORDER, dead, delivered, handed_over, in_flight, is_not_found, pending, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

/// How long a step may take.
const LEASE: Duration = Duration::from_secs(10);

/// A job that nobody stored yet.
fn new_job(store: &TestStore, tenant: &TenantName, subscription_id: SubscriptionId) -> Job {
    let now = store.now();
    let replay = Replay {
        subscription_id,
        after: now.minus(Duration::from_hours(1)),
        before: now,
        types: vec!["a.b".to_owned()],
        only: Only::All,
        rate_per_second: 2.5,
    };
    Job {
        id: JobId::new(now, &store.entropy),
        tenant: tenant.clone(),
        state: JobState::Running,
        failure: None,
        replay,
        progress: Progress::default(),
        unattempted: 0,
        created_at: now,
        updated_at: now,
        finished_at: None,
    }
}

async fn created(store: &TestStore, tenant: &TenantName, subscription_id: SubscriptionId) -> Job {
    let job = new_job(store, tenant, subscription_id);
    store.create_job(&job, 10).await.unwrap();
    job
}

async fn claim(store: &TestStore) -> DueJob {
    let now = store.now();
    let node = NodeId::new(now, &store.entropy);
    store.claim_job(&JobClaim { node, now, until: now.plus(LEASE) }).await.unwrap()
}

async fn claimed(store: &TestStore) -> ClaimedJob {
    match claim(store).await {
        DueJob::Claimed(job) => *job,
        none @ DueJob::None(_) => panic!("nothing was due: {none:?}"),
    }
}

/// A step that opens these.
fn step(store: &TestStore, claimed: &ClaimedJob, opens: Vec<Opening>) -> JobStep {
    let now = store.now();
    JobStep {
        id: claimed.job.id,
        token: claimed.token,
        tenant: claimed.job.tenant.clone(),
        subscription_id: claimed.job.replay.subscription_id,
        opens,
        progress: claimed.job.progress,
        unattempted: Vec::new(),
        opens_at: now,
        due_at: now,
        end: None,
        now,
    }
}

async fn seen(store: &TestStore, id: DeliveryId) -> Delivery {
    store.delivery(&TenantName::default(), id).await.unwrap().delivery
}

async fn deliveries_of(store: &TestStore, event: EventId) -> Vec<Delivery> {
    let filter = DeliveryFilter { event_id: Some(event), ..DeliveryFilter::default() };
    store.deliveries(&TenantName::default(), &filter, PageRequest::default()).await.unwrap().rows
}

both_databases!(a_job_is_read_as_it_was_stored_and_by_its_tenant_alone, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let to = subscribed(&store, &default).await;
    let (first, second) = (created(&store, &default, to).await, created(&store, &default, to).await);
    let theirs = created(&store, &other, subscribed(&store, &other).await).await;
    assert_eq!(store.job(&default, first.id).await.unwrap(), first);
    assert!(is_not_found(&store.job(&other, first.id).await));
    assert!(is_not_found(&store.change_job(&other, first.id, JobChange::Cancel, store.now()).await));
    let page = async |tenant: &TenantName, filter: JobFilter| {
        store.jobs(tenant, &filter, PageRequest::default()).await.unwrap().rows.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(page(&default, JobFilter::default()).await, [second.id, first.id]);
    assert_eq!(page(&other, JobFilter::default()).await, [theirs.id]);
    store.change_job(&default, first.id, JobChange::Pause, store.now()).await.unwrap();
    let of = |state, subscription_id| JobFilter { state, subscription_id };
    assert_eq!(page(&default, of(Some(JobState::Paused), None)).await, [first.id]);
    assert_eq!(page(&default, of(Some(JobState::Running), Some(to))).await, [second.id]);
    assert_eq!(page(&default, of(None, Some(theirs.replay.subscription_id))).await, [] as [JobId; 0]);
    assert_eq!(store.count_running_jobs().await.unwrap(), 2);
});

both_databases!(no_more_jobs_are_open_than_allowed_even_if_all_come_at_once, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let jobs: Vec<_> = (0..8).map(|_| new_job(&store, &default, to)).collect();
    let mut creating = JoinSet::new();
    for job in jobs {
        let store = store.shared();
        creating.spawn(async move { store.create_job(&job, 3).await });
    }
    let outcomes = creating.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(StoreError::Conflict(Conflict::Full)))), "{outcomes:?}");
    let stored = store.jobs(&default, &JobFilter::default(), PageRequest::default()).await.unwrap().rows;
    store.change_job(&default, stored[0].id, JobChange::Pause, store.now()).await.unwrap();
    assert!(store.create_job(&new_job(&store, &default, to), 3).await.is_err(), "a paused one is open too");
    store.change_job(&default, stored[0].id, JobChange::Cancel, store.now()).await.unwrap();
    store.create_job(&new_job(&store, &default, to), 3).await.unwrap();
});

both_databases!(a_job_is_on_one_node_until_its_lease_ends, async |store: TestStore| {
    let default = TenantName::default();
    let job = created(&store, &default, subscribed(&store, &default).await).await;
    let first = claimed(&store).await;
    assert_eq!(first.job.id, job.id);
    let DueJob::None(Some(next)) = claim(&store).await else { panic!("it was given twice") };
    assert!(next <= store.now().plus(LEASE));
    store.clock.advance(LEASE);
    let second = claimed(&store).await;
    assert!(second.token > first.token);
    let (event, _) = handed_over(&store, &default, ORDER, &[]).await;
    let late = step(&store, &first, vec![Opening::Create(event)]);
    assert_eq!(store.step_job(&late).await.unwrap(), Stepped::LeaseLost);
    assert_eq!(deliveries_of(&store, event).await, [], "a late step leaves nothing behind");
    let mut good = step(&store, &second, vec![Opening::Create(event)]);
    good.due_at = good.now.plus(Duration::from_mins(1));
    assert_eq!(store.step_job(&good).await.unwrap(), Stepped::Done { created: 1, reopened: 0 });
    assert_eq!(deliveries_of(&store, event).await.len(), 1);
    assert!(matches!(claim(&store).await, DueJob::None(Some(next)) if next == good.due_at));
});

both_databases!(two_nodes_that_ask_at_once_never_get_the_same_job, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    for _ in 0..6 {
        created(&store, &default, to).await;
    }
    let now = store.now();
    let mut claiming = JoinSet::new();
    for _ in 0..12 {
        let (store, node) = (store.shared(), NodeId::new(now, &store.entropy));
        let claim = JobClaim { node, now, until: now.plus(LEASE) };
        claiming.spawn(async move { store.claim_job(&claim).await.unwrap() });
    }
    let answers = claiming.join_all().await.into_iter();
    let mut given: Vec<_> = answers
        .filter_map(|answer| match answer {
            DueJob::Claimed(job) => Some(job.job.id),
            DueJob::None(_) => None,
        })
        .collect();
    let count = given.len();
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), count, "one was given twice");
    assert!(count > 0);
});

both_databases!(a_step_opens_deliveries_and_says_so_in_one_transaction, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let (missed, _) = handed_over(&store, &default, ORDER, &[]).await;
    let died = dead(&store, &default, to, DeadReason::Exhausted).await;
    let done = delivered(&store, &default, to).await;
    let job = created(&store, &default, to).await;
    let claimed = claimed(&store).await;
    let new = DeliveryId::of(missed, to);
    let mut first = step(&store, &claimed, vec![Opening::Create(missed), Opening::Reopen(died), Opening::Reopen(done)]);
    first.progress =
        Progress { looked_at: 3, matched: 3, position: Some(missed), position_at: Some(first.now), ..Progress::default() };
    first.unattempted = vec![died];
    assert_eq!(store.step_job(&first).await.unwrap(), Stepped::Done { created: 1, reopened: 2 });

    let delivery = seen(&store, new).await;
    assert_eq!((delivery.event_id, delivery.subscription_id), (missed, to));
    assert_eq!((delivery.attempt_count, delivery.created_at), (0, first.now));
    for id in [new, died, done] {
        let delivery = seen(&store, id).await;
        assert_eq!((delivery.state, delivery.next_attempt_at), (DeliveryState::Pending, Some(first.now)));
        assert_eq!((delivery.budget_attempt_count, delivery.replay_job_id), (0, Some(job.id)));
    }
    assert!(store.dead_letters(&default, &DeadLetterFilter::default(), PageRequest::default()).await.unwrap().rows.is_empty());
    let node = NodeId::new(store.now(), &store.entropy);
    let leased = store.claim(&Claim { node, now: store.now(), lanes: vec![(to, 10)] }).await.unwrap();
    assert_eq!(leased.len(), 3, "all of them are in the queue");
    assert!(leased.iter().all(|leased| leased.replay_job_id == Some(job.id)));
    assert_eq!(leased.iter().filter(|leased| leased.is_reopened).count(), 2);

    let found = store.job(&default, job.id).await.unwrap();
    assert_eq!(found.progress, Progress { created: 1, reopened: 2, ..first.progress });
    assert_eq!((found.unattempted, found.updated_at, found.state), (4, first.now, JobState::Running));
});

both_databases!(what_is_on_its_way_is_left_alone_by_a_step, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let waiting = pending(&store, &default, to, store.now()).await;
    let flying = in_flight(&store, &default, to).await.delivery_id;
    let job = created(&store, &default, to).await;
    let before = [seen(&store, waiting).await, seen(&store, flying).await];
    let taken = before.clone().map(|delivery| Opening::Create(delivery.event_id));
    let opens = [taken.as_slice(), &[Opening::Reopen(waiting), Opening::Reopen(flying)]].concat();
    let made = step(&store, &claimed(&store).await, opens);
    assert_eq!(store.step_job(&made).await.unwrap(), Stepped::Done { created: 0, reopened: 0 });
    assert_eq!([seen(&store, waiting).await, seen(&store, flying).await], before);
    let progress = store.job(&default, job.id).await.unwrap().progress;
    assert_eq!((progress.opened(), progress.skipped.open), (0, 4));
});

both_databases!(two_replays_of_the_same_events_make_each_delivery_once, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let mut events = Vec::new();
    for _ in 0..40 {
        events.push(handed_over(&store, &default, ORDER, &[]).await.0);
    }
    let mut steps = Vec::new();
    for _ in 0..2 {
        created(&store, &default, to).await;
        let opens = events.iter().map(|&event| Opening::Create(event)).collect();
        steps.push(step(&store, &claimed(&store).await, opens));
    }
    let mut making = JoinSet::new();
    for step in steps {
        let store = store.shared();
        making.spawn(async move { store.step_job(&step).await.unwrap() });
    }
    let mut sum = 0;
    for stepped in making.join_all().await {
        let Stepped::Done { created, .. } = stepped else { panic!("a lease was lost") };
        sum += created;
    }
    assert_eq!(sum, 40);
    for event in events {
        assert_eq!(deliveries_of(&store, event).await.len(), 1);
    }
});

both_databases!(a_job_that_somebody_holds_or_ends_records_no_step, async |store: TestStore| {
    let default = TenantName::default();
    let job = created(&store, &default, subscribed(&store, &default).await).await;
    let (event, _) = handed_over(&store, &default, ORDER, &[]).await;
    for change in [JobChange::Pause, JobChange::Cancel] {
        let claimed = claimed(&store).await;
        let now = store.now();
        let changed = store.change_job(&default, job.id, change, now).await.unwrap();
        assert_eq!((changed.state, changed.updated_at), (change.leads_to(), now));
        assert_eq!(changed.finished_at, (change == JobChange::Cancel).then_some(now));
        let late = step(&store, &claimed, vec![Opening::Create(event)]);
        assert_eq!(store.step_job(&late).await.unwrap(), Stepped::LeaseLost);
        assert!(matches!(claim(&store).await, DueJob::None(None)), "{change:?}");
        let again = store.change_job(&default, job.id, change, store.now()).await.unwrap();
        assert_eq!(again, changed, "nothing happens to one that is there already");
        if change == JobChange::Pause {
            let resumed = store.change_job(&default, job.id, JobChange::Resume, store.now()).await.unwrap();
            assert_eq!(resumed.state, JobState::Running);
        }
    }
    for change in [JobChange::Pause, JobChange::Resume] {
        let refused = store.change_job(&default, job.id, change, store.now()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::State("cancelled")))), "{refused:?}");
    }
    assert_eq!(deliveries_of(&store, event).await, []);
});

both_databases!(a_job_ends_complete_or_failed_and_is_forgotten_later, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let failure = JobFailure::SubscriptionDisabled;
    for (end, state) in [(JobEnd::Completed, JobState::Completed), (JobEnd::Failed(failure), JobState::Failed)] {
        let job = created(&store, &default, to).await;
        let last = JobStep { end: Some(end), ..step(&store, &claimed(&store).await, Vec::new()) };
        assert_eq!(store.step_job(&last).await.unwrap(), Stepped::Done { created: 0, reopened: 0 });
        let found = store.job(&default, job.id).await.unwrap();
        assert_eq!((found.state, found.finished_at), (state, Some(last.now)));
        assert_eq!(found.failure, (state == JobState::Failed).then_some(failure));
        assert!(matches!(claim(&store).await, DueJob::None(None)));
    }
    let running = created(&store, &default, to).await;
    assert_eq!(store.prune_jobs(store.now().minus(Duration::from_hours(1)), 10).await.unwrap(), 0);
    assert_eq!(store.prune_jobs(store.now(), 1).await.unwrap(), 1, "not more than asked for");
    assert_eq!(store.prune_jobs(store.now(), 10).await.unwrap(), 1);
    let left = store.jobs(&default, &JobFilter::default(), PageRequest::default()).await.unwrap().rows;
    assert_eq!(left, [running]);
});

both_databases!(the_past_is_read_oldest_first_and_within_its_bounds, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let mut events = Vec::new();
    for _ in 0..6 {
        let (id, _) = handed_over(&store, &default, ORDER, &[]).await;
        handed_over(&store, &other, ORDER, &[]).await;
        events.push((id, store.event(&default, id).await.unwrap().accepted.accepted_at));
    }
    let look = async |after: Timestamp, before: Timestamp, position: Option<EventId>, limit| {
        let past = Past { after, before, position };
        store.past_events(&default, &past, limit).await.unwrap().into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let ids: Vec<_> = events.iter().map(|(id, _)| *id).collect();
    let (long_ago, now) = (store.now().minus(Duration::from_hours(1)), store.now());
    assert_eq!(look(long_ago, now, None, 10).await, ids);
    assert_eq!(look(events[1].1, events[4].1, None, 10).await, ids[1..4], "the beginning belongs to it, the end does not");
    assert_eq!(look(long_ago, now, Some(ids[1]), 2).await, ids[2..4]);
    assert_eq!(look(long_ago, now, Some(ids[5]), 10).await, []);
    let theirs = store.events_named(&other, &ids).await.unwrap();
    assert!(theirs.is_empty(), "events are the tenant's own");
    let mut named: Vec<_> = store.events_named(&default, &ids[..3]).await.unwrap().into_iter().map(|event| event.id).collect();
    named.sort_unstable();
    assert_eq!(named, ids[..3]);
});

both_databases!(how_events_stand_with_a_subscription_is_known_before_they_are_opened, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    let to = subscribed(&store, &default).await;
    let died = dead(&store, &default, to, DeadReason::Gone).await;
    let flying = in_flight(&store, &default, to).await.delivery_id;
    let waiting = pending(&store, &default, to, store.now()).await;
    let opened = store.redeliver(&default, died, store.now()).await.unwrap();
    let (missed, _) = handed_over(&store, &default, ORDER, &[subscribed(&store, &default).await]).await;
    let mut events = vec![missed];
    for id in [died, flying, waiting] {
        events.push(seen(&store, id).await.event_id);
    }
    let mut found = store.standings(&default, to, &events).await.unwrap();
    found.sort_unstable_by_key(|standing| standing.delivery_id);
    let states: Vec<_> = found.iter().map(|standing| (standing.delivery_id, standing.state)).collect();
    let expected = [(died, DeliveryState::Pending), (flying, DeliveryState::InFlight), (waiting, DeliveryState::Pending)];
    assert_eq!(states, expected);
    assert!(store.standings(&other, to, &events).await.unwrap().is_empty());
    // One was tried and waits for its next attempt: it has had its turn.
    let mut untried = store.unattempted(&[died, flying, waiting]).await.unwrap();
    untried.sort_unstable();
    assert_eq!((untried, opened.budget_attempt_count), (vec![died, flying], 0));
});
