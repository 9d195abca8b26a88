//! An empty database for each test, of either kind, and the store on it.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, SqlSafeStr};
use tempfile::TempDir;
use waypost::config::{Config, Database as Settings, Encryption};
use waypost::domain::clock::{Clock, ManualClock, Timestamp};
use waypost::domain::entropy::{Entropy, SystemEntropy};
use waypost::store::Store;
use waypost::store::sql::{OpenError, SqlStore};

use super::postgres::Cluster;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database of one test. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Database {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Sqlite(TempDir),
    Postgres { cluster: Arc<Cluster>, name: String },
}

impl Database {
    /// Makes an empty one.
    pub(crate) async fn create(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                let url = format!("sqlite://{}", folder.path().join("waypost.db").display());
                Self { url, place: Place::Sqlite(folder) }
            }
            Kind::Postgres => {
                let (cluster, name) = (Cluster::shared(), unused_name());
                let url = cluster.create_database(&name).await;
                Self { url, place: Place::Postgres { cluster, name } }
            }
        }
    }

    /// Its URL, as `database.url` takes it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.url.strip_prefix("sqlite://").map(PathBuf::from)
    }

    /// The section `[database]` that names it.
    pub(crate) fn settings(&self) -> Settings {
        // Partitions are for the tests that are about them: to make them costs time.
        Settings { url: self.url.clone(), max_connections: 8, partition_ms: 0, ..Config::builtin().database }
    }

    /// Opens the store on it.
    pub(crate) async fn open(&self) -> Result<SqlStore, OpenError> {
        self.open_with(&Encryption { key: None, key_file: None }).await
    }

    /// Opens the store on it with a key of the operator's.
    pub(crate) async fn open_with(&self, encryption: &Encryption) -> Result<SqlStore, OpenError> {
        SqlStore::open(&self.settings(), encryption, Arc::new(SystemEntropy::new())).await
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn run(&self, statement: impl SqlSafeStr) {
        let statement = sqlx::raw_sql(statement);
        match &self.place {
            Place::Sqlite(_) => self.sqlite().await.execute(statement).await.map(|_| ()),
            Place::Postgres { .. } => self.postgres().await.execute(statement).await.map(|_| ()),
        }
        .expect("the statement of the test runs");
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let statement = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        match &self.place {
            Place::Sqlite(_) => sqlx::query_scalar(statement).fetch_one(&mut self.sqlite().await).await,
            Place::Postgres { .. } => sqlx::query_scalar(statement).fetch_one(&mut self.postgres().await).await,
        }
        .expect("the table can be counted")
    }

    /// A connection of its own to the file.
    pub(crate) async fn sqlite(&self) -> SqliteConnection {
        let path = self.path().expect("the database is a file");
        SqliteConnectOptions::new().filename(path).connect().await.expect("the file can be opened")
    }

    /// A connection of its own to the server.
    pub(crate) async fn postgres(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the server answers")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.place {
            Place::Sqlite(_folder) => {}
            Place::Postgres { cluster, name } => cluster.drop_database(name),
        }
    }
}

fn unused_name() -> String {
    let mut bytes = [0; 8];
    SystemEntropy::new().fill(&mut bytes);
    format!("waypost_test_{:016x}", u64::from_be_bytes(bytes))
}

/// A store on a database of its own, with a clock to step.
pub(crate) struct TestStore {
    // Declared before the database, so that it is closed before that is dropped.
    store: Arc<SqlStore>,
    pub clock: Arc<ManualClock>,
    pub entropy: SystemEntropy,
    pub database: Database,
}

impl TestStore {
    /// The store on an empty database.
    pub(crate) async fn create(kind: Kind) -> Self {
        let database = Database::create(kind).await;
        let store = database.open().await.expect("an empty database can be opened");
        Self::on(database, store)
    }

    /// A store that was opened on a database.
    pub(crate) fn on(database: Database, store: SqlStore) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-21T08:00:00Z").expect("a date-time")));
        Self { store: Arc::new(store), clock, entropy: SystemEntropy::new(), database }
    }

    /// Closes the store and leaves its database.
    pub(crate) async fn into_database(self) -> Database {
        self.store.close().await;
        self.database
    }

    /// The same, closed and opened anew.
    pub(crate) async fn reopened(self) -> Self {
        let Self { store, clock, entropy, database } = self;
        store.close().await;
        drop(store);
        let store = Arc::new(database.open().await.expect("a database that was closed can be opened"));
        Self { store, clock, entropy, database }
    }

    /// The store, to be shared with tasks.
    pub(crate) fn shared(&self) -> Arc<SqlStore> {
        Arc::clone(&self.store)
    }

    /// The time now; a moment passes with each call, so that no two things happen at once unless a test wants it.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.advance(Duration::from_millis(1));
        self.clock.now()
    }
}

impl Deref for TestStore {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        self.store.as_ref()
    }
}

/// Runs a test on a database of `kind`, for at most a minute.
pub(crate) async fn run(kind: Kind, test: impl AsyncFnOnce(TestStore)) {
    let store = TestStore::create(kind).await;
    tokio::time::timeout(Duration::from_mins(1), test(store)).await.expect("the test ends within a minute");
}

/// Declares a test that is run on both databases: `both_databases!(name_of_test, async |store: TestStore| { … });`
macro_rules! both_databases {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every test uses all that its file does")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::support::database::run(crate::support::database::Kind::Sqlite, $test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::support::database::run(crate::support::database::Kind::Postgres, $test).await;
            }
        }
    };
}
pub(crate) use both_databases;
