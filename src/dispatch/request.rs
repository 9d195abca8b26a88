//! The request of one attempt (DESIGN 6, SPECS 1.D): the same body every time, its own timestamp, signature and trace.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use super::sink::Sink;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::event::Accepted;
use crate::domain::id::DeliveryId;
use crate::domain::signature;
use crate::domain::subscription::ContentMode;
use crate::domain::trace::Traceparent;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const DELIVERY_ID: HeaderName = HeaderName::from_static("waypost-delivery-id");
const ATTEMPT: HeaderName = HeaderName::from_static("waypost-attempt");

/// Headers that every request gets beside its sink's own.
const OWN_HEADERS: usize = 7;

/// Which attempt of which delivery a request is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    /// The delivery.
    pub(super) delivery_id: DeliveryId,
    /// The attempt, from 1.
    pub(super) attempt: u32,
}

/// Builds the request that brings `event` to `sink` at `now`. `numbered` is absent for a test, which belongs to no delivery.
///
/// # Errors
/// What can't be put into a header.
pub(super) fn build(
    sink: &Sink,
    event: &Accepted,
    numbered: Option<Numbered>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Request<Full<Bytes>>, String> {
    let mut headers = sink.headers.clone();
    // All that is inserted below at once: growing step by step would hash every name again.
    headers.reserve(OWN_HEADERS);
    let body = if let Some((attributes, body)) = binary(sink, event) {
        headers.extend(attributes);
        body
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(sink.format.content_type()));
        event.event.formatted(sink.format)
    };
    let id = event.id.to_string();
    if let Some(signatures) = sign(sink, &id, now, &body) {
        headers.insert(WEBHOOK_SIGNATURE, value(signatures)?);
    }
    headers.insert(WEBHOOK_ID, value(id)?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now.as_seconds()));
    headers.insert(TRACEPARENT, value(trace(event, entropy).to_string())?);
    if let Some(Numbered { delivery_id, attempt }) = numbered {
        headers.insert(DELIVERY_ID, value(delivery_id.to_string())?);
        headers.insert(ATTEMPT, HeaderValue::from(attempt));
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = sink.method.clone();
    *request.uri_mut() = sink.uri.clone();
    *request.headers_mut() = headers;
    Ok(request)
}

fn binary(sink: &Sink, event: &Accepted) -> Option<(Vec<(HeaderName, HeaderValue)>, Bytes)> {
    match sink.content_mode {
        ContentMode::Structured => None,
        ContentMode::Binary => event.event.binary(),
    }
}

fn sign(sink: &Sink, id: &str, now: Timestamp, body: &[u8]) -> Option<String> {
    let keys = sink.active_keys(now);
    (!keys.is_empty()).then(|| signature::sign(&keys, id, now.as_seconds(), body))
}

/// The trace of the request: the poster's, else the one the event began in (its attribute itself stays untouched, SPECS 1.H), else
/// a new one.
fn trace(event: &Accepted, entropy: &dyn Entropy) -> Traceparent {
    let given = event.traceparent.as_deref().and_then(Traceparent::parse);
    given
        .or_else(|| event.event.attribute("traceparent").and_then(Traceparent::parse))
        .map_or_else(|| Traceparent::fresh(entropy), |parent| parent.child(entropy))
}

fn value(text: String) -> Result<HeaderValue, String> {
    HeaderValue::try_from(text).map_err(|_| "a header value holds what no header may hold".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Method;
    use http_body_util::BodyExt;

    use super::*;
    use crate::dispatch::sink::Target;
    use crate::dispatch::testing::{NOW, event, subscription};
    use crate::domain::entropy::SeededEntropy;
    use crate::domain::event::read;
    use crate::domain::id::DeliveryId;
    use crate::domain::secret::Secret;
    use crate::domain::signature::verify;
    use crate::domain::subscription::{Credential, SigningSecret, Subscription};

    const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    async fn sent(subscription: &Subscription, event: &Accepted, attempt: u32) -> (http::request::Parts, Bytes) {
        let target = Target::new(Arc::new(subscription.clone()));
        let delivery_id = DeliveryId::new(NOW, &SeededEntropy::new(3));
        let numbered = Some(Numbered { delivery_id, attempt });
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
            let check =
                |secret| verify(&[key(secret)], header("webhook-id"), header("webhook-timestamp"), signatures, &body, NOW);
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
        let error = Target::new(Arc::new(broken)).sink().map(drop).unwrap_err().to_owned();
        assert!(!error.contains("break"), "{error}");
    }
}
