//! Promises 3 and 5: every attempt sends the bytes that were posted, under one `webhook-id`.

use serde_json::json;

use super::{Administrator, on_both_databases};
use crate::support::database::Database;
use crate::support::process::{KEY, Process};
use crate::support::sink::{Reply, Sink};

/// Nothing here survives a JSON tree: key order, number spelling, white space, escapes, an offset in `time`.
const SPELLED: &str = r#"{ "specversion":"1.0" ,"type":"bytes", "source":"/a%20b", "id":"\u0041-1","time":"2026-01-01T10:00:00.120000000000+02:00",
  "zext" : 007e0, "data": {"z":1.0,"a":12345678901234567890123, "e":1e2,"s":"\u00e9\/"} }"#;

on_both_databases!(every_attempt_sends_the_bytes_that_were_posted, async |database: Database| {
    let sink = Sink::start(|number, _| Reply::status(if number < 2 { 500 } else { 200 })).await;
    let process = Process::start(database.url(), &[]);
    let administrator = Administrator::of(process.base());
    let retry = json!({ "schedule_ms": [0, 50, 50], "jitter": 0.0 });
    administrator.subscribe(&sink.url("/"), "bytes", json!({ "retry": retry })).await;
    let spelled = SPELLED.replace("007e0", "7");
    let accepted = administrator.publish_bytes("application/cloudevents+json", spelled.clone()).await;
    let received = sink.wait_for(3).await;
    for (number, request) in received.iter().enumerate() {
        assert_eq!(request.body, spelled.as_bytes(), "attempt {}", number + 1);
        assert_eq!(request.header("webhook-id"), accepted["id"].as_str());
        assert_eq!(request.header("waypost-attempt"), Some((number + 1).to_string().as_str()));
    }
    let path = format!("{}/v1/events/{}/cloudevent", process.base(), accepted["id"].as_str().expect("an identifier"));
    let kept = administrator.http.get(path).bearer_auth(KEY).send().await.expect("an answer").text().await.expect("text");
    assert_eq!(kept, spelled);
});

on_both_databases!(binary_data_arrives_byte_for_byte, async |database: Database| {
    let sink = Sink::answering(200).await;
    let process = Process::start(database.url(), &[]);
    let administrator = Administrator::of(process.base());
    administrator.subscribe(&sink.url("/"), "bytes", json!({ "content_mode": "binary" })).await;
    let data: Vec<u8> = (0..=255).collect();
    let request = administrator.http.post(format!("{}/v1/events", process.base())).body(data.clone());
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-type", "bytes"),
        ("ce-source", "/a"),
        ("ce-subject", "Euro%20%E2%82%AC"),
        ("content-type", "application/octet-stream; x=Y"),
    ];
    administrator.answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await;
    let received = &sink.wait_for(1).await[0];
    assert_eq!(received.body, data);
    for (name, value) in headers {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
});
