//! Redelivering and cancelling many deliveries at once.

use serde_json::{Value, json};

use super::{eventually, post, subscribe, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

async fn change(client: &Client, verb: &str, query: &str) -> Value {
    client.post_empty(&format!("/v1/deliveries/{verb}?{query}")).await.expect(200)
}

on_both_databases!(all_that_match_are_delivered_again, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    subscribe(client, &to(&sink.url("/other"))).await;
    for id in ["1", "2", "3"] {
        post(client, id).await;
    }
    eventually(client, "/v1/deliveries?state=delivered", |page| page["data"].as_array().unwrap().len() == 6).await;
    let of = format!("subscription_id={subscription}");
    let expected = json!({ "count": 3, "dry_run": true, "has_more": false });
    assert_eq!(change(client, "redeliver", &format!("{of}&dry_run=true")).await, expected);
    let expected = json!({ "count": 2, "dry_run": false, "has_more": true });
    assert_eq!(change(client, "redeliver", &format!("{of}&limit=2")).await, expected);
    let received = sink.wait_for(8).await;
    assert_eq!(received.iter().filter(|request| request.path == "/").count(), 5);
    assert_eq!(change(client, "redeliver", &format!("{of}&state=pending")).await["count"], 0);
});

on_both_databases!(all_that_wait_are_cancelled, async |server| {
    let client = &server.client;
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    for id in ["1", "2", "3"] {
        post(client, id).await;
    }
    assert_eq!(change(client, "cancel", "all=true&dry_run=true").await["count"], 3);
    assert_eq!(change(client, "cancel", &format!("subscription_id={subscription}&limit=1")).await["count"], 1);
    assert_eq!(change(client, "cancel", "all=true").await, json!({ "count": 2, "dry_run": false, "has_more": false }));
    let cancelled = client.get("/v1/deliveries?state=cancelled").await.expect(200);
    assert_eq!(cancelled["data"].as_array().unwrap().len(), 3);
});

on_both_databases!(everything_is_meant_only_when_it_is_said, async |server| {
    for verb in ["redeliver", "cancel"] {
        let path = format!("/v1/deliveries/{verb}");
        assert_eq!(server.client.post_empty(&path).await.problem(400).1, "all");
        for limit in ["0", "10001"] {
            let answer = server.client.post_empty(&format!("{path}?all=true&limit={limit}")).await;
            assert_eq!(answer.problem(400).1, "limit");
        }
    }
});
