//! A Postgres server for the tests: the one `WAYPOST_TEST_POSTGRES` names, or else one of their own.
//!
//! `make test` starts one for the whole run. A test that is run alone starts a throw-away cluster and stops it when its last
//! database is gone. A server that can't be had is a failure, never a skip.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

/// The URL of an administrator's connection.
const ADMIN_URL: &str = "WAYPOST_TEST_POSTGRES";

static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// A server.
#[derive(Debug)]
pub(crate) struct Cluster {
    admin_url: String,
    own: Option<TempDir>,
}

impl Cluster {
    /// The server of this process.
    pub(crate) fn shared() -> Arc<Self> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::find_or_start());
            *running = Arc::downgrade(&cluster);
            cluster
        })
    }

    fn find_or_start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the tests' own setting")]
        if let Ok(admin_url) = std::env::var(ADMIN_URL) {
            return Self { admin_url, own: None };
        }
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let admin_url = script("start", folder.path());
        Self { admin_url: admin_url.trim().to_owned(), own: Some(folder) }
    }

    /// Makes an empty database of that name and gives its URL.
    pub(crate) async fn create_database(&self, name: &str) -> String {
        administer(&self.admin_url, format!("CREATE DATABASE {name}")).await;
        self.url_of(name)
    }

    fn url_of(&self, name: &str) -> String {
        let (server, _) = self.admin_url.rsplit_once('/').expect("the administrator's URL names a database");
        format!("{server}/{name}")
    }

    /// Drops a database, whoever is still connected to it. Blocks, so that it can be called while a test unwinds.
    pub(crate) fn drop_database(&self, name: &str) {
        let (admin_url, statement) = (self.admin_url.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
            runtime.block_on(administer(&admin_url, statement));
        });
        // A failure to tidy up must not hide why the test failed.
        let _ = dropping.join();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(folder) = &self.own {
            script("stop", folder.path());
        }
    }
}

async fn administer(admin_url: &str, statement: String) {
    let mut connection = PgConnection::connect(admin_url).await.expect("the Postgres server of the tests answers");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.expect("the administrator may make and drop databases");
}

fn script(action: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres.sh");
    let output = Command::new(script).arg(action).arg(folder).output().expect("scripts/postgres.sh can be run");
    assert!(output.status.success(), "postgres.sh {action}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("postgres.sh prints text")
}
