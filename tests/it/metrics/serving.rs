//! Who is answered: every role, and with a key only its holder.

use serde_json::json;

use super::Scrape;
use crate::support::database::{Database, Kind};
use crate::support::process::Process;
use crate::support::server::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_shows_its_metrics() {
    let database = Database::create(Kind::Postgres).await;
    for role in ["all", "api", "dispatcher"] {
        let process = Process::start(database.url(), &[("WAYPOST_ROLE", role)]);
        let text = Scrape::of(process.base()).await.text;
        assert!(text.contains(&format!("role=\"{role}\"}} 1")), "{text}");
        assert!(text.contains(concat!("waypost_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1")), "{text}");
        assert_eq!(process.stop(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_key_required_only_administrators_of_all_tenants_may_look() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.metrics.require_key = true).await;
    server.client.anonymous().get("/metrics").await.problem(401);
    assert_eq!(server.client.get("/metrics").await.status.as_u16(), 200);
    for (scope, reach) in [("events:read", "all"), ("admin", "tenant")] {
        let key = json!({ "name": "scraper", "scopes": [scope], "reach": reach });
        let created = server.client.post("/v1/api-keys", &key).await.expect(201);
        let scraper = server.client.with_key(created["key"].as_str().unwrap());
        assert_eq!(scraper.get("/metrics").await.problem(403).0, "forbidden", "{key}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_room_for_requests_still_shows_its_metrics() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.server.max_requests = 0).await;
    assert_eq!(server.client.get("/v1/events").await.problem(503).0, "unavailable");
    let answer = server.client.anonymous().get("/metrics").await;
    assert_eq!(answer.status.as_u16(), 200);
    server.stop().await;
}
