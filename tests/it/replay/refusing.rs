//! What is refused: bad requests, other tenants, too many at once.

use serde_json::json;
use waypost::domain::clock::{Clock, SystemClock};

use super::{ask, ended, job, long_ago, post, replay, subscribe, to};
use crate::support::database::Kind;
use crate::support::server::{TestServer, on_both_databases};
use crate::support::sink::Sink;

on_both_databases!(what_a_replay_may_not_be_is_named, async |server| {
    let client = &server.client;
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    let path = format!("/v1/subscriptions/{subscription}/replay");
    let (past, now) = (long_ago(), SystemClock.now().to_string());
    for (body, pointer) in [
        (json!({}), "/after"),
        (json!({ "after": "yesterday" }), "/after"),
        (json!({ "after": "2126-01-01T00:00:00Z" }), "/after"),
        (json!({ "after": now, "before": past }), "/after"),
        (json!({ "after": "1990-01-01T00:00:00Z" }), "/after"),
        (json!({ "after": past, "only": "some" }), "/only"),
        (json!({ "after": past, "rate_per_second": 0 }), "/rate_per_second"),
        (json!({ "after": past, "rate_per_second": -1 }), "/rate_per_second"),
        (json!({ "after": past, "rate_per_second": 1001 }), "/rate_per_second"),
        (json!({ "after": past, "types": [""] }), "/types/0"),
        (json!({ "after": past, "types": vec!["t"; 101] }), "/types"),
        (json!({ "after": past, "until": past }), "/until"),
    ] {
        let problem = client.post(&path, &body).await.problem(400);
        assert_eq!(problem, ("invalid_request".to_owned(), pointer.to_owned()), "{body}");
    }
    assert_eq!(client.get("/v1/jobs").await.expect(200)["data"], json!([]), "nothing was begun");
    let nobody = "/v1/subscriptions/sub_01h455vb4pex5vsknk084sn02q/replay";
    assert_eq!(client.post(nobody, &json!({ "after": past })).await.problem(404).0, "not_found");
    for query in ["state=done", "limit=0", "subscription_id=x", "cursor=x", "kind=replay"] {
        client.get(&format!("/v1/jobs?{query}")).await.problem(400);
    }
});

on_both_databases!(a_replay_and_its_job_are_its_tenants_own, async |server| {
    let owner = &server.client;
    for name in ["alpha", "beta"] {
        owner.post("/v1/tenants", &json!({ "name": name })).await.expect(201);
    }
    let (alpha, beta) = (owner.in_tenant("alpha"), owner.in_tenant("beta"));
    post(&alpha, "1", "com.example.a").await;
    post(&beta, "2", "com.example.a").await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(&alpha, &to(&sink.url("/"))).await;
    let id = replay(&alpha, &subscription, json!({})).await;
    ended(&alpha, &id, "completed").await;
    assert_eq!(job(&alpha, &id).await["progress"]["looked_at"], 1, "another tenant's events are not looked at");
    sink.wait_for(1).await;
    beta.post(&format!("/v1/subscriptions/{subscription}/replay"), &json!({ "after": long_ago() })).await.problem(404);
    beta.get(&format!("/v1/jobs/{id}")).await.problem(404);
    for change in ["pause", "resume", "cancel"] {
        beta.post_empty(&format!("/v1/jobs/{id}/{change}")).await.problem(404);
    }
    assert_eq!(beta.get("/v1/jobs").await.expect(200)["data"], json!([]));
    assert_eq!(sink.received().len(), 1);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_jobs_than_a_tenant_may_have_open_are_refused_until_one_ends() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.jobs.max_open_per_tenant = 2).await;
    let client = &server.client;
    for id in ["1", "2", "3", "4"] {
        post(client, id, "com.example.a").await;
    }
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let slowly = json!({ "rate_per_second": 0.1, "only": "all" });
    let first = replay(client, &subscription, slowly.clone()).await;
    replay(client, &subscription, slowly.clone()).await;
    let refused = client.post(&format!("/v1/subscriptions/{subscription}/replay"), &json!({ "after": long_ago() })).await;
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.problem(429).0, "too_many_requests");
    ask(client, &subscription, json!({ "dry_run": true }), 200).await;
    client.post_empty(&format!("/v1/jobs/{first}/cancel")).await.expect(200);
    replay(client, &subscription, slowly).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_that_did_not_look_at_everything_says_so_and_where_to_go_on() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.jobs.max_dry_run_events = 600).await;
    let client = &server.client;
    super::post_many(client, "past", "com.example.a", 1500).await;
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    let part = ask(client, &subscription, json!({ "dry_run": true }), 200).await;
    assert_eq!(part["is_complete"], false);
    let looked_at = part["progress"]["looked_at"].as_u64().unwrap();
    assert!((600..1500).contains(&looked_at), "{looked_at}");
    let rest = ask(client, &subscription, json!({ "dry_run": true, "after": part["progress"]["position_at"] }), 200).await;
    assert!(rest["progress"]["looked_at"].as_u64().unwrap() >= 1500 - looked_at);
    server.stop().await;
}
