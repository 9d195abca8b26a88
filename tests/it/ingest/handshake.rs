//! The CloudEvents webhook handshake, as its receiver.

use reqwest::Method;

use serde_json::json;

use super::{STRUCTURED, event};
use crate::support::client::Client;
use crate::support::database::Kind;
use crate::support::server::{KEY, TestServer, on_both_databases};
use crate::support::sink::Sink;

const ORIGIN: &str = "webhook-request-origin";

/// Where events are posted.
const DOORS: [&str; 2] = ["/v1/events", "/v1/producers/prd_01h455vb4pex5vsknk084sn02q/events"];

// WR-1: origin and rate are in the answer, with the methods there are, at both doors.
on_both_databases!(sender_that_asks_is_allowed_without_a_credential, async |server| {
    let client = server.client.anonymous().with(ORIGIN, "eventgrid.azure.net").with("webhook-request-rate", "120");
    for door in DOORS {
        let answer = client.send(Method::OPTIONS, door, &[], "").await;
        assert_eq!(answer.header("webhook-allowed-origin"), Some("eventgrid.azure.net"));
        assert_eq!(answer.header("webhook-allowed-rate"), Some("*"));
        assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
        assert_eq!(answer.expect(200), serde_json::Value::Null);
    }
});

// WR-3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callback_that_a_sender_offers_is_never_called() {
    let callback = Sink::answering(200).await;
    let server = TestServer::start(Kind::Sqlite).await;
    let client =
        server.client.anonymous().with(ORIGIN, "a.example").with("webhook-request-callback", &callback.url("/c?secret=1"));
    for door in DOORS {
        client.send(Method::OPTIONS, door, &[], "").await.expect(200);
    }
    server.client.with(ORIGIN, "a.example").post_event(&event("1")).await.expect(202);
    // What is delivered goes through the same client, so by then a call would have been made.
    let sink = Sink::answering(200).await;
    server.client.post("/v1/subscriptions", &json!({ "sink": sink.url("/") })).await.expect(201);
    server.client.post_event(&event("2")).await.expect(202);
    sink.wait_for(1).await;
    assert_eq!(callback.received().len(), 0);
    server.stop().await;
}

// WR-1
on_both_databases!(other_methods_are_answered_405_with_those_there_are, async |server| {
    for (door, method, methods) in [
        (DOORS[0], Method::DELETE, &["POST", "OPTIONS", "GET"][..]),
        (DOORS[0], Method::PUT, &["POST", "OPTIONS", "GET"]),
        (DOORS[1], Method::GET, &["POST", "OPTIONS"]),
        (DOORS[1], Method::PATCH, &["POST", "OPTIONS"]),
    ] {
        let answer = server.client.send(method.clone(), door, &[], "").await;
        let allow = answer.header("allow").unwrap_or_default().to_owned();
        assert_eq!(answer.problem(405).0, "method_not_allowed");
        for method in methods {
            assert!(allow.contains(method), "{door}: {allow}");
        }
        assert!(!allow.contains(method.as_str()), "{door}: {allow}");
    }
});

// WR-1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_that_is_told_is_the_one_that_is_set() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.ingest.allowed_rate = 600).await;
    let client = server.client.anonymous().with(ORIGIN, "a.example");
    for door in DOORS {
        assert_eq!(client.send(Method::OPTIONS, door, &[], "").await.header("webhook-allowed-rate"), Some("600"));
        let silent = server.client.anonymous().send(Method::OPTIONS, door, &[], "").await;
        assert_eq!((silent.header("webhook-allowed-origin"), silent.header("webhook-allowed-rate")), (None, None));
        assert_eq!(silent.header("allow"), Some("POST, OPTIONS"));
    }
    server.stop().await;
}

// WR-2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_that_is_not_allowed_gets_no_permission_and_may_not_post() {
    let server = TestServer::start_with(Kind::Sqlite, |config| {
        config.ingest.allowed_origins = vec!["trusted.example.com".into()];
    })
    .await;
    for origin in ["trusted.example.com.attacker.tld", "a.trusted.example.com", "*"] {
        let client = server.client.with(ORIGIN, origin);
        for door in DOORS {
            let answer = client.send(Method::OPTIONS, door, &[], "").await;
            assert_eq!(answer.header("webhook-allowed-origin"), None);
            assert_eq!(answer.problem(403), ("forbidden".into(), "WebHook-Request-Origin".into()));
        }
        let answer = client.send(Method::POST, "/v1/events", &[STRUCTURED], event("1").to_string()).await;
        assert_eq!(answer.problem(403).0, "forbidden");
    }
    let producer = server.client.post("/v1/producers", &json!({ "name": "shop", "kind": "standard_webhooks" })).await.expect(201);
    let door = format!("/v1/producers/{}/events", producer["id"].as_str().unwrap());
    let client = server.client.anonymous().with(ORIGIN, "trusted.example.com.attacker.tld");
    let answer = client.send(Method::POST, &door, &[STRUCTURED], event("1").to_string()).await;
    assert_eq!(answer.problem(403).0, "forbidden");
    server.client.with(ORIGIN, "TRUSTED.example.com").post_event(&event("1")).await.expect(202);
    server.stop().await;
}

// WR-4: off by default.
on_both_databases!(token_in_the_query_is_no_credential_unless_that_is_set, async |server| {
    let path = format!("/v1/events?access_token={KEY}");
    let post = async |client: &Client| client.send(Method::POST, &path, &[STRUCTURED], event("1").to_string()).await;
    assert_eq!(post(&server.client.anonymous()).await.problem(401).0, "unauthenticated");
    let answer = post(&server.client).await;
    assert_eq!(answer.header("cache-control"), None);
    answer.expect(202);
});

// WR-4, WR-5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_in_the_query_is_taken_where_that_is_set_and_its_answer_is_private() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.ingest.access_token_in_query = true).await;
    let post = async |client: &Client, query: &str| {
        client.send(Method::POST, &format!("/v1/events{query}"), &[STRUCTURED], event("1").to_string()).await
    };
    let anonymous = server.client.anonymous();
    let answer = post(&anonymous, &format!("?access_token={KEY}")).await;
    assert_eq!(answer.header("cache-control"), Some("private"));
    answer.expect(202);
    let answer = post(&server.client, "").await;
    assert_eq!(answer.header("cache-control"), None);
    answer.expect(202);
    assert_eq!(post(&anonymous, "?access_token=wp_of_nobody_at_all_0000").await.problem(401).0, "unauthenticated");
    let both = post(&server.client, &format!("?access_token={KEY}")).await;
    assert_eq!(both.problem(400), ("invalid_request".into(), "access_token".into()));
    // Nowhere else.
    let elsewhere = anonymous.get(&format!("/v1/subscriptions?access_token={KEY}")).await;
    assert_eq!(elsewhere.problem(401).0, "unauthenticated");
    server.stop().await;
}
