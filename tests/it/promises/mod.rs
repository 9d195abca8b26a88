//! The promises of Waypost, each with a test that fails if it is broken: the real binary, real databases, real sockets.
//!
//! `ARCHITECTURE.md` lists them with the names of these tests.

mod aging;
mod bounds;
mod exact_bytes;
mod guard;
mod hang;
mod kill;
mod log;
mod nodes;
mod outage;
mod routing;
mod same_key;
mod stop;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::contract::{Contract, Observed};
use crate::support::database::{Database, Kind};
use crate::support::process::KEY;
use crate::support::sink::Sink;

/// How long any of these tests may take.
const PATIENCE: Duration = Duration::from_mins(4);

/// How long accepted events may take to arrive after all is well again.
const ARRIVAL: Duration = Duration::from_mins(1);

/// Settings with which a node that dies is missed soon.
pub(crate) const SHORT_LEASES: [(&str, &str); 3] =
    [("WAYPOST_DISPATCH__LEASE_MS", "1500"), ("WAYPOST_DISPATCH__HEARTBEAT_MS", "300"), ("WAYPOST_DISPATCH__SWEEP_MS", "200")];

/// Declares a test that is run on an empty database of both kinds.
macro_rules! on_both_databases {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every test uses all that its file does")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::promises::run(crate::support::database::Kind::Sqlite, $test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::promises::run(crate::support::database::Kind::Postgres, $test).await;
            }
        }
    };
}
use on_both_databases;

async fn run(kind: Kind, test: impl AsyncFnOnce(Database)) {
    let database = Database::create(kind).await;
    tokio::time::timeout(PATIENCE, test(database)).await.expect("the test ends in time");
}

/// Speaks to a node as its administrator.
pub(crate) struct Administrator {
    http: reqwest::Client,
    base: String,
}

impl Administrator {
    pub(crate) fn of(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
        Self { http, base: base.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.answer(self.http.get(format!("{}{path}", self.base))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base));
        self.answer(if body.is_null() { request } else { request.json(body) }).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.answer(self.http.delete(format!("{}{path}", self.base))).await
    }

    /// Subscribes a sink to events of one type; `config` is the delivery policy.
    pub(crate) async fn subscribe(&self, sink: &str, event_type: &str, config: Value) -> String {
        let created = self.post("/v1/subscriptions", &json!({ "sink": sink, "types": [event_type], "config": config })).await;
        created["id"].as_str().expect("a subscription has an identifier").to_owned()
    }

    /// Posts an event and gives the answer.
    pub(crate) async fn publish(&self, id: &str, event_type: &str) -> Value {
        let event = json!({ "specversion": "1.0", "id": id, "source": "/promises", "type": event_type, "data": { "id": id } });
        self.publish_bytes("application/cloudevents+json", event.to_string()).await
    }

    pub(crate) async fn publish_bytes(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Value {
        self.answer(self.http.post(format!("{}/v1/events", self.base)).header("content-type", content_type).body(body)).await
    }

    /// Waits until as many deliveries as expected are in `state`.
    pub(crate) async fn wait_for_state(&self, subscription: &str, state: &str, count: usize) {
        let path = format!("/v1/deliveries?limit=250&state={state}&subscription_id={subscription}");
        while self.get(&path).await["data"].as_array().map_or(0, Vec::len) < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let request = request.bearer_auth(KEY).build().expect("a request");
        let (method, url) = (request.method().clone(), request.url().clone());
        let response = self.http.execute(request).await.expect("the node answers");
        let status = response.status();
        let content_type = response.headers().get("content-type").cloned();
        let text = response.text().await.expect("the answer is text");
        assert!(status.is_success(), "{url} answered {status}: {text}");
        let observed = Observed {
            method: method.as_str(),
            path: url.path(),
            status: status.as_u16(),
            content_type: content_type.as_ref().and_then(|value| value.to_str().ok()),
            body: text.as_bytes(),
        };
        Contract::shared().check(observed).unwrap_or_else(|fault| panic!("{fault}"));
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("the answer is JSON") }
    }
}

/// Waits until every accepted event arrived at the sink, and says how many arrived more than once.
pub(crate) async fn all_arrive(sink: &Sink, accepted: &BTreeMap<String, String>, administrator: &Administrator) -> usize {
    let expected: BTreeSet<&str> = accepted.values().map(String::as_str).collect();
    assert_eq!(expected.len(), accepted.len(), "every event key has an event of its own");
    let all_there = async {
        loop {
            let received = sink.received();
            let arrived: BTreeSet<&str> = received.iter().filter_map(|request| request.header("webhook-id")).collect();
            if expected.is_subset(&arrived) {
                // An event whose 202 was cut off was repeated under its key, so nothing but accepted events may be seen.
                assert_eq!(arrived.len(), expected.len(), "events arrived that no producer was told of");
                return received.len() - arrived.len();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if let Ok(repeated) = tokio::time::timeout(ARRIVAL, all_there).await {
        return repeated;
    }
    let arrived: BTreeSet<String> =
        sink.received().iter().filter_map(|request| request.header("webhook-id").map(str::to_owned)).collect();
    let missing: Vec<&str> = expected.into_iter().filter(|id| !arrived.contains(*id)).collect();
    for id in missing.iter().take(5) {
        eprintln!("{}", administrator.get(&format!("/v1/deliveries?event_id={id}")).await);
    }
    panic!("{} accepted events did not arrive", missing.len());
}
