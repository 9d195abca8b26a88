//! CloudEvents over real sockets, in and out: every format and mode against every other, the sizes an intermediary must take, and
//! senders that do not keep to the letter.

mod exact;
mod protobuf;
mod senders;
mod sizes;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::server::{KEY, TestServer};
use crate::support::sink::{Received, Sink};

/// A subscription to every event of `source`, delivered to a path of the sink.
async fn subscribe(server: &TestServer, sink: &Sink, path: &str, config: Value) {
    let body = json!({ "sink": sink.url(path), "protocol": "HTTP", "config": config });
    server.client.post("/v1/subscriptions", &body).await.expect(201);
}

/// A server with one subscription in structured and one in binary mode, and a client that sends what it is told to the byte.
struct Relay<'a> {
    server: &'a TestServer,
    sink: Sink,
    http: reqwest::Client,
}

impl<'a> Relay<'a> {
    async fn start(server: &'a TestServer) -> Self {
        let sink = Sink::answering(204).await;
        subscribe(server, &sink, "/structured", json!({})).await;
        subscribe(server, &sink, "/binary", json!({ "content_mode": "binary" })).await;
        Self { server, sink, http: reqwest::Client::builder().build().unwrap() }
    }

    /// What is answered to a post of these headers and this body.
    async fn answer(&self, headers: &[(&str, &[u8])], body: impl Into<Bytes>) -> reqwest::Response {
        let request = self.http.post(format!("{}/v1/events", self.server.base())).bearer_auth(KEY).body(body.into());
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
    }

    /// What arrives of an event in structured mode and in binary mode.
    async fn relay(&self, headers: &[(&str, &[u8])], body: impl Into<Bytes>) -> (Received, Received) {
        let before = self.sink.received().len();
        let answer = self.answer(headers, body).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 202, "{text}");
        let arrived = self.sink.wait_for(before + 2).await.split_off(before);
        let at = |path: &str| arrived.iter().find(|request| request.path == path).unwrap().clone();
        (at("/structured"), at("/binary"))
    }

    /// The same for an event in JSON format with these members beside the required ones.
    async fn relay_json(&self, id: &str, members: &str) -> (Received, Received) {
        self.relay(&[("content-type", b"application/cloudevents+json")], structured(id, members)).await
    }
}

/// An event in JSON format with these members beside the required ones.
fn structured(id: &str, members: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"com.example.test"{members}}}"#)
}

/// The `ce-` headers of an event, and further ones.
fn binary<'a>(id: &'a str, further: &[(&'a str, &'a [u8])]) -> Vec<(&'a str, &'a [u8])> {
    let mut headers: Vec<(&str, &[u8])> =
        vec![("ce-specversion", b"1.0"), ("ce-id", id.as_bytes()), ("ce-source", b"/s"), ("ce-type", b"com.example.test")];
    headers.retain(|(name, _)| further.iter().all(|(other, _)| other != name));
    headers.extend(further);
    headers
}
