//! Nodes behind `PgBouncer` in transaction mode: what they leave on a connection would meet somebody else.

use serde_json::json;
use sqlx::{Connection, PgConnection, Row};
use tokio::time::timeout;

use super::PATIENCE;
use crate::promises::{Administrator, all_arrive};
use crate::support::database::{Database, Kind};
use crate::support::load::Load;
use crate::support::pooler::Pooler;
use crate::support::process::{KEY, Process, run};
use crate::support::sink::{Reply, Sink};

/// Connections of the pooler to the server: fewer than each node has to the pooler, so that they change hands all the time.
const CONNECTIONS: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_behind_a_pooler_lose_nothing_and_leave_nothing_behind() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let pooler = Pooler::start(database.url(), CONNECTIONS);
        // One in five fails once, so that retries are recorded and claimed; the dead go to a sink of their own.
        let sink = Sink::start(|number, _| Reply::status(if number % 5 == 0 { 500 } else { 200 })).await;
        let settings = [("WAYPOST_DATABASE__POOLER", "transaction"), ("WAYPOST_DATABASE__DIRECT_URL", database.url())];
        let (first, second) = (Process::start(pooler.url(), &settings), Process::start(pooler.url(), &settings));
        let administrator = Administrator::of(first.base());
        let config = json!({ "retry": { "schedule_ms": vec![0; 20], "jitter": 0.0 } });
        let id = administrator.subscribe(&sink.url("/"), "load", config).await;
        let (load, other) = (Load::start(first.base(), KEY, "load", 16), Load::start(second.base(), KEY, "load", 16));
        load.accept_more(300).await;
        other.accept_more(300).await;
        let mut accepted = load.finish().await;
        accepted.extend(other.finish().await);
        let repeated = all_arrive(&sink, &accepted, &administrator).await;
        assert!(repeated > 0, "some were tried again");
        administrator.get(&format!("/v1/deliveries?subscription_id={id}&state=delivered&limit=250")).await;
        assert_eq!((first.stop(), second.stop()), (0, 0));
        assert_clean(&pooler).await;
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}

/// Whoever gets a connection of the pooler's finds it as the server's own settings make it.
async fn assert_clean(pooler: &Pooler) {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let options = pooler.url().parse::<sqlx::postgres::PgConnectOptions>().unwrap().extra_float_digits(None);
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut connection).await.unwrap();
        connections.push(connection);
    }
    for connection in &mut connections {
        let statements = "SELECT COUNT(*)::text FROM pg_prepared_statements WHERE name <> ''";
        for (question, answer) in [(statements, "0"), ("SHOW enable_seqscan", "on"), ("SHOW statement_timeout", "0")] {
            let row = sqlx::raw_sql(question).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(row.get::<String, _>(0), answer, "{question}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_nothing_but_a_pooler_runs_on_a_schema_that_is_there_and_changes_none() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let pooler = Pooler::start(database.url(), CONNECTIONS);
        let settings = [("WAYPOST_DATABASE__POOLER", "transaction"), ("WAYPOST_DISPATCH__SWEEP_MS", "300")];
        let (code, _, said) = run(&["migrate", "--database-url", pooler.url()], &settings);
        assert!(code != 0 && said.contains("database.direct_url"), "{code}: {said}");
        let (code, _, said) = run(&["migrate", "--database-url", database.url()], &[]);
        assert_eq!(code, 0, "{said}");

        let sink = Sink::answering(200).await;
        let api = Process::start(pooler.url(), &[&settings[..], &[("WAYPOST_ROLE", "api")]].concat());
        let dispatcher = Process::start(pooler.url(), &[&settings[..], &[("WAYPOST_ROLE", "dispatcher")]].concat());
        let administrator = Administrator::of(api.base());
        administrator.subscribe(&sink.url("/"), "load", json!({})).await;
        administrator.publish("found", "load").await;
        sink.wait_for(1).await;
        assert_eq!(database.count("pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'").await, 0);
        assert_eq!((api.stop(), dispatcher.stop()), (0, 0));
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
}

#[test]
fn a_way_past_the_pooler_that_leads_nowhere_is_refused_without_its_password() {
    let settings = [("WAYPOST_DATABASE__DIRECT_URL", "mysql://user:hunter2@127.0.0.1/x")];
    let (code, _, said) = run(&["migrate", "--database-url", "postgres://user@127.0.0.1:1/x"], &settings);
    assert!(code == 64 && said.contains("database.direct_url is not usable") && !said.contains("hunter2"), "{code}: {said}");
}
