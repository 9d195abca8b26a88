//! Promise 9, and what somebody needs at three in the morning: the log follows an event by its identifier and shows no secret.

use std::io::{Read, Seek};

use serde_json::{Value, json};

use super::{Administrator, on_both_databases};
use crate::support::database::Database;
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

const TOKEN: &str = "token-of-the-sink-0123456789";
const VERBOSE: [(&str, &str); 2] = [("WAYPOST_LOG__FILTER", "debug"), ("WAYPOST_LOG__FORMAT", "json")];

on_both_databases!(the_log_follows_an_event_by_its_identifier_and_shows_no_secret, async |database: Database| {
    let mut log = tempfile::tempfile().expect("a file for the log");
    let process = Process::start_logging(database.url(), &VERBOSE, log.try_clone().expect("the same file"));
    let sink = Sink::start(|number, _| Reply::status(if number == 0 { 500 } else { 204 })).await;
    let administrator = Administrator::of(process.base());
    let subscription = json!({
        "sink": sink.url("/hooks?key=of-the-query-0123456789"), "types": ["logged"],
        "sinkcredential": { "credentialtype": "ACCESSTOKEN", "accesstoken": TOKEN, "accesstokentype": "Bearer",
                            "accesstokenexpiresutc": "2999-01-01T00:00:00Z" },
        "config": { "retry": { "schedule_ms": [0, 20], "jitter": 0.0 } },
    });
    let created = administrator.post("/v1/subscriptions", &subscription).await;
    let accepted = administrator.publish("1", "logged").await;
    administrator.publish("1", "logged").await;
    administrator.wait_for_state(created["id"].as_str().expect("an identifier"), "delivered", 1).await;
    assert_eq!(process.stop(), 0);

    let mut text = String::new();
    log.rewind().expect("the file can be read from its beginning");
    log.read_to_string(&mut text).expect("the log is text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let of_event = lines.iter().filter(|line| line["fields"]["event_id"] == accepted["id"]);
    let mut told: Vec<_> = of_event.map(|line| line["fields"]["message"].as_str().expect("a line says what happened")).collect();
    told.sort_unstable();
    assert_eq!(told, ["accepted", "attempt failed", "delivered", "duplicate"]);
    let secret = created["secret"].as_str().expect("a new subscription shows its secret");
    for secret in [KEY, TOKEN, secret, secret.trim_start_matches("whsec_"), "of-the-query-0123456789"] {
        assert!(!text.contains(secret), "the log shows {secret}");
    }
});
