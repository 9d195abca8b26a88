//! The CloudEvents webhook handshake as its receiver (SPECS WR-1 to WR-3).
//!
//! A sender such as Azure Event Grid asks with OPTIONS before it posts. The answer is in the headers alone; a callback that the
//! request offers is never called, since that would let anybody make Waypost send requests.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::config::Ingest;
use crate::http::problem::{Code, Document, Problem, Result};
use crate::http::state::AppState;

const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const REQUEST_CALLBACK: HeaderName = HeaderName::from_static("webhook-request-callback");
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");
const METHODS: HeaderValue = HeaderValue::from_static("POST, OPTIONS");

/// Asks whether a sender may post events
///
/// The CloudEvents webhook validation handshake: `WebHook-Request-Origin` names the sender, `WebHook-Allowed-Origin` in the
/// answer says that it may post.
#[utoipa::path(
    options,
    path = "/v1/events",
    tag = "events",
    security(()),
    params(("WebHook-Request-Origin" = Option<String>, Header, description = "The DNS name of the sender")),
    responses(
        (status = 200, description = "The sender may post, if `WebHook-Allowed-Origin` says so", headers(
            ("WebHook-Allowed-Origin" = String, description = "The origin that may post"),
            ("WebHook-Allowed-Rate" = String, description = "Requests a minute; `*` is no limit"),
            ("Allow" = String, description = "The methods there are"),
        )),
        (status = "default", description = "The sender may not post", body = Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ask_permission(State(state): State<AppState>, headers: HeaderMap) -> Result<Response> {
    answer(&headers, &state.config.ingest)
}

/// Asks whether a producer may post events
///
/// The CloudEvents webhook validation handshake, as at `/v1/events`. It says nothing of the producer itself, not even whether there
/// is one: that is what its signature is for.
#[utoipa::path(
    options,
    path = "/v1/producers/{producer}/events",
    tag = "events",
    security(()),
    params(
        ("producer" = String, Path, description = "The producer's identifier (`prd_…`)"),
        ("WebHook-Request-Origin" = Option<String>, Header, description = "The DNS name of the sender"),
    ),
    responses(
        (status = 200, description = "The sender may post, if `WebHook-Allowed-Origin` says so", headers(
            ("WebHook-Allowed-Origin" = String, description = "The origin that may post"),
            ("WebHook-Allowed-Rate" = String, description = "Requests a minute; `*` is no limit"),
            ("Allow" = String, description = "The methods there are"),
        )),
        (status = "default", description = "The sender may not post", body = Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ask_producer_permission(State(state): State<AppState>, headers: HeaderMap) -> Result<Response> {
    answer(&headers, &state.config.ingest)
}

fn answer(headers: &HeaderMap, config: &Ingest) -> Result<Response> {
    check_origin(headers, config)?;
    if let Some(callback) = headers.get(REQUEST_CALLBACK) {
        tracing::info!(?callback, "a sender offers a callback to confirm its handshake; Waypost never calls it");
    }
    let mut response = (StatusCode::OK, [(header::ALLOW, METHODS)]).into_response();
    if let Some(origin) = headers.get(REQUEST_ORIGIN) {
        response.headers_mut().insert(ALLOWED_ORIGIN, origin.clone());
        let rate = if config.allowed_rate == 0 { HeaderValue::from_static("*") } else { config.allowed_rate.into() };
        response.headers_mut().insert(ALLOWED_RATE, rate);
    }
    Ok(response)
}

/// Goes on unless the request names an origin that may not post. The whole name is compared, without case: a test of its
/// beginning once let `trusted.example.com.attacker.tld` through elsewhere (WR-2).
pub(super) fn check_origin(headers: &HeaderMap, config: &Ingest) -> Result<()> {
    let mut origins = headers.get_all(REQUEST_ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let is_allowed = |allowed: &String| allowed == "*" || allowed.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
    if origins.next().is_none() && !origin.is_empty() && config.allowed_origins.iter().any(is_allowed) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "This origin may not post events here (`ingest.allowed_origins`).")
        .header(header::ALLOW, METHODS)
        .at_header("WebHook-Request-Origin", "names an origin that is not allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(allowed: &[&str], origins: &[&str]) -> bool {
        let mut config = crate::config::Config::builtin().ingest;
        config.allowed_origins = allowed.iter().map(ToString::to_string).collect();
        let headers = origins.iter().map(|origin| (REQUEST_ORIGIN, origin.parse().unwrap())).collect();
        check_origin(&headers, &config).is_ok()
    }

    #[test]
    fn origin_is_compared_whole_and_without_case() {
        let allowed = ["trusted.example.com"];
        assert!(is_allowed(&allowed, &["trusted.example.com"]));
        assert!(is_allowed(&allowed, &["Trusted.Example.COM"]));
        for origin in ["trusted.example.com.attacker.tld", "evil-trusted.example.com", "trusted.example.co", "", "*"] {
            assert!(!is_allowed(&allowed, &[origin]), "{origin:?}");
        }
    }

    #[test]
    fn star_allows_any_origin_but_not_two_at_once() {
        assert!(is_allowed(&["*"], &["anybody.example"]));
        assert!(!is_allowed(&["*"], &["anybody.example", "somebody.example"]));
    }

    #[test]
    fn request_without_origin_needs_no_permission() {
        assert!(is_allowed(&[], &[]));
    }
}
