//! The real binary on two databases, killed under load and started again.

use serde_json::json;

use super::{Databases, on_two_databases};
use crate::promises::{Administrator, SHORT_LEASES, all_arrive};
use crate::support::client::Client;
use crate::support::load::Load;
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;

on_two_databases!(nothing_accepted_on_either_database_is_lost_by_a_kill, async |databases: Databases| {
    let settings = [SHORT_LEASES.as_slice(), &[("WAYPOST_DATABASE__SHARDS", databases.0[1].url())]].concat();
    let start = || Process::start(databases.0[0].url(), &settings);
    let mut process = start();
    let client = Client::new(process.base(), KEY);
    let sinks = [Sink::answering(204).await, Sink::answering(204).await];
    let mut loads = Vec::new();
    for (shard, sink) in sinks.iter().enumerate() {
        let name = format!("on-{shard}");
        client.post("/v1/tenants", &json!({ "name": name, "shard": shard })).await.expect(201);
        let client = client.in_tenant(&name);
        client.post("/v1/subscriptions", &json!({ "sink": sink.url("/"), "types": [name] })).await.expect(201);
        let key = json!({ "name": name, "scopes": ["events:write"], "reach": "tenant" });
        let key = client.post("/v1/api-keys", &key).await.expect(201);
        loads.push(Load::start(process.base(), key["key"].as_str().unwrap(), &name, 4));
    }
    for _ in 0..3 {
        for load in &loads {
            load.accept_more(30).await;
        }
        process.kill();
        process = start();
        for load in &loads {
            load.redirect(process.base());
        }
    }
    let administrator = Administrator::of(process.base());
    for (load, sink) in loads.into_iter().zip(&sinks) {
        load.accept_more(30).await;
        all_arrive(sink, &load.finish().await, &administrator).await;
    }
    assert_eq!(process.stop(), 0);
});
