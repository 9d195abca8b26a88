//! What holds a key up, how it is found, and every way by which it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{event, named, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::{Reply, Sink};

/// A sink that refuses the first event of the key `bad` until it is mended.
async fn choosy() -> (Sink, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    let sink = Sink::start(move |_, request| {
        let is_bad = named(request) == ("bad".to_owned(), 0) && !is_mended.load(Ordering::SeqCst);
        Reply::status(if is_bad { 500 } else { 204 })
    });
    (sink.await, mended)
}

/// Posts three events of the key `bad`, and some beside them, and gives the subscription's deliveries of `bad` in order.
async fn post(client: &Client, sink: &Sink, on_failure: &str) -> (String, Vec<String>) {
    let subscription = client.post("/v1/subscriptions", &to(sink, on_failure, 2)).await.expect(201);
    let mut deliveries = Vec::new();
    for number in 0..3 {
        let posted = client.post_event(&event(Some("bad"), number)).await.expect(202);
        let page = client.get(&format!("/v1/deliveries?event_id={}", posted["id"].as_str().unwrap())).await.expect(200);
        deliveries.push(page["data"][0]["id"].as_str().unwrap().to_owned());
        client.post_event(&event(Some("good"), number)).await.expect(202);
        client.post_event(&event(None, number)).await.expect(202);
    }
    (subscription["id"].as_str().unwrap().to_owned(), deliveries)
}

