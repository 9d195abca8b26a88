use std::sync::Arc;

use http::Method;
use http_body_util::BodyExt;

use super::*;
use crate::dispatch::sink::Target;
use crate::dispatch::testing::{NOW, TERMS, event, subscription};
use crate::domain::entropy::SeededEntropy;
use crate::domain::event::{HeaderEncoding, read};
use crate::domain::id::DeliveryId;
use crate::domain::secret::Secret;
use crate::domain::signature::{self, verify};
use crate::domain::subscription::{ContentMode, Credential, MessageAlgorithm, Scheme, SigningSecret, Subscription};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

async fn sent(subscription: &Subscription, event: &Accepted, attempt: u32) -> (http::request::Parts, Bytes) {
    let target = Target::new(Arc::new(subscription.clone()), &TERMS);
    let delivery_id = DeliveryId::new(NOW, &SeededEntropy::new(3));
    let numbered = Some(Numbered { delivery_id, attempt, again: Again::Not });
    let request = build(target.sink().unwrap(), event, numbered, NOW, &SeededEntropy::new(4)).unwrap();
    let (parts, body) = request.into_parts();
    (parts, body.collect().await.unwrap().to_bytes())
}

fn signed(secrets: &[(&str, Option<Timestamp>)]) -> Subscription {
    let secrets = secrets
        .iter()
        .map(|&(secret, expires_at)| SigningSecret { secret: Secret::new(secret), created_at: NOW, expires_at })
        .collect();
    Subscription { secrets, ..subscription(1) }
}

fn key(text: &str) -> signature::SigningKey {
    signature::SigningKey::parse(text).unwrap()
}

