//! Requests that belong to no delivery, for showing to a person: a test, and the questions of the webhook handshake. Nothing is stored.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use super::attempt::unmade;
use super::handle::Exchange;
use super::request;
use super::shared::Shared;
use super::sink::Sink;
use crate::domain::delivery::Outcome;
use crate::domain::event::Accepted;
use crate::domain::subscription::Subscription;

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

/// Makes one exchange with a sink, for showing.
pub(super) async fn exchange(shared: &Shared, sink: &Sink, request: Request<Full<Bytes>>) -> Exchange {
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

/// What is shown of a request that could not be made.
pub(super) fn nothing_sent(subscription: &Subscription, method: &str, outcome: Outcome) -> Exchange {
    Exchange {
        method: method.to_owned(),
        url: subscription.spec.sink.clone(),
        request_headers: Vec::new(),
        request_body: Bytes::new(),
        outcome,
    }
}
