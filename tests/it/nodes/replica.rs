//! Lists from a streaming replica: never older than they may be, and there whether it is or not.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use crate::metrics::wait_for;
use crate::promises::Administrator;
use crate::support::process::Process;

/// How far the replica may be behind here.
const MAX_LAG: &str = "4000";

/// Replicas that lists are not read from, and how old they may be, in seconds.
const UNUSED: &str = "waypost_database_replicas_unused";
const AGE: &str = "waypost_database_replica_age_seconds";

/// A primary and a replica of the test's own; both go when this is dropped.
struct Servers {
    folder: TempDir,
    primary: String,
    replica: String,
}

impl Servers {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let primary = script(&folder, &["start"], "primary");
        let of = folder.path().join("primary");
        let replica = script_with(&folder, "replica", "replica", of.to_str().expect("the path is text"));
        Self { folder, primary, replica }
    }

    async fn at_replica(&self, statement: &'static str) {
        let mut connection = PgConnection::connect(&self.replica).await.expect("the replica answers");
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("the replica does as it is told");
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        script(&self.folder, &["stop"], "replica");
        script(&self.folder, &["stop"], "primary");
    }
}

fn script(folder: &TempDir, action: &[&str; 1], name: &str) -> String {
    script_with(folder, action[0], name, "fast")
}

fn script_with(folder: &TempDir, action: &str, name: &str, last: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres.sh");
    let output = Command::new(script).arg(action).arg(folder.path().join(name)).arg(last).output().expect("the script runs");
    assert!(output.status.success(), "postgres.sh {action}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the script prints text").trim().to_owned()
}

/// Whether an event is on the first page of the list.
async fn is_listed(administrator: &Administrator, id: &str) -> bool {
    let list = administrator.get("/v1/events?limit=250").await;
    list["data"].as_array().expect("a list").iter().any(|event| event["id"] == id)
}

async fn publish(administrator: &Administrator, key: &str) -> String {
    administrator.publish(key, "replica").await["id"].as_str().expect("an identifier").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_read_from_a_replica_unless_it_is_too_far_behind_or_away() {
    let test = async {
        let servers = Servers::start();
        let settings = [("WAYPOST_DATABASE__REPLICA_URL", &*servers.replica), ("WAYPOST_DATABASE__MAX_REPLICA_LAG_MS", MAX_LAG)];
        let node = Process::start(&servers.primary, &settings);
        let administrator = Administrator::of(node.base());

        // A list that does not show what was just posted comes from the replica that stands still.
        let mut hidden = None;
        for number in 0..50 {
            servers.at_replica("SELECT pg_wal_replay_pause()").await;
            let id = publish(&administrator, &format!("hidden {number}")).await;
            if !is_listed(&administrator, &id).await {
                hidden = Some(id);
                break;
            }
            servers.at_replica("SELECT pg_wal_replay_resume()").await;
            sleep(Duration::from_millis(300)).await;
        }
        let hidden = hidden.expect("lists are read from the replica");
        assert_eq!(
            administrator.get(&format!("/v1/events/{hidden}")).await["id"],
            json!(hidden),
            "one event comes from the primary"
        );
        let used = wait_for(node.base(), UNUSED, 0.0).await;
        assert!(used.value(AGE) <= 4.0);
        while !is_listed(&administrator, &hidden).await {
            sleep(Duration::from_millis(50)).await;
        }
        let behind = publish(&administrator, "behind").await;
        assert!(is_listed(&administrator, &behind).await, "too far behind, it is not asked");
        assert!(wait_for(node.base(), UNUSED, 1.0).await.value(AGE) > 4.0);

        servers.at_replica("SELECT pg_wal_replay_resume()").await;
        assert!(wait_for(node.base(), UNUSED, 0.0).await.value(AGE) <= 4.0);
        script(&servers.folder, &["down"], "replica");
        let away = publish(&administrator, "away").await;
        assert!(is_listed(&administrator, &away).await, "the primary answers for it");
        wait_for(node.base(), UNUSED, 1.0).await;
        for path in ["deliveries", "dead-letters", "dead-letters?group_by=reason", "stats", "stats/subscriptions"] {
            administrator.get(&format!("/v1/{path}")).await;
        }
        assert_eq!(node.stop(), 0);
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_without_its_replica_and_takes_no_primary_for_one() {
    let test = async {
        let database = crate::support::database::Database::create(crate::support::database::Kind::Postgres).await;
        for replica in ["postgres://postgres@127.0.0.1:1/postgres", database.url()] {
            let node = Process::start(database.url(), &[("WAYPOST_DATABASE__REPLICA_URL", replica)]);
            let administrator = Administrator::of(node.base());
            for number in 0..3 {
                let id = publish(&administrator, &format!("{replica} {number}")).await;
                assert!(is_listed(&administrator, &id).await);
                sleep(Duration::from_millis(300)).await;
            }
            assert_eq!(node.stop(), 0);
        }
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}
