//! Producers that sign, checked with the signatures of an independent implementation.

use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use waypost::domain::clock::{Clock, SystemClock};

use super::{STRUCTURED, event};
use crate::support::client::{Answer, Client};
use crate::support::server::{TestServer, on_both_databases};

const FIRST: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
const SECOND: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4";

/// A producer's door, and what is sent through it.
struct Door {
    client: Client,
    path: String,
}

/// A signed message; each member can be spoilt.
#[derive(Clone)]
struct Message {
    id: String,
    timestamp: String,
    signature: Option<String>,
    content_type: &'static str,
    body: String,
}

impl Door {
    async fn new(server: &TestServer) -> Self {
        let body = json!({ "name": "shop", "secrets": [FIRST, SECOND] });
        let producer = server.client.post("/v1/producers", &body).await.expect(201);
        let path = format!("/v1/producers/{}/events", producer["id"].as_str().unwrap());
        Self { client: server.client.anonymous(), path }
    }

    async fn send(&self, message: &Message) -> Answer {
        let mut headers = vec![
            ("content-type", message.content_type),
            ("webhook-id", message.id.as_str()),
            ("webhook-timestamp", message.timestamp.as_str()),
        ];
        headers.extend(message.signature.as_deref().map(|signature| ("webhook-signature", signature)));
        self.client.send(Method::POST, &self.path, &headers, message.body.clone()).await
    }
}

impl Message {
    /// A message signed now.
    fn signed(secret: &str, id: &str, body: &Value) -> Self {
        Self::signed_at(secret, id, body, SystemClock.now().as_seconds())
    }

    fn signed_at(secret: &str, id: &str, body: &Value, timestamp: i64) -> Self {
        let body = body.to_string();
        let signature = Webhook::new(secret).unwrap().sign(id, timestamp, body.as_bytes()).unwrap();
        Self { id: id.into(), timestamp: timestamp.to_string(), signature: Some(signature), content_type: STRUCTURED.1, body }
    }
}

on_both_databases!(message_signed_with_any_of_the_secrets_is_accepted, async |server| {
    let door = Door::new(server).await;
    for (id, secret) in [("m1", FIRST), ("m2", SECOND)] {
        let receipt = door.send(&Message::signed(secret, id, &event(id))).await.expect(202);
        assert_eq!(receipt["duplicate"], false);
    }
    let batch = Message {
        content_type: "application/cloudevents-batch+json",
        ..Message::signed(FIRST, "m3", &json!([event("b1"), event("b2")]))
    };
    assert_eq!(door.send(&batch).await.expect(202)["data"].as_array().unwrap().len(), 2);
});

on_both_databases!(message_is_accepted_once, async |server| {
    let door = Door::new(server).await;
    let message = Message::signed(FIRST, "once", &event("once"));
    let receipt = door.send(&message).await.expect(202);
    assert_eq!(door.send(&message).await.problem(409).0, "replayed");
    // Signed anew it is another message, of the same event.
    let later = SystemClock.now().as_seconds() + 1;
    let anew = door.send(&Message::signed_at(FIRST, "once", &event("once"), later)).await.expect(202);
    assert_eq!((&anew["id"], &anew["duplicate"]), (&receipt["id"], &json!(true)));
});

on_both_databases!(message_that_does_not_verify_is_refused_at_the_header_at_fault, async |server| {
    let door = Door::new(server).await;
    let good = Message::signed(FIRST, "bad", &event("bad"));
    let now = SystemClock.now().as_seconds();
    for (message, place) in [
        (Message { signature: None, ..good.clone() }, "webhook-signature"),
        (Message { signature: Some("v1,AAAA".into()), ..good.clone() }, "webhook-signature"),
        (Message { body: event("other").to_string(), ..good.clone() }, "webhook-signature"),
        (Message { id: "another".into(), ..good.clone() }, "webhook-signature"),
        (Message { id: "with.stop".into(), ..good.clone() }, "webhook-id"),
        (Message { timestamp: "yesterday".into(), ..good.clone() }, "webhook-timestamp"),
        (Message::signed_at(FIRST, "old", &event("old"), now - 310), "webhook-timestamp"),
        (Message::signed_at(FIRST, "new", &event("new"), now + 310), "webhook-timestamp"),
        (Message::signed("whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB", "other", &event("x")), "webhook-signature"),
    ] {
        assert_eq!(door.send(&message).await.problem(401), ("signature_invalid".into(), place.into()), "{}", message.id);
    }
    door.send(&good).await.expect(202);
});

on_both_databases!(binary_mode_is_refused_since_its_attributes_are_not_signed, async |server| {
    let door = Door::new(server).await;
    let signed = Message { content_type: "application/json", ..Message::signed(FIRST, "binary", &json!({})) };
    let client = door.client.with("ce-id", "1").with("ce-source", "/s").with("ce-type", "t").with("ce-specversion", "1.0");
    let answer = Door { client, ..door }.send(&signed).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("does not cover"));
    assert_eq!(answer.problem(415), ("unsupported_media_type".into(), "Content-Type".into()));
});

on_both_databases!(producer_that_does_not_exist_is_404_and_a_deleted_one_at_once, async |server| {
    let door = Door::new(server).await;
    for id in ["prd_01h455vb4pex5vsknk084sn02q", "nobody"] {
        let door = Door { client: door.client.clone(), path: format!("/v1/producers/{id}/events") };
        assert_eq!(door.send(&Message::signed(FIRST, "m", &event("m"))).await.problem(404).0, "not_found");
    }
    door.send(&Message::signed(FIRST, "m1", &event("m1"))).await.expect(202);
    server.client.delete(door.path.trim_end_matches("/events")).await.expect(204);
    assert_eq!(door.send(&Message::signed(FIRST, "m2", &event("m2"))).await.problem(404).0, "not_found");
});
