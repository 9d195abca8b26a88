//! Stopping: what is open is finished, nothing new begins.

use super::wire::Wire;
use super::{STRUCTURED, event};
use crate::support::database::Kind;
use crate::support::server::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_under_way_is_finished_when_the_node_stops() {
    let server = TestServer::start(Kind::Sqlite).await;
    let body = event("last").to_string();
    let headers = format!("expect: 100-continue\r\ncontent-type: {}\r\ncontent-length: {}\r\n", STRUCTURED.1, body.len());
    let mut open = Wire::post(&server, &headers).await;
    open.until("100 Continue").await;
    let mut idle = Wire::connect(&server).await;
    idle.send("GET /livez HTTP/1.1\r\nhost: waypost\r\n\r\n").await;
    idle.until("\"ok\"").await;

    let finishing = async {
        // The idle connection ends first: the node is stopping, and the open request has yet to send its body.
        assert_eq!(idle.rest().await, "");
        open.send(&body).await;
        open.rest().await
    };
    let (answer, ()) = tokio::join!(finishing, server.stop());
    assert!(answer.contains("202 Accepted") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_that_outlasts_the_grace_period_is_cut_off() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.server.grace_period_ms = 300).await;
    let mut open =
        Wire::post(&server, "expect: 100-continue\r\ncontent-type: text/plain\r\nce-id: 1\r\ncontent-length: 10\r\n").await;
    open.until("100 Continue").await;
    let (rest, ()) = tokio::join!(open.rest(), server.stop());
    assert!(!rest.contains("202"), "{rest}");
}
