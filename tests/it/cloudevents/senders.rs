//! Senders as they are: Knative and others that do not encode headers, and Azure Event Grid, which asks before it posts.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Relay, binary, structured, subscribe};
use crate::metrics::Scrape;
use crate::support::client::Client;
use crate::support::database::{Database, Kind};
use crate::support::process::{self, Process};
use crate::support::server::{TestServer, on_both_databases};
use crate::support::sink::Sink;
use waypost::config::HeaderDecoding;

/// Headers as an SDK writes them that encodes nothing.
const RAW: [(&str, &[u8]); 3] =
    [("ce-source", b"/a%20b"), ("ce-subject", b"100% of a b"), ("ce-greeting", "Gr\u{fc}\u{df}e".as_bytes())];

async fn literal_count(server: &TestServer) -> f64 {
    Scrape::of(&server.base()).await.value("waypost_header_values_taken_literally_total")
}

async fn start(decoding: HeaderDecoding) -> TestServer {
    TestServer::start_with(Kind::Sqlite, |config| config.ingest.header_decoding = decoding).await
}

/// The place of the first fault, or nothing if the event is accepted.
async fn refused_at(relay: &Relay<'_>, headers: &[(&str, &[u8])]) -> Option<String> {
    let answer = relay.answer(headers, "x").await;
    let (status, body): (_, Value) = (answer.status(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap());
    assert!(status == 202 || status == 400, "{body}");
    body["errors"][0]["header"].as_str().map(str::to_owned)
}

// T-1, HR-14, HR-15
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_are_not_encoded_are_taken_as_they_stand_and_counted_where_that_is_set() {
    let server = start(HeaderDecoding::Lenient).await;
    let relay = Relay::start(&server).await;
    let headers = binary("1", &[&RAW[..], &[("content-type", b"text/plain")]].concat());
    let (whole, split) = relay.relay(&headers, "x").await;
    let event: Value = serde_json::from_slice(&whole.body).unwrap();
    assert_eq!(
        (&event["source"], &event["subject"], &event["greeting"]),
        (&json!("/a%20b"), &json!("100% of a b"), &json!("Grüße"))
    );
    // What goes out is encoded by the letter, whatever came in.
    assert_eq!(split.header("ce-source"), Some("/a%2520b"));
    assert_eq!(split.header("ce-subject"), Some("100%25%20of%20a%20b"));
    assert!((literal_count(&server).await - 3.0).abs() < f64::EPSILON);
    // What is encoded is decoded here too, and counts as nothing.
    let (whole, _) = relay.relay(&binary("2", &[("ce-subject", b"a%20b")]), "x").await;
    assert_eq!(serde_json::from_slice::<Value>(&whole.body).unwrap()["subject"], "a b");
    assert!((literal_count(&server).await - 3.0).abs() < f64::EPSILON);
    server.stop().await;
}

// T-1, HR-13 to HR-15
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_uris_are_taken_as_they_stand_unless_told_otherwise() {
    for (decoding, source, count) in
        [(HeaderDecoding::LenientUris, None, 1.0), (HeaderDecoding::Strict, Some("ce-source".to_owned()), 0.0)]
    {
        let server = start(decoding).await;
        let relay = Relay::start(&server).await;
        assert_eq!(refused_at(&relay, &binary("1", &RAW[..1])).await, source);
        assert_eq!(refused_at(&relay, &binary("2", &RAW[1..2])).await.as_deref(), Some("ce-subject"));
        assert_eq!(refused_at(&relay, &binary("3", &RAW[2..])).await.as_deref(), Some("ce-greeting"));
        // A space is no visible character, yet nothing else could be meant.
        assert_eq!(refused_at(&relay, &binary("4", &[("ce-subject", b"a b")])).await, None);
        assert!((literal_count(&server).await - count).abs() < f64::EPSILON);
        server.stop().await;
    }
}

#[test]
fn uris_alone_are_taken_as_they_stand_by_default() {
    assert_eq!(waypost::config::Config::builtin().ingest.header_decoding, HeaderDecoding::LenientUris);
}

// HR-50, KN-6: a 202 without anything of an event in it is no reply.
on_both_databases!(answer_to_who_prefers_a_reply_is_no_event, async |server| {
    let relay = Relay::start(server).await;
    let prefer: (&str, &[u8]) = ("prefer", b"reply");
    for (headers, body) in [
        (vec![prefer, ("content-type", b"application/cloudevents+json")], structured("1", r#","data":1"#)),
        (binary("2", &[prefer, ("content-type", b"application/json")]), "{}".to_owned()),
        (vec![prefer, ("content-type", b"application/cloudevents-batch+json")], format!("[{}]", structured("3", ""))),
        (vec![prefer, ("content-type", b"application/cloudevents+json")], "{}".to_owned()),
    ] {
        let answer = relay.answer(&headers, body).await;
        assert!(answer.status() == 202 || answer.status() == 400);
        let content_type = answer.headers()["content-type"].to_str().unwrap();
        assert!(["application/json", "application/problem+json"].contains(&content_type), "{content_type}");
        let names = answer.headers().keys().map(reqwest::header::HeaderName::as_str);
        assert!(names.into_iter().all(|name| !name.starts_with("ce-") && name != "preference-applied"));
        assert!(!answer.text().await.unwrap().contains("specversion\":"));
    }
});

// HR-53, T-9: Knative repeats 404, 408, 409, 429 and 5xx, so none of them may mean that the event itself is wrong.
on_both_databases!(event_that_will_never_be_right_is_answered_with_what_nobody_repeats, async |server| {
    let relay = Relay::start(server).await;
    let json: (&str, &[u8]) = ("content-type", b"application/cloudevents+json");
    let avro: (&str, &[u8]) = ("content-type", b"application/cloudevents+avro");
    for (headers, body, status) in [
        (vec![json], "{".to_owned(), 400),
        (vec![json], structured("", ""), 400),
        (vec![avro], "x".to_owned(), 415),
        (vec![], "x".to_owned(), 415),
        (binary("1", &[("ce-subject", b"%C0%A0")]), "x".to_owned(), 400),
        (vec![json], "x".repeat(2 << 20), 413),
    ] {
        assert_eq!(relay.answer(&headers, body).await.status(), status);
    }
    let anonymous = server.client.anonymous().post_event(&json!({})).await;
    assert_eq!(anonymous.problem(401).0, "unauthenticated");
    // The same event once more is no conflict.
    for duplicate in [false, true] {
        let event = json!({ "specversion": "1.0", "id": "again", "source": "/s", "type": "t" });
        assert_eq!(server.client.post_event(&event).await.expect(202)["duplicate"], duplicate);
    }
});

/// An event as Event Grid posts it in the CloudEvents schema.
fn blob_created(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "type": "Microsoft.Storage.BlobCreated", "time": "2019-11-18T15:13:39.4589254Z",
        "source": "/subscriptions/0000/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/orders",
        "subject": "blobServices/default/containers/inbox/blobs/file.txt",
        "data": { "api": "PutBlockList", "contentLength": 447, "eTag": "0x8D4BCC2E4835CD0" }
    })
}

// WR-1, WR-3, HR-40: the handshake and the shapes of a push, against the program itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_grid_asks_for_permission_and_pushes_events_and_batches() {
    const ORIGIN: (&str, &str) = ("webhook-request-origin", "eventgrid.azure.net");
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = Database::create(kind).await;
        let node = Process::start(database.url(), &[("WAYPOST_INGEST__ALLOWED_ORIGINS", "eventgrid.azure.net")]);
        let client = Client::new(node.base(), process::KEY);
        let sink = Sink::answering(200).await;
        let callback = Sink::answering(200).await;
        let subscription = json!({ "sink": sink.url("/"), "types": ["Microsoft.Storage.BlobCreated"] });
        client.post("/v1/subscriptions", &subscription).await.expect(201);

        let offered = callback.url("/subscriptions/validate?id=512d38b6&t=2026");
        let asked = [ORIGIN, ("webhook-request-callback", &offered), ("webhook-request-rate", "120")];
        let allowed = client.anonymous().send(Method::OPTIONS, "/v1/events", &asked, "").await;
        assert_eq!(allowed.status, 200);
        assert_eq!(allowed.header("webhook-allowed-origin"), Some("eventgrid.azure.net"));
        assert_eq!((allowed.header("webhook-allowed-rate"), allowed.header("allow")), (Some("*"), Some("POST, OPTIONS")));
        let refused = [("webhook-request-origin", "eventgrid.azure.net.attacker.example")];
        client.anonymous().send(Method::OPTIONS, "/v1/events", &refused, "").await.expect(403);

        let own = [ORIGIN, ("aeg-event-type", "Notification"), ("aeg-subscription-name", "WAYPOST"), ("aeg-delivery-count", "0")];
        let single = [&own[..], &[("content-type", "application/cloudevents+json; charset=utf-8")]].concat();
        let batch = [&own[..], &[("content-type", "application/cloudevents-batch+json; charset=utf-8")]].concat();
        client.send(Method::POST, "/v1/events", &single, blob_created("1").to_string()).await.expect(202);
        // Repeated because the answer got lost on its way.
        let again = client.send(Method::POST, "/v1/events", &single, blob_created("1").to_string()).await.expect(202);
        assert_eq!(again["duplicate"], true);
        let events = json!([blob_created("2"), blob_created("3")]);
        let receipts = client.send(Method::POST, "/v1/events", &batch, events.to_string()).await.expect(202);
        assert_eq!(receipts["data"].as_array().unwrap().len(), 2);

        let mut arrived: Vec<Value> =
            sink.wait_for(3).await.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
        arrived.sort_by_key(|event| event["id"].to_string());
        assert_eq!(arrived, ["1", "2", "3"].map(blob_created));
        assert!(callback.received().is_empty(), "nobody may make Waypost send requests");
        assert_eq!(node.stop(), 0);
    }
}

