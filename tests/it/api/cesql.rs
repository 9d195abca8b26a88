//! Filters in CESQL, from the request that writes them to the events that pass.

use serde_json::{Value, json};

use super::event;
use crate::support::server::on_both_databases;
use crate::support::sink::Sink;

/// The event of `super`, with further attributes.
fn with(id: &str, attributes: &Value) -> Value {
    let mut event = event(id);
    event.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    event
}

on_both_databases!(events_that_a_cesql_filter_is_true_for_are_delivered, async |server| {
    let sink = Sink::answering(204).await;
    let client = &server.client;
    let filters = json!([{ "cesql": "severity >= 9 AND subject LIKE 'eu-%'" }]);
    let created = client.post("/v1/subscriptions", &json!({ "sink": sink.url("/"), "filters": filters })).await.expect(201);
    assert_eq!(created["filters"], json!([{ "sql": "severity >= 9 AND subject LIKE 'eu-%'" }]));
    assert!(created.get("warnings").is_none(), "{created}");
    for (id, attributes, deliveries) in [
        ("yes", json!({ "severity": 9, "subject": "eu-1" }), 1),
        ("as a string", json!({ "severity": "12", "subject": "eu-2" }), 1),
        ("too low", json!({ "severity": 8, "subject": "eu-3" }), 0),
        ("elsewhere", json!({ "severity": 9, "subject": "us-1" }), 0),
        ("no number", json!({ "severity": "high", "subject": "eu-4" }), 0),
        ("without severity", json!({ "subject": "eu-5" }), 0),
    ] {
        let receipt = client.post_event(&with(id, &attributes)).await.expect(202);
        assert_eq!(receipt["deliveries"], deliveries, "{id}");
    }
    assert_eq!(sink.wait_for(2).await.len(), 2);
});

on_both_databases!(warnings_come_with_every_answer_that_shows_the_subscription, async |server| {
    let client = &server.client;
    let doubtful = json!([{ "exact": { "type": "a" } }, { "any": [{ "sql": "NOT flag = true" }] }]);
    let created =
        client.post("/v1/subscriptions", &json!({ "sink": "https://a.example/", "filters": doubtful })).await.expect(201);
    let path = format!("/v1/subscriptions/{}", created["id"].as_str().unwrap());
    let warning = &created["warnings"][0];
    assert_eq!(warning["pointer"], "/filters/1/any/0/sql");
    let detail = warning["detail"].as_str().unwrap();
    assert!(detail.starts_with("character 10: `NOT` binds more tightly than `=`: this is `(NOT flag) = …`"), "{detail}");

    let read = client.get(&path).await.expect(200);
    assert_eq!(read["warnings"], created["warnings"]);
    assert_eq!(client.get("/v1/subscriptions").await.expect(200)["data"][0]["warnings"], created["warnings"]);
    // Written back as it was read, and not kept once there is no reason for it.
    assert_eq!(client.put(&path, &read).await.expect(200)["warnings"], created["warnings"]);
    let mended = client.patch(&path, &json!({ "filters": [{ "sql": "NOT (flag = true)" }] })).await.expect(200);
    assert!(mended.get("warnings").is_none(), "{mended}");
});

on_both_databases!(expression_that_can_not_be_read_is_refused_with_the_place, async |server| {
    let client = &server.client;
    for (expression, detail) in [
        ("type = 'a' AND", "character 15: expected a value"),
        ("NO_SUCH(type)", "character 1: there is no function `NO_SUCH`"),
        (&"(".repeat(5000), "character 4097: an expression may have at most 4096 bytes"),
        (&"(".repeat(4000), "nested more than 32 deep"),
    ] {
        let filters = json!([{ "all": [{ "sql": expression }] }]);
        let answer = client.post("/v1/subscriptions", &json!({ "sink": "https://a.example/", "filters": filters })).await;
        let document = answer.expect(400);
        let error = &document["errors"][0];
        assert_eq!((&document["code"], &error["pointer"]), (&json!("invalid_request"), &json!("/filters/0/all/0/sql")));
        assert!(error["detail"].as_str().unwrap().contains(detail), "{error}");
    }
});
