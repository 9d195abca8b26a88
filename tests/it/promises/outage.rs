//! Promise 2: a database that goes away under load costs waiting, never an event.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::{Administrator, PATIENCE, SHORT_LEASES, all_arrive};
use crate::support::database::{Database, Kind};
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;

/// A database that can be taken away and given back.
trait Outage {
    async fn begin(&mut self);
    async fn end(&mut self);
}

async fn nothing_is_lost(url: &str, outage: &mut impl Outage) {
    let sink = Sink::answering(204).await;
    let process = Process::start(url, &SHORT_LEASES);
    let config = json!({ "retry": { "schedule_ms": vec![0; 50], "jitter": 0.0 } });
    Administrator::of(process.base()).subscribe(&sink.url("/"), "load", config).await;
    let load = Load::start(process.base(), KEY, "load", 8);
    for _ in 0..3 {
        load.accept_more(50).await;
        let refused = load.refused_count();
        outage.begin().await;
        while load.refused_count() == refused {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        outage.end().await;
    }
    load.accept_more(50).await;
    let accepted = load.finish().await;
    let repeated = all_arrive(&sink, &accepted, &Administrator::of(process.base())).await;
    eprintln!("{} events accepted around 3 outages, {repeated} deliveries repeated", accepted.len());
    assert_eq!(process.stop(), 0);
}

/// Another process holds the file.
struct Locked {
    path: std::path::PathBuf,
    holder: Option<rusqlite::Connection>,
}

impl Outage for Locked {
    async fn begin(&mut self) {
        let connection = rusqlite::Connection::open(&self.path).expect("the file can be opened");
        connection.busy_timeout(Duration::from_secs(20)).expect("a time limit can be set");
        connection.execute_batch("BEGIN IMMEDIATE").expect("the file can be locked");
        self.holder = Some(connection);
    }

    async fn end(&mut self) {
        self.holder = None;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_another_process_locks_the_sqlite_file() {
    let database = Database::create(Kind::Sqlite).await;
    let mut outage = Locked { path: database.path().expect("a file"), holder: None };
    tokio::time::timeout(PATIENCE, nothing_is_lost(database.url(), &mut outage)).await.expect("the test ends in time");
}

/// A server of this test's own, stopped at once and started again.
struct Stopped(tempfile::TempDir);

impl Stopped {
    fn script(&self, action: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres.sh");
        let home = self.0.path().join("home");
        let output = Command::new(script).arg(action).arg(home).arg("immediate").output().expect("the script runs");
        assert!(output.status.success(), "postgres.sh {action}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the script prints text").trim().to_owned()
    }
}

impl Outage for Stopped {
    async fn begin(&mut self) {
        self.script("down");
    }

    async fn end(&mut self) {
        self.script("up");
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.script("stop");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_postgres_is_stopped_and_started() {
    let mut outage = Stopped(tempfile::tempdir().expect("a temporary folder can be made"));
    let url = outage.script("start");
    tokio::time::timeout(PATIENCE, nothing_is_lost(&url, &mut outage)).await.expect("the test ends in time");
}
