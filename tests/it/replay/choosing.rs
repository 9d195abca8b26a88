//! Which events are replayed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{ask, ended, job, long_ago, post, replay, settled, subscribe, to, wait_for_job, wait_for_state};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::{Received, Reply, Sink};

/// A sink that refuses events of the type `com.example.bad` until it is mended.
async fn fickle() -> (Sink, Arc<AtomicBool>) {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let sink = Sink::start(move |_, request| {
        let is_bad = request.body.windows(15).any(|window| window == b"com.example.bad");
        Reply::status(if is_bad && !mended.load(Ordering::SeqCst) { 500 } else { 204 })
    });
    (sink.await, is_mended)
}

fn webhook_ids(requests: &[Received]) -> Vec<String> {
    requests.iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect()
}

/// What a dry run says, then what the replay did; they must be the same.
async fn foretold_and_done(client: &Client, subscription: &str, only: &str) -> Value {
    let foretold = ask(client, subscription, json!({ "only": only, "dry_run": true }), 200).await;
    assert_eq!((&foretold["dry_run"], &foretold["is_complete"]), (&json!(true), &json!(true)));
    let id = replay(client, subscription, json!({ "only": only, "rate_per_second": 1000 })).await;
    let done = ended(client, &id, "completed").await;
    assert_eq!(done["progress"], foretold["progress"], "{only}");
    settled(client, subscription).await;
    done["progress"].clone()
}

on_both_databases!(missing_failed_and_all_take_what_they_say_and_a_dry_run_foretells_it, async |server| {
    let client = &server.client;
    let (sink, is_mended) = fickle().await;
    // Two come before the subscription, of the five after it two fail, and one more is none of its business.
    let missed = [post(client, "1", "com.example.good").await, post(client, "2", "com.example.bad").await];
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let mut good = Vec::new();
    for id in ["3", "4", "5"] {
        good.push(post(client, id, "com.example.good").await);
    }
    let bad = [post(client, "6", "com.example.bad").await, post(client, "7", "com.example.bad").await];
    post(client, "8", "org.example.other").await;
    wait_for_state(client, &subscription, "delivered", 3).await;
    wait_for_state(client, &subscription, "dead_lettered", 2).await;
    is_mended.store(true, Ordering::SeqCst);
    let mut seen = sink.received().len();
    let mut arrived = async |count: usize| {
        let all = sink.wait_for(seen + count).await;
        let new = webhook_ids(&all[seen..]);
        seen = all.len();
        assert_eq!(new.len(), count);
        new.into_iter().collect::<BTreeSet<String>>()
    };
    let set = |ids: &[&[String]]| ids.concat().into_iter().collect::<BTreeSet<String>>();

    let skipped = |progress: &Value, reason: &str| progress["skipped"][reason].as_u64().unwrap();
    let failed = foretold_and_done(client, &subscription, "failed").await;
    assert_eq!(arrived(2).await, set(&[&bad]));
    assert_eq!((&failed["looked_at"], &failed["matched"], &failed["reopened"]), (&json!(8), &json!(7), &json!(2)));
    assert_eq!((skipped(&failed, "missing"), skipped(&failed, "delivered"), skipped(&failed, "not_matching")), (2, 3, 1));

    let missing = foretold_and_done(client, &subscription, "missing").await;
    assert_eq!(arrived(2).await, set(&[&missed]));
    assert_eq!((&missing["created"], &missing["reopened"], skipped(&missing, "delivered")), (&json!(2), &json!(0), 5));

    let all = foretold_and_done(client, &subscription, "all").await;
    assert_eq!(arrived(7).await, set(&[&missed, &good, &bad]));
    assert_eq!((&all["created"], &all["reopened"], skipped(&all, "not_matching")), (&json!(0), &json!(7), 1));
    // A second replay of what is missing finds nothing: nothing is doubled.
    let again = foretold_and_done(client, &subscription, "missing").await;
    assert_eq!((&again["created"], sink.received().len()), (&json!(0), seen));
});

on_both_databases!(a_dry_run_stores_nothing, async |server| {
    let client = &server.client;
    post(client, "1", "com.example.a").await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let foretold = ask(client, &subscription, json!({ "dry_run": true }), 200).await;
    assert_eq!(foretold["progress"]["created"], 1);
    assert_eq!(client.get("/v1/jobs").await.expect(200)["data"], json!([]));
    assert_eq!(client.get("/v1/deliveries").await.expect(200)["data"], json!([]));
    assert!(sink.received().is_empty());
});

