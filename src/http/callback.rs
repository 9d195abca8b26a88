//! `/v1/handshakes/{id}/{secret}`: where a sink agrees to deliveries after it was asked (SPECS WA-6).
//!
//! The address is the credential: it is given to the sink alone, works once and for a limited time, and whatever is wrong with one
//! gets the same answer. `GET` and `POST` both agree, as the specification wants. Programs that look at links before people do
//! (scanners, previews) come as browsers or with `HEAD`: a browser's `GET` is shown a page with a button, and `HEAD` is refused.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Code, Document, Problem, Result};
use super::shards::Shard;
use super::state::AppState;
use crate::domain::credential::{self, KeyHash};
use crate::domain::handshake::{self, answer};
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::store::{Conflict, StoreError};

/// The most characters of a secret, so that nothing longer is ever hashed.
const MAX_SECRET: usize = 64;
/// How often an agreement is written anew after somebody else wrote first.
const TRIES: usize = 5;

/// What no cache, search engine, frame or other site is to have of an answer here.
const PRIVATE: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// What the sink has agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HandshakeAgreement {
    /// Who may send to it now.
    origin: String,
    /// The requests a minute that it allows; absent if it names no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allowed_rate: Option<u32>,
}

/// The route of this part.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_handshake_callback, post_handshake_callback))
}

/// Agrees to deliveries in a sink's place: the callback of the CloudEvents webhook handshake
///
/// A browser (`Accept: text/html`) is shown a page with a button that agrees; anybody else agrees by this. It works once.
#[utoipa::path(
    get, path = "/v1/handshakes/{id}/{secret}", tag = "subscriptions", security(()),
    params(
        ("id" = String, Path, description = "The subscription's identifier"),
        ("secret" = String, Path, description = "What the sink was told in `WebHook-Request-Callback`"),
    ),
    responses(
        (status = 200, description = "Agreed; or the page that asks", content((HandshakeAgreement = "application/json"), (String = "text/html"))),
        (status = "default", description = "Nothing was changed", body = Document, content_type = "application/problem+json"),
    ),
)]
async fn get_handshake_callback(
    State(app): State<AppState>,
    method: Method,
    Path((id, secret)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    if method == Method::HEAD {
        return Err(Problem::new(Code::MethodNotAllowed, "Only `GET` and `POST` are there.")
            .header(header::ALLOW, HeaderValue::from_static("GET, POST")));
    }
    if !is_browser(&headers) {
        return agree(&app, &id, &secret, &headers).await;
    }
    let (_, subscription, _) = expected(&app, &id, &secret).await?;
    Ok((PRIVATE, Html(page(&question(&subscription), true))).into_response())
}

/// Agrees to deliveries in a sink's place: the callback of the CloudEvents webhook handshake
///
/// It works once. `WebHook-Allowed-Rate` may say how many requests a minute are allowed; without it those that were asked for are.
#[utoipa::path(
    post, path = "/v1/handshakes/{id}/{secret}", tag = "subscriptions", security(()),
    params(
        ("id" = String, Path, description = "The subscription's identifier"),
        ("secret" = String, Path, description = "What the sink was told in `WebHook-Request-Callback`"),
        ("WebHook-Allowed-Origin" = Option<String>, Header, description = "The origin that may send, or `*`"),
        ("WebHook-Allowed-Rate" = Option<String>, Header, description = "Requests a minute; `*` is no limit"),
    ),
    responses(
        (status = 200, description = "Agreed", content((HandshakeAgreement = "application/json"), (String = "text/html"))),
        (status = "default", description = "Nothing was changed", body = Document, content_type = "application/problem+json"),
    ),
)]
async fn post_handshake_callback(
    State(app): State<AppState>,
    Path((id, secret)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    agree(&app, &id, &secret, &headers).await
}

async fn agree(app: &AppState, id: &str, secret: &str, headers: &HeaderMap) -> Result<Response> {
    let rate = text(headers, answer::ALLOWED_RATE);
    for _ in 0..TRIES {
        let (Shard { store, dispatch, .. }, read, hash) = expected(app, id, secret).await?;
        check_origin(&read, headers)?;
        let (mut agreed, now) = (read.clone(), app.clock.now());
        let pace = dispatch.asking().pace(app.entropy.fraction());
        if !handshake::grant(&mut agreed, &hash, rate, pace, now) {
            return Err(unknown());
        }
        match store.put_handshake(&read, &agreed, now).await {
            Ok(()) => {
                tracing::info!(subscription_id = %read.id, "a sink agreed to deliveries by its callback");
                dispatch.queued(read.id, now);
                return Ok(answered(agreed, headers));
            }
            Err(StoreError::Conflict(Conflict::State(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::new(Code::Conflict, "Others keep changing this subscription. Try again."))
}

fn answered(agreed: Subscription, headers: &HeaderMap) -> Response {
    if is_browser(headers) {
        return (PRIVATE, Html(page("Agreed. You can close this page.", false))).into_response();
    }
    let permission = agreed.handshake.and_then(|handshake| handshake.permission);
    let (origin, allowed_rate) = permission.map(|permission| (permission.origin, permission.rate)).unwrap_or_default();
    (PRIVATE, Json(HandshakeAgreement { origin, allowed_rate })).into_response()
}

/// The subscription whose sink was told this secret, if it still counts. Every other case is one and the same.
async fn expected<'a>(app: &'a AppState, id: &str, secret: &str) -> Result<(&'a Shard, Subscription, KeyHash)> {
    let id: SubscriptionId = id.parse().map_err(|_| unknown())?;
    if secret.len() > MAX_SECRET {
        return Err(unknown());
    }
    let hash = credential::hash(secret);
    let found = app.find(id.shard(), |shard| shard.store.any_subscription(id)).await?;
    let (shard, subscription) = found.ok_or_else(unknown)?;
    let is_expected = |handshake: &handshake::Handshake| handshake::is_expected(handshake, &hash, app.clock.now());
    if subscription.handshake.as_ref().is_some_and(is_expected) { Ok((shard, subscription, hash)) } else { Err(unknown()) }
}

fn unknown() -> Problem {
    Problem::not_found("This address is not known, was used before, or has expired.")
}

/// Goes on unless the callback names an origin that is not the one it was asked for.
fn check_origin(subscription: &Subscription, headers: &HeaderMap) -> Result<()> {
    let asked = subscription.handshake.as_ref().and_then(|handshake| handshake.asked.as_ref());
    match (text(headers, answer::ALLOWED_ORIGIN), asked) {
        (Some(allowed), Some(asked)) if !answer::allows(allowed, &asked.origin) => {
            Err(Problem::invalid_request("The callback allows another origin than the one that asked; nothing was changed.")
                .at_header("WebHook-Allowed-Origin", format!("must be `{}` or `*`", asked.origin)))
        }
        _ => Ok(()),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn is_browser(headers: &HeaderMap) -> bool {
    text(headers, "accept").is_some_and(|accepted| accepted.contains("text/html"))
}

fn question(subscription: &Subscription) -> String {
    let asked = subscription.handshake.as_ref().and_then(|handshake| handshake.asked.as_ref());
    let origin = asked.map_or("this system", |asked| asked.origin.as_str());
    // No more of the sink than its host: the rest may hold a secret.
    let sink = Url::parse(&subscription.spec.sink).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    format!("May {origin} send events to {sink}?")
}

fn page(sentence: &str, is_question: bool) -> String {
    let sentence = sentence.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let form = if is_question { "<form method=\"post\"><button>Allow it</button></form>" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Webhook handshake</title><main><h1>Webhook handshake</h1><p>{sentence}</p>{form}</main></html>"
    )
}
