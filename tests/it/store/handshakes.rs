//! Handshakes with sinks: who may write what, and what others see of it.

use std::time::Duration;

use tokio::task::JoinSet;
use waypost::domain::handshake::{Asked, Callback, Handshake, Heard, Last, Permission};
use waypost::domain::subscription::{DisabledReason, Status, Subscription};
use waypost::domain::tenant::TenantName;
use waypost::store::{Conflict, StoreError};

use super::sample::{is_not_found, subscription};
use crate::support::database::{TestStore, both_databases};

/// A subscription whose sink is to be asked.
async fn begun(store: &TestStore) -> Subscription {
    let mut new = subscription(store, &TenantName::default());
    new.status = Status::Unverified;
    new.handshake = Some(Handshake::begin(new.created_at));
    store.create_subscription(&new).await.unwrap();
    new
}

async fn read(store: &TestStore, subscription: &Subscription) -> Subscription {
    store.any_subscription(subscription.id).await.unwrap()
}

/// The same with everything in it that a handshake may have.
fn full(subscription: &Subscription, store: &TestStore) -> Subscription {
    let (mut full, now) = (subscription.clone(), store.now());
    let handshake = full.handshake.as_mut().unwrap();
    handshake.is_paused = true;
    handshake.attempt_count = 3;
    handshake.next_ask_at = now.plus(Duration::from_mins(1));
    handshake.asked = Some(Asked { at: now, origin: "waypost.example".into(), requested_rate: Some(120) });
    handshake.callback = Some(Callback { hash: [9; 32], expires_at: now.plus(Duration::from_secs(90)) });
    handshake.permission = Some(Permission { origin: "old.example".into(), rate: Some(u32::MAX), at: now });
    handshake.last = Some(Last { heard: Heard::Withheld, status: Some(405), error: Some("answered 405".into()) });
    full
}

fn revised(subscription: &Subscription) -> Subscription {
    let mut revised = subscription.clone();
    revised.handshake.as_mut().unwrap().revision += 1;
    revised
}

fn is_stale<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict(Conflict::State(_))))
}

both_databases!(a_handshake_is_read_as_it_was_written, async |store: TestStore| {
    let begun = begun(&store).await;
    assert_eq!(read(&store, &begun).await, begun);
    let full = full(&begun, &store);
    store.put_handshake(&begun, &full, store.now()).await.unwrap();
    let expected = revised(&full);
    assert_eq!(read(&store, &begun).await, expected);
    assert_eq!(store.subscription(&begun.tenant, begun.id).await.unwrap(), expected);
    assert_eq!(*store.load_directory().await.unwrap().subscriptions[&begun.id], expected);
});

both_databases!(of_nodes_that_ask_at_once_exactly_one_does, async |store: TestStore| {
    let begun = begun(&store).await;
    for _ in 0..5 {
        let due = store.due_handshakes(store.now(), 10).await.unwrap();
        assert_eq!(due.len(), 1);
        let mut asking = due[0].clone();
        asking.handshake.as_mut().unwrap().next_ask_at = store.now();
        let mut claims = JoinSet::new();
        for _ in 0..8 {
            let (shared, before, after, now) = (store.shared(), due[0].clone(), asking.clone(), store.now());
            claims.spawn(async move { waypost::store::Store::put_handshake(&*shared, &before, &after, now).await });
        }
        let claims = claims.join_all().await;
        assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
        assert_eq!(claims.iter().filter(|claim| is_stale(claim)).count(), 7);
    }
    assert_eq!(read(&store, &begun).await.handshake.unwrap().revision, 6);
});

