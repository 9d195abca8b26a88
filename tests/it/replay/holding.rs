//! The pace of a replay, and holding and ending it by hand.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ended, job, post, post_many, replay, settled, subscribe, to, wait_for_job, wait_for_state};
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

fn opened(job: &Value) -> u64 {
    job["progress"]["created"].as_u64().unwrap() + job["progress"]["reopened"].as_u64().unwrap()
}

on_both_databases!(a_replay_keeps_to_its_rate, async |server| {
    let client = &server.client;
    post_many(client, "past", "com.example.a", 25).await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    // Not before this node knows the subscription: it keeps what it does not know for a second.
    post(client, "live", "com.example.a").await;
    sink.wait_for(1).await;
    // Ten a second, in strides of half a second: five at once.
    let id = replay(client, &subscription, json!({ "rate_per_second": 10 })).await;
    ended(client, &id, "completed").await;
    let mut arrivals: Vec<_> = sink.wait_for(26).await.into_iter().skip(1).map(|request| request.at).collect();
    arrivals.sort_unstable();
    for (first, &from) in arrivals.iter().enumerate() {
        let within = arrivals[first..].iter().take_while(|at| **at - from < Duration::from_millis(900)).count();
        // A stride that was late and one that was not: at most one more than the rate allows.
        assert!(within <= 15, "{within} arrived within a second");
    }
    assert!(*arrivals.last().unwrap() - arrivals[0] >= Duration::from_millis(1500), "25 at 10 a second take two seconds");
});

on_both_databases!(a_paused_replay_stands_still_and_goes_on_where_it_was, async |server| {
    let client = &server.client;
    post_many(client, "past", "com.example.a", 40).await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let id = replay(client, &subscription, json!({ "rate_per_second": 8 })).await;
    wait_for_job(client, &id, |job| opened(job) > 0).await;
    let paused = client.post_empty(&format!("/v1/jobs/{id}/pause")).await.expect(200);
    assert_eq!(paused["state"], "paused");
    settled(client, &subscription).await;
    let held = opened(&job(client, &id).await);
    assert!((1..40).contains(&held), "{held}");
    // What the rate would have opened meanwhile is not opened, now or later.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!((opened(&job(client, &id).await), sink.received().len() as u64), (held, held));
    assert_eq!(client.post_empty(&format!("/v1/jobs/{id}/pause")).await.expect(200)["state"], "paused", "it is paused already");
    assert_eq!(client.post_empty(&format!("/v1/jobs/{id}/resume")).await.expect(200)["state"], "running");
    let next = wait_for_job(client, &id, |job| opened(job) > held).await;
    assert!(opened(&next) <= held + 8, "it did not make up for the pause: {next:#}");
    let done = ended(client, &id, "completed").await;
    assert_eq!(opened(&done), 40);
    wait_for_state(client, &subscription, "delivered", 40).await;
    assert_eq!(sink.received().len(), 40, "each arrived once");
});

on_both_databases!(pausing_again_and_again_does_not_hasten_a_replay, async |server| {
    let client = &server.client;
    post_many(client, "past", "com.example.a", 40).await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let id = replay(client, &subscription, json!({ "rate_per_second": 1 })).await;
    wait_for_job(client, &id, |job| opened(job) > 0).await;
    for _ in 0..20 {
        client.post_empty(&format!("/v1/jobs/{id}/pause")).await.expect(200);
        client.post_empty(&format!("/v1/jobs/{id}/resume")).await.expect(200);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = opened(&job(client, &id).await);
    assert!(after <= 5, "{after} were opened at one a second");
});

on_both_databases!(a_cancelled_replay_opens_nothing_more_and_can_not_be_resumed, async |server| {
    let client = &server.client;
    post_many(client, "past", "com.example.a", 40).await;
    let sink = Sink::answering(204).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let id = replay(client, &subscription, json!({ "rate_per_second": 8 })).await;
    wait_for_job(client, &id, |job| opened(job) > 0).await;
    let cancelled = client.post_empty(&format!("/v1/jobs/{id}/cancel")).await.expect(200);
    assert_eq!(cancelled["state"], "cancelled");
    let held = opened(&ended(client, &id, "cancelled").await);
    // What was opened is delivered all the same.
    wait_for_state(client, &subscription, "delivered", usize::try_from(held).unwrap()).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(sink.received().len() as u64, held);
    for change in ["pause", "resume"] {
        assert_eq!(client.post_empty(&format!("/v1/jobs/{id}/{change}")).await.problem(409).0, "conflict");
    }
    assert_eq!(client.post_empty(&format!("/v1/jobs/{id}/cancel")).await.expect(200)["state"], "cancelled");
});
