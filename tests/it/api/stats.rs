//! Counters and their series.

use serde_json::{Value, json};

use super::{eventually, post, subscribe, to};
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

on_both_databases!(what_waits_is_counted_in_every_window, async |server| {
    let client = &server.client;
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    post(client, "1").await;
    for (window, points) in [("1h", 60), ("24h", 96), ("7d", 84)] {
        let stats = client.get(&format!("/v1/stats?window={window}")).await.expect(200);
        assert_eq!((&stats["window"], &stats["waiting"]["count"]), (&json!(window), &json!(1)));
        assert!(stats["waiting"]["oldest_waiting_at"].is_string());
        assert_eq!(stats["points"].as_array().unwrap().len(), points);
        assert_eq!((&stats["success_rate"], &stats["end_to_end_p50_ms"]), (&Value::Null, &Value::Null));
    }
    let stats = eventually(client, "/v1/stats", |stats| stats["accepted_count"] == 1).await;
    // A quarter of an hour may have ended in between.
    let points = stats["points"].as_array().unwrap();
    assert_eq!(points.iter().rev().take(2).map(|point| point["accepted_count"].as_u64().unwrap()).sum::<u64>(), 1);
});

on_both_databases!(subscriptions_are_counted_by_themselves_and_the_worst_comes_first, async |server| {
    let client = &server.client;
    let (healthy, broken) = (Sink::answering(204).await, Sink::answering(500).await);
    let good = subscribe(client, &to(&healthy.url("/"))).await;
    let bad = subscribe(client, &to(&broken.url("/"))).await;
    for id in ["1", "2"] {
        post(client, id).await;
    }
    let stats = eventually(client, "/v1/stats?window=1h", |stats| stats["attempt_count"] == 4).await;
    assert_eq!((&stats["delivered_count"], &stats["dead_lettered_count"]), (&json!(2), &json!(2)));
    assert_eq!(stats["success_rate"], 0.5);
    assert!(stats["end_to_end_p50_ms"].as_f64().unwrap() <= stats["end_to_end_p99_ms"].as_f64().unwrap());
    let of_good = client.get(&format!("/v1/stats?window=1h&subscription_id={good}")).await.expect(200);
    assert_eq!((&of_good["delivered_count"], &of_good["accepted_count"]), (&json!(2), &json!(0)));
    let worst = client.get("/v1/stats/subscriptions?window=1h").await.expect(200);
    let ids: Vec<&Value> = worst["data"].as_array().unwrap().iter().map(|row| &row["subscription_id"]).collect();
    assert_eq!(ids, [&json!(bad), &json!(good)]);
    assert_eq!((&worst["data"][0]["success_rate"], &worst["data"][0]["end_to_end_p99_ms"]), (&json!(0.0), &Value::Null));
    assert_eq!(client.get("/v1/stats/subscriptions?limit=251").await.problem(400).1, "limit");
});
