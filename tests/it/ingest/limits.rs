//! Whoever is slow, large or many: refused in time, before anything is accepted, and nobody else notices.

use reqwest::Method;
use waypost::config::Config;

use super::wire::Wire;
use super::{BATCHED, STRUCTURED, event};
use crate::support::database::Kind;
use crate::support::server::TestServer;

/// A node whose limits are `adjust`ed. The limits are before the database, so that one kind is enough.
pub(super) async fn start(adjust: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::start_with(Kind::Sqlite, adjust).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_never_end_lose_their_connection() {
    let server = start(|config| config.server.header_timeout_ms = 300).await;
    for begun in ["", "P", "PRI * HTTP/2.0\r\n", "POST /v1/events HTTP/1.1\r\nhost: waypost\r\nce-id: 1"] {
        let mut wire = Wire::connect(&server).await;
        wire.send(begun).await;
        // Nothing, or that it took too long; in any case the end.
        let said = wire.rest().await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{begun:?}: {said}");
    }
    server.client.post_event(&event("1")).await.expect(202);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn body_that_drips_is_answered_with_408() {
    let server = start(|config| config.server.body_timeout_ms = 300).await;
    let mut wire = Wire::post(&server, "content-type: application/cloudevents+json\r\ncontent-length: 1000\r\n").await;
    wire.send("{\"specversion\":").await;
    let answer = wire.until("\"code\":\"timeout\"").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn body_over_the_limit_is_refused_by_its_announced_length_and_by_its_real_one() {
    let server = start(|config| config.ingest.max_body_bytes = 1000).await;
    let mut wire = Wire::post(&server, "content-type: application/cloudevents+json\r\ncontent-length: 1001\r\n").await;
    let answer = wire.until("payload_too_large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let chunked = "content-type: application/cloudevents+json\r\ntransfer-encoding: chunked\r\n";
    let mut wire = Wire::post(&server, chunked).await;
    wire.send(&format!("3e9\r\n{}\r\n", " ".repeat(1001))).await;
    let answer = wire.until("payload_too_large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_asks_before_it_sends_is_told_to_go_on_only_if_it_may() {
    let server = start(|_| {}).await;
    let body = event("asked").to_string();
    let headers = format!("expect: 100-continue\r\ncontent-type: {}\r\ncontent-length: {}\r\n", STRUCTURED.1, body.len());
    let mut wire = Wire::post(&server, &headers).await;
    wire.until("100 Continue\r\n\r\n").await;
    wire.send(&body).await;
    assert!(wire.until("\"duplicate\"").await.contains("202 Accepted"));

    let mut wire = Wire::connect(&server).await;
    wire.send(&format!("POST /v1/events HTTP/1.1\r\nhost: waypost\r\n{headers}\r\n")).await;
    let answer = wire.until("unauthenticated").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_and_too_large_headers_are_answered_with_431() {
    let server = start(|config| {
        config.server.max_headers = 20;
        config.server.max_header_bytes = 16_384;
    })
    .await;
    let many = (0..30).map(|number| format!("ce-x{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let large = |size| format!("ce-large: {}\r\n", "a".repeat(size));
    for (headers, setting) in [(many, "`server.max_headers`"), (large(20_000), "`server.max_header_bytes`")] {
        let answer = Wire::post(&server, &headers).await.until("headers_too_large").await;
        assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains(setting), "{answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("connection: close"), "{answer}");
    }
    let answer = Wire::post(&server, &large(40_000)).await.until("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "what is far beyond is not read to its end: {answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn binary_event_of_64_kib_in_200_headers_is_accepted() {
    let server = start(|_| {}).await;
    let extensions = (0..200).map(|number| format!("ce-ext{number}: {}\r\n", "x".repeat(300))).collect::<Vec<_>>().concat();
    let headers = format!("ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: t\r\n{extensions}content-length: 0\r\n");
    assert!(headers.len() > 62_000);
    let answer = Wire::post(&server, &headers).await.until("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_and_events_over_their_limits_are_413() {
    let server = start(|config| {
        config.ingest.max_batch_events = 2;
        config.ingest.max_attributes = 5;
    })
    .await;
    let batch = serde_json::json!([event("1"), event("2"), event("3")]).to_string();
    let answer = server.client.send(Method::POST, "/v1/events", &[BATCHED], batch).await;
    assert_eq!(answer.problem(413), ("too_many_events".into(), "/2".into()));
    let mut large = event("1");
    large["one"] = "1".into();
    large["two"] = "2".into();
    assert_eq!(server.client.post_event(&large).await.problem(413).0, "payload_too_large");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_beyond_the_bound_get_503_while_health_still_answers() {
    let server = start(|config| config.server.max_requests = 1).await;
    let body = event("slow").to_string();
    let headers = format!("content-type: {}\r\ncontent-length: {}\r\n", STRUCTURED.1, body.len());
    let mut slow = Wire::post(&server, &format!("expect: 100-continue\r\n{headers}")).await;
    slow.until("100 Continue").await;

    let answer = server.client.post_event(&event("second")).await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.problem(503).0, "unavailable");
    server.client.get("/livez").await.expect(200);
    server.client.get("/readyz").await.expect(200);

    slow.send(&body).await;
    assert!(slow.until("\"duplicate\"").await.contains("202 Accepted"));
    server.client.post_event(&event("second")).await.expect(202);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let server = start(|config| config.server.max_connections = 1).await;
    let body = event("first").to_string();
    let headers = format!("connection: close\r\ncontent-type: {}\r\ncontent-length: {}\r\n", STRUCTURED.1, body.len());
    let mut first = Wire::post(&server, &format!("expect: 100-continue\r\n{headers}")).await;
    first.until("100 Continue").await;
    let mut second = Wire::post(&server, &format!("{headers}\r\n{body}")).await;
    let early = tokio::time::timeout(std::time::Duration::from_millis(200), second.until("HTTP")).await;
    assert!(early.is_err(), "the second connection was served beside the first");

    first.send(&body).await;
    assert!(first.rest().await.contains("202 Accepted"));
    assert!(second.rest().await.starts_with("HTTP/1.1 "));
    server.stop().await;
}
