//! A subscription's sink, compiled: everything about its requests that does not change from one to the next.
//!
//! Compiled once per snapshot of the subscription, by the first worker that needs it. It holds secrets: it must never be printed.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use url::Url;

use super::asking::per_minute;
use crate::domain::breaker;
use crate::domain::clock::Timestamp;
use crate::domain::event::{Format, HeaderEncoding};
use crate::domain::signature::SigningKey;
use crate::domain::subscription::{
    ContentMode, Credential, MessageAlgorithm, ProtocolSettings, RateLimit, SigningSecret, Subscription,
};

/// Headers that belong to the connection or to Waypost; a subscription's own settings can't set them.
const RESERVED: [&str; 9] =
    ["host", "content-length", "content-type", "connection", "transfer-encoding", "te", "trailer", "upgrade", "expect"];

const USER_AGENT_VALUE: HeaderValue = HeaderValue::from_static(concat!("Waypost/", env!("CARGO_PKG_VERSION")));

/// Who sends: in the handshake, and once the sink agreed in every delivery (WA-5).
pub(super) const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");

/// What holds for subscriptions that do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// The pace to a sink that was asked and does not agree.
    pub(super) unpermitted: Option<RateLimit>,
    /// When sinks that fail are left alone.
    pub(super) breaker: breaker::Policy,
}

impl Terms {
    /// When the subscription's sink is left alone because it fails.
    pub(super) fn breaker_of(&self, subscription: &Subscription) -> breaker::Policy {
        subscription.spec.config.breaker.as_ref().map_or(self.breaker, |wanted| self.breaker.with(wanted))
    }
}

/// A subscription as of one snapshot, and its sink once somebody needed it.
#[derive(Debug)]
pub(super) struct Target {
    /// The subscription.
    pub(super) subscription: Arc<Subscription>,
    /// When the sink is left alone because it fails.
    pub(super) breaker: breaker::Policy,
    /// The pace that the sink allows, beside the one that the subscription has itself.
    pub(super) allowed: Option<RateLimit>,
    sink: OnceLock<Result<Sink, String>>,
}

/// A compiled sink.
#[derive(Clone)]
pub(super) struct Sink {
    /// Where requests go: the sink without user name and fragment.
    pub(super) uri: Uri,
    /// `POST`, unless the subscription says otherwise.
    pub(super) method: Method,
    /// Headers that every request carries.
    pub(super) headers: HeaderMap,
    /// What makes `webhook-signature`, newest first, and until when.
    pub(super) keys: Vec<(SigningKey, Option<Timestamp>)>,
    /// What signs the request as an HTTP message, where the subscription asks for that.
    pub(super) message_signer: Option<MessageSigner>,
    /// How events lie on HTTP.
    pub(super) content_mode: ContentMode,
    /// The event format wherever the whole event is the body.
    pub(super) format: Format,
    /// How attributes are spelt in headers.
    pub(super) header_encoding: HeaderEncoding,
    /// Limit of one whole exchange.
    pub(super) timeout: Duration,
}

/// What makes HTTP message signatures for a sink.
#[derive(Clone)]
pub(super) struct MessageSigner {
    /// The sink as requests name it.
    pub(super) target: String,
    /// The keys with their names, newest first, and until when they sign.
    keys: Vec<(SigningKey, String, Option<Timestamp>)>,
}

impl MessageSigner {
    /// The keys that sign at `now` with their names, newest first.
    pub(super) fn active_keys(&self, now: Timestamp) -> impl Iterator<Item = (&SigningKey, &str)> {
        self.keys.iter().filter(move |(_, _, end)| end.is_none_or(|end| now < end)).map(|(key, id, _)| (key, id.as_str()))
    }
}

impl Target {
    /// The subscription, not compiled yet.
    pub(super) fn new(subscription: Arc<Subscription>, terms: &Terms) -> Self {
        let allowed = subscription.handshake.as_ref().and_then(|handshake| match &handshake.permission {
            Some(permission) => permission.rate.and_then(per_minute),
            None => terms.unpermitted,
        });
        let breaker = terms.breaker_of(&subscription);
        Self { subscription, breaker, allowed, sink: OnceLock::new() }
    }

    /// The rate limit that keeps both the subscription's own and what its sink allows.
    pub(super) fn limit(&self) -> Option<RateLimit> {
        match (self.subscription.spec.config.rate_limit, self.allowed) {
            (Some(own), Some(allowed)) => {
                Some(RateLimit { per_second: own.per_second.min(allowed.per_second), burst: own.burst.min(allowed.burst) })
            }
            (own, allowed) => own.or(allowed),
        }
    }

    /// Its sink.
    ///
    /// # Errors
    /// Why no request can be made of the subscription.
    pub(super) fn sink(&self) -> Result<&Sink, &str> {
        self.sink.get_or_init(|| Sink::compile(&self.subscription)).as_ref().map_err(String::as_str)
    }
}

