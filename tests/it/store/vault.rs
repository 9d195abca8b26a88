//! Secrets in the database: never in the clear, bound to their rows, wrapped by the operator's key.

use waypost::config::Encryption;
use waypost::domain::page::PageRequest;
use waypost::domain::secret::Secret;
use waypost::domain::tenant::TenantName;
use waypost::store::Store;
use waypost::store::sql::OpenError;

use super::sample::{SIGNING_SECRET, SINK_TOKEN, subscription};
use crate::support::database::{Database, Kind, TestStore, both_databases};

/// Base64 of 32 bytes.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER_KEY: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

fn with_key(key: &str) -> Encryption {
    Encryption { key: Some(Secret::new(key)), key_file: None }
}

async fn refused(database: &Database, encryption: &Encryption) -> String {
    let error = database.open_with(encryption).await.unwrap_err();
    assert!(matches!(error, OpenError::Key { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn no_secret_lies_in_the_files_of_the_database() {
    let store = TestStore::create(Kind::Sqlite).await;
    let mut stored = subscription(&store, &TenantName::default());
    store.create_subscription(&stored).await.unwrap();
    let read_at = std::mem::replace(&mut stored.updated_at, store.now());
    store.update_subscription(&stored, read_at).await.unwrap();
    let folder = store.database.path().unwrap().parent().unwrap().to_owned();
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    let holds = |needle: &str| files.iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()));
    // The search finds what is there in the clear, so it would find the secrets.
    assert!(holds("https://shop.example/hooks"));
    for secret in [SIGNING_SECRET, SIGNING_SECRET.trim_start_matches("whsec_"), SINK_TOKEN] {
        assert!(!holds(secret), "{secret}");
    }
}

both_databases!(a_blob_of_another_row_does_not_open, async |store: TestStore| {
    let (first, second) = (subscription(&store, &TenantName::default()), subscription(&store, &TenantName::default()));
    store.create_subscription(&first).await.unwrap();
    store.create_subscription(&second).await.unwrap();
    store.database.run("UPDATE subscriptions SET sealed = (SELECT s.sealed FROM subscriptions s ORDER BY s.id LIMIT 1)").await;
    assert!(store.subscriptions(&TenantName::default(), PageRequest::default()).await.is_err());
});

async fn a_key_that_is_given_later_wraps_what_is_there(kind: Kind) {
    let store = TestStore::create(kind).await;
    let stored = subscription(&store, &TenantName::default());
    store.create_subscription(&stored).await.unwrap();
    let database = store.into_database().await;
    for _ in 0..2 {
        let wrapped = database.open_with(&with_key(KEY)).await.unwrap();
        assert_eq!(wrapped.subscription(&stored.tenant, stored.id).await.unwrap(), stored);
        wrapped.close().await;
    }
    assert!(refused(&database, &with_key(OTHER_KEY)).await.contains("encryption.key"));
    assert!(refused(&database, &Encryption { key: None, key_file: None }).await.contains("encryption.key_file"));
}

#[tokio::test]
async fn a_key_that_is_given_later_wraps_what_is_there_on_sqlite() {
    a_key_that_is_given_later_wraps_what_is_there(Kind::Sqlite).await;
}

#[tokio::test]
async fn a_key_that_is_given_later_wraps_what_is_there_on_postgres() {
    a_key_that_is_given_later_wraps_what_is_there(Kind::Postgres).await;
}

#[tokio::test]
async fn a_key_from_the_start_is_needed_from_then_on() {
    let database = Database::create(Kind::Sqlite).await;
    let file = database.path().unwrap().with_file_name("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let from_file = Encryption { key: None, key_file: Some(file.display().to_string()) };
    database.open_with(&from_file).await.unwrap().close().await;
    database.open_with(&with_key(KEY)).await.unwrap().close().await;
    refused(&database, &with_key(OTHER_KEY)).await;
}

#[tokio::test]
async fn a_key_of_a_wrong_shape_is_refused_and_not_repeated() {
    let database = Database::create(Kind::Sqlite).await;
    for key in ["", "short", "MDEyMw==", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"] {
        let message = refused(&database, &with_key(key)).await;
        assert!(message.contains("encryption.key") && (key.is_empty() || !message.contains(key)), "{message}");
    }
}

#[tokio::test]
async fn a_key_file_that_is_not_there_is_named() {
    let database = Database::create(Kind::Sqlite).await;
    let missing = Encryption { key: None, key_file: Some("/nowhere/key".to_owned()) };
    let message = database.open_with(&missing).await.unwrap_err().to_string();
    assert!(message.contains("encryption.key_file") && message.contains("/nowhere/key"), "{message}");
}
