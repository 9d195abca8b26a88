//! The Protobuf format: to and from JSON and binary mode, one by one and in batches (SPECS 1.I).

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

use super::subscribe;
use crate::support::client::Answer;
use crate::support::protobuf::{Any, Attr, Batch, CloudEvent, Content, Timestamp};
use crate::support::server::{TestServer, on_both_databases};
use crate::support::sink::{Received, Sink};

const ONE: &str = "application/cloudevents+protobuf";
const BATCH: &str = "application/cloudevents-batch+protobuf";

/// An event with an attribute of each type.
fn message(id: &str, data: Option<Content>) -> CloudEvent {
    let attributes = [
        ("datacontenttype", Attr::CeString("application/json".into())),
        ("time", Attr::CeTimestamp(Timestamp { seconds: 1_522_949_460, nanos: 5_000 })),
        ("anumber", Attr::CeInteger(-7)),
        ("atruth", Attr::CeBoolean(true)),
        ("rawbytes", Attr::CeBytes(vec![0, 255])),
        ("auri", Attr::CeUri("HTTP://Example.com:80/a/../b".into())),
        ("areference", Attr::CeUriRef("../b".into())),
        ("atime", Attr::CeTimestamp(Timestamp { seconds: -1, nanos: 0 })),
    ];
    CloudEvent {
        id: id.into(),
        source: "/tests".into(),
        spec_version: "1.0".into(),
        r#type: "com.example.test".into(),
        attributes: attributes.into_iter().map(|(name, attr)| (name.to_owned(), attr.into())).collect(),
        data,
    }
}

async fn post(server: &TestServer, content_type: &str, body: Vec<u8>) -> Answer {
    server.client.send(Method::POST, "/v1/events", &[("content-type", content_type)], body).await
}

/// What arrived, by path.
async fn by_path(sink: &Sink, count: usize) -> BTreeMap<String, Received> {
    sink.wait_for(count).await.into_iter().map(|request| (request.path.clone(), request)).collect()
}

/// Subscriptions in every format and mode.
async fn subscribe_in_every_way(server: &TestServer) -> Sink {
    let sink = Sink::answering(204).await;
    subscribe(server, &sink, "/protobuf", json!({ "format": "protobuf" })).await;
    subscribe(server, &sink, "/json", json!({})).await;
    subscribe(server, &sink, "/binary", json!({ "content_mode": "binary", "format": "protobuf" })).await;
    sink
}

