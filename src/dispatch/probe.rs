//! Requests that belong to no delivery: a test, and the CloudEvents webhook handshake (SPECS WA-1 to WA-7). Nothing is stored.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;

use super::attempt::unmade;
use super::handle::{Exchange, Handshake};
use super::request;
use super::shared::Shared;
use super::sink::Sink;
use crate::domain::delivery::Outcome;
use crate::domain::event::Accepted;
use crate::domain::subscription::Subscription;

const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const REQUEST_RATE: HeaderName = HeaderName::from_static("webhook-request-rate");
const ALLOWED_ORIGIN: &str = "webhook-allowed-origin";
const ALLOWED_RATE: &str = "webhook-allowed-rate";

/// Parts of header names whose values are not shown.
const MASKED: [&str; 6] = ["authorization", "cookie", "token", "secret", "password", "key"];

/// Sends `event` to the subscription's sink, once.
pub(super) async fn test(shared: &Shared, subscription: &Subscription, event: &Accepted) -> Exchange {
    let now = shared.clock.now();
    let built = Sink::compile(subscription).and_then(|sink| {
        let request = request::build(&sink, event, None, now, &*shared.entropy)?;
        Ok((sink, request, event.event.clone()))
    });
    match built {
        Ok((sink, request, _)) => exchange(shared, &sink, request).await,
        Err(text) => nothing_sent(subscription, "POST", unmade(text)),
    }
}

/// Asks the subscription's sink whether `origin` may send to it.
pub(super) async fn handshake(shared: &Shared, subscription: &Subscription, origin: &str) -> Handshake {
    let exchange = match Sink::compile(subscription).and_then(|sink| asked(&sink, subscription, origin)) {
        Ok((sink, request)) => exchange(shared, &sink, request).await,
        Err(text) => nothing_sent(subscription, "OPTIONS", unmade(text)),
    };
    let answer = |name| header(&exchange.outcome, name);
    // The header alone decides: a status is no evidence (cloudevents/spec issue 328).
    let is_allowed = answer(ALLOWED_ORIGIN).is_some_and(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin));
    let allowed_rate = answer(ALLOWED_RATE).and_then(|rate| rate.parse().ok()).filter(|&rate| rate > 0);
    Handshake { is_allowed, allowed_rate, exchange }
}

fn asked(sink: &Sink, subscription: &Subscription, origin: &str) -> Result<(Sink, Request<Full<Bytes>>), String> {
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.method_mut() = Method::OPTIONS;
    *request.uri_mut() = sink.uri.clone();
    *request.headers_mut() = sink.headers.clone();
    let origin = HeaderValue::from_str(origin).map_err(|_| "the origin does not fit into a header".to_owned())?;
    request.headers_mut().insert(REQUEST_ORIGIN, origin);
    if let Some(limit) = subscription.spec.config.rate_limit {
        request.headers_mut().insert(REQUEST_RATE, HeaderValue::from(per_minute(limit.per_second)));
    }
    Ok((sink.clone(), request))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits, and a limit is positive")]
fn per_minute(per_second: f64) -> u32 {
    (per_second * 60.0).ceil().clamp(1.0, f64::from(u32::MAX)) as u32
}

async fn exchange(shared: &Shared, sink: &Sink, request: Request<Full<Bytes>>) -> Exchange {
    let shown = Exchange {
        method: request.method().to_string(),
        url: request.uri().to_string(),
        request_headers: shown_headers(&request),
        request_body: Bytes::new(),
        outcome: Outcome::default(),
    };
    let body = http_body_util::BodyExt::collect(request.body().clone()).await.map(http_body_util::Collected::to_bytes);
    let outcome = shared.transport.exchange(request, sink.timeout).await;
    Exchange { request_body: body.unwrap_or_default(), outcome, ..shown }
}

fn shown_headers(request: &Request<Full<Bytes>>) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let is_masked = value.is_sensitive() || MASKED.iter().any(|part| name.as_str().contains(part));
        let text = if is_masked { "***".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        (name.as_str().to_owned(), text.into_owned())
    };
    request.headers().iter().map(shown).collect()
}

fn nothing_sent(subscription: &Subscription, method: &str, outcome: Outcome) -> Exchange {
    Exchange {
        method: method.to_owned(),
        url: subscription.spec.sink.clone(),
        request_headers: Vec::new(),
        request_body: Bytes::new(),
        outcome,
    }
}

fn header<'a>(outcome: &'a Outcome, name: &str) -> Option<&'a str> {
    outcome.response_headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.trim())
}
