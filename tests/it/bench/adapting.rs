//! Adapters: Waypost's against Waypost, the others' requests as a recording server sees them.

use reqwest::Method;
use serde_json::{Value, json};

use super::adapter::{Adapter, Call};
use super::message;
use crate::support::client::{Answer, Client};
use crate::support::server::{TestServer, on_both_databases};
use crate::support::sink::{Received, Sink};

/// When the events of these tests were sent, in microseconds since 1970.
const SENT_AT: i64 = 1_795_000_000_000_000;

async fn send(client: &Client, call: &Call) -> Answer {
    let method = Method::from_bytes(call.method.as_bytes()).unwrap();
    client.send(method, &call.path, &[("content-type", call.content_type)], call.body.clone()).await
}

on_both_databases!(an_event_posted_through_the_adapter_arrives_and_can_be_looked_at, async |server: &TestServer| {
    let sink = Sink::answering(204).await;
    for call in Adapter::Waypost.set_up(&sink.url("/0")) {
        send(&server.client, &call).await.expect(201);
    }
    let event = message::event(7, SENT_AT, 1);
    let accepted = send(&server.client, &Adapter::Waypost.post(7, &message::topic(0), &event)).await.expect(202);

    let arrived = &sink.wait_for(1).await[0];
    assert_eq!(arrived.path, "/0");
    assert_eq!(arrived.body, event);
    assert_eq!(message::read(&arrived.body).unwrap(), (7, SENT_AT));
    let path = Adapter::Waypost.look_at(&accepted).unwrap();
    assert_eq!(server.client.get(&path).await.expect(200)["id"], accepted["id"]);
});

/// What a server sees that is set up and gets one event.
async fn seen_by_a_server_of(adapter: Adapter) -> Vec<Received> {
    let server = Sink::answering(202).await;
    let client = Client::new(server.url(""), "secret");
    for call in adapter.set_up("http://127.0.0.1:9/0") {
        send(&client, &call).await;
    }
    send(&client, &adapter.post(7, &message::topic(0), &message::event(7, SENT_AT, 1))).await;
    server.received()
}

/// Method, path and body of each request, all of which carry the credential.
fn requests(received: &[Received]) -> Vec<(&str, &str, Value)> {
    let request = |one: &'_ Received| {
        assert_eq!(one.header("authorization"), Some("Bearer secret"));
        assert_eq!(one.header("content-type"), Some("application/json"));
    };
    received.iter().for_each(request);
    received.iter().map(|one| (one.method.as_str(), one.path.as_str(), serde_json::from_slice(&one.body).unwrap())).collect()
}

/// The event that is posted, as JSON.
fn event() -> Value {
    serde_json::from_slice(&message::event(7, SENT_AT, 1)).unwrap()
}

#[tokio::test]
async fn svix_is_asked_for_an_application_an_endpoint_and_a_message() {
    let received = seen_by_a_server_of(Adapter::Svix).await;
    let message = json!({"eventType": "com.example.bench.000", "eventId": "bench-0000000007", "payload": event()});
    let endpoint = json!({"url": "http://127.0.0.1:9/0", "description": "bench"});
    let expected = [
        ("POST", "/api/v1/app?get_if_exists=true", json!({"name": "bench", "uid": "bench"})),
        ("POST", "/api/v1/app/bench/endpoint", endpoint),
        ("POST", "/api/v1/app/bench/msg?with_content=false", message),
    ];
    assert_eq!(requests(&received), expected);
    assert_eq!(Adapter::Svix.look_at(&json!({"id": "msg_1"})).as_deref(), Some("/api/v1/app/bench/msg/msg_1"));
}

#[tokio::test]
async fn outpost_is_asked_for_a_tenant_a_destination_and_an_event() {
    let received = seen_by_a_server_of(Adapter::Outpost).await;
    let destination = json!({"type": "webhook", "topics": "*", "config": {"url": "http://127.0.0.1:9/0"}});
    let published = json!({
        "id": "bench-0000000007", "tenant_id": "bench", "topic": "com.example.bench.000", "eligible_for_retry": true, "data": event()
    });
    let expected = [
        ("PUT", "/api/v1/tenants/bench", json!({})),
        ("POST", "/api/v1/tenants/bench/destinations", destination),
        ("POST", "/api/v1/publish", published),
    ];
    assert_eq!(requests(&received), expected);
    assert_eq!(Adapter::Outpost.look_at(&json!({"id": "evt_1"})).as_deref(), Some("/api/v1/events/evt_1"));
}

#[test]
fn an_event_is_known_again_wherever_its_number_stands() {
    let printed_anew = event().to_string();
    assert!(!printed_anew.starts_with(r#"{"specversion""#), "{printed_anew}");
    assert_eq!(message::read(printed_anew.as_bytes()).unwrap(), (7, SENT_AT));
    assert!(message::read(b"{}").is_err());
    assert_eq!(message::event(7, SENT_AT, 1).len(), message::SIZE);
    assert_eq!(message::event(7, message::now(), 1).len(), message::SIZE);
    let small: Value = serde_json::from_slice(&message::small(7)).unwrap();
    assert_eq!(small["id"], "small-7");
}