both_databases!(those_due_come_longest_overdue_first_and_none_that_is_over, async |store: TestStore| {
    let (first, second, third, disabled, deleted) =
        (begun(&store).await, begun(&store).await, begun(&store).await, begun(&store).await, begun(&store).await);
    store.disable_subscription(disabled.id, DisabledReason::Gone, store.now()).await.unwrap();
    store.delete_subscription(&deleted.tenant, deleted.id, store.now()).await.unwrap();
    let later = full(&second, &store);
    store.put_handshake(&second, &later, store.now()).await.unwrap();
    let ids = async |limit| {
        let due = store.due_handshakes(store.now(), limit).await.unwrap();
        due.into_iter().map(|subscription| subscription.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(10).await, [first.id, third.id]);
    assert_eq!(ids(1).await, [first.id]);
    store.clock.advance(Duration::from_mins(1));
    assert_eq!(ids(10).await, [first.id, third.id, second.id]);
    assert!(is_not_found(&store.any_subscription(deleted.id).await));
    assert_eq!(store.database.count("handshakes").await, 4, "what is deleted leaves nothing behind");
});

both_databases!(routing_is_told_of_permission_and_status_and_of_nothing_else, async |store: TestStore| {
    let begun = begun(&store).await;
    let mut version = store.routing_version().await.unwrap();
    let mut grown = async || {
        let before = std::mem::replace(&mut version, store.routing_version().await.unwrap());
        version - before
    };
    let mut asked = begun.clone();
    asked.handshake.as_mut().unwrap().attempt_count = 1;
    store.put_handshake(&begun, &asked, store.now()).await.unwrap();
    assert_eq!(grown().await, 0);
    let before = read(&store, &begun).await;
    let mut allowed = before.clone();
    allowed.status = Status::Active;
    allowed.handshake.as_mut().unwrap().permission =
        Some(Permission { origin: "waypost.example".into(), rate: None, at: store.now() });
    store.put_handshake(&before, &allowed, store.now()).await.unwrap();
    assert_eq!(grown().await, 1);
    let after = read(&store, &begun).await;
    assert_eq!(after.status, Status::Active);
    assert!(after.updated_at > before.updated_at);
    let mut again = after.clone();
    again.handshake.as_mut().unwrap().permission.as_mut().unwrap().at = store.now();
    store.put_handshake(&after, &again, store.now()).await.unwrap();
    assert_eq!(grown().await, 0, "the same permission again");
    let after = read(&store, &begun).await;
    let released = Subscription { handshake: None, ..after.clone() };
    store.put_handshake(&after, &released, store.now()).await.unwrap();
    assert_eq!((grown().await, read(&store, &begun).await.handshake), (1, None));
});

both_databases!(an_owners_change_undoes_nothing_that_was_heard_meanwhile, async |store: TestStore| {
    let begun = begun(&store).await;
    let full = full(&begun, &store);
    store.put_handshake(&begun, &full, store.now()).await.unwrap();
    let mut described = begun.clone();
    described.spec.description = Some("computed from what was read before".into());
    described.updated_at = store.now();
    // Its permission is visible, its status is the same: the subscription itself was not changed, so this is no conflict.
    store.update_subscription(&described, begun.updated_at).await.unwrap();
    let found = read(&store, &begun).await;
    assert_eq!(found.handshake, revised(&full).handshake);
    assert_eq!(found.spec.description, described.spec.description);
});

both_databases!(what_the_old_sink_says_is_not_written_to_the_handshake_with_the_new_one, async |store: TestStore| {
    let old = begun(&store).await;
    let mut moved = old.clone();
    moved.updated_at = store.now();
    moved.handshake = Some(Handshake::begin(moved.updated_at));
    store.update_subscription(&moved, old.updated_at).await.unwrap();
    for late in [full(&old, &store), Subscription { status: Status::Active, ..full(&old, &store) }] {
        assert!(is_stale(&store.put_handshake(&old, &late, store.now()).await));
    }
    assert_eq!(read(&store, &old).await, moved);
});

both_databases!(a_status_that_was_changed_meanwhile_is_not_overwritten, async |store: TestStore| {
    let begun = begun(&store).await;
    store.disable_subscription(begun.id, DisabledReason::Gone, store.now()).await.unwrap();
    let version = store.routing_version().await.unwrap();
    let verified = Subscription { status: Status::Active, ..full(&begun, &store) };
    assert!(is_stale(&store.put_handshake(&begun, &verified, store.now()).await));
    let found = read(&store, &begun).await;
    assert_eq!((found.status, found.handshake), (Status::Disabled, begun.handshake), "all of it or nothing");
    assert_eq!(store.routing_version().await.unwrap(), version);
});

both_databases!(a_handshake_ends_when_its_owner_wants_no_more_of_it, async |store: TestStore| {
    let begun = begun(&store).await;
    let off = Subscription { status: Status::Active, handshake: None, updated_at: store.now(), ..begun.clone() };
    store.update_subscription(&off, begun.updated_at).await.unwrap();
    assert_eq!(read(&store, &begun).await, off);
    assert_eq!(store.database.count("handshakes").await, 0);
    assert!(is_stale(&store.put_handshake(&begun, &full(&begun, &store), store.now()).await));
});
