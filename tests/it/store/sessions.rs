//! Sessions of the dashboard.

use std::time::Duration;

use waypost::domain::credential::{ApiKey, Reach, Scope, Session};
use waypost::domain::id::ApiKeyId;

use crate::support::database::{TestStore, both_databases};

const TOKEN: [u8; 32] = [7; 32];
const HOUR: Duration = Duration::from_hours(1);

async fn api_key(store: &TestStore) -> ApiKey {
    let now = store.now();
    let key = ApiKey {
        id: ApiKeyId::new(now, &store.entropy),
        name: "operator".to_owned(),
        reach: Reach::All,
        scopes: vec![Scope::Admin],
        hint: "abcd".to_owned(),
        created_at: now,
        expires_at: Some(now.plus(HOUR)),
    };
    store.create_api_key(&key, &[1; 32]).await.unwrap();
    key
}

both_databases!(a_session_is_found_with_its_key_until_either_is_deleted, async |store: TestStore| {
    let (key, now) = (api_key(&store).await, store.now());
    for token in [TOKEN, [8; 32]] {
        store.create_session(&token, Some(key.id), now, now.plus(HOUR)).await.unwrap();
    }
    let expected = Session { api_key: Some(key.clone()), expires_at: now.plus(HOUR) };
    assert_eq!(store.session(&TOKEN).await.unwrap(), Some(expected));
    assert_eq!(store.session(&[9; 32]).await.unwrap(), None);
    store.delete_session(&[8; 32]).await.unwrap();
    assert_eq!(store.session(&[8; 32]).await.unwrap(), None);
    assert!(store.session(&TOKEN).await.unwrap().is_some());
    store.delete_api_key(&Reach::All, key.id).await.unwrap();
    assert_eq!(store.session(&TOKEN).await.unwrap(), None);
});

both_databases!(a_session_of_the_development_key_has_none, async |store: TestStore| {
    let now = store.now();
    store.create_session(&TOKEN, None, now, now.plus(HOUR)).await.unwrap();
    assert_eq!(store.session(&TOKEN).await.unwrap(), Some(Session { api_key: None, expires_at: now.plus(HOUR) }));
});

both_databases!(only_sessions_that_ended_are_tidied_away, async |store: TestStore| {
    let (key, now) = (api_key(&store).await, store.now());
    store.create_session(&TOKEN, Some(key.id), now, now.plus(HOUR)).await.unwrap();
    store.create_session(&[8; 32], Some(key.id), now, now.minus(HOUR)).await.unwrap();
    store.tidy(now).await.unwrap();
    assert!(store.session(&TOKEN).await.unwrap().is_some());
    assert_eq!(store.session(&[8; 32]).await.unwrap(), None);
});
