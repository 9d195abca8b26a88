//! Which database a tenant is on: chosen once, known everywhere.

use serde_json::json;

use super::{Databases, event, on_two_databases};
use crate::support::database::Kind;

on_two_databases!(a_tenant_goes_where_it_is_wanted_or_where_the_fewest_are, async |databases: Databases| {
    let node = databases.start().await;
    let mut shards = Vec::new();
    // `default` is at home already.
    for name in ["a", "b", "c"] {
        shards.push(node.client.post("/v1/tenants", &json!({ "name": name })).await.expect(201)["shard"].clone());
    }
    assert_eq!(shards, [json!(1), json!(0), json!(1)]);
    assert_eq!(node.client.get("/v1/tenants/default").await.expect(200)["shard"], 0);
    assert_eq!(node.client.get("/v1/tenants/a").await.expect(200)["shard"], 1);
    let listed = node.client.get("/v1/tenants").await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().iter().map(|row| row["shard"].clone()).collect::<Vec<_>>(), [1, 0, 1, 0]);

    for wrong in [2, 1023] {
        let refused = node.client.post("/v1/tenants", &json!({ "name": "d", "shard": wrong })).await;
        assert_eq!(refused.problem(400), ("invalid_request".to_owned(), "/shard".to_owned()));
    }
    node.client.post("/v1/tenants", &json!({ "name": "a", "shard": 0 })).await.expect(409);
    let unknown = node.client.in_tenant("nobody").post_event(&event("one")).await;
    assert_eq!(unknown.problem(404).0, "tenant_not_found");
    node.stop().await;
});

on_two_databases!(a_tenant_in_use_on_its_shard_stays_and_its_name_comes_back_there, async |databases: Databases| {
    let node = databases.start().await;
    let client = node.tenant("acme", 1).await;
    let created = client.post("/v1/subscriptions", &json!({ "sink": "http://127.0.0.1:9/" })).await.expect(201);
    client.post_event(&event("one")).await.expect(202);
    assert_eq!(node.client.delete("/v1/tenants/acme").await.problem(409).0, "conflict");
    client.delete(&format!("/v1/subscriptions/{}", created["id"].as_str().unwrap())).await.expect(200);
    let producer = client.post("/v1/producers", &json!({ "name": "shop" })).await.expect(201);
    assert_eq!(node.client.delete("/v1/tenants/acme").await.problem(409).0, "conflict");
    client.delete(&format!("/v1/producers/{}", producer["id"].as_str().unwrap())).await.expect(204);
    node.client.delete("/v1/tenants/acme").await.expect(204);
    client.post_event(&event("two")).await.expect(404);

    // Its events are on that shard still.
    let elsewhere = node.client.post("/v1/tenants", &json!({ "name": "acme", "shard": 0 })).await;
    let said = elsewhere.expect(409);
    assert!(said["detail"].as_str().unwrap().contains("shard 1"), "{said}");
    let again = node.client.post("/v1/tenants", &json!({ "name": "acme" })).await.expect(201);
    assert_eq!(again["shard"], 1);
    assert_eq!(client.get("/v1/events").await.expect(200)["data"].as_array().unwrap().len(), 1);
    node.stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_made_on_one_node_is_served_by_the_other_at_once() {
    super::run(Kind::Postgres, async |databases: Databases| {
        let (one, other) = (databases.start().await, databases.start().await);
        for number in 0..10_u16 {
            let name = format!("t-{number}");
            // Whoever asks too early is not remembered as a stranger.
            other.client.in_tenant(&name).post_event(&event("early")).await.expect(404);
            one.tenant(&name, number % 2).await;
            other.client.in_tenant(&name).post_event(&event("one")).await.expect(202);
            let seen = one.client.in_tenant(&name).get("/v1/events").await.expect(200);
            assert_eq!(seen["data"].as_array().unwrap().len(), 1);
        }
        assert_eq!(databases.count("events").await, [5, 5]);
        one.stop().await;
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_know_a_shard_yet_refuses_its_tenants_alone() {
    super::run(Kind::Postgres, async |databases: Databases| {
        let mut config = databases.config();
        config.database.shards.clear();
        let old = super::Node::start(config).await.unwrap();
        let new = databases.start().await;
        new.tenant("beside", 1).await;
        let refused = old.client.in_tenant("beside").post_event(&event("one")).await;
        assert!(refused.header("retry-after").is_some());
        let said = refused.expect(503);
        assert!(said["detail"].as_str().unwrap().contains("database.shards"), "{said}");
        old.client.post_event(&event("one")).await.expect(202);
        new.client.in_tenant("beside").post_event(&event("one")).await.expect(202);
        old.stop().await;
        new.stop().await;
    })
    .await;
}
