//! `/v1/events/tail`: events as they are accepted, as server-sent events.
//!
//! Each tail asks the database once a second for what is new, so it shows the events of all nodes, and costs those who post
//! nothing. It looks a little back each time: an event may be committed after one that has a later identifier.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval};
use utoipa::IntoParams;

use super::view::EventLine;
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::id::EventId;
use crate::domain::page::PageRequest;
use crate::domain::tenant::TenantName;
use crate::http::api::wire::Query;
use crate::http::api::wire::answers::Problems;
use crate::http::problem::{Code, Problem, Result};
use crate::http::tails::Room;
use crate::http::{AppState, Caller};
use crate::store::{EventFilter, EventRow, Store, StoreError};

/// How often the database is asked.
const TICK: Duration = Duration::from_secs(1);

/// How far each look goes back: longer than a commit takes on a bad day.
const OVERLAP: Duration = Duration::from_secs(5);

/// How long ago a client may have been here to go on from there; the list has what is older.
const MAX_ABSENCE: Duration = Duration::from_mins(10);

/// Events shown of one look; of more, the newest. Nobody reads faster.
const MAX_AT_ONCE: u32 = 250;

/// After so many looks a tail ends: its client comes back, and its credential is checked again.
const MAX_TICKS: usize = 600;

/// When a client should try again that found no room.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// What is shown. Every parameter narrows it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TailEvents {
    /// Exactly this `type`.
    r#type: Option<String>,
    /// Exactly this `source`.
    source: Option<String>,
    /// Exactly this `subject`.
    subject: Option<String>,
}

/// Shows events as they are accepted, as server-sent events.
///
/// Each message is named `event`, has the event's identifier as `id` and a row of the list of events as `data`. With
/// `Last-Event-ID` it goes on after that event; without it a message named `start` has the identifier to come back with. More
/// than 250 events a second are cut to the newest; a message named `skipped` says so. The stream ends now and then, and with its
/// credential: come back with the last identifier.
#[utoipa::path(
    get, path = "/v1/events/tail", tag = "events", security(("bearer" = ["events:read"])),
    params(TailEvents, ("Last-Event-ID" = Option<EventId>, Header, description = "The last event that was seen")),
    responses(
        (status = 200, description = "Messages, for as long as the caller listens", body = String, content_type = "text/event-stream"),
        (status = 429, description = "`too_many_requests`: as many tails are open as `server.max_tails` allows",
            body = crate::http::problem::Document, content_type = "application/problem+json"),
        Problems
    )
)]
pub(super) async fn tail_events(
    State(app): State<AppState>,
    caller: Caller,
    Query(TailEvents { r#type: event_type, source, subject }): Query<TailEvents>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    caller.require(Scope::EventsRead)?;
    let room = app.tails.take(&caller.tenant).ok_or_else(|| {
        let detail = "As many live tails are open as `server.max_tails` and `server.max_tails_per_tenant` allow.";
        Problem::new(Code::TooManyRequests, detail).retry_after(RETRY_AFTER)
    })?;
    let filter = EventFilter { event_type, source, subject, ..EventFilter::default() };
    let last_seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let store = Arc::clone(&app.shard(&caller)?.store);
    let mut tail = Tail::new(store, caller.tenant, filter, last_seen, app.clock.now());
    let start = Message::default().event("start").id(tail.start.to_string()).data("{}");
    let begins = if last_seen.is_none() { vec![start] } else { Vec::new() };
    tail.skip_what_was_seen().await?;
    let looks = looks(tail, headers, room, app);
    Ok(Sse::new(stream::iter(begins).chain(looks).map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default()))
}

/// What a client sees, look by look, until the server stops, the tail is old, or the credential does not hold any more.
fn looks(tail: Tail, headers: HeaderMap, room: Room, app: AppState) -> impl Stream<Item = Message> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = app.stopping.clone();
    let looks = stream::unfold((tail, ticks, headers, room, app), |(mut tail, mut ticks, headers, room, app)| async move {
        ticks.tick().await;
        if !is_allowed(&app, &headers).await {
            return None;
        }
        let messages = tail.look(app.clock.now()).await.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "a live tail could not look for events");
            Vec::new()
        });
        Some((stream::iter(messages), (tail, ticks, headers, room, app)))
    });
    looks.take(MAX_TICKS).take_until(stopping.cancelled_owned()).flatten()
}

/// Whether the credential still holds. The look-up is remembered; while the database is away it is not known not to.
async fn is_allowed(app: &AppState, headers: &HeaderMap) -> bool {
    match app.authenticator.authenticate(headers).await {
        Ok(identity) => identity.scopes.iter().any(|scope| [Scope::EventsRead, Scope::Admin].contains(scope)),
        Err(problem) => problem.code() == Code::Unavailable,
    }
}

/// Where one client is.
struct Tail {
    store: Arc<dyn Store>,
    tenant: TenantName,
    filter: EventFilter,
    /// After which identifier the client is shown what it asks for.
    start: EventId,
    /// The time up to which everything was shown.
    reached: Timestamp,
    /// What was shown of the time that is looked at again.
    shown: HashMap<EventId, Timestamp>,
}

impl Tail {
    fn new(store: Arc<dyn Store>, tenant: TenantName, filter: EventFilter, last_seen: Option<EventId>, now: Timestamp) -> Self {
        let earliest = now.minus(MAX_ABSENCE);
        let start = last_seen.unwrap_or_else(|| EventId::first_at(now));
        let reached = start.made_at().unwrap_or(now).clamp(earliest, now);
        Self { store, tenant, filter, start, reached, shown: HashMap::new() }
    }

    /// Marks as shown what lies within the first look and the client has seen already, or does not ask for.
    async fn skip_what_was_seen(&mut self) -> std::result::Result<(), StoreError> {
        let rows = self.rows().await?;
        let seen = rows.into_iter().filter(|row| row.id <= self.start);
        self.shown.extend(seen.map(|row| (row.id, row.accepted_at)));
        Ok(())
    }

    /// What is new, oldest first.
    async fn look(&mut self, now: Timestamp) -> std::result::Result<Vec<Message>, StoreError> {
        let rows = self.rows().await?;
        let is_cut = rows.len() >= MAX_AT_ONCE as usize && rows.iter().all(|row| !self.shown.contains_key(&row.id));
        let mut messages = Vec::new();
        if is_cut {
            messages.push(Message::default().event("skipped").data("{}"));
        }
        for row in rows.into_iter().rev() {
            if self.shown.insert(row.id, row.accepted_at).is_none() {
                messages.extend(message(row));
            }
        }
        // Whether anything matched or not: or a rare filter would look at ever more.
        self.reached = self.reached.max(now);
        let looked_at_again = self.since();
        self.shown.retain(|_, accepted_at| *accepted_at >= looked_at_again);
        Ok(messages)
    }

    async fn rows(&self) -> std::result::Result<Vec<EventRow>, StoreError> {
        let filter = EventFilter { made_since: Some(self.since()), ..self.filter.clone() };
        let page = PageRequest { limit: MAX_AT_ONCE, before: None };
        Ok(self.store.events(&self.tenant, &filter, page).await?.rows)
    }

    fn since(&self) -> Timestamp {
        self.reached.minus(OVERLAP)
    }
}

fn message(row: EventRow) -> Option<Message> {
    let id = row.id.to_string();
    Message::default().event("event").id(id).json_data(EventLine::from(row)).ok()
}
