//! A refusal that comes before the end of a long body arrives all the same.

use std::time::{Duration, Instant};

use super::limits::start;
use super::wire::Wire;

/// More than the buffers of both sides hold.
const LONG: usize = 24 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusal_of_a_long_body_reaches_a_peer_that_reads_only_after_it_sent_everything() {
    let server = start(|config| config.ingest.max_body_bytes = 1000).await;
    for credential in ["", "authorization: Bearer wp_unknown-to-everybody-here\r\n"] {
        let mut wire = Wire::connect(&server).await;
        let key = if credential.is_empty() { Wire::administrator() } else { credential.to_owned() };
        wire.send(&format!("POST /v1/events HTTP/1.1\r\nhost: waypost\r\n{key}content-length: {LONG}\r\n\r\n")).await;
        let piece = " ".repeat(1024 * 1024);
        for sent in 0..LONG / piece.len() {
            assert!(wire.try_send(&piece).await.is_ok(), "the connection was closed after {sent} MiB");
        }
        let answer = wire.until("\"code\":").await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_listens_for_ever_to_a_body_that_was_refused() {
    let server = start(|config| config.ingest.max_body_bytes = 1000).await;
    let headers = format!("content-type: application/cloudevents+json\r\ncontent-length: {LONG}\r\n");

    let mut silent = Wire::post(&server, &headers).await;
    assert!(silent.rest().await.starts_with("HTTP/1.1 413 "));

    let mut dripping = Wire::post(&server, &headers).await;
    let begun = Instant::now();
    while dripping.try_send(" ").await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the connection is still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.stop().await;
}
