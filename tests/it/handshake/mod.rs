//! The webhook handshake as its sender, over real sockets: a sink that agrees, refuses, keeps silent, agrees later, limits the rate,
//! moves; a node that dies in between; two nodes. (As its receiver: `ingest::handshake`.)

mod asking;
mod callback;
mod nodes;
mod pace;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use waypost::config::Config;
use waypost::domain::handshake::Policy;

use crate::support::client::Client;
use crate::support::database::Kind;
use crate::support::server::TestServer;
use crate::support::sink::{Received, Reply, Sink};

/// How long a test may take, and how long it waits for something to come true.
const PATIENCE: Duration = Duration::from_mins(1);
const EVENTUALLY: Duration = Duration::from_secs(20);

/// In whose name sinks are asked here.
const ORIGIN: &str = "waypost.example";

/// What a sink answers to the question.
#[derive(Debug, Clone)]
enum Answer {
    /// The origin and the rate that it allows.
    Allow(&'static str, Option<&'static str>),
    /// A status and nothing else.
    Silent(u16),
    /// Nothing at all.
    Hang,
}

/// A sink that answers questions as it is told to, and takes every delivery.
struct Asked {
    sink: Sink,
    answer: Arc<Mutex<Answer>>,
}

impl Asked {
    async fn start(answer: Answer) -> Self {
        Self::start_with(answer, |_| Reply::status(204)).await
    }

    /// One that answers deliveries as `script` says, which is given how many came before.
    async fn start_with(answer: Answer, script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let (told, delivered) = (Arc::clone(&answer), Mutex::new(0));
        let sink = Sink::start(move |_, request| {
            if request.method == "OPTIONS" {
                return reply(told.lock().unwrap().clone());
            }
            let mut delivered = delivered.lock().unwrap();
            *delivered += 1;
            script(*delivered - 1)
        });
        Self { sink: sink.await, answer }
    }

    fn will(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn questions(&self) -> Vec<Received> {
        self.sink.received().into_iter().filter(|request| request.method == "OPTIONS").collect()
    }

    fn deliveries(&self) -> Vec<Received> {
        self.sink.received().into_iter().filter(|request| request.method == "POST").collect()
    }

    /// Waits until so many questions came, and gives the last.
    async fn asked(&self, count: usize) -> Received {
        until("the sink is asked", async || self.questions().len() >= count).await;
        self.questions().remove(count - 1)
    }

    /// Waits until so many deliveries came, and gives them.
    async fn delivered(&self, count: usize) -> Vec<Received> {
        until("events arrive", async || self.deliveries().len() >= count).await;
        self.deliveries()
    }
}

fn reply(answer: Answer) -> Reply {
    match answer {
        Answer::Allow(origin, rate) => {
            let rate = rate.map(|rate| ("WebHook-Allowed-Rate", rate.to_owned()));
            let headers = std::iter::once(("WebHook-Allowed-Origin", origin.to_owned())).chain(rate).collect();
            Reply::Answer(405, headers, "".into())
        }
        Answer::Silent(status) => Reply::status(status),
        Answer::Hang => Reply::Hang,
    }
}

/// Settings of a node that asks soon and often.
fn settings(config: &mut Config, policy: Policy) {
    config.handshake.policy = policy;
    config.handshake.origin = ORIGIN.into();
    config.handshake.retry_ms = 300;
}

/// Runs a test against a node with these settings, for at most a minute.
async fn run(kind: Kind, adjust: impl FnOnce(&mut Config), test: impl AsyncFnOnce(&TestServer)) {
    let server = TestServer::start_with(kind, adjust).await;
    tokio::time::timeout(PATIENCE, test(&server)).await.expect("the test ends within a minute");
    server.stop().await;
}

/// Declares a test that is run against a node with these settings on each database.
macro_rules! on_both_databases {
    ($name:ident, $adjust:expr, $test:expr) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every test uses all that its file does")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::handshake::run(crate::support::database::Kind::Sqlite, $adjust, $test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::handshake::run(crate::support::database::Kind::Postgres, $adjust, $test).await;
            }
        }
    };
}
use on_both_databases;

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(EVENTUALLY, waiting).await.is_ok(), "it never came true that {what}");
}

/// Creates a subscription, and gives its path and what was answered.
async fn subscribe(client: &Client, sink: &str, config: Value) -> (String, Value) {
    let mut config = config;
    config["retry"] = json!({ "schedule_ms": [0, 100, 100, 100, 100, 100, 100], "jitter": 0.0 });
    let created = client.post("/v1/subscriptions", &json!({ "sink": sink, "config": config })).await.expect(201);
    (format!("/v1/subscriptions/{}", created["id"].as_str().unwrap()), created)
}

/// Waits until a subscription is as it should be, and gives it.
async fn see(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let seen = async {
        loop {
            last = client.get(path).await.expect(200);
            if is_so(&last) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let is_seen = tokio::time::timeout(EVENTUALLY, seen).await.is_ok();
    assert!(is_seen, "the subscription stays as it is: {last:#}");
    last
}

/// Posts an event, and says how many deliveries it got.
async fn post(client: &Client, id: &str) -> u64 {
    let event =
        json!({ "specversion": "1.0", "id": id, "source": "/tests", "type": "com.example.test", "data": { "number": 1 } });
    client.post_event(&event).await.expect(202)["deliveries"].as_u64().unwrap()
}
