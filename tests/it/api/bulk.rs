//! Redelivering and cancelling many deliveries at once.

use serde_json::{Value, json};

use super::{eventually, post, subscribe, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::{Received, Reply, Sink};

async fn change(client: &Client, verb: &str, query: &str) -> Value {
    client.post_empty(&format!("/v1/deliveries/{verb}?{query}")).await.expect(200)
}

fn webhook_id(request: &Received) -> String {
    request.header("webhook-id").unwrap().to_owned()
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
    let expected = json!({ "count": 3, "dry_run": true, "next": null });
    assert_eq!(change(client, "redeliver", &format!("{of}&dry_run=true")).await, expected);
    let first = change(client, "redeliver", &format!("{of}&limit=2")).await;
    assert_eq!((&first["count"], &first["dry_run"]), (&json!(2), &json!(false)));
    let received = sink.wait_for(8).await;
    assert_eq!(received.iter().filter(|request| request.path == "/").count(), 5);
    // The rest, and not the same ones again.
    eventually(client, "/v1/deliveries?state=delivered", |page| page["data"].as_array().unwrap().len() == 6).await;
    let rest = change(client, "redeliver", &format!("{of}&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((&rest["count"], &rest["next"]), (&json!(1), &Value::Null));
    let mut ids: Vec<String> = sink.wait_for(9).await.iter().filter(|request| request.path == "/").map(webhook_id).collect();
    ids.sort_unstable();
    assert!(ids.chunks(2).all(|pair| pair[0] == pair[1]), "each came twice: {ids:?}");
});

on_both_databases!(those_of_a_disabled_subscription_are_passed_over_and_not_counted, async |server| {
    let client = &server.client;
    let gone = Sink::answering(410).await;
    subscribe(client, &to(&gone.url("/"))).await;
    post(client, "1").await;
    eventually(client, "/v1/subscriptions", |page| page["data"][0]["status"] == "disabled").await;
    for query in ["all=true&dry_run=true", "all=true"] {
        assert_eq!(change(client, "redeliver", query).await["count"], 0, "{query}");
    }
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
    // One more is in flight: the bound is one for both states.
    let sink = Sink::start(|_, _| Reply::Hang).await;
    subscribe(client, &to(&sink.url("/"))).await;
    post(client, "4").await;
    sink.wait_for(1).await;
    let first = change(client, "cancel", "all=true&limit=2").await;
    assert_eq!((&first["count"], first["next"].is_string()), (&json!(2), true));
    assert_eq!(change(client, "cancel", "all=true").await, json!({ "count": 2, "dry_run": false, "next": null }));
    let cancelled = client.get("/v1/deliveries?state=cancelled").await.expect(200);
    assert_eq!(cancelled["data"].as_array().unwrap().len(), 5);
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
    for (verb, state) in [("redeliver", "pending"), ("cancel", "delivered")] {
        let answer = server.client.post_empty(&format!("/v1/deliveries/{verb}?state={state}")).await;
        assert_eq!(answer.problem(400).1, "state");
    }
});
