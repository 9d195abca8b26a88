//! The CloudEvents webhook handshake, as its receiver.

use reqwest::Method;

use super::{STRUCTURED, event};
use crate::support::database::Kind;
use crate::support::server::{TestServer, on_both_databases};

const ORIGIN: &str = "webhook-request-origin";

on_both_databases!(sender_that_asks_is_allowed_without_a_credential, async |server| {
    let client = server.client.anonymous().with(ORIGIN, "eventgrid.azure.net");
    let client = client.with("webhook-request-rate", "120").with("webhook-request-callback", "http://127.0.0.1:1/never");
    let answer = client.send(Method::OPTIONS, "/v1/events", &[], "").await;
    assert_eq!(answer.header("webhook-allowed-origin"), Some("eventgrid.azure.net"));
    assert_eq!(answer.header("webhook-allowed-rate"), Some("*"));
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    assert_eq!(answer.expect(200), serde_json::Value::Null);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn origin_that_is_not_allowed_gets_no_permission_and_may_not_post() {
    let server = TestServer::start_with(Kind::Sqlite, |config| {
        config.ingest.allowed_origins = vec!["trusted.example.com".into()];
    })
    .await;
    let client = server.client.with(ORIGIN, "trusted.example.com.attacker.tld");
    let answer = client.send(Method::OPTIONS, "/v1/events", &[], "").await;
    assert_eq!(answer.header("webhook-allowed-origin"), None);
    assert_eq!(answer.problem(403), ("forbidden".into(), "WebHook-Request-Origin".into()));
    let answer = client.send(Method::POST, "/v1/events", &[STRUCTURED], event("1").to_string()).await;
    assert_eq!(answer.problem(403).0, "forbidden");
    server.client.with(ORIGIN, "TRUSTED.example.com").post_event(&event("1")).await.expect(202);
    server.stop().await;
}
