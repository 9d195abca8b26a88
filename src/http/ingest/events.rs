//! `POST /v1/events`: events from callers with a credential.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::poster::Poster;
use super::receipt::{Receipts, accepted, into_parts};
use super::{CloudEvent, ProtobufMessage, handshake, media};
use crate::domain::credential::Scope;
use crate::domain::trace::Traceparent;
use crate::http::body;
use crate::http::problem::{Document, Result};
use crate::http::state::AppState;
use crate::routing;

/// Accepts one CloudEvent or a batch
///
/// The content type decides the content mode: `application/cloudevents+json` is one event in JSON format,
/// `application/cloudevents-batch+json` an array of them (atomic: all are accepted or none), `+protobuf` in place of `+json` the
/// same in Protobuf (`io.cloudevents.v1.CloudEvent`, `CloudEventBatch`), anything else is the data of an event whose attributes
/// are `ce-` headers. 202 means that the events and all their deliveries are stored durably.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    params(
        ("access_token" = Option<String>, Query, description = "The credential, where `ingest.access_token_in_query` allows it here"),
    ),
    request_body(
        description = "One event, a batch, or the data of an event in binary mode",
        content(
            (CloudEvent = "application/cloudevents+json"),
            (Vec<CloudEvent> = "application/cloudevents-batch+json"),
            (ProtobufMessage = "application/cloudevents+protobuf"),
            (ProtobufMessage = "application/cloudevents-batch+protobuf"),
            (serde_json::Value = "*/*"),
        ),
    ),
    responses(
        (status = 202, description = "Stored; a batch is answered with a list", body = Receipts),
        (status = "default", description = "Nothing was accepted", body = Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post_events(State(state): State<AppState>, poster: Poster, request: Request) -> Result<Response> {
    let Poster { caller, is_by_query } = poster;
    caller.require(Scope::EventsWrite)?;
    let (parts, body) = request.into_parts();
    handshake::check_origin(&parts.headers, &state.config.ingest)?;
    let mode = media::mode(&parts.headers)?;
    let acceptor = &state.shard(&caller)?.acceptor;
    let body = body::read(body, &state.config).await?;
    let (events, shape) = into_parts(media::read(mode, &parts.headers, body, &state)?);
    let traceparent = traceparent(&parts.headers);
    let request = routing::Request { tenant: caller.tenant, events, traceparent, replay: None };
    let mut response = accepted(acceptor.accept(request).await?, shape);
    if is_by_query {
        // The address holds a credential: nobody may keep the answer for another (CloudEvents WebHook 3.2).
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    Ok(response)
}

/// The trace the request belongs to, if it says so validly; a header that does not is as good as none (W3C Trace Context).
pub(super) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all("traceparent").iter();
    let parsed = Traceparent::parse(values.next()?.to_str().ok()?)?;
    // Several headers are no valid trace context.
    values.next().is_none().then(|| parsed.to_string())
}