async fn when(client: &Client, delivery: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let asking = async {
        loop {
            last = client.get(&format!("/v1/deliveries/{delivery}")).await.expect(200);
            if is_so(&last) {
                return last.clone();
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), asking).await;
    found.unwrap_or_else(|_| panic!("the delivery stays as it is: {last:#}"))
}

async fn in_state(client: &Client, delivery: &str, state: &str) -> Value {
    when(client, delivery, |found| found["state"] == state).await
}

/// The numbers of a key's events in the order in which they came.
fn order(sink: &Sink, key: &str) -> Vec<usize> {
    sink.received().iter().map(named).filter(|(found, _)| found == key).map(|(_, number)| number).collect()
}

on_both_databases!(a_blocked_key_is_found_and_goes_on_when_its_dead_letter_arrives, async |server| {
    let client = &server.client;
    let (sink, mended) = choosy().await;
    let (subscription, deliveries) = post(client, &sink, "block").await;
    let shown = client.get(&format!("/v1/subscriptions/{subscription}")).await.expect(200);
    assert_eq!(shown["config"]["ordering"], json!({ "by": "partitionkey", "on_failure": "block" }));

    let dead = when(client, &deliveries[0], |found| found["holds_up"] == 2).await;
    assert_eq!((&dead["state"], &dead["reason"]), (&json!("dead_lettered"), &json!("exhausted")));
    let waiting = client.get(&format!("/v1/deliveries/{}", deliveries[2])).await.expect(200);
    assert_eq!((&waiting["state"], &waiting["waits_for"]), (&json!("pending"), &json!(deliveries[0])));
    assert_eq!((&waiting["next_attempt_at"], &waiting["attempts"]), (&Value::Null, &json!([])));
    let explained = client.get(&format!("/v1/events/{}/explain", waiting["event_id"].as_str().unwrap())).await.expect(200);
    assert!(explained["data"][0]["detail"].as_str().unwrap().contains("behind an earlier one of its key"), "{explained:#}");
    let pending = client.get(&format!("/v1/deliveries?state=pending&subscription_id={subscription}")).await.expect(200);
    assert_eq!(pending["data"].as_array().unwrap().len(), 2, "what waits in line is pending in lists");

    // Another key, and what has no key, go on meanwhile.
    sink.wait_for(8).await;
    assert_eq!((order(&sink, "good"), order(&sink, "bad")), (vec![0, 1, 2], vec![0, 0]));
    let mut free = order(&sink, "none");
    free.sort_unstable();
    assert_eq!(free, [0, 1, 2]);

    mended.store(true, Ordering::SeqCst);
    client.post_empty(&format!("/v1/deliveries/{}/redeliver", deliveries[0])).await.expect(200);
    in_state(client, &deliveries[2], "delivered").await;
    assert_eq!(order(&sink, "bad"), [0, 0, 0, 1, 2]);
});

on_both_databases!(a_blocked_key_goes_on_without_what_is_purged_or_cancelled, async |server| {
    let client = &server.client;
    let (sink, _) = choosy().await;
    let (subscription, deliveries) = post(client, &sink, "block").await;
    in_state(client, &deliveries[0], "dead_lettered").await;
    client.post_empty(&format!("/v1/deliveries/{}/cancel", deliveries[1])).await.expect(200);
    assert_eq!(client.get(&format!("/v1/deliveries/{}", deliveries[2])).await.expect(200)["waits_for"], deliveries[0]);
    client.delete(&format!("/v1/dead-letters?subscription_id={subscription}")).await.expect(200);
    in_state(client, &deliveries[2], "delivered").await;
    assert_eq!(order(&sink, "bad"), [0, 0, 2]);
});

on_both_databases!(a_key_that_skips_goes_on_by_itself, async |server| {
    let client = &server.client;
    let (sink, _) = choosy().await;
    let (_, deliveries) = post(client, &sink, "skip").await;
    in_state(client, &deliveries[2], "delivered").await;
    assert_eq!(order(&sink, "bad"), [0, 0, 1, 2]);
    let dead = in_state(client, &deliveries[0], "dead_lettered").await;
    assert_eq!(dead["holds_up"], Value::Null);
});

on_both_databases!(a_blocked_key_goes_on_when_the_subscription_asks_for_no_order_any_more, async |server| {
    let client = &server.client;
    let (sink, _) = choosy().await;
    let (subscription, deliveries) = post(client, &sink, "block").await;
    in_state(client, &deliveries[0], "dead_lettered").await;
    let patch = json!({ "config": { "ordering": "none" } });
    let patched = client.patch(&format!("/v1/subscriptions/{subscription}"), &patch).await.expect(200);
    assert_eq!(patched["config"]["ordering"], Value::Null);
    in_state(client, &deliveries[2], "delivered").await;
    assert_eq!(order(&sink, "bad"), [0, 0, 1, 2], "what stands in line keeps its order");
});

on_both_databases!(nothing_waits_for_ever_behind_a_subscription_that_is_deleted, async |server| {
    let client = &server.client;
    let (sink, _) = choosy().await;
    let (subscription, deliveries) = post(client, &sink, "block").await;
    in_state(client, &deliveries[0], "dead_lettered").await;
    client.delete(&format!("/v1/subscriptions/{subscription}")).await.expect(200);
    // Cancelled; or delivered, by a node that had not heard of the deletion yet.
    for delivery in &deliveries[1..] {
        when(client, delivery, |found| found["finished_at"].is_string()).await;
    }
    assert_eq!(order(&sink, "bad")[..2], [0, 0]);
});

on_both_databases!(an_order_is_told_clearly_what_is_wrong_with_it, async |server| {
    let cases = [
        (json!("all"), "/config/ordering"),
        (json!({ "by": "" }), "/config/ordering/by"),
        (json!({ "by": "data" }), "/config/ordering/by"),
        (json!({ "by": "Partition-Key" }), "/config/ordering/by"),
        (json!({ "by": "subject", "on_failure": "stop" }), "/config/ordering/on_failure"),
        (json!({ "by": "subject", "then": 1 }), "/config/ordering/then"),
    ];
    for (ordering, pointer) in cases {
        let body = json!({ "sink": "http://127.0.0.1:9/", "config": { "ordering": ordering } });
        let (_, place) = server.client.post("/v1/subscriptions", &body).await.problem(400);
        assert_eq!(place, pointer, "{ordering}");
    }
});