on_both_databases!(protobuf_event_goes_out_unchanged_and_as_json_and_in_binary_mode, async |server| {
    let sink = subscribe_in_every_way(server).await;
    let mut body = message("1", Some(Content::TextData(r#"{"z": 1.0}"#.into()))).encode_to_vec();
    // A field that nobody knows yet.
    body.extend([0x9A, 0x06, 3, b'n', b'e', b'w']);
    let receipt = post(server, ONE, body.clone()).await.expect(202);
    assert_eq!((&receipt["duplicate"], &receipt["deliveries"]), (&json!(false), &json!(3)));

    let arrived = by_path(&sink, 3).await;
    assert_eq!(arrived["/protobuf"].header("content-type"), Some(ONE));
    assert_eq!(arrived["/protobuf"].body, body);

    assert_eq!(arrived["/json"].header("content-type"), Some("application/cloudevents+json; charset=utf-8"));
    let event: Value = serde_json::from_slice(&arrived["/json"].body).unwrap();
    let expected = json!({
        "specversion": "1.0", "id": "1", "source": "/tests", "type": "com.example.test", "datacontenttype": "application/json",
        "time": "2018-04-05T17:31:00.000005Z", "anumber": -7, "atruth": true, "rawbytes": "AP8=",
        "auri": "HTTP://Example.com:80/a/../b", "areference": "../b", "atime": "1969-12-31T23:59:59Z", "data": { "z": 1.0 }
    });
    assert_eq!(event, expected);

    let binary = &arrived["/binary"];
    assert_eq!((binary.header("content-type"), &*binary.body), (Some("application/json"), &br#"{"z": 1.0}"#[..]));
    assert_eq!((binary.header("ce-anumber"), binary.header("ce-rawbytes")), (Some("-7"), Some("AP8=")));

    let path = format!("/v1/events/{}/cloudevent", receipt["id"].as_str().unwrap());
    let read = server.client.with("accept", ONE).get(&path).await;
    assert_eq!((read.header("content-type"), &read.body), (Some(ONE), &Bytes::from(body)));
    assert_eq!(server.client.with("accept", &format!("{ONE}, application/json")).get(&path).await.expect(200), expected);
    let shown = server.client.get(path.trim_end_matches("/cloudevent")).await.expect(200);
    assert_eq!((&shown["data"], &shown["attributes"]["anumber"]), (&json!({ "z": 1.0 }), &json!(-7)));
});

on_both_databases!(events_of_other_forms_arrive_as_protobuf, async |server| {
    let sink = subscribe_in_every_way(server).await;
    let event = json!({
        "specversion": "1.0", "id": "j", "source": "/tests", "type": "com.example.test", "time": "2018-04-05T19:31:00.5+02:00",
        "anumber": 5, "atruth": false, "data": { "n": 1 }
    });
    server.client.post_event(&event).await.expect(202);
    let arrived = CloudEvent::decode(by_path(&sink, 3).await["/protobuf"].body.clone()).unwrap();
    let attr = |name: &str| arrived.attributes[name].attr.clone().unwrap();
    assert_eq!((&*arrived.id, &*arrived.source, &*arrived.spec_version), ("j", "/tests", "1.0"));
    assert_eq!(attr("time"), Attr::CeTimestamp(Timestamp { seconds: 1_522_949_460, nanos: 500_000_000 }));
    assert_eq!((attr("anumber"), attr("atruth")), (Attr::CeInteger(5), Attr::CeBoolean(false)));
    assert_eq!(attr("datacontenttype"), Attr::CeString("application/json".into()));
    assert_eq!(arrived.data, Some(Content::TextData(r#"{"n":1}"#.into())));

    // A subscription in binary mode gets what can't go so in its format too: here, data without a type.
    let headers = [("ce-specversion", "1.0"), ("ce-id", "b"), ("ce-source", "/tests"), ("ce-type", "com.example.test")];
    server.client.send(Method::POST, "/v1/events", &headers, &b"\x00\xFF"[..]).await.expect(202);
    let arrived = by_path(&sink, 6).await;
    for path in ["/protobuf", "/binary"] {
        assert_eq!(arrived[path].header("content-type"), Some(ONE));
        let message = CloudEvent::decode(arrived[path].body.clone()).unwrap();
        assert_eq!((&*message.id, message.data), ("b", Some(Content::BinaryData(vec![0, 255]))));
    }
});

on_both_databases!(message_as_data_reaches_every_subscriber, async |server| {
    let sink = subscribe_in_every_way(server).await;
    let any = Any { type_url: "type.googleapis.com/com.example.Order".into(), value: vec![8, 150, 1] };
    let body = CloudEvent { attributes: BTreeMap::new(), ..message("1", Some(Content::ProtoData(any))) }.encode_to_vec();
    post(server, ONE, body.clone()).await.expect(202);
    let arrived = by_path(&sink, 3).await;
    assert_eq!(arrived["/protobuf"].body, body);
    let event: Value = serde_json::from_slice(&arrived["/json"].body).unwrap();
    assert_eq!((&event["data_base64"], &event["datacontenttype"]), (&json!("CJYB"), &json!("application/protobuf")));
    assert_eq!(event["dataschema"], "https://type.googleapis.com/com.example.Order");
    assert_eq!(
        (arrived["/binary"].header("content-type"), &*arrived["/binary"].body),
        (Some("application/protobuf"), &[8, 150, 1][..])
    );
});

on_both_databases!(protobuf_batch_is_accepted_whole_or_not_at_all, async |server| {
    let sink = Sink::answering(204).await;
    subscribe(server, &sink, "/protobuf", json!({ "format": "protobuf" })).await;
    let events = vec![message("1", None), message("2", Some(Content::BinaryData(vec![7])))];
    let bad = CloudEvent { id: String::new(), ..message("3", None) };
    let body = Batch { events: [events.clone(), vec![bad]].concat() }.encode_to_vec();
    assert_eq!(post(server, BATCH, body).await.problem(400), ("invalid_event".into(), "/events/2/id".into()));
    assert_eq!(server.client.get("/v1/events").await.expect(200)["data"], json!([]));

    let receipts = post(server, BATCH, Batch { events: events.clone() }.encode_to_vec()).await.expect(202);
    assert_eq!(receipts["data"].as_array().unwrap().len(), 2);
    let mut bodies: Vec<_> = sink.wait_for(2).await.into_iter().map(|request| request.body.to_vec()).collect();
    bodies.sort();
    let mut expected: Vec<_> = events.iter().map(CloudEvent::encode_to_vec).collect();
    expected.sort();
    assert_eq!(bodies, expected);
    assert_eq!(post(server, BATCH, Vec::new()).await.expect(202), json!({ "data": [] }));
});

on_both_databases!(what_is_no_message_is_refused_with_its_place, async |server| {
    let refused = async |body: Vec<u8>| post(server, ONE, body).await.problem(400);
    assert_eq!(refused(b"{}".to_vec()).await, ("invalid_event".into(), String::new()));
    assert_eq!(refused(Vec::new()).await.1, "/spec_version");
    let twice = [message("1", None).encode_to_vec(), vec![0x0A, 1, b'2']].concat();
    assert_eq!(refused(twice).await.1, "/id");
    let mut typed = message("1", None);
    typed.attributes.insert("MyExt".into(), Attr::CeBoolean(true).into());
    assert_eq!(refused(typed.encode_to_vec()).await.1, "/attributes/MyExt");
    assert_eq!(server.client.get("/v1/events").await.expect(200)["data"], json!([]));
});

on_both_databases!(unknown_format_is_415_and_says_what_is_accepted, async |server| {
    for content_type in [
        "application/cloudevents+avro",
        "application/cloudevents-batch+xml",
        "application/cloudevents+cbor",
        "application/cloudevents",
    ] {
        let answer = post(server, content_type, b"x".to_vec()).await;
        let accepted = answer.header("accept").unwrap_or_default().to_owned();
        let detail = serde_json::from_slice::<Value>(&answer.body).unwrap()["detail"].to_string();
        assert_eq!(answer.problem(415).0, "unsupported_media_type");
        for known in ["application/cloudevents+json", "application/cloudevents-batch+json", ONE, BATCH] {
            assert!(
                accepted.split(", ").any(|one| one == known) && detail.contains(known),
                "{content_type}: {accepted}: {detail}"
            );
        }
    }
});
