//! `/v1/events`: searching and reading what was accepted. Taking events in is `http::ingest`.

mod tail;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{ChangeProblems, Problems};
use super::wire::{Cursor, Id, Limit, List, Query, lately, page};
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::event::Format;
use crate::domain::id::EventId;
use crate::http::ingest::ProtobufMessage;
use crate::http::problem::Result;
use crate::http::{AppState, Caller};
use crate::store::{Conflict, EventFilter, StoreError};
use view::{Event, EventLine};

/// A page of them, under a name for the document.
type EventList = List<EventLine>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list_events))
        .routes(routes!(get_event))
        .routes(routes!(get_event_cloudevent))
        .routes(routes!(tail::tail_events))
}

/// What is searched for. Every parameter narrows the search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchEvents {
    /// Exactly this `type`.
    r#type: Option<String>,
    /// Exactly this `source`.
    source: Option<String>,
    /// Exactly this `subject`.
    subject: Option<String>,
    /// Accepted at or after this moment.
    after: Option<Timestamp>,
    /// Accepted before this moment.
    before: Option<Timestamp>,
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<EventId>>,
}

/// Searches events, newest first.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", params(SearchEvents), security(("bearer" = ["events:read"])),
    responses((status = 200, description = "A page of events", body = EventList), Problems)
)]
async fn list_events(
    State(app): State<AppState>,
    caller: Caller,
    Query(search): Query<SearchEvents>,
) -> Result<Json<List<EventLine>>> {
    caller.require(Scope::EventsRead)?;
    let store = &app.shard(&caller)?.store;
    let SearchEvents { r#type: event_type, source, subject, after, before, limit, cursor } = search;
    let filter = EventFilter { event_type, source, subject, after, before, made_since: None };
    let page = page(limit, cursor);
    let rows = lately!(store.events(&caller.tenant, &filter, page))?;
    Ok(Json(List::page::<EventId, _>(rows, EventLine::from)))
}

/// Reads one event with its data and its deliveries.
#[utoipa::path(
    get, path = "/v1/events/{id}", tag = "events", params(("id" = EventId, Path)), security(("bearer" = ["events:read"])),
    responses((status = 200, description = "The event", body = Event), Problems)
)]
async fn get_event(State(app): State<AppState>, caller: Caller, Id(id): Id<EventId>) -> Result<Json<Event>> {
    caller.require(Scope::EventsRead)?;
    let store = &app.shard(&caller)?.store;
    Event::new(store.event(&caller.tenant, id).await?).map(Json)
}

/// Reads one event as a structured CloudEvent, byte for byte as it was posted or is sent to sinks.
///
/// In JSON, or in Protobuf for who asks for that alone: `Accept: application/cloudevents+protobuf`.
#[utoipa::path(
    get, path = "/v1/events/{id}/cloudevent", tag = "events", params(("id" = EventId, Path)),
    security(("bearer" = ["events:read"])),
    responses(
        (status = 200, description = "The event in an event format", content(
            (Object = "application/cloudevents+json"),
            (ProtobufMessage = "application/cloudevents+protobuf"),
        )),
        ChangeProblems
    )
)]
async fn get_event_cloudevent(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<EventId>,
    headers: HeaderMap,
) -> Result<Response> {
    caller.require(Scope::EventsRead)?;
    let store = &app.shard(&caller)?.store;
    let stored = store.event(&caller.tenant, id).await?;
    if stored.data_expired_at.is_some() {
        // What is left would look like an event that never had data.
        return Err(StoreError::from(Conflict::DataExpired).into());
    }
    let format = preferred_format(&headers);
    let headers = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")];
    Ok((headers, stored.accepted.event.formatted(format)).into_response())
}

/// Protobuf for who accepts it and not JSON, else JSON. No weighing: who would take either gets what every program can read.
fn preferred_format(headers: &HeaderMap) -> Format {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let types = lines.flat_map(|line| line.split(',')).map(|item| item.split(';').next().unwrap_or_default().trim());
    let mut wants_protobuf = false;
    for media_type in types {
        if ["application/cloudevents+json", "application/json"].iter().any(|json| media_type.eq_ignore_ascii_case(json)) {
            return Format::Json;
        }
        wants_protobuf |= media_type.eq_ignore_ascii_case(Format::Protobuf.content_type());
    }
    if wants_protobuf { Format::Protobuf } else { Format::Json }
}
