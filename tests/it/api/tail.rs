//! The live tail of events.

use std::time::Duration;

use serde_json::{Value, json};

use super::{event, post};
use crate::support::client::Client;
use crate::support::database::Kind;
use crate::support::server::{KEY, TestServer, on_both_databases};

/// Somebody who listens.
struct Listener {
    response: reqwest::Response,
    text: String,
}

impl Listener {
    async fn start(base: &str, query: &str, last_event_id: Option<&str>) -> Self {
        Self::start_as(base, query, last_event_id, KEY).await
    }

    async fn start_as(base: &str, query: &str, last_event_id: Option<&str>, key: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = http.get(format!("{base}/v1/events/tail{query}")).bearer_auth(key);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The rows that came, once there are `count` of them.
    async fn rows(&mut self, count: usize) -> Vec<Value> {
        let reading = async {
            loop {
                let complete = self.text.rfind("\n\n").unwrap_or(0);
                let messages = self.text[..complete].split("\n\n").filter(|message| message.contains("event: event"));
                let data = messages.flat_map(str::lines).filter_map(|line| line.strip_prefix("data: "));
                let rows: Vec<Value> = data.map(|text| serde_json::from_str(text).unwrap()).collect();
                if rows.len() >= count {
                    return rows;
                }
                let chunk = self.response.chunk().await.unwrap().expect("the tail goes on");
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("the events are shown")
    }
}

/// The identifier that a listener to whom nothing was shown comes back with.
async fn start_of(listener: &mut Listener) -> String {
    while !listener.text.contains("event: start") || !listener.text.contains("\n\n") {
        let chunk = listener.response.chunk().await.unwrap().expect("the tail goes on");
        listener.text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    listener.text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned()
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["event_id"].as_str().unwrap()).collect()
}

async fn post_of_type(client: &Client, id: &str, event_type: &str) {
    let mut event = event(id);
    event["type"] = json!(event_type);
    client.post_event(&event).await.expect(202);
}

on_both_databases!(events_are_shown_in_order_from_now_on_as_in_the_list, async |server| {
    let client = &server.client;
    post(client, "before").await;
    let mut listener = Listener::start(&server.base(), "", None).await;
    for id in ["1", "2", "3"] {
        post(client, id).await;
    }
    let rows = listener.rows(3).await;
    assert_eq!(ids(&rows), ["1", "2", "3"]);
    assert_eq!(client.get("/v1/events?limit=1").await.expect(200)["data"][0], rows[2]);
    // What is looked at again is not shown again.
    post(client, "4").await;
    assert_eq!(ids(&listener.rows(4).await), ["1", "2", "3", "4"]);
});

on_both_databases!(a_listener_that_comes_back_misses_nothing_and_sees_nothing_twice, async |server| {
    let client = &server.client;
    let seen = post(client, "1").await;
    post(client, "2").await;
    post(client, "3").await;
    let mut listener = Listener::start(&server.base(), "", Some(&seen)).await;
    assert_eq!(ids(&listener.rows(2).await), ["2", "3"]);
});

on_both_databases!(a_listener_to_whom_nothing_was_shown_comes_back_to_where_it_began, async |server| {
    post(&server.client, "before").await;
    let mut listener = Listener::start(&server.base(), "", None).await;
    let start = start_of(&mut listener).await;
    drop(listener);
    post(&server.client, "meanwhile").await;
    let mut listener = Listener::start(&server.base(), "", Some(&start)).await;
    assert_eq!(ids(&listener.rows(1).await), ["meanwhile"]);
});

on_both_databases!(a_tail_ends_with_the_key_it_was_opened_with, async |server| {
    let made = server.client.post("/v1/api-keys", &json!({ "name": "reader", "scopes": ["events:read"] })).await.expect(201);
    let mut listener = Listener::start_as(&server.base(), "", None, made["key"].as_str().unwrap()).await;
    start_of(&mut listener).await;
    server.client.delete(&format!("/v1/api-keys/{}", made["id"].as_str().unwrap())).await.expect(204);
    let ended = async { while let Ok(Some(_)) = listener.response.chunk().await {} };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("a revoked key shows nothing more");
});

on_both_databases!(a_filter_narrows_and_tenants_stay_apart, async |server| {
    let client = &server.client;
    client.post("/v1/tenants", &json!({ "name": "acme" })).await.expect(201);
    let mut listener = Listener::start(&server.base(), "?type=wanted", None).await;
    post_of_type(client, "1", "other").await;
    post_of_type(&client.in_tenant("acme"), "2", "wanted").await;
    post_of_type(client, "3", "wanted").await;
    assert_eq!(ids(&listener.rows(1).await), ["3"]);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tails_are_bounded_and_end_when_the_server_stops() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.server.max_tails = 1).await;
    let mut listener = Listener::start(&server.base(), "", None).await;
    let refused = server.client.get("/v1/events/tail").await;
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.problem(429).0, "too_many_requests");
    let stopped = tokio::time::timeout(Duration::from_secs(10), server.stop());
    let (stopped, ()) = tokio::join!(stopped, async { while let Ok(Some(_)) = listener.response.chunk().await {} });
    stopped.expect("the server does not wait for a listener");
}
