//! Opening: what is made, what is refused and in which words.

use std::sync::Arc;

use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;
use waypost::config::{Database as Settings, Encryption};
use waypost::domain::entropy::SystemEntropy;
use waypost::store::Store;
use waypost::store::sql::{self, OpenError, SqlStore};

use crate::support::database::{Database, Kind};

const NO_KEY: Encryption = Encryption { key: None, key_file: None };

async fn open(settings: &Settings) -> Result<SqlStore, OpenError> {
    SqlStore::open(settings, &NO_KEY, Arc::new(SystemEntropy::new())).await
}

async fn attach(settings: &Settings) -> Result<SqlStore, OpenError> {
    SqlStore::attach(settings, &NO_KEY, Arc::new(SystemEntropy::new())).await
}

async fn newer_schema_is_refused(kind: Kind) {
    let database = Database::create(kind).await;
    let known = sql::migrate(&database.settings()).await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                  VALUES (99990101, 'of a later version', true, '', 0)";
    database.run(AssertSqlSafe(insert.to_owned())).await;
    for result in [open(&database.settings()).await.map(|_| ()), sql::migrate(&database.settings()).await.map(|_| ())] {
        let error = result.unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99_990_101, known: here } if here == known), "{error}");
        assert!(error.to_string().contains("99990101") && error.to_string().contains(&known.to_string()));
    }
}

#[tokio::test]
async fn newer_schema_is_refused_on_sqlite() {
    newer_schema_is_refused(Kind::Sqlite).await;
}

#[tokio::test]
async fn newer_schema_is_refused_on_postgres() {
    newer_schema_is_refused(Kind::Postgres).await;
}

async fn older_schema_is_left_alone_unless_it_may_be_migrated(kind: Kind) {
    let database = Database::create(kind).await;
    let separate = Settings { migrate: false, ..database.settings() };
    let error = open(&separate).await.unwrap_err();
    assert!(error.to_string().contains("waypost migrate"), "{error}");
    sql::migrate(&separate).await.unwrap();
    sql::migrate(&separate).await.unwrap();
    open(&separate).await.unwrap().close().await;
}

#[tokio::test]
async fn older_schema_is_left_alone_unless_it_may_be_migrated_on_sqlite() {
    older_schema_is_left_alone_unless_it_may_be_migrated(Kind::Sqlite).await;
}

#[tokio::test]
async fn older_schema_is_left_alone_unless_it_may_be_migrated_on_postgres() {
    older_schema_is_left_alone_unless_it_may_be_migrated(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_open_an_empty_postgres_at_once_agree() {
    let database = Database::create(Kind::Postgres).await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let settings = Settings { max_connections: 2, ..database.settings() };
        tasks.spawn(async move { open(&settings).await });
    }
    let stores: Vec<_> = tasks.join_all().await.into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(database.count("vault").await, 1);
    assert_eq!(database.count("tenants").await, 1);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn a_second_server_on_one_file_is_refused_and_a_command_beside_it_is_not() {
    let database = Database::create(Kind::Sqlite).await;
    let served = database.open().await.unwrap();
    let error = database.open().await.unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }) && error.to_string().contains("database.url"), "{error}");
    assert!(matches!(sql::migrate(&database.settings()).await, Err(OpenError::InUse { .. })));
    let beside = attach(&database.settings()).await.unwrap();
    assert!(!beside.has_api_keys().await.unwrap());
    beside.close().await;
    served.close().await;
    drop(served);
    database.open().await.unwrap();
}

#[tokio::test]
async fn a_file_is_the_same_file_by_every_name() {
    let database = Database::create(Kind::Sqlite).await;
    let _served = database.open().await.unwrap();
    let path = database.path().unwrap();
    let link = path.with_file_name("other-name.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let by_link = Settings { url: format!("sqlite://{}", link.display()), ..database.settings() };
    assert!(matches!(open(&by_link).await, Err(OpenError::InUse { .. })));
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let database = Database::create(Kind::Sqlite).await;
    let missing = Settings { url: "sqlite:///nowhere/at/all/waypost.db".to_owned(), ..database.settings() };
    let error = open(&missing).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn a_command_does_not_make_a_database() {
    let database = Database::create(Kind::Sqlite).await;
    assert!(attach(&database.settings()).await.is_err());
}

#[tokio::test]
async fn an_unreachable_server_is_reported_by_the_name_of_the_setting() {
    let settings = Settings {
        url: "postgres://nobody:hunter2@127.0.0.1:1/none".to_owned(),
        acquire_timeout_ms: 500,
        ..waypost::config::Config::builtin().database
    };
    let error = open(&settings).await.unwrap_err();
    assert!(error.to_string().contains("database.url"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_url_may_lie_in_a_file() {
    let database = Database::create(Kind::Sqlite).await;
    let file = database.path().unwrap().with_file_name("url");
    std::fs::write(&file, format!("{}\n", database.url())).unwrap();
    let url_file = Some(file.display().to_string());
    let settings = Settings { url: "sqlite://not-this-one.db".to_owned(), url_file, ..database.settings() };
    open(&settings).await.unwrap().close().await;
    assert!(database.path().unwrap().exists());
}

#[tokio::test]
async fn a_closed_sqlite_database_is_one_file() {
    let database = Database::create(Kind::Sqlite).await;
    let path = database.url().strip_prefix("sqlite://").unwrap().to_owned();
    let log = std::path::PathBuf::from(format!("{path}-wal"));
    let store = open(&database.settings()).await.unwrap();
    store.ping().await.unwrap();
    assert!(log.exists());
    store.close().await;
    assert!(!log.exists(), "its log is still there");
}