// KN-1, KN-2: a broker probes with OPTIONS, posts in either mode, and repeats what it has no answer to.
on_both_databases!(knative_probes_posts_and_repeats, async |server| {
    let sink = Sink::answering(204).await;
    subscribe(server, &sink, "/", json!({})).await;
    let probe = server.client.anonymous().send(Method::OPTIONS, "/v1/events", &[], "").await;
    assert!(probe.header("allow").unwrap().contains("POST"));
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "7f1b"),
        ("ce-source", "/apis/v1/namespaces/shop/pingsources/every-minute"),
        ("ce-type", "dev.knative.sources.ping"),
        ("ce-time", "2026-11-21T16:00:00.123456789Z"),
        ("ce-knativearrivaltime", "2026-11-21T16:00:00.2Z"),
        ("ce-traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("prefer", "reply"),
        ("content-type", "application/json"),
    ];
    for duplicate in [false, true, true] {
        let receipt = server.client.send(Method::POST, "/v1/events", &headers, r#"{"body":"hello"}"#).await.expect(202);
        assert_eq!(receipt["duplicate"], duplicate);
    }
    let arrived = sink.wait_for(1).await;
    let event: Value = serde_json::from_slice(&arrived[0].body).unwrap();
    assert_eq!(
        (&event["knativearrivaltime"], &event["time"]),
        (&json!("2026-11-21T16:00:00.2Z"), &json!("2026-11-21T16:00:00.123456789Z"))
    );
    assert!(event.get("prefer").is_none() && arrived[0].header("prefer").is_none());
    assert_eq!(event["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
});
