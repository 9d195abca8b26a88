//! Tenants: uniqueness, lists, and what keeps one from being deleted.

use tokio::task::JoinSet;
use waypost::domain::page::PageRequest;
use waypost::domain::tenant::{Tenant, TenantName};
use waypost::store::{Conflict, Store, StoreError};

use super::sample::{is_not_found, subscribed, tenant};
use crate::support::database::{TestStore, both_databases};

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
    };
    store.create_tenant(&created).await.unwrap();
    assert_eq!(store.tenant(&created.name).await.unwrap(), created);
    assert!(is_not_found(&store.tenant(&"acm".parse().unwrap()).await));
});

both_databases!(of_twenty_that_create_one_tenant_at_once_one_succeeds, async |store: TestStore| {
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (shared, created_at) = (store.shared(), store.now());
        let tenant = Tenant { name: "acme".parse().unwrap(), description: None, retention: None, created_at };
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

both_databases!(many_write_and_read_at_once, async |store: TestStore| {
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (shared, created_at) = (store.shared(), store.now());
        let tenant = Tenant { name: format!("t-{number}").parse().unwrap(), description: None, retention: None, created_at };
        tasks.spawn(async move {
            shared.create_tenant(&tenant).await.unwrap();
            assert_eq!(shared.tenant(&tenant.name).await.unwrap(), tenant);
        });
    }
    tasks.join_all().await;
    assert_eq!(store.tenants(PageRequest::default()).await.unwrap().rows.len(), 41);
});
