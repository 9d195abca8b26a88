//! The history of what routing saw of subscriptions.

use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::id::SubscriptionId;
use waypost::domain::page::PageRequest;
use waypost::domain::subscription::{DisabledReason, Rules, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::store::{Revision, Store};

use super::sample::{ORDER, handed_over, is_not_found, subscribed, subscription, tenant};
use crate::support::database::{TestStore, both_databases};

async fn created(store: &TestStore) -> Subscription {
    let subscription = subscription(store, &TenantName::default());
    store.create_subscription(&subscription).await.unwrap();
    subscription
}

/// Changes a subscription and gives the routing version from then on.
async fn change(store: &TestStore, subscription: &mut Subscription, apply: impl FnOnce(&mut Subscription)) -> i64 {
    store.clock.advance(Duration::from_secs(1));
    let read_at = std::mem::replace(&mut subscription.updated_at, store.now());
    apply(subscription);
    store.update_subscription(subscription, read_at).await.unwrap();
    store.routing_version().await.unwrap()
}

async fn history(store: &TestStore, id: SubscriptionId) -> Vec<Revision> {
    store.routing_history(&TenantName::default(), id).await.unwrap().revisions
}

async fn at(store: &TestStore, version: i64) -> Vec<Revision> {
    store.routing_at(&TenantName::default(), version, PageRequest::default()).await.unwrap().rows
}

fn stretches(revisions: &[Revision]) -> Vec<(i64, Option<i64>, Status)> {
    revisions.iter().map(|revision| (revision.from_version, revision.until_version, revision.status)).collect()
}

both_databases!(every_change_that_routing_sees_makes_a_revision, async |store: TestStore| {
    let mut held = created(&store).await;
    let v1 = store.routing_version().await.unwrap();
    let v2 = change(&store, &mut held, |held| held.status = Status::Paused).await;
    let v3 = change(&store, &mut held, |held| held.status = Status::Active).await;
    let v4 = change(&store, &mut held, |held| held.spec.types = vec!["b".to_owned()]).await;
    store.disable_subscription(held.id, DisabledReason::Gone, store.now()).await.unwrap();
    let v5 = store.routing_version().await.unwrap();
    store.clock.advance(Duration::from_secs(1));
    let deleted_at = store.now();
    store.delete_subscription(&held.tenant, held.id, deleted_at).await.unwrap();
    let v6 = store.routing_version().await.unwrap();

    let found = history(&store, held.id).await;
    let expected = [
        (v1, Some(v2), Status::Active),
        (v2, Some(v3), Status::Paused),
        (v3, Some(v4), Status::Active),
        (v4, Some(v5), Status::Active),
        (v5, Some(v6), Status::Disabled),
    ];
    assert_eq!(stretches(&found), expected);
    assert_eq!(found[3].rules, Rules { types: vec!["b".to_owned()], ..found[2].rules.clone() });
    assert_eq!(found[4].rules, Rules::from(&held.spec));
    assert_eq!(found[4].disabled_reason, Some(DisabledReason::Gone));
    assert_eq!((found[0].began_at, found[4].ended_at), (held.created_at, Some(deleted_at)));
    assert!(found.windows(2).all(|pair| pair[0].ended_at.is_some() && pair[0].ended_at <= Some(pair[1].began_at)));
    assert!(found.iter().all(|revision| revision.deleted_at == Some(deleted_at)));
});

both_databases!(a_change_that_routing_does_not_see_makes_no_revision, async |store: TestStore| {
    let mut held = created(&store).await;
    let before = history(&store, held.id).await;
    change(&store, &mut held, |held| {
        held.spec.sink = "https://elsewhere.example/".to_owned();
        held.spec.description = None;
        held.spec.sinkcredential = None;
        held.spec.config.max_concurrency = 9;
        held.secrets.push(held.secrets[0].clone());
    })
    .await;
    assert_eq!(history(&store, held.id).await, before);
    // A change that is refused makes none either.
    let refused = Subscription { status: Status::Paused, ..held.clone() };
    assert!(store.update_subscription(&refused, held.created_at).await.is_err());
    store.disable_subscription(held.id, DisabledReason::Gone, store.now()).await.unwrap();
    store.disable_subscription(held.id, DisabledReason::Gone, store.now()).await.unwrap();
    assert_eq!(history(&store, held.id).await.len(), 2);
});

both_databases!(an_event_keeps_the_version_it_was_routed_by, async |store: TestStore| {
    let default = TenantName::default();
    let mut held = created(&store).await;
    let before = store.routing_version().await.unwrap();
    let (first, _) = handed_over(&store, &default, ORDER, &[held.id]).await;
    let after = change(&store, &mut held, |held| held.status = Status::Paused).await;
    let (second, _) = handed_over(&store, &default, ORDER, &[held.id]).await;
    assert_eq!(store.event(&default, first).await.unwrap().routing_version, before);
    assert_eq!(store.event(&default, second).await.unwrap().routing_version, after);
    assert_eq!(at(&store, before).await[0].status, Status::Active);
    assert_eq!(at(&store, after).await[0].status, Status::Paused);
});

both_databases!(the_routing_at_a_version_is_what_the_directory_was_then, async |store: TestStore| {
    let mut held = Vec::new();
    let mut directories = Vec::new();
    for round in 0..12 {
        match round % 4 {
            0 | 1 => held.push(created(&store).await),
            2 => {
                let status = if round % 8 == 2 { Status::Paused } else { Status::Unverified };
                change(&store, &mut held[round / 4], |held| held.status = status).await;
            }
            _ => {
                let gone = held.remove(0);
                store.delete_subscription(&gone.tenant, gone.id, store.now()).await.unwrap();
            }
        }
        directories.push(store.load_directory().await.unwrap());
    }
    for directory in directories {
        let mut expected: Vec<_> = directory
            .subscriptions
            .values()
            .map(|subscription| (subscription.id, subscription.status, Rules::from(&subscription.spec)))
            .collect();
        expected.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
        let found = at(&store, directory.version).await;
        assert!(found.iter().all(|revision| revision.was_in_force_at(directory.version)));
        let found: Vec<_> =
            found.into_iter().map(|revision| (revision.subscription_id, revision.status, revision.rules)).collect();
        assert_eq!(found, expected, "at version {}", directory.version);
    }
});

both_databases!(revisions_of_changes_made_at_once_leave_no_gap_and_do_not_overlap, async |store: TestStore| {
    let held = created(&store).await;
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let (shared, held) = (store.shared(), held.clone());
        tasks.spawn(async move {
            for _ in 0..50 {
                let mut now = shared.subscription(&held.tenant, held.id).await.unwrap();
                now.spec.types = vec![number.to_string()];
                let read_at = now.updated_at;
                if shared.update_subscription(&now, read_at).await.is_ok() {
                    return;
                }
            }
            panic!("others were always faster");
        });
    }
    tasks.join_all().await;
    let found = history(&store, held.id).await;
    assert_eq!(found.len(), 17);
    assert!(found.windows(2).all(|pair| pair[0].until_version == Some(pair[1].from_version)), "{:?}", stretches(&found));
    assert_eq!(found[16].until_version, None);
});

