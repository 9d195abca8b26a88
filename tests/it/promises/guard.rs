//! Promise 9: a sink can't reach what the operator did not allow.

use serde_json::json;

use super::{Administrator, on_both_databases};
use crate::support::database::Database;
use crate::support::process::Process;
use crate::support::sink::Sink;

on_both_databases!(sinks_inside_the_house_are_not_reached, async |database: Database| {
    let inside = Sink::answering(200).await;
    let port = inside.authority().rsplit_once(':').map(|(_, port)| port.to_owned()).expect("a port");
    // One address that is allowed, so that the setting is seen to be no switch for all of loopback.
    let process = Process::start(database.url(), &[("WAYPOST_EGRESS__ALLOW", "127.0.0.9/32")]);
    let administrator = Administrator::of(process.base());
    let once = json!({ "retry": { "schedule_ms": [0], "jitter": 0.0 } });
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
    ];
    for host in hosts {
        administrator.subscribe(&format!("http://{host}:{port}/"), "inside", once.clone()).await;
    }
    let accepted = administrator.publish("1", "inside").await;
    assert_eq!(accepted["deliveries"], hosts.len());
    let event = accepted["id"].as_str().expect("an identifier");
    let path = format!("/v1/deliveries?event_id={event}&state=dead_lettered");
    let dead = loop {
        let dead = administrator.get(&path).await["data"].as_array().cloned().unwrap_or_default();
        if dead.len() == hosts.len() {
            break dead;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(dead.iter().all(|delivery| delivery["last_error_class"] == "blocked"), "{dead:?}");
    assert!(inside.received().is_empty(), "a blocked sink sees no request");
});
