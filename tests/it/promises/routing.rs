//! Promise 6: an event posted after a change to a subscription was answered is routed by it, on every node.

use serde_json::{Value, json};

use super::{Administrator, SHORT_LEASES, on_both_databases};
use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::sink::Sink;

on_both_databases!(routing_never_lags_behind_a_change_on_any_node, async |database: Database| {
    let sink = Sink::answering(200).await;
    let first = Process::start(database.url(), &SHORT_LEASES);
    let second = database.path().is_none().then(|| Process::start(database.url(), &SHORT_LEASES));
    let here = Administrator::of(first.base());
    let there = Administrator::of(second.as_ref().map_or(first.base(), Process::base));
    let deliveries = async |id: String| there.publish(&id, "lag").await["deliveries"].clone();
    for round in 0..20 {
        let id = here.subscribe(&sink.url("/"), "lag", json!({})).await;
        assert_eq!(deliveries(format!("{round} created")).await, 1);
        let path = format!("/v1/subscriptions/{id}");
        let changed = here.http.patch(format!("{}{path}", here.base)).json(&json!({ "types": ["other"] }));
        here.answer(changed).await;
        assert_eq!(deliveries(format!("{round} changed")).await, 0);
        let changed = here.http.patch(format!("{}{path}", here.base)).json(&json!({ "types": ["lag"] }));
        here.answer(changed).await;
        here.post(&format!("{path}/pause"), &Value::Null).await;
        assert_eq!(deliveries(format!("{round} paused")).await, 1, "a paused subscription collects");
        here.delete(&path).await;
        assert_eq!(deliveries(format!("{round} deleted")).await, 0);
    }
});