on_both_databases!(types_range_and_the_filters_of_now_narrow_a_replay, async |server| {
    let client = &server.client;
    let first = post(client, "1", "com.example.a").await;
    let second = post(client, "2", "com.example.b").await;
    let third = post(client, "3", "com.example.a").await;
    let accepted = async |id: &str| client.get(&format!("/v1/events/{id}")).await.expect(200)["accepted_at"].clone();
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let counted = async |members: Value| {
        let mut members = members;
        members["dry_run"] = json!(true);
        ask(client, &subscription, members, 200).await["progress"].clone()
    };
    let of_type = counted(json!({ "types": ["com.example.b"] })).await;
    assert_eq!((&of_type["created"], &of_type["skipped"]["other_type"]), (&json!(1), &json!(2)));
    assert_eq!(of_type["position"], third, "everything was looked at");
    let from_second = counted(json!({ "after": accepted(&second).await })).await;
    assert_eq!(from_second["created"], 2, "`after` belongs to the range");
    let until_third = counted(json!({ "before": accepted(&third).await })).await;
    assert_eq!(until_third["created"], 2, "`before` does not");

    let filters = json!({ "filters": [{ "not": { "exact": { "id": "1" } } }], "types": ["com.example.a"] });
    client.patch(&format!("/v1/subscriptions/{subscription}"), &filters).await.expect(200);
    let id = replay(client, &subscription, json!({})).await;
    let done = ended(client, &id, "completed").await;
    assert_eq!((&done["progress"]["created"], &done["progress"]["skipped"]["not_matching"]), (&json!(1), &json!(2)));
    assert_eq!(webhook_ids(&sink.wait_for(1).await), [third]);
    assert_ne!(first, second);
});

on_both_databases!(what_is_on_its_way_is_left_alone, async |server| {
    let client = &server.client;
    let sink = Sink::start(|_, _| Reply::Hang).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    post(client, "1", "com.example.a").await;
    sink.wait_for(1).await;
    let id = replay(client, &subscription, json!({ "only": "all" })).await;
    let done = ended(client, &id, "completed").await;
    assert_eq!((&done["progress"]["reopened"], &done["progress"]["skipped"]["open"]), (&json!(0), &json!(1)));
    assert_eq!(sink.received().len(), 1);
});

on_both_databases!(a_paused_subscription_collects_what_is_replayed_and_gets_it_when_it_is_resumed, async |server| {
    let client = &server.client;
    for id in ["1", "2", "3"] {
        post(client, id, "com.example.a").await;
    }
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    let id = replay(client, &subscription, json!({})).await;
    ended(client, &id, "completed").await;
    wait_for_state(client, &subscription, "pending", 3).await;
    assert!(sink.received().is_empty());
    client.post_empty(&format!("/v1/subscriptions/{subscription}/resume")).await.expect(200);
    sink.wait_for(3).await;
});

on_both_databases!(a_subscription_that_is_disabled_on_the_way_ends_its_replay_with_the_reason, async |server| {
    let client = &server.client;
    for number in 0..20 {
        post(client, &number.to_string(), "com.example.a").await;
    }
    let gone = Sink::answering(410).await;
    let subscription = subscribe(client, &to(&gone.url("/"))).await;
    // The first answer disables the subscription; at this rate there is more to come then.
    let id = replay(client, &subscription, json!({ "rate_per_second": 4 })).await;
    let failed = ended(client, &id, "failed").await;
    assert_eq!(failed["failure"], "subscription_disabled");
    assert!(failed["progress"]["created"].as_u64().unwrap() < 20);
    let body = json!({ "after": long_ago() });
    let path = format!("/v1/subscriptions/{subscription}/replay");
    assert_eq!(client.post(&path, &body).await.problem(409).0, "conflict");
    let body = json!({ "after": long_ago(), "dry_run": true });
    assert_eq!(client.post(&path, &body).await.problem(409).0, "conflict");
});

on_both_databases!(a_deleted_subscription_ends_its_replay_with_the_reason, async |server| {
    let client = &server.client;
    for number in 0..20 {
        post(client, &number.to_string(), "com.example.a").await;
    }
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let id = replay(client, &subscription, json!({ "rate_per_second": 2 })).await;
    wait_for_job(client, &id, |job| job["progress"]["created"] != 0).await;
    client.delete(&format!("/v1/subscriptions/{subscription}")).await.expect(200);
    assert_eq!(ended(client, &id, "failed").await["failure"], "subscription_deleted");
    assert_eq!(job(client, &id).await["state"], "failed");
});
