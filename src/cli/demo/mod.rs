//! `waypost demo`: the main job, run by itself on a temporary database.
//!
//! It starts a server and a receiver, subscribes, posts an event in each content mode, one to a receiver that fails twice and
//! one to a receiver that is down until its dead letter is redriven. It succeeds only if all of it held, each signature included.

mod client;
mod receiver;
mod timeline;

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::app::App;
use crate::config::{Config, Source, load};
use client::Client;
use receiver::{Arrival, Receiver};
use timeline::Timeline;

/// How long any one step may take before the demonstration has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// The key of the demonstration's own server, which is reachable from this machine only and gone in a moment.
const KEY: &str = "wp_demonstration_only_0000";

pub(super) async fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let app = App::start(config(&folder.path().join("demo.db").display().to_string())?).await?;
    let base = format!("http://{}", app.address());
    let timeline = Timeline::start();
    timeline.say(&format!("waypost   listening on {base}, on a temporary SQLite database"));
    let held = story(&base, &timeline).await;
    app.stop().await;
    timeline.say("waypost   stopped");
    held?;
    timeline.say("all of it held");
    Ok(())
}

fn config(path: &str) -> anyhow::Result<Config> {
    let flags = [
        ("server.listen", "127.0.0.1:0".to_owned()),
        ("database.url", format!("sqlite://{path}")),
        ("egress.allow", "127.0.0.0/8".to_owned()),
        ("auth.bootstrap_key", KEY.to_owned()),
        ("log.filter", "error".to_owned()),
    ];
    let flags = flags.into_iter().map(|(setting, value)| (setting.to_owned(), value)).collect();
    let config = load(&Source { flags, ..Source::default() })?;
    crate::telemetry::start(&config.log)?;
    Ok(config)
}

async fn story(base: &str, timeline: &Timeline) -> anyhow::Result<()> {
    let client = Client::new(base, KEY)?;
    let mut receiver = Receiver::start(timeline.clone()).await?;
    timeline.say(&format!("receiver  listening on {}", receiver.base()));

    for (path, types, schedule_ms) in [
        ("/shop", json!(["demo.order.created", "demo.order.paid", "demo.order.shipped"]), json!([0, 1000])),
        ("/flaky", json!(["demo.flaky"]), json!([0, 100, 200, 400])),
        ("/down", json!(["demo.down"]), json!([0, 100])),
    ] {
        let sink = format!("{}{path}", receiver.base());
        let subscription =
            json!({ "sink": sink, "types": types, "config": { "retry": { "schedule_ms": schedule_ms, "jitter": 0.0 } } });
        let created = client.post("/v1/subscriptions", &subscription).await?;
        let secret = created["secret"].as_str().context("a new subscription shows its secret")?;
        receiver.trust(path, secret);
        timeline.say(&format!("subscribed {path} to {types} as {}", created["id"].as_str().unwrap_or_default()));
    }
    every_content_mode(&client, &mut receiver, timeline).await?;
    a_receiver_that_fails_twice(&client, &mut receiver, timeline).await?;
    a_receiver_that_is_down(&client, &mut receiver, timeline).await
}

async fn every_content_mode(client: &Client, receiver: &mut Receiver, timeline: &Timeline) -> anyhow::Result<()> {
    let order = |name: &str| client::event(name, "/demo/orders", json!({ "order": 1042, "total": 99.5 }));
    let posted = [
        said(timeline, "binary", client.post_binary(&order("demo.order.created")?).await?),
        said(timeline, "structured", client.post_structured(&order("demo.order.paid")?).await?),
        said(timeline, "batched", client.post_batch(&[order("demo.order.shipped")?]).await?),
    ];
    for _ in &posted {
        let arrival = receiver.next(PATIENCE).await?;
        ensure!(arrival.is_verified && posted.contains(&arrival.event_id), "an unexpected delivery: {arrival:?}");
    }
    Ok(())
}

fn said(timeline: &Timeline, mode: &str, id: String) -> String {
    timeline.say(&format!("accepted  {mode:<10} {id}"));
    id
}

async fn a_receiver_that_fails_twice(client: &Client, receiver: &mut Receiver, timeline: &Timeline) -> anyhow::Result<()> {
    receiver.fail_next("/flaky", 2);
    let id = client.post_structured(&client::event("demo.flaky", "/demo", json!({ "patience": true }))?).await?;
    timeline.say(&format!("accepted  for a receiver that fails twice: {id}"));
    for (attempt, status) in [(1, 500), (2, 500), (3, 200)] {
        let arrival = receiver.next(PATIENCE).await?;
        let expected = Arrival { path: "/flaky".into(), event_id: id.clone(), attempt, is_verified: true, status };
        ensure!(arrival == expected, "expected {expected:?}, saw {arrival:?}");
    }
    client.wait_for(&id, "delivered", PATIENCE).await?;
    Ok(())
}

async fn a_receiver_that_is_down(client: &Client, receiver: &mut Receiver, timeline: &Timeline) -> anyhow::Result<()> {
    receiver.fail_next("/down", usize::MAX);
    let id = client.post_structured(&client::event("demo.down", "/demo", json!({ "lost": false }))?).await?;
    timeline.say(&format!("accepted  for a receiver that is down: {id}"));
    for attempt in [1, 2] {
        let arrival = receiver.next(PATIENCE).await?;
        ensure!(arrival.attempt == attempt && arrival.status == 500, "an unexpected delivery: {arrival:?}");
    }
    client.wait_for(&id, "dead_lettered", PATIENCE).await?;
    let letters = client.get("/v1/dead-letters").await?;
    let reason = letters["data"][0]["reason"].as_str().unwrap_or_default().to_owned();
    ensure!(letters["data"][0]["event_id"] == id.as_str(), "the dead letter is not listed");
    timeline.say(&format!("dead      {id}: {reason}"));

    receiver.fail_next("/down", 0);
    timeline.say("receiver  /down is up again; redriving its dead letters");
    let redriven = client.post("/v1/dead-letters/redrive?reason=exhausted", &Value::Null).await?;
    ensure!(redriven["count"] == 1, "one dead letter should have been redriven: {redriven}");
    let arrival = receiver.next(PATIENCE).await?;
    let expected = Arrival { path: "/down".into(), event_id: id.clone(), attempt: 3, is_verified: true, status: 200 };
    ensure!(arrival == expected, "expected {expected:?}, saw {arrival:?}");
    client.wait_for(&id, "delivered", PATIENCE).await
}
