//! `/v1/events`: searching and reading what was accepted. Taking events in is `http::ingest`.

mod tail;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::Problems;
use super::wire::{Cursor, Id, Limit, List, Query, page};
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::event::write::STRUCTURED_CONTENT_TYPE;
use crate::domain::id::EventId;
use crate::http::problem::Result;
use crate::http::{AppState, Caller};
use crate::store::{EventFilter, Store};
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
    State(store): State<Arc<dyn Store>>,
    caller: Caller,
    Query(search): Query<SearchEvents>,
) -> Result<Json<List<EventLine>>> {
    caller.require(Scope::EventsRead)?;
    let SearchEvents { r#type: event_type, source, subject, after, before, limit, cursor } = search;
    let filter = EventFilter { event_type, source, subject, after, before, made_since: None };
    let rows = store.events(&caller.tenant, &filter, page(limit, cursor)).await?;
    Ok(Json(List::page::<EventId, _>(rows, EventLine::from)))
}

/// Reads one event with its data and its deliveries.
#[utoipa::path(
    get, path = "/v1/events/{id}", tag = "events", params(("id" = EventId, Path)), security(("bearer" = ["events:read"])),
    responses((status = 200, description = "The event", body = Event), Problems)
)]
async fn get_event(State(store): State<Arc<dyn Store>>, caller: Caller, Id(id): Id<EventId>) -> Result<Json<Event>> {
    caller.require(Scope::EventsRead)?;
    Event::new(store.event(&caller.tenant, id).await?).map(Json)
}

/// Reads one event as a structured CloudEvent, byte for byte as it was posted or is sent to sinks.
#[utoipa::path(
    get, path = "/v1/events/{id}/cloudevent", tag = "events", params(("id" = EventId, Path)),
    security(("bearer" = ["events:read"])),
    responses(
        (status = 200, description = "The event in the JSON event format", body = Object, content_type = "application/cloudevents+json"),
        Problems
    )
)]
async fn get_event_cloudevent(State(store): State<Arc<dyn Store>>, caller: Caller, Id(id): Id<EventId>) -> Result<Response> {
    caller.require(Scope::EventsRead)?;
    let stored = store.event(&caller.tenant, id).await?;
    Ok(([(header::CONTENT_TYPE, STRUCTURED_CONTENT_TYPE)], stored.accepted.event.structured()).into_response())
}