#[tokio::test]
async fn structured_request_carries_the_received_bytes_and_every_header() {
    let event = event(1);
    let (parts, body) = sent(&subscription(1), &event, 2).await;
    assert_eq!(body, event.event.body());
    assert_eq!((parts.method, parts.uri.to_string()), (Method::POST, "https://sink.example/hooks".to_owned()));
    let header = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!(header("webhook-id"), event.id.to_string());
    assert_eq!(header("webhook-timestamp"), NOW.as_seconds().to_string());
    assert_eq!(header("user-agent"), concat!("Waypost/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header("waypost-attempt"), "2");
    assert!(header("waypost-delivery-id").starts_with("dlv_"));
    assert_eq!(header("traceparent").len(), 55);
    assert!(!parts.headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn old_and_new_secret_both_sign_until_the_old_one_ends() {
    let later = NOW.plus(std::time::Duration::from_secs(1));
    for (end, count) in [(later, 2), (NOW, 1)] {
        let (parts, body) = sent(&signed(&[(NEW, None), (OLD, Some(end))]), &event(1), 1).await;
        let header = |name: &str| parts.headers[name].to_str().unwrap();
        let signatures = header("webhook-signature");
        assert_eq!(signatures.split(' ').count(), count);
        let check = |secret| verify(&[key(secret)], header("webhook-id"), header("webhook-timestamp"), signatures, &body, NOW);
        assert!(check(NEW).is_ok());
        assert_eq!(check(OLD).is_ok(), count == 2);
    }
}

#[tokio::test]
async fn a_trace_is_continued_and_the_attribute_stays() {
    const POSTED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const BEGUN: &str = "00-11111111111111111111111111111111-2222222222222222-01";
    let text = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","traceparent":"{BEGUN}"}}"#);
    let begun = Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..event(1) };
    let posted = Accepted { traceparent: Some(POSTED.into()), ..begun.clone() };
    for (event, trace) in [(&posted, &POSTED[..36]), (&begun, &BEGUN[..36])] {
        let (parts, body) = sent(&subscription(1), event, 1).await;
        let sent = parts.headers["traceparent"].to_str().unwrap();
        assert!(sent.starts_with(trace), "{sent}");
        assert!(![POSTED, BEGUN].contains(&sent));
        assert!(body.windows(BEGUN.len()).any(|window| window == BEGUN.as_bytes()));
    }
}

#[tokio::test]
async fn binary_mode_lays_attributes_into_headers_but_never_without_data() {
    let mut subscription = subscription(1);
    subscription.spec.config.content_mode = ContentMode::Binary;
    let (parts, body) = sent(&subscription, &event(1), 1).await;
    assert_eq!(parts.headers["ce-id"], "1");
    assert_eq!(parts.headers["content-type"], "application/json");
    assert_eq!(body, &br#"{"n":1.0}"#[..]);
    let text = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
    let dataless = Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..event(1) };
    let (parts, body) = sent(&subscription, &dataless, 1).await;
    assert!(parts.headers["content-type"].to_str().unwrap().starts_with("application/cloudevents+json"));
    assert_eq!(body, text);
}

#[tokio::test]
async fn data_mode_sends_the_data_alone_but_never_without_data() {
    let mut subscription = signed(&[(NEW, None)]);
    subscription.spec.config.content_mode = ContentMode::Data;
    let (parts, body) = sent(&subscription, &event(1), 1).await;
    assert_eq!(parts.headers["content-type"], "application/json");
    assert_eq!(body, &br#"{"n":1.0}"#[..]);
    assert!(parts.headers.keys().all(|name| !name.as_str().starts_with("ce-")));
    let header = |name: &str| parts.headers[name].to_str().unwrap();
    let signatures = header("webhook-signature");
    assert!(verify(&[key(NEW)], header("webhook-id"), header("webhook-timestamp"), signatures, &body, NOW).is_ok());
    for text in [
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#,
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"YQ=="}"#,
    ] {
        let untyped = Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..event(1) };
        let (parts, body) = sent(&subscription, &untyped, 1).await;
        assert!(parts.headers["content-type"].to_str().unwrap().starts_with("application/cloudevents+json"));
        assert_eq!(body, text);
    }
}

#[tokio::test]
async fn attributes_too_large_for_headers_go_structured() {
    let mut subscription = subscription(1);
    subscription.spec.config.content_mode = ContentMode::Binary;
    let long = "x".repeat(9000);
    let text = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","long":"{long}","data":1}}"#);
    let event = Accepted { event: read::structured(text.clone().into(), read::Limits::NONE).unwrap(), ..event(1) };
    let (parts, body) = sent(&subscription, &event, 1).await;
    assert!(parts.headers.keys().all(|name| !name.as_str().starts_with("ce-")));
    assert_eq!(body, text);
}

/// Trap T-1: receivers built on sdk-go or sdk-java read `%20` literally.
#[tokio::test]
async fn attributes_are_spelt_as_the_receiver_reads_them() {
    let text = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"a b 100%","data":1}"#;
    let spaced = Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..event(1) };
    let mut subscription = subscription(1);
    subscription.spec.config.content_mode = ContentMode::Binary;
    assert_eq!(sent(&subscription, &spaced, 1).await.0.headers["ce-subject"], "a%20b%20100%25");
    subscription.spec.config.header_encoding = HeaderEncoding::RawAscii;
    assert_eq!(sent(&subscription, &spaced, 1).await.0.headers["ce-subject"], "a b 100%");
    let text = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"subject\":\"\u{e9}\",\"data\":1}";
    let accented = Accepted { event: read::structured(text.into(), read::Limits::NONE).unwrap(), ..event(1) };
    let (parts, body) = sent(&subscription, &accented, 1).await;
    assert!(!parts.headers.contains_key("ce-subject"));
    assert_eq!(body, text);
}

#[tokio::test]
async fn v1a_stands_beside_v1_only_where_it_is_asked_for() {
    let pair = signature::generate_key_pair(&SeededEntropy::new(9));
    let mut subscription = signed(&[(NEW, None), (pair.expose(), None)]);
    let (parts, _) = sent(&subscription, &event(1), 1).await;
    assert_eq!(parts.headers["webhook-signature"].to_str().unwrap().split(' ').count(), 1);
    assert!(!parts.headers.contains_key("signature") && !parts.headers.contains_key("content-digest"));
    subscription.spec.config.signature.schemes = vec![Scheme::V1, Scheme::V1a];
    let (parts, body) = sent(&subscription, &event(1), 1).await;
    let header = |name: &str| parts.headers[name].to_str().unwrap();
    let signatures = header("webhook-signature");
    assert!(signatures.starts_with("v1,") && signatures.contains(" v1a,"), "{signatures}");
    for text in [NEW, pair.expose()] {
        let checked = verify(&[key(text)], header("webhook-id"), header("webhook-timestamp"), signatures, &body, NOW);
        assert!(checked.is_ok());
    }
}

