//! API keys and producers.

use waypost::domain::credential::{ApiKey, Reach, Scope};
use waypost::domain::id::{ApiKeyId, ProducerId};
use waypost::domain::page::PageRequest;
use waypost::domain::producer::{Producer, ProducerKind};
use waypost::domain::secret::Secret;
use waypost::domain::tenant::TenantName;
use waypost::store::{Conflict, StoreError};

use super::sample::{is_not_found, tenant};
use crate::support::database::{TestStore, both_databases};

fn api_key(store: &TestStore, reach: Reach) -> ApiKey {
    let now = store.now();
    ApiKey {
        id: ApiKeyId::new(now, &store.entropy),
        name: "deploy".to_owned(),
        reach,
        scopes: vec![Scope::EventsWrite, Scope::Admin],
        hint: "abcd".to_owned(),
        created_at: now,
        expires_at: Some(now),
    }
}

fn producer(store: &TestStore, tenant: &TenantName) -> Producer {
    let now = store.now();
    Producer {
        id: ProducerId::new(now, &store.entropy),
        tenant: tenant.clone(),
        name: "billing".to_owned(),
        kind: ProducerKind::StandardWebhooks,
        secrets: vec![Secret::new("whsec_new"), Secret::new("whsec_old")],
        created_at: now,
    }
}

both_databases!(an_api_key_is_found_by_its_hash_alone, async |store: TestStore| {
    assert!(!store.has_api_keys().await.unwrap());
    let key = api_key(&store, Reach::All);
    store.create_api_key(&key, &[7; 32]).await.unwrap();
    assert!(store.has_api_keys().await.unwrap());
    assert_eq!(store.api_key_by_hash(&[7; 32]).await.unwrap(), Some(key));
    assert_eq!(store.api_key_by_hash(&[8; 32]).await.unwrap(), None);
});

both_databases!(the_very_same_api_key_is_refused, async |store: TestStore| {
    store.create_api_key(&api_key(&store, Reach::All), &[7; 32]).await.unwrap();
    let again = store.create_api_key(&api_key(&store, Reach::All), &[7; 32]).await;
    assert!(matches!(again, Err(StoreError::Conflict(Conflict::Exists))));
});

both_databases!(api_keys_are_listed_and_revoked_within_a_reach, async |store: TestStore| {
    let acme = Reach::Tenant(tenant(&store, "acme").await);
    let other = Reach::Tenant(tenant(&store, "other").await);
    let keys = [api_key(&store, Reach::All), api_key(&store, acme.clone()), api_key(&store, other.clone())];
    for (number, key) in (0..).zip(&keys) {
        store.create_api_key(key, &[number; 32]).await.unwrap();
    }
    let seen = async |reach: &Reach| {
        let page = store.api_keys(reach, PageRequest::default()).await.unwrap();
        page.rows.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(&Reach::All).await, [keys[2].id, keys[1].id, keys[0].id]);
    assert_eq!(seen(&acme).await, [keys[1].id]);
    assert!(is_not_found(&store.delete_api_key(&acme, keys[2].id).await));
    assert!(is_not_found(&store.delete_api_key(&acme, keys[0].id).await));
    store.delete_api_key(&acme, keys[1].id).await.unwrap();
    store.delete_api_key(&Reach::All, keys[2].id).await.unwrap();
    assert_eq!(seen(&Reach::All).await, [keys[0].id]);
    assert_eq!(store.api_key_by_hash(&[1; 32]).await.unwrap(), None);
});

both_databases!(a_producer_is_found_as_it_was_stored_and_changed, async |store: TestStore| {
    let acme = tenant(&store, "acme").await;
    let mut created = producer(&store, &acme);
    store.create_producer(&created).await.unwrap();
    assert_eq!(store.producer(created.id).await.unwrap(), created);
    created.name = "billing, renamed".to_owned();
    created.secrets.insert(0, Secret::new("whsec_newest"));
    store.update_producer(&created).await.unwrap();
    assert_eq!(store.producer(created.id).await.unwrap(), created);
    assert_eq!(store.producers(&acme, PageRequest::default()).await.unwrap().rows, [created]);
});

both_databases!(a_producer_is_changed_and_deleted_by_its_own_tenant_alone, async |store: TestStore| {
    let (acme, other) = (tenant(&store, "acme").await, tenant(&store, "other").await);
    let created = producer(&store, &acme);
    store.create_producer(&created).await.unwrap();
    let stolen = Producer { tenant: other.clone(), ..created.clone() };
    assert!(is_not_found(&store.update_producer(&stolen).await));
    assert!(is_not_found(&store.delete_producer(&other, created.id).await));
    assert!(store.producers(&other, PageRequest::default()).await.unwrap().rows.is_empty());
    assert_eq!(store.producer(created.id).await.unwrap(), created);
    store.delete_producer(&acme, created.id).await.unwrap();
    assert!(is_not_found(&store.producer(created.id).await));
    assert!(is_not_found(&store.delete_producer(&acme, created.id).await));
});
