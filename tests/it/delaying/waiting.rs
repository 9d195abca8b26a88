//! One node: what is held back, until when, and what is not.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use waypost::domain::clock::{Clock, SystemClock};

use super::{arrived_at, assert_on_time, event, id_of, in_ms};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

async fn subscribe(client: &Client, sink: &Sink, delay_ms: u64) -> String {
    let config = json!({ "delay_ms": delay_ms, "retry": { "schedule_ms": [0] } });
    let body = json!({ "sink": sink.url("/"), "config": config });
    client.post("/v1/subscriptions", &body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Posts an event and gives its delivery's identifier.
async fn post(client: &Client, event: &Value) -> String {
    let id = client.post_event(event).await.expect(202)["id"].as_str().unwrap().to_owned();
    let page = client.get(&format!("/v1/deliveries?event_id={id}")).await.expect(200);
    page["data"][0]["id"].as_str().unwrap().to_owned()
}

async fn delivery_in(client: &Client, id: &str, state: &str) -> Value {
    let asking = async {
        loop {
            let found = client.get(&format!("/v1/deliveries/{id}")).await.expect(200);
            if found["state"] == state {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("the delivery comes to the state")
}

on_both_databases!(the_later_of_the_two_delays_counts, async |server| {
    let client = &server.client;
    let (held, free) = (Sink::answering(204).await, Sink::answering(204).await);
    let delayed = subscribe(client, &held, 700).await;
    subscribe(client, &free, 0).await;
    assert_eq!(client.get(&format!("/v1/subscriptions/{delayed}")).await.expect(200)["config"]["delay_ms"], 700);

    let begun = SystemClock.now();
    let (past, soon, late) = (begun.minus(Duration::from_hours(1)), in_ms(300), in_ms(1500));
    for (id, moment) in [("none", None), ("past", Some(past)), ("soon", Some(soon)), ("late", Some(late))] {
        client.post_event(&event(id, moment)).await.expect(202);
    }
    let own = begun.plus(Duration::from_millis(700));
    for request in held.wait_for(4).await {
        let due_at = if id_of(&request) == "late" { late } else { own };
        assert_on_time(&request, due_at);
    }
    for request in free.wait_for(4).await {
        match &*id_of(&request) {
            "soon" => assert_on_time(&request, soon),
            "late" => assert_on_time(&request, late),
            _ => assert_on_time(&request, begun),
        }
    }
    // The attribute goes along as it was posted.
    assert!(String::from_utf8_lossy(&free.received()[3].body).contains(&format!("\"deliverafter\":\"{late}\"")));
});

on_both_databases!(hundreds_of_delays_of_one_subscription_are_all_kept, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    subscribe(client, &sink, 0).await;
    let begun = SystemClock.now();
    // In no order, and more of them than a node notes.
    let due = |number: u64| begun.plus(Duration::from_millis(500 + number * 7919 % 3000));
    let events: Vec<Value> = (0..400).map(|number| event(&number.to_string(), Some(due(number)))).collect();
    let headers = [("content-type", "application/cloudevents-batch+json")];
    client.send(reqwest::Method::POST, "/v1/events", &headers, serde_json::to_vec(&events).unwrap()).await.expect(202);
    let mut counts: HashMap<String, usize> = HashMap::new();
    for request in sink.wait_for(400).await {
        let id = id_of(&request);
        assert_on_time(&request, due(id.parse().unwrap()));
        *counts.entry(id).or_default() += 1;
    }
    assert!(counts.len() == 400 && counts.values().all(|&count| count == 1), "{counts:?}");
});

on_both_databases!(an_event_that_expires_while_it_is_held_back_is_dead_when_it_does, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    subscribe(client, &sink, 0).await;
    let end = in_ms(600);
    let mut expiring = event("1", Some(in_ms(600_000)));
    expiring["expirytime"] = json!(end.to_string());
    let delivery = post(client, &expiring).await;
    let dead = delivery_in(client, &delivery, "dead_lettered").await;
    assert_eq!((&dead["reason"], &dead["attempts"]), (&json!("expired"), &json!([])));
    assert!(SystemClock.now() >= end);
    assert_eq!(sink.received().len(), 0);
});

on_both_databases!(what_a_person_sends_by_hand_is_not_held_back, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &sink, 600_000).await;
    let begun = SystemClock.now();
    let delivery = post(client, &event("1", None)).await;
    let found = client.get(&format!("/v1/deliveries/{delivery}")).await.expect(200);
    let due = found["next_attempt_at"].as_str().unwrap().to_owned();
    assert_eq!(found["state"], "pending");
    assert!(due >= begun.plus(Duration::from_mins(10)).to_string(), "{due}");
    let explained = client.get(&format!("/v1/events/{}/explain", found["event_id"].as_str().unwrap())).await.expect(200);
    assert!(explained["data"][0]["detail"].as_str().unwrap().contains(&due), "{explained:#}");

    client.post_empty(&format!("/v1/subscriptions/{subscription}/test")).await.expect(200);
    assert_eq!(sink.wait_for(1).await.len(), 1, "a test event goes at once");
    client.post_empty(&format!("/v1/deliveries/{delivery}/cancel")).await.expect(200);
    client.post_empty(&format!("/v1/deliveries/{delivery}/redeliver")).await.expect(200);
    delivery_in(client, &delivery, "delivered").await;
    assert!(arrived_at(&sink.wait_for(2).await[1]) < begun.plus(Duration::from_mins(1)));
    let replay = json!({ "after": begun.minus(Duration::from_hours(1)).to_string(), "only": "all" });
    client.post(&format!("/v1/subscriptions/{subscription}/replay"), &replay).await.expect(202);
    assert_eq!(sink.wait_for(3).await.len(), 3, "so does what is replayed");
});

on_both_databases!(a_pause_does_not_shorten_a_delay, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &sink, 0).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    let due = in_ms(900);
    client.post_event(&event("1", Some(due))).await.expect(202);
    client.post_empty(&format!("/v1/subscriptions/{subscription}/resume")).await.expect(200);
    assert_on_time(&sink.wait_for(1).await[0], due);
});

on_both_databases!(an_explanation_says_until_when_an_event_would_be_held_back, async |server| {
    let client = &server.client;
    let due = in_ms(600_000);
    let draft = json!({ "config": { "delay_ms": 1_200_000 } });
    let explain = async |event: Value, draft: Option<&Value>| {
        let body = draft.map_or_else(|| json!({ "event": event }), |draft| json!({ "event": event, "subscription": draft }));
        let found = client.post("/v1/explain", &body).await.expect(200);
        found["data"][0]["detail"].as_str().unwrap().to_owned()
    };
    assert!(explain(event("1", Some(due)), Some(&json!({}))).await.contains(&format!("not before {due}")));
    assert!(explain(event("1", Some(due)), Some(&draft)).await.contains("not before"));
    assert!(!explain(event("1", Some(due)), Some(&draft)).await.contains(&due.to_string()));
    assert!(!explain(event("1", None), Some(&json!({}))).await.contains("not before"));
    client.post("/v1/subscriptions", &json!({ "sink": "http://127.0.0.1:9/" })).await.expect(201);
    assert!(explain(event("1", Some(due)), None).await.contains(&format!("not before {due}")));
});
