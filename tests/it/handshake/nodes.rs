//! Handshakes outlive the node that began them, and nodes do not get in each other's way.

use std::io::{Read, Seek};
use std::sync::Arc;

use serde_json::json;
use waypost::app::App;
use waypost::config::{Config, Role};
use waypost::domain::clock::SystemClock;
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::handshake::Policy;
use waypost::domain::secret::Secret;

use super::{Answer, Asked, ORIGIN, PATIENCE, post, see, settings, subscribe};
use crate::support::client::Client;
use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};

const REQUIRED: [(&str, &str); 5] = [
    ("WAYPOST_HANDSHAKE__POLICY", "required"),
    ("WAYPOST_HANDSHAKE__ORIGIN", ORIGIN),
    ("WAYPOST_SERVER__PUBLIC_URL", "https://hooks.example.com"),
    ("WAYPOST_LOG__FILTER", "trace"),
    ("WAYPOST_LOG__FORMAT", "json"),
];

/// A node that is killed while a sink keeps its question open, and one that takes over its database.
async fn killed(kind: Kind) {
    let database = Database::create(kind).await;
    let mut log = tempfile::tempfile().unwrap();
    let first = Process::start_logging(database.url(), &REQUIRED, log.try_clone().unwrap());
    let sink = Asked::start(Answer::Hang).await;
    let client = Client::new(first.base(), KEY);
    let (path, created) = subscribe(&client, &sink.sink.url("/"), json!({})).await;
    assert_eq!(created["status"], "unverified");
    sink.asked(1).await;
    first.kill();

    sink.will(Answer::Silent(200));
    let second = Process::start_logging(database.url(), &REQUIRED, log.try_clone().unwrap());
    let client = Client::new(second.base(), KEY);
    assert_eq!(client.get(&path).await.expect(200)["status"], "unverified");
    let question = sink.asked(2).await;
    see(&client, &path, |body| body["handshake"]["last_answer"] == "withheld").await;
    second.kill();

    let third = Process::start_logging(database.url(), &REQUIRED, log.try_clone().unwrap());
    let client = Client::new(third.base(), KEY);
    let callback = question.header("webhook-request-callback").unwrap().replace("https://hooks.example.com", "");
    client.anonymous().post_empty(&callback).await.expect(200);
    assert_eq!(post(&client, "1").await, 1);
    sink.delivered(1).await;
    // A second time: refused, and the log still knows nothing of the secret.
    client.anonymous().post_empty(&callback).await.problem(404);
    assert_eq!(third.stop(), 0);
    let mut text = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut text).unwrap();
    assert!(text.contains("a sink agreed to deliveries by its callback"), "{text}");
    for question in sink.questions() {
        let secret = question.header("webhook-request-callback").unwrap().rsplit('/').next().unwrap().to_owned();
        assert!(!text.contains(&secret), "the log shows the secret of a callback");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_goes_on_after_the_node_that_asked_was_killed_on_sqlite() {
    tokio::time::timeout(PATIENCE, killed(Kind::Sqlite)).await.expect("the test ends within a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_goes_on_after_the_node_that_asked_was_killed_on_postgres() {
    tokio::time::timeout(PATIENCE, killed(Kind::Postgres)).await.expect("the test ends within a minute");
}

async fn node(database: &Database, role: Role) -> (App, Client) {
    let mut config = Config { database: database.settings(), role, ..Config::builtin() };
    config.server.listen = "127.0.0.1:0".into();
    config.server.public_url = "https://hooks.example.com".into();
    config.auth.bootstrap_key = Some(Secret::new(KEY));
    config.egress.allow = vec!["127.0.0.0/8".parse().unwrap()];
    settings(&mut config, Policy::Required);
    let app = App::start_with(config, Arc::new(SystemClock), Arc::new(SystemEntropy::new())).await.unwrap();
    let client = Client::new(format!("http://{}", app.address()), KEY);
    (app, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_ask_each_sink_once_and_either_takes_its_callback() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let ((first, client), (second, other)) = (node(&database, Role::All).await, node(&database, Role::All).await);
        let mut waiting = Vec::new();
        for number in 0..10 {
            let sink = Asked::start(Answer::Silent(200)).await;
            let on = if number % 2 == 0 { &client } else { &other };
            let (path, _) = subscribe(on, &sink.sink.url("/"), json!({})).await;
            waiting.push((path, sink));
        }
        for (path, sink) in &waiting {
            see(&client, path, |body| body["handshake"]["last_answer"] == "withheld").await;
            assert_eq!(sink.questions().len(), 1);
        }
        for (number, (_, sink)) in waiting.iter().enumerate() {
            let question = sink.asked(1).await;
            let callback = question.header("webhook-request-callback").unwrap().replace("https://hooks.example.com", "");
            // The node that asked, or the other one.
            let on = if number % 3 == 0 { &client } else { &other };
            on.anonymous().post_empty(&callback).await.expect(200);
        }
        assert_eq!(post(&other, "1").await, 10, "what one node was told counts on every node at once");
        for (_, sink) in &waiting {
            assert_eq!(sink.delivered(1).await[0].header("webhook-request-origin"), Some(ORIGIN));
            assert_eq!(sink.questions().len(), 1);
        }
        first.stop().await;
        second.stop().await;
    };
    tokio::time::timeout(PATIENCE, test).await.expect("the test ends within a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatcher_asks_for_the_node_that_only_answers_the_api() {
    let test = async {
        let database = Database::create(Kind::Postgres).await;
        let ((api, client), (dispatcher, _)) = (node(&database, Role::Api).await, node(&database, Role::Dispatcher).await);
        let sink = Asked::start(Answer::Allow(ORIGIN, None)).await;
        let (path, _) = subscribe(&client, &sink.sink.url("/"), json!({})).await;
        see(&client, &path, |body| body["status"] == "active").await;
        assert_eq!(post(&client, "1").await, 1);
        sink.delivered(1).await;
        let verified = client.post_empty(&format!("{path}/verify")).await.expect(200);
        assert_eq!(verified["is_allowed"], true);
        api.stop().await;
        dispatcher.stop().await;
    };
    tokio::time::timeout(PATIENCE, test).await.expect("the test ends within a minute");
}
