//! What a sink sees of a replay.

use serde_json::{Value, json};
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::signature::{SigningKey, verify};

use super::{ended, eventually, post, replay, settled, subscribe, to};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::{Received, Reply, Sink};

/// Whether a request is signed by the subscription's secret, over the bytes that came.
async fn verified(client: &Client, subscription: &str, request: &Received) -> bool {
    let secrets = client.get(&format!("/v1/subscriptions/{subscription}/secrets")).await.expect(200);
    let secret = secrets["data"][0]["secret"].as_str().unwrap().to_owned();
    let key = SigningKey::parse(&secret).unwrap();
    let header = |name: &str| request.header(name).unwrap();
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    verify(&[key], id, timestamp, signature, &request.body, SystemClock.now()).is_ok()
}

on_both_databases!(a_backfilled_event_arrives_signed_as_itself_and_says_which_replay_brought_it, async |server| {
    let client = &server.client;
    let event = post(client, "1", "com.example.a").await;
    let sink = Sink::answering(204).await;
    // Created after the event: this is what it missed.
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let job = replay(client, &subscription, json!({})).await;
    let request = sink.wait_for(1).await.remove(0);
    assert_eq!(request.header("webhook-id"), Some(event.as_str()));
    assert_eq!(request.header("waypost-replay"), Some(job.as_str()));
    assert_eq!(request.header("waypost-redelivery"), None);
    assert!(verified(client, &subscription, &request).await);
    settled(client, &subscription).await;
    let deliveries = client.get(&format!("/v1/deliveries?event_id={event}")).await.expect(200);
    assert_eq!((&deliveries["data"][0]["replay_job_id"], &deliveries["data"][0]["state"]), (&json!(job), &json!("delivered")));
    ended(client, &job, "completed").await;
});

on_both_databases!(every_attempt_of_a_replayed_delivery_says_so_and_a_plain_redelivery_says_that, async |server| {
    let client = &server.client;
    let sink = Sink::start(|number, _| Reply::status(if number == 1 { 500 } else { 204 })).await;
    let mut body = to(&sink.url("/"));
    body["config"] = json!({ "retry": { "schedule_ms": [0, 20], "jitter": 0.0 } });
    let subscription = subscribe(client, &body).await;
    let event = post(client, "1", "com.example.a").await;
    sink.wait_for(1).await;
    settled(client, &subscription).await;
    let job = replay(client, &subscription, json!({ "only": "all" })).await;
    sink.wait_for(3).await;
    settled(client, &subscription).await;
    let delivery = client.get(&format!("/v1/deliveries?event_id={event}")).await.expect(200)["data"][0].clone();
    let redeliver = format!("/v1/deliveries/{}/redeliver", delivery["id"].as_str().unwrap());
    assert_eq!(client.post_empty(&redeliver).await.expect(200)["replay_job_id"], Value::Null);
    let requests = sink.wait_for(4).await;
    let told = |name: &str| requests.iter().map(|request| request.header(name).map(str::to_owned)).collect::<Vec<_>>();
    let replayed = Some(job.clone());
    assert_eq!(told("waypost-replay"), [None, replayed.clone(), replayed, None]);
    assert_eq!(told("waypost-redelivery"), [None, None, None, Some("true".to_owned())]);
    assert_eq!(told("webhook-id"), vec![Some(event); 4]);
    assert_eq!(told("waypost-attempt"), ["1", "2", "3", "4"].map(|number| Some(number.to_owned())));
    assert!(requests.iter().all(|request| request.body == requests[0].body));
});

on_both_databases!(a_replay_is_seen_in_the_metrics, async |server| {
    let client = &server.client;
    post(client, "1", "com.example.a").await;
    post(client, "2", "org.example.other").await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let job = replay(client, &subscription, json!({})).await;
    ended(client, &job, "completed").await;
    let text = String::from_utf8(client.get("/metrics").await.body.to_vec()).unwrap();
    for line in [
        "waypost_replay_events_total 2",
        "waypost_replay_deliveries_total{how=\"created\"} 1",
        "waypost_replay_deliveries_total{how=\"reopened\"} 0",
    ] {
        assert!(text.contains(line), "{line} is missing");
    }
    eventually(client, &format!("/v1/jobs?state=completed&subscription_id={subscription}"), |page| page["data"][0]["id"] == job)
        .await;
});