#[tokio::test]
async fn http_message_signatures_cover_every_attribute_in_a_header_with_every_key() {
    let later = NOW.plus(std::time::Duration::from_mins(1));
    let mut subscription = signed(&[(NEW, None), (OLD, Some(later))]);
    subscription.spec.config.content_mode = ContentMode::Binary;
    subscription.spec.config.signature.http_message = Some(MessageAlgorithm::HmacSha256);
    let (parts, body) = sent(&subscription, &event(1), 1).await;
    let header = |name: &str| parts.headers[name].to_str().unwrap();
    assert_eq!(header("content-digest"), signature::message::content_digest(&body));
    let (created, expires) = (NOW.as_seconds(), NOW.as_seconds() + 300);
    let input = |label: &str, secret: &str| {
        let id = key(secret).id();
        format!(
            "{label}=(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\" \"webhook-id\" \"webhook-timestamp\" \
             \"ce-specversion\" \"ce-id\" \"ce-source\" \"ce-type\")\
             ;created={created};expires={expires};keyid=\"{id}\";tag=\"waypost-delivery\""
        )
    };
    assert_eq!(header("signature-input"), format!("{}, {}", input("wp", NEW), input("wp2", OLD)));
    assert!(header("signature").starts_with("wp=:") && header("signature").contains(":, wp2=:"));
}

#[tokio::test]
async fn settings_add_headers_and_method_but_never_replace_ours() {
    let mut subscription = signed(&[(NEW, None)]);
    let settings = &mut subscription.spec.protocolsettings;
    settings.method = Some("PUT".into());
    for name in ["X-Env", "webhook-id", "Content-Type", "Host", "ce-id", "user-agent"] {
        settings.headers.insert(name.into(), "mine".into());
    }
    subscription.spec.sinkcredential = Some(Credential::Plain { identifier: "user".into(), secret: Secret::new("pass") });
    let (parts, _) = sent(&subscription, &event(1), 1).await;
    assert_eq!(parts.method, Method::PUT);
    assert_eq!((&parts.headers["x-env"], &parts.headers["user-agent"]), (&"mine".parse().unwrap(), &"mine".parse().unwrap()));
    assert_eq!(parts.headers["authorization"], "Basic dXNlcjpwYXNz");
    assert!(parts.headers["authorization"].is_sensitive());
    assert!(!parts.headers.contains_key("host") && !parts.headers.contains_key("ce-id"));
    assert!(parts.headers["webhook-id"] != "mine" && parts.headers["content-type"] != "mine");
}

#[test]
fn what_makes_no_request_is_said_without_its_value() {
    let mut broken = subscription(1);
    broken.spec.sinkcredential = Some(Credential::AccessToken {
        accesstoken: Secret::new("line\nbreak"),
        accesstokenexpiresutc: None,
        accesstokentype: None,
    });
    let error = Target::new(Arc::new(broken), &TERMS).sink().map(drop).unwrap_err().to_owned();
    assert!(!error.contains("break"), "{error}");
}

#[tokio::test]
async fn what_is_made_again_says_so_and_what_is_new_does_not() {
    let (subscription, event) = (subscription(1), event(1));
    let target = Target::new(Arc::new(subscription), &TERMS);
    let entropy = SeededEntropy::new(3);
    let (delivery_id, job) = (DeliveryId::new(NOW, &entropy), JobId::new(NOW, &entropy));
    for (again, replay, redelivery) in [
        (Again::Not, None, None),
        (Again::Redelivery, None, Some("true".to_owned())),
        (Again::Replay(job), Some(job.to_string()), None),
    ] {
        let numbered = Some(Numbered { delivery_id, attempt: 3, again });
        let request = build(target.sink().unwrap(), &event, numbered, NOW, &entropy).unwrap();
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((header("waypost-replay"), header("waypost-redelivery")), (replay, redelivery));
        assert_eq!(header("webhook-id"), Some(event.id.to_string()));
    }
}
