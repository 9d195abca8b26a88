//! Events of 64 KiB on the wire, which every intermediary must forward (SPECS CE-14, T-10), most of it in attributes or in data, over
//! HTTP/1.1 and HTTP/2.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Relay, binary};
use crate::support::server::on_both_databases;

/// What the specification calls the wire size: request line, headers and body together.
const WIRE_SIZE: usize = 64 * 1024;

/// Names and values of extensions that take about `bytes` as headers.
fn extensions(bytes: usize, count: usize) -> BTreeMap<String, String> {
    let value = bytes / count - "ce-ext000: \r\n".len();
    (0..count).map(|number| (format!("ext{number:03}"), format!("{number:03}{}", "v".repeat(value - 3)))).collect()
}

fn clients() -> [(&'static str, reqwest::Client); 2] {
    let second = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    [("HTTP/1.1", reqwest::Client::builder().http1_only().build().unwrap()), ("HTTP/2.0", second)]
}

on_both_databases!(attributes_of_64_kib_in_headers_are_forwarded_over_http_1_and_http_2, async |server| {
    let mut relay = Relay::start(server).await;
    for (version, client) in clients() {
        relay.http = client;
        // Few large values are one bound, many small ones another.
        for count in [8, 120, 240] {
            let id = format!("{version} {count}");
            let sent = extensions(WIRE_SIZE - 700, count);
            let named: Vec<(String, &[u8])> = sent.iter().map(|(name, value)| (format!("ce-{name}"), value.as_bytes())).collect();
            let further: Vec<(&str, &[u8])> = named.iter().map(|(name, value)| (&**name, *value)).collect();
            let headers =
                binary("x", &[&[("content-type", &b"application/json"[..]), ("ce-id", id.as_bytes())], &*further].concat());
            let size: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
            assert!((WIRE_SIZE - 1024..=WIRE_SIZE).contains(&size), "{size}");
            let before = relay.sink.received().len();
            let answer = relay.answer(&headers, r#"{"n":1}"#).await;
            assert_eq!(format!("{:?}", answer.version()), version);
            assert_eq!(answer.status(), 202, "{version} {count}");
            // Beyond what receivers take as headers, so both get it in structured mode.
            for request in &relay.sink.wait_for(before + 2).await[before..] {
                assert_eq!(request.header("content-type"), Some("application/cloudevents+json; charset=utf-8"));
                let event: Map<String, Value> = serde_json::from_slice(&request.body).unwrap();
                assert!(sent.iter().all(|(name, value)| event[name] == **value), "{version} {count}");
                assert_eq!((&event["data"], &event["id"]), (&json!({ "n": 1 }), &json!(id)));
            }
        }
    }
});

on_both_databases!(events_of_64_kib_in_the_body_are_forwarded_over_http_1_and_http_2, async |server| {
    let mut relay = Relay::start(server).await;
    for (version, client) in clients() {
        relay.http = client;
        let mut event = json!({ "specversion": "1.0", "id": version, "source": "/s", "type": "t", "data": 1 });
        event
            .as_object_mut()
            .unwrap()
            .extend(extensions(WIRE_SIZE - 300, 200).into_iter().map(|(name, value)| (name, value.into())));
        let body = event.to_string();
        assert!(body.len() > WIRE_SIZE - 2048);
        let (whole, split) = relay.relay(&[("content-type", b"application/cloudevents+json")], body.clone()).await;
        assert_eq!((&*whole.body, &*split.body), (body.as_bytes(), body.as_bytes()), "{version}");

        let data = vec![0xAB; WIRE_SIZE];
        let id = format!("{version} data");
        let headers = binary(&id, &[("content-type", b"application/octet-stream")]);
        let (whole, split) = relay.relay(&headers, data.clone()).await;
        assert_eq!(split.body, data, "{version}");
        assert!(whole.body.len() > WIRE_SIZE * 4 / 3);
    }
});
