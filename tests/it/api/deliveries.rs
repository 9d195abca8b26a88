//! Events as they are read, deliveries, dead letters and mending them by hand.

use reqwest::Method;
use serde_json::{Value, json};

use super::{event, eventually, post, subscribe, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::{Reply, Sink};

on_both_databases!(event_is_read_byte_for_byte, async |server| {
    let client = &server.client;
    let posted = "{\"specversion\":\"1.0\", \"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"flag\":true,\"count\":7,\n \
                  \"data\":{\"b\": 1.0,  \"a\":[1e2, \"\\u00fc\"]}}";
    let headers = [("content-type", "application/cloudevents+json")];
    let id = client.send(Method::POST, "/v1/events", &headers, posted).await.expect(202)["id"].as_str().unwrap().to_owned();
    let answer = client.get(&format!("/v1/events/{id}")).await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains("\"data\":{\"b\": 1.0,  \"a\":[1e2, \"\\u00fc\"]}"), "{text}");
    let read = answer.expect(200);
    let attributes = json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "flag": true, "count": 7 });
    assert_eq!((&read["attributes"], &read["deliveries"]), (&attributes, &json!([])));

    let whole = client.get(&format!("/v1/events/{id}/cloudevent")).await;
    assert!(whole.header("content-type").unwrap().starts_with("application/cloudevents+json"));
    assert_eq!(whole.body, posted);
});

on_both_databases!(data_that_is_no_json_is_text_or_base64, async |server| {
    let client = &server.client;
    let read = async |id: &str, content_type: &str, body: &'static [u8]| -> Value {
        let headers =
            [("ce-specversion", "1.0"), ("ce-id", id), ("ce-source", "/s"), ("ce-type", "t"), ("content-type", content_type)];
        let accepted = client.send(Method::POST, "/v1/events", &headers, body).await.expect(202);
        client.get(&format!("/v1/events/{}", accepted["id"].as_str().unwrap())).await.expect(200)
    };
    assert_eq!(read("1", "application/octet-stream", b"\xFF\x00").await["data_base64"], "/wA=");
    assert_eq!(read("2", "application/json", b"[1, 2]").await["data"], json!([1, 2]));
});

/// Waits until the only delivery of an event is in `state`.
async fn delivery(client: &Client, event_id: &str, state: &str) -> Value {
    let path = format!("/v1/deliveries?event_id={event_id}");
    let page = eventually(client, &path, |page| page["data"][0]["state"] == state).await;
    let id = page["data"][0]["id"].as_str().unwrap();
    client.get(&format!("/v1/deliveries/{id}")).await.expect(200)
}

on_both_databases!(dead_delivery_is_redelivered_with_its_history, async |server| {
    let sink = Sink::start(|number, _| match number {
        0 => Reply::Answer(500, vec![("x-shop", "closed".into())], "come back".into()),
        _ => Reply::status(204),
    });
    let sink = sink.await;
    let client = &server.client;
    subscribe(client, &to(&sink.url("/"))).await;
    let event_id = post(client, "1").await;
    let dead = delivery(client, &event_id, "dead_lettered").await;
    assert_eq!((&dead["reason"], &dead["last_status"]), (&json!("exhausted"), &json!(500)));
    let attempt = &dead["attempts"][0];
    assert_eq!((&attempt["number"], &attempt["status"], &attempt["verdict"]), (&json!(1), &json!(500), &json!("dead")));
    assert_eq!((&attempt["response_body"], &attempt["is_body_base64"]), (&json!("come back"), &json!(false)));
    assert!(attempt["response_headers"].as_array().unwrap().contains(&json!({ "name": "x-shop", "value": "closed" })));

    let path = format!("/v1/deliveries/{}", dead["id"].as_str().unwrap());
    let opened = client.post_empty(&format!("{path}/redeliver")).await.expect(200);
    assert_eq!(opened["budget_attempt_count"], 0);
    let delivered = delivery(client, &event_id, "delivered").await;
    assert_eq!((&delivered["attempt_count"], &delivered["budget_attempt_count"]), (&json!(2), &json!(1)));
    assert_eq!(delivered["attempts"].as_array().unwrap().len(), 2);
    let in_event = client.get(&format!("/v1/events/{event_id}")).await.expect(200);
    assert_eq!(in_event["deliveries"][0]["state"], "delivered");
});

on_both_databases!(waiting_delivery_is_cancelled_once, async |server| {
    let client = &server.client;
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    let event_id = post(client, "1").await;
    let waiting = delivery(client, &event_id, "pending").await;
    let path = format!("/v1/deliveries/{}", waiting["id"].as_str().unwrap());
    assert_eq!(client.post_empty(&format!("{path}/redeliver")).await.problem(409).0, "conflict");
    assert_eq!(client.post_empty(&format!("{path}/cancel")).await.expect(200)["state"], "cancelled");
    assert_eq!(client.post_empty(&format!("{path}/cancel")).await.problem(409).0, "conflict");
    assert_eq!(client.get("/v1/deliveries?state=cancelled").await.expect(200)["data"].as_array().unwrap().len(), 1);
});

/// Two subscriptions whose sinks refuse, and three events: six dead letters.
async fn six_dead_letters(client: &Client, sink: &Sink) -> (String, String) {
    let (first, second) = (subscribe(client, &to(&sink.url("/1"))).await, subscribe(client, &to(&sink.url("/2"))).await);
    for id in ["1", "2", "3"] {
        client.post_event(&event(id)).await.expect(202);
    }
    eventually(client, "/v1/dead-letters", |page| page["data"].as_array().unwrap().len() == 6).await;
    (first, second)
}

on_both_databases!(dead_letters_are_counted_redriven_and_purged, async |server| {
    let sink = Sink::start(|number, _| Reply::status(if number < 6 { 500 } else { 204 })).await;
    let client = &server.client;
    let (first, second) = six_dead_letters(client, &sink).await;
    let groups = client.get("/v1/dead-letters?group_by=subscription,reason").await.expect(200);
    let counted: Vec<(&Value, &Value)> =
        groups["data"].as_array().unwrap().iter().map(|group| (&group["count"], &group["reason"])).collect();
    assert_eq!(counted, [(&json!(3), &json!("exhausted")); 2]);
    assert_eq!(client.get("/v1/dead-letters?group_by=reason&cursor=x").await.problem(400).1, "cursor");

    let of = |verb: &str, id: &str, more: &str| format!("/v1/dead-letters{verb}?subscription_id={id}{more}");
    let redrive = of("/redrive", &first, "&dry_run=true");
    assert_eq!(client.post_empty(&redrive).await.expect(200), json!({ "count": 3, "dry_run": true }));
    let redrive = of("/redrive", &first, "&limit=2");
    assert_eq!(client.post_empty(&redrive).await.expect(200), json!({ "count": 2, "dry_run": false }));
    sink.wait_for(8).await;
    let redrive = of("/redrive", &first, "");
    assert_eq!(client.post_empty(&redrive).await.expect(200)["count"], 1);

    assert_eq!(client.delete("/v1/dead-letters").await.problem(400).1, "all");
    assert_eq!(client.delete(&of("", &second, "&dry_run=true")).await.expect(200)["count"], 3);
    assert_eq!(client.delete(&of("", &second, "&reason=gone")).await.expect(200)["count"], 0);
    assert_eq!(client.delete(&of("", &second, "")).await.expect(200), json!({ "count": 3, "dry_run": false }));
    assert_eq!(client.get("/v1/dead-letters").await.expect(200)["data"], json!([]));
});
