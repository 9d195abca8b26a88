//! Content modes, receipts, and what is no event.

use reqwest::Method;
use serde_json::json;

use super::wire::Wire;
use super::{BATCHED, STRUCTURED, event};
use crate::support::server::on_both_databases;

/// The `ce-` headers of an event.
const ATTRIBUTES: [(&str, &str); 4] =
    [("ce-specversion", "1.0"), ("ce-id", "b-1"), ("ce-source", "/tests"), ("ce-type", "com.example.test")];

on_both_databases!(event_is_accepted_in_every_content_mode, async |server| {
    let receipt = server.client.post_event(&event("s-1")).await.expect(202);
    assert_eq!((&receipt["duplicate"], &receipt["deliveries"]), (&json!(false), &json!(0)));

    let answer = server.client.send(Method::POST, "/v1/events", &ATTRIBUTES, "any bytes").await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("ce-")));
    assert!(answer.expect(202)["id"].as_str().unwrap().starts_with("evt_"));

    let batch = json!([event("1"), event("2"), event("1")]).to_string();
    let receipts = server.client.send(Method::POST, "/v1/events", &[BATCHED], batch).await.expect(202);
    let data = receipts["data"].as_array().unwrap();
    assert_eq!(data.iter().map(|receipt| receipt["duplicate"].as_bool().unwrap()).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(data[0]["id"], data[2]["id"]);
});

on_both_databases!(event_key_posted_again_is_answered_with_the_first_identifier, async |server| {
    let first = server.client.post_event(&event("again")).await.expect(202);
    let second = server.client.post_event(&event("again")).await.expect(202);
    assert_eq!(second, json!({ "id": first["id"], "duplicate": true, "deliveries": 0 }));
});

on_both_databases!(empty_batch_is_accepted_and_stores_nothing, async |server| {
    let receipts = server.client.send(Method::POST, "/v1/events", &[BATCHED], "[]").await.expect(202);
    assert_eq!(receipts, json!({ "data": [] }));
});

on_both_databases!(one_bad_event_refuses_the_whole_batch_and_is_named, async |server| {
    let batch = json!([event("good"), { "specversion": "1.0", "source": "/tests", "type": "t" }]).to_string();
    let answer = server.client.send(Method::POST, "/v1/events", &[BATCHED], batch).await;
    assert_eq!(answer.problem(400), ("invalid_event".into(), "/1/id".into()));
    assert_eq!(server.client.get("/v1/events").await.expect(200)["data"], json!([]));
});

on_both_databases!(content_mode_follows_the_content_type_alone, async |server| {
    let mut headers = ATTRIBUTES.to_vec();
    headers.push(STRUCTURED);
    let answer = server.client.send(Method::POST, "/v1/events", &headers, event("in-the-body").to_string()).await;
    let id = answer.expect(202)["id"].as_str().unwrap().to_owned();
    let stored = server.client.get(&format!("/v1/events/{id}/cloudevent")).await.expect(200);
    assert_eq!(stored["id"], "in-the-body");
});

// HR-7, CE-2: names in any case are one name, so the second one is one too many.
on_both_databases!(header_names_are_read_in_any_case_and_may_come_once, async |server| {
    let head = "CE-SpecVersion: 1.0\r\nCe-Id: shouted\r\ncE-sOURCE: /tests\r\nCE-TYPE: com.example.test\r\n";
    for (further, status, code) in
        [("", "202 Accepted", "\"duplicate\":false"), ("ce-ID: 2\r\n", "400 Bad Request", "invalid_event")]
    {
        let mut wire = Wire::post(server, &format!("{head}{further}Content-Length: 1\r\n")).await;
        wire.send("x").await;
        let answer = wire.until(code).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
    }
});

on_both_databases!(format_that_is_not_understood_is_415_and_says_what_is, async |server| {
    for content_type in ["application/json", "application/cloudevents+avro", "application/cloudevents+json; charset=utf-16"] {
        let answer = server.client.send(Method::POST, "/v1/events", &[("content-type", content_type)], "{}").await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains("application/cloudevents-batch+json"), "{content_type}: {text}");
        assert_eq!(answer.problem(415), ("unsupported_media_type".into(), "Content-Type".into()), "{content_type}");
    }
});

on_both_databases!(incomplete_binary_event_is_400_at_the_header_that_is_missing, async |server| {
    let answer = server.client.send(Method::POST, "/v1/events", &ATTRIBUTES[..3], "{}").await;
    assert_eq!(answer.problem(400), ("invalid_event".into(), "ce-type".into()));
});

on_both_databases!(address_that_does_not_exist_is_a_problem_and_other_methods_are_405, async |server| {
    let answer = server.client.get("/v1/event").await;
    assert_eq!(answer.problem(404).0, "not_found");
    let answer = server.client.delete("/v1/events").await;
    let allowed = answer.header("allow").unwrap().to_owned();
    assert!(allowed.contains("POST") && allowed.contains("OPTIONS"), "{allowed}");
    assert_eq!(answer.problem(405).0, "method_not_allowed");
});
