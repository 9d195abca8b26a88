//! What a sink is asked: `OPTIONS` to its exact URI, in the name of this system (SPECS WA-2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;

use super::Asking;
use crate::dispatch::sink::{REQUEST_ORIGIN, Sink};
use crate::domain::clock::Timestamp;
use crate::domain::credential;
use crate::domain::entropy::Entropy;
use crate::domain::handshake::{Asked, Callback};
use crate::domain::secret::Secret;
use crate::domain::subscription::Subscription;

const REQUEST_RATE: HeaderName = HeaderName::from_static("webhook-request-rate");
const REQUEST_CALLBACK: HeaderName = HeaderName::from_static("webhook-request-callback");

/// Random bytes of a callback's secret.
const SECRET_BYTES: usize = 32;

/// A question, before it is put.
pub(super) struct Question {
    /// What is remembered of it.
    pub(super) asked: Asked,
    /// What is remembered of its callback, if one is offered.
    pub(super) callback: Option<Callback>,
    callback_url: Option<Secret>,
}

impl Question {
    /// The question to a subscription's sink at `now`. A callback is offered if this system knows where it is reached, and the
    /// answer is to be remembered.
    pub(super) fn new(asking: &Asking, subscription: &Subscription, now: Timestamp, entropy: &dyn Entropy) -> Self {
        let asked = Asked { at: now, origin: asking.origin.clone(), requested_rate: requested_rate(asking, subscription) };
        let is_offered = !asking.public_url.is_empty() && subscription.handshake.is_some();
        let (callback, callback_url) = is_offered
            .then(|| {
                let mut bytes = [0; SECRET_BYTES];
                entropy.fill(&mut bytes);
                let secret = URL_SAFE_NO_PAD.encode(bytes);
                let lifetime = std::time::Duration::from_millis(asking.settings.callback_lifetime_ms);
                let callback = Callback { hash: credential::hash(&secret), expires_at: now.plus(lifetime) };
                (callback, Secret::new(format!("{}/v1/handshakes/{}/{secret}", asking.public_url, subscription.id)))
            })
            .unzip();
        Self { asked, callback, callback_url }
    }

    /// The request that puts it.
    ///
    /// # Errors
    /// What can't be put into a header.
    pub(super) fn request(&self, sink: &Sink) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = Method::OPTIONS;
        *request.uri_mut() = sink.uri.clone();
        let mut headers = sink.headers.clone();
        headers.insert(REQUEST_ORIGIN, value(&self.asked.origin)?);
        if let Some(rate) = self.asked.requested_rate {
            headers.insert(REQUEST_RATE, rate.into());
        }
        if let Some(url) = &self.callback_url {
            let mut url = value(url.expose())?;
            // Whoever knows it agrees in the sink's place: it is for the sink alone, and never shown.
            url.set_sensitive(true);
            headers.insert(REQUEST_CALLBACK, url);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }
}

fn value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "the handshake holds what no header may hold".to_owned())
}

/// The rate that is asked for: what the subscription limits itself to, or else what the setting says.
fn requested_rate(asking: &Asking, subscription: &Subscription) -> Option<u32> {
    let own = subscription.spec.config.rate_limit.map(|limit| minutely(limit.per_second));
    own.or_else(|| Some(asking.settings.request_rate).filter(|&rate| rate > 0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits, and a limit is positive")]
fn minutely(per_second: f64) -> u32 {
    (per_second * 60.0).ceil().clamp(1.0, f64::from(u32::MAX)) as u32
}