both_databases!(the_routing_at_a_version_is_listed_in_pages_and_by_tenant, async |store: TestStore| {
    let (default, acme) = (TenantName::default(), tenant(&store, "acme").await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(subscribed(&store, &default).await);
        subscribed(&store, &acme).await;
    }
    ids.reverse();
    let version = store.routing_version().await.unwrap();
    let first = store.routing_at(&default, version, PageRequest { limit: 3, before: None }).await.unwrap();
    let second = store.routing_at(&default, version, PageRequest { limit: 3, before: first.next }).await.unwrap();
    let seen: Vec<_> = first.rows.iter().chain(&second.rows).map(|row| row.subscription_id).collect();
    assert_eq!((&seen, second.next), (&ids, None));
    assert!(is_not_found(&store.routing_history(&acme, ids[0]).await));
    assert!(store.routing_history(&default, ids[0]).await.is_ok());
});

both_databases!(of_each_subscription_the_newest_revisions_are_kept, async |store: TestStore| {
    let mut held = created(&store).await;
    let bystander = created(&store).await;
    let changes = i64::from(Revision::MAX_KEPT) + 3;
    for number in 0..changes {
        change(&store, &mut held, |held| held.spec.types = vec![number.to_string()]).await;
    }
    let found = history(&store, held.id).await;
    assert_eq!(found.len(), Revision::MAX_KEPT as usize);
    assert_eq!(found.last().unwrap().rules.types, [(changes - 1).to_string()]);
    assert_eq!(found[0].rules.types, [(changes - i64::from(Revision::MAX_KEPT)).to_string()]);
    assert_eq!(history(&store, bystander.id).await.len(), 1);
});

both_databases!(revisions_that_ended_before_the_oldest_event_are_tidied_away, async |store: TestStore| {
    let default = TenantName::default();
    let mut held = created(&store).await;
    change(&store, &mut held, |held| held.status = Status::Paused).await;
    let hours = |hours| Duration::from_hours(hours);
    store.tidy(store.now().plus(hours(2))).await.unwrap();
    assert_eq!(history(&store, held.id).await.len(), 2, "there is no event yet to tell by");

    handed_over(&store, &default, ORDER, &[held.id]).await;
    change(&store, &mut held, |held| held.status = Status::Active).await;
    store.tidy(store.now().plus(Duration::from_mins(50))).await.unwrap();
    assert_eq!(history(&store, held.id).await.len(), 3, "they ended less than an hour ago");
    store.tidy(store.now().plus(hours(2))).await.unwrap();
    let kept = history(&store, held.id).await;
    assert_eq!(kept.iter().map(|revision| revision.status).collect::<Vec<_>>(), [Status::Paused, Status::Active]);
});