impl Sink {
    /// Compiles a subscription's sink.
    ///
    /// # Errors
    /// What of it makes no request, without its value: that may be a secret.
    pub(super) fn compile(subscription: &Subscription) -> Result<Self, String> {
        let spec = &subscription.spec;
        let mut url = Url::parse(&spec.sink).map_err(|error| format!("the sink is not a URL: {error}"))?;
        let mut headers = custom_headers(spec.protocolsettings.headers.iter())?;
        headers.entry(USER_AGENT).or_insert(USER_AGENT_VALUE);
        if let Some(authorization) = authorization(spec.sinkcredential.as_ref(), &url)? {
            headers.insert(AUTHORIZATION, authorization);
        }
        if let Some(permission) = subscription.handshake.as_ref().and_then(|handshake| handshake.permission.as_ref()) {
            let origin = permission.origin.parse().map_err(|_| "the handshake's origin is no header value".to_owned())?;
            headers.insert(REQUEST_ORIGIN, origin);
        }
        if url.query_pairs().any(|(name, _)| name == "access_token") {
            // RFC 6750 section 2.3: nobody on the way may keep the answer to an address that holds a credential.
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        // Neither belongs on the wire; clearing them fails only for URLs without a host, which make no `Uri` below.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        let method = spec.protocolsettings.method.as_deref().unwrap_or("POST");
        let uri: Uri = url.as_str().parse().map_err(|error| format!("the sink is not a URL: {error}"))?;
        let signing = &spec.config.signature;
        Ok(Self {
            method: method.parse().map_err(|_| "`protocolsettings.method` is not a method".to_owned())?,
            headers,
            keys: keys(subscription, |held| !held.is_key_pair() || signing.has_v1a())?,
            message_signer: signing.http_message.map(|algorithm| message_signer(subscription, algorithm, &uri)).transpose()?,
            uri,
            content_mode: spec.config.content_mode,
            format: spec.config.format,
            header_encoding: spec.config.header_encoding,
            timeout: Duration::from_millis(spec.config.timeout_ms),
        })
    }

    /// Compiles a subscription's dead-letter sink: its own address and keys, and nothing that is meant for the sink alone, such as its
    /// credential. What a dead letter died of is told in attributes, so that they are always sent.
    ///
    /// # Errors
    /// As [`Sink::compile`], and if it has none.
    pub(super) fn of_dead_letters(subscription: &Subscription) -> Result<Self, String> {
        let Some(address) = &subscription.spec.config.dead_letter_sink else {
            return Err("the subscription has no dead-letter sink any more".to_owned());
        };
        let mut told = subscription.clone();
        told.spec.sink.clone_from(address);
        told.spec.sinkcredential = None;
        told.spec.protocolsettings = ProtocolSettings::default();
        if told.spec.config.content_mode == ContentMode::Data {
            told.spec.config.content_mode = ContentMode::Structured;
        }
        Self::compile(&told)
    }

    /// Host and port, as errors name the sink: nothing of its path or query, which may hold secrets.
    pub(super) fn authority(&self) -> String {
        authority(&self.uri)
    }

    /// The keys that sign at `now`, newest first.
    pub(super) fn active_keys(&self, now: Timestamp) -> Vec<SigningKey> {
        self.keys.iter().filter(|(_, end)| end.is_none_or(|end| now < end)).map(|(key, _)| key.clone()).collect()
    }
}

/// The keys of those secrets that are wanted, and until when they sign.
fn keys(
    subscription: &Subscription,
    is_wanted: impl Fn(&SigningSecret) -> bool,
) -> Result<Vec<(SigningKey, Option<Timestamp>)>, String> {
    let wanted = subscription.secrets.iter().filter(|held| is_wanted(held));
    let key = |held: &SigningSecret| SigningKey::parse(held.secret.expose()).map_err(|error| error.to_string());
    wanted.map(|held| Ok((key(held)?, held.expires_at))).collect()
}

fn message_signer(subscription: &Subscription, algorithm: MessageAlgorithm, uri: &Uri) -> Result<MessageSigner, String> {
    let is_asymmetric = algorithm == MessageAlgorithm::Ed25519;
    let keys = keys(subscription, |held| held.is_key_pair() == is_asymmetric)?;
    let named = keys.into_iter().map(|(key, end)| {
        let id = key.id();
        (key, id, end)
    });
    Ok(MessageSigner { target: uri.to_string(), keys: named.collect() })
}

/// Host and port of a URL, the port also where the scheme implies it.
pub(super) fn authority(uri: &Uri) -> String {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{}:{port}", uri.host().unwrap_or_default())
}

fn custom_headers<'a>(settings: impl Iterator<Item = (&'a String, &'a String)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in settings {
        let name: HeaderName = name.parse().map_err(|_| format!("`{name}` in `protocolsettings.headers` is no header name"))?;
        if is_reserved(&name) {
            continue;
        }
        let value =
            value.parse().map_err(|_| format!("the value of `{name}` in `protocolsettings.headers` is no header value"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn is_reserved(name: &HeaderName) -> bool {
    let name = name.as_str();
    RESERVED.contains(&name) || name.starts_with("webhook-") || name.starts_with("waypost-") || name.starts_with("ce-")
}

fn authorization(credential: Option<&Credential>, url: &Url) -> Result<Option<HeaderValue>, String> {
    let text = match credential {
        Some(Credential::Plain { identifier, secret }) => basic(identifier, secret.expose()),
        Some(Credential::AccessToken { accesstoken, .. }) => format!("Bearer {}", accesstoken.expose()),
        None if url.username().is_empty() && url.password().is_none() => return Ok(None),
        None => basic(url.username(), url.password().unwrap_or_default()),
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| "the sink's credential does not fit into a header".to_owned())?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sink").field("authority", &self.authority()).finish_non_exhaustive()
    }
}
