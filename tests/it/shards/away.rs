//! One database of two is away: the tenants of the other go on.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection};

use super::{Databases, EVENTUALLY, Node, event, until};
use crate::promises::Administrator;
use crate::promises::all_arrive;
use crate::support::database::Kind;
use crate::support::load::Load;
use crate::support::sink::Sink;

impl Databases {
    /// Lets nobody in to the first database beside home any more, and throws out who is in; or lets them in again.
    async fn close_first(&self, is_closed: bool) {
        let name = self.0[1].url().rsplit_once('/').unwrap().1;
        let mut connection = self.0[0].postgres().await;
        let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !is_closed);
        sqlx::raw_sql(AssertSqlSafe(allow)).execute(&mut connection).await.unwrap();
        if is_closed {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
            sqlx::query(end).bind(name).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }
}

/// Waits until a node says whether its shard is available.
async fn knows(node: &Node, is_available: bool) {
    let shards = json!([{ "shard": 1, "is_available": is_available }]);
    until(&node.client, "/readyz", "readiness", |seen| seen["status"] == "ok" && seen["shards"] == shards).await;
}

async fn metric(node: &Node, name: &str) -> String {
    let text = String::from_utf8(node.client.get("/metrics").await.body.to_vec()).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).expect("the metric is there");
    line.rsplit_once(' ').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_goes_away_under_load_leaves_the_others_tenants_alone() {
    super::run(Kind::Postgres, async |databases: Databases| {
        let mut config = databases.config();
        // Room that would be gone at once if requests of the tenant waited for its database.
        config.server.max_requests = 24;
        let node = Node::start(config).await.unwrap();
        let base = format!("http://{}", node.app.address());
        let (at_home, beside) = (node.tenant("at-home", 0).await, node.tenant("beside", 1).await);
        let (home_sink, beside_sink) = (Sink::answering(204).await, Sink::answering(204).await);
        let mut keys = Vec::new();
        for (client, sink, name) in [(&at_home, &home_sink, "at-home"), (&beside, &beside_sink, "beside")] {
            client.post("/v1/subscriptions", &json!({ "sink": sink.url("/"), "types": [name] })).await.expect(201);
            let key = json!({ "name": name, "scopes": ["events:write"], "reach": "tenant" });
            let key = client.post("/v1/api-keys", &key).await.expect(201);
            keys.push(key["key"].as_str().unwrap().to_owned());
        }
        let home_load = Load::start(&base, &keys[0], "at-home", 4);
        let beside_load = Load::start(&base, &keys[1], "beside", 16);
        home_load.accept_more(50).await;
        beside_load.accept_more(50).await;

        databases.close_first(true).await;
        knows(&node, false).await;
        assert_eq!((metric(&node, "waypost_shards").await, metric(&node, "waypost_shards_down").await), ("1".into(), "1".into()));
        let refused = beside.post_event(&event("now")).await;
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.problem(503).0, "unavailable");
        // New tenants go where there is a database.
        assert_eq!(node.client.post("/v1/tenants", &json!({ "name": "new" })).await.expect(201)["shard"], 0);
        let (before, arrived) = (home_load.accepted_count(), home_sink.received().len());
        home_load.accept_more(200).await;
        home_sink.wait_for(arrived + 100).await;
        eprintln!(
            "{} accepted at home while the other was away, {} refused there",
            home_load.accepted_count() - before,
            beside_load.refused_count()
        );

        databases.close_first(false).await;
        knows(&node, true).await;
        beside_load.accept_more(50).await;
        assert_eq!(home_load.refused_count(), 0, "nobody at home was refused, whatever became of the other");
        let administrator = Administrator::of(&base);
        all_arrive(&home_sink, &home_load.finish().await, &administrator).await;
        all_arrive(&beside_sink, &beside_load.finish().await, &administrator).await;
        node.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_without_a_shard_and_opens_it_when_it_is_there() {
    super::run(Kind::Postgres, async |databases: Databases| {
        let node = databases.start().await;
        let sink = Sink::answering(204).await;
        let client = node.tenant("beside", 1).await;
        client.post("/v1/subscriptions", &json!({ "sink": sink.url("/") })).await.expect(201);
        client.post_event(&event("one")).await.expect(202);
        sink.wait_for(1).await;
        node.stop().await;

        databases.close_first(true).await;
        let node = databases.start().await;
        knows(&node, false).await;
        let client = node.client.in_tenant("beside");
        client.post_event(&event("two")).await.expect(503);
        node.client.post_event(&event("two")).await.expect(202);
        assert_eq!(client.get("/v1/tenants/beside").await.expect(200)["shard"], 1, "what is known at home is told");
        databases.close_first(false).await;
        knows(&node, true).await;
        client.post_event(&event("two")).await.expect(202);
        sink.wait_for(2).await;

        // And one that never came back does not keep a node from stopping.
        databases.close_first(true).await;
        knows(&node, false).await;
        let began = Instant::now();
        node.stop().await;
        assert!(began.elapsed() < EVENTUALLY + Duration::from_secs(10), "{:?}", began.elapsed());
        databases.close_first(false).await;
    })
    .await;
}
