//! Tenants: uniqueness, lists, and what keeps one from being deleted.

use tokio::task::JoinSet;
use waypost::domain::clock::Timestamp;
use waypost::domain::page::PageRequest;
use waypost::domain::shard::ShardNumber;
use waypost::domain::tenant::{Tenant, TenantName};
use waypost::store::{Conflict, Identity, Store, StoreError};

use super::sample::{is_not_found, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

fn named(name: &str) -> Tenant {
    Tenant {
        name: name.parse().unwrap(),
        description: None,
        retention: None,
        created_at: Timestamp::default(),
        shard: ShardNumber::HOME,
    }
}

both_databases!(tenant_default_exists_from_the_start, async |store: TestStore| {
    assert_eq!(store.tenant(&TenantName::default()).await.unwrap().name, TenantName::default());
    assert_eq!(store.tenants(PageRequest::default()).await.unwrap().rows.len(), 1);
});

both_databases!(a_tenant_is_found_as_it_was_created, async |store: TestStore| {
    let created = Tenant {
        name: "acme".parse().unwrap(),
        description: Some("Acme \u{1F6A2} \"Ltd\"".to_owned()),
        retention: None,
        created_at: store.now(),
        shard: ShardNumber::HOME,
    };
    store.create_tenant(&created).await.unwrap();
    assert_eq!(store.tenant(&created.name).await.unwrap(), created);
    assert!(is_not_found(&store.tenant(&"acm".parse().unwrap()).await));
});

both_databases!(of_twenty_that_create_one_tenant_at_once_one_succeeds, async |store: TestStore| {
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (shared, created_at) = (store.shared(), store.now());
        let tenant = Tenant { created_at, ..named("acme") };
        tasks.spawn(async move { shared.create_tenant(&tenant).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let is_taken = |result: &&Result<(), StoreError>| matches!(result, Err(StoreError::Conflict(Conflict::Exists)));
    assert_eq!(results.iter().filter(is_taken).count(), 19);
});

both_databases!(pages_meet_without_gap_or_overlap_while_rows_are_added, async |store: TestStore| {
    for number in 0..7 {
        tenant(&store, &format!("tenant-{number}")).await;
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.tenants(PageRequest { limit: 3, before }).await.unwrap();
        assert!(page.rows.len() <= 3);
        seen.extend(page.rows.into_iter().map(|row| row.name.to_string()));
        tenant(&store, &format!("later-{}", seen.len())).await;
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let mut expected: Vec<String> = (0..7).rev().map(|number| format!("tenant-{number}")).collect();
    expected.push("default".to_owned());
    assert_eq!(seen, expected);
});

both_databases!(a_page_that_is_exactly_full_has_no_next, async |store: TestStore| {
    tenant(&store, "acme").await;
    assert_eq!(store.tenants(PageRequest { limit: 2, before: None }).await.unwrap().next, None);
    assert!(store.tenants(PageRequest { limit: 1, before: None }).await.unwrap().next.is_some());
});

both_databases!(a_tenant_in_use_is_not_deleted, async |store: TestStore| {
    let acme = tenant(&store, "acme").await;
    let subscription = subscribed(&store, &acme).await;
    let refused = store.delete_tenant(&acme).await;
    assert!(matches!(refused, Err(StoreError::Conflict(Conflict::InUse))), "{refused:?}");
    store.delete_subscription(&acme, subscription, store.now()).await.unwrap();
    store.delete_tenant(&acme).await.unwrap();
    assert!(is_not_found(&store.tenant(&acme).await));
    assert!(is_not_found(&store.delete_tenant(&acme).await));
});

both_databases!(a_tenant_is_pinned_for_ever_even_if_it_is_deleted, async |store: TestStore| {
    let on =
        |name: &str, number: u16| Tenant { created_at: store.now(), shard: ShardNumber::new(number).unwrap(), ..named(name) };
    for (name, number) in [("a", 2), ("b", 2), ("c", 0)] {
        store.create_tenant(&on(name, number)).await.unwrap();
    }
    assert_eq!(store.tenant(&"a".parse().unwrap()).await.unwrap().shard.get(), 2);
    let mut counts = store.tenants_by_shard().await.unwrap();
    counts.sort();
    assert_eq!(counts.iter().map(|(shard, count)| (shard.get(), *count)).collect::<Vec<_>>(), [(0, 2), (2, 2)]);
    assert!(matches!(store.create_tenant(&on("a", 1)).await, Err(StoreError::Conflict(Conflict::Exists))));
    store.delete_tenant(&"a".parse().unwrap()).await.unwrap();
    let elsewhere = store.create_tenant(&on("a", 1)).await;
    assert!(matches!(elsewhere, Err(StoreError::Conflict(Conflict::Pinned(shard))) if shard.get() == 2), "{elsewhere:?}");
    assert!(is_not_found(&store.tenant(&"a".parse().unwrap()).await), "nothing was written");
    store.create_tenant(&on("a", 2)).await.unwrap();
    let page = store.tenants(PageRequest::default()).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.shard.get()).collect::<Vec<_>>(), [2, 0, 2, 0]);
});

both_databases!(use_is_seen_of_a_tenant_that_has_no_row_here, async |store: TestStore| {
    let acme: TenantName = "acme".parse().unwrap();
    assert!(!store.is_tenant_in_use(&acme).await.unwrap());
    let subscription = subscribed(&store, &acme).await;
    assert!(store.is_tenant_in_use(&acme).await.unwrap());
    store.delete_subscription(&acme, subscription, store.now()).await.unwrap();
    assert!(!store.is_tenant_in_use(&acme).await.unwrap());
});

both_databases!(what_a_database_was_first_said_to_be_stays, async |store: TestStore| {
    let identity = |installation: u128, shard: u16| Identity {
        installation: uuid::Uuid::from_u128(installation),
        shard: ShardNumber::new(shard).unwrap(),
    };
    let mut tasks = JoinSet::new();
    for number in 1..=8 {
        let (shared, wanted) = (store.shared(), identity(number, 3));
        tasks.spawn(async move { shared.identify(wanted).await.unwrap() });
    }
    let told = tasks.join_all().await;
    assert!(told.iter().all(|identity| *identity == told[0]), "{told:?}");
    assert_eq!(store.identify(identity(99, 1)).await.unwrap(), told[0]);
});

both_databases!(many_write_and_read_at_once, async |store: TestStore| {
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (shared, created_at) = (store.shared(), store.now());
        let tenant = Tenant { created_at, ..named(&format!("t-{number}")) };
        tasks.spawn(async move {
            shared.create_tenant(&tenant).await.unwrap();
            assert_eq!(shared.tenant(&tenant.name).await.unwrap(), tenant);
        });
    }
    tasks.join_all().await;
    assert_eq!(store.tenants(PageRequest::default()).await.unwrap().rows.len(), 41);
});
