//! Trying a draft on events of the past: how many match, with samples. Nothing is stored and nothing is delivered.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::input;
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::event::Accepted;
use crate::domain::filter::{Answer, Facts};
use crate::domain::id::EventId;
use crate::domain::page::PageRequest;
use crate::domain::subscription::Rules;
use crate::domain::tenant::TenantName;
use crate::http::api::explain::Clause;
use crate::http::api::wire::answers::BodyProblems;
use crate::http::api::wire::{Body, Cursor};
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller};
use crate::store::{EventFilter, EventRow, Store};

/// Events that are looked at if the caller names no number.
const DEFAULT_LAST: u32 = 1000;
/// Samples of each kind if the caller names no number, and the most there can be.
const DEFAULT_SAMPLES: u32 = 10;
const MAX_SAMPLES: u32 = 50;
/// Bytes of bodies in memory at once, but for a single event that is longer.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A draft of a subscription, and which past events it is tried on: the newest first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewSubscription {
    /// A subscription as it would be created; its `sink` may be left out.
    #[schema(value_type = Object)]
    subscription: input::Members,
    /// At most so many events: 1000 if nothing is said, at most `explain.max_events`.
    #[serde(default)]
    #[schema(nullable = false, minimum = 1)]
    last: Option<u32>,
    /// Accepted at or after this moment.
    #[serde(default)]
    #[schema(nullable = false)]
    after: Option<Timestamp>,
    /// Accepted before this moment.
    #[serde(default)]
    #[schema(nullable = false)]
    before: Option<Timestamp>,
    /// The `next` of the answer before, to go on where that stopped.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    cursor: Option<Cursor<EventId>>,
    /// How many samples of each kind are shown: 10 if nothing is said.
    #[serde(default)]
    #[schema(nullable = false, maximum = 50)]
    limit_samples: Option<u32>,
}

/// What the draft would have done with events of the past.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Preview {
    /// Events looked at.
    looked_at: u64,
    /// Of these, how many would have matched.
    matched: u64,
    /// How many would not.
    not_matched: u64,
    /// Of how many that can't be told, since a filter could not be asked: they would not have matched either.
    faulted: u64,
    /// Whether all were looked at that were asked for. Not if `explain.time_limit_ms` came first.
    is_complete: bool,
    /// When the oldest was accepted that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    oldest_accepted_at: Option<Timestamp>,
    /// When the newest was accepted that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    newest_accepted_at: Option<Timestamp>,
    /// Some of the events.
    samples: Samples,
    /// The `cursor` with which older events are looked at; `null` if there are none in the range.
    #[schema(required = true)]
    next: Option<String>,
}

/// The newest events of each kind.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = PreviewSamples)]
struct Samples {
    /// That would have matched.
    matched: Vec<Sample>,
    /// That would not.
    not_matched: Vec<Sample>,
    /// Of which it can't be told.
    faulted: Vec<Sample>,
}

/// An event that was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewSample)]
struct Sample {
    /// Its identifier here.
    id: EventId,
    /// Its `type` attribute.
    r#type: String,
    /// Its `source` attribute.
    source: String,
    /// Its `subject` attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// When it was accepted.
    accepted_at: Timestamp,
    /// Why it did not match; empty if it did.
    clauses: Vec<Clause>,
}

/// Tries a draft of a subscription on past events, without delivering or storing anything.
///
/// Its `source`, `types` and `filters` count; its sink, credentials and configuration are only checked.
#[utoipa::path(
    post, path = "/v1/subscriptions/preview", tag = "subscriptions", request_body = PreviewSubscription,
    security(("bearer" = ["events:read"])),
    responses(
        (status = 200, description = "What would have matched", body = Preview),
        (status = 429, description = "`too_many_requests`: as many previews are worked on as `explain.max_concurrency` allows",
            body = crate::http::problem::Document, content_type = "application/problem+json"),
        BodyProblems
    )
)]
pub(super) async fn preview_subscription(
    State(app): State<AppState>,
    caller: Caller,
    Body(asked): Body<PreviewSubscription>,
) -> Result<Json<Preview>> {
    caller.require(Scope::EventsRead)?;
    let max = app.config.explain.max_events;
    let last = within(asked.last.unwrap_or_else(|| DEFAULT_LAST.min(max)), 1, max, "/last", " (`explain.max_events`)")?;
    let max_samples = within(asked.limit_samples.unwrap_or(DEFAULT_SAMPLES), 0, MAX_SAMPLES, "/limit_samples", "")?;
    let spec = input::draft(asked.subscription, &app.config).map_err(|problem| problem.below("/subscription"))?;
    let store = &*app.shard(&caller)?.store;
    let room = app.room.take().await?;
    let search = Search {
        store,
        tenant: &caller.tenant,
        rules: Rules::from(&spec),
        range: EventFilter { after: asked.after, before: asked.before, ..EventFilter::default() },
        max_samples: max_samples as usize,
        deadline: room.deadline(),
    };
    search.run(last, asked.cursor).await.map(Json)
}

fn within(number: u32, least: u32, most: u32, pointer: &str, setting: &str) -> Result<u32> {
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    let detail = format!("must be between {least} and {most}{setting}");
    Err(Problem::invalid_request("The body is not as expected; nothing was changed.").at_pointer(pointer, detail))
}

/// A draft on its way through events of the past.
struct Search<'a> {
    store: &'a dyn Store,
    tenant: &'a TenantName,
    rules: Rules,
    range: EventFilter,
    max_samples: usize,
    deadline: Instant,
}

impl Search<'_> {
    /// Looks at up to `last` events. No connection is held while filters are asked.
    async fn run(&self, last: u32, cursor: Option<Cursor<EventId>>) -> Result<Preview> {
        let mut preview = Preview::default();
        let mut before = cursor.map(Cursor::uuid);
        let mut left = last;
        loop {
            let limit = left.min(PageRequest::MAX_LIMIT);
            let page = self.store.events(self.tenant, &self.range, PageRequest { limit, before }).await?;
            let mut rest = page.rows.as_slice();
            while !rest.is_empty() {
                let (portion, others) = rest.split_at(portion(rest));
                self.look_at(portion, &mut preview).await?;
                rest = others;
                left -= u32::try_from(portion.len()).unwrap_or(left);
                before = portion.last().map(|row| row.id.as_uuid());
                if !rest.is_empty() && Instant::now() >= self.deadline {
                    break;
                }
            }
            let is_end = rest.is_empty() && page.next.is_none();
            preview.is_complete = is_end || (rest.is_empty() && left == 0);
            if preview.is_complete || Instant::now() >= self.deadline {
                preview.next = before.filter(|_| !is_end).map(|uuid| Cursor::<EventId>::new(uuid).to_string());
                return Ok(preview);
            }
        }
    }

    async fn look_at(&self, rows: &[EventRow], preview: &mut Preview) -> Result<()> {
        let mut unshown = self.max_samples.saturating_sub(preview.samples.not_matched.len());
        let mut needed = Vec::new();
        for row in rows {
            // Type and source stand beside the body: most events of others are told by them alone.
            let is_needed = if self.rules.admits(&row.source, &row.event_type) {
                !self.rules.filters.is_empty()
            } else {
                let is_shown = unshown > 0;
                unshown = unshown.saturating_sub(1);
                is_shown
            };
            if is_needed {
                needed.push(row.id);
            }
        }
        let events = if needed.is_empty() { Vec::new() } else { self.store.events_named(self.tenant, &needed).await? };
        let events: HashMap<EventId, Accepted> = events.into_iter().map(|accepted| (accepted.id, accepted)).collect();
        for row in rows {
            self.note(row, events.get(&row.id), preview);
        }
        Ok(())
    }

    /// Counts an event, and shows it if there is room.
    fn note(&self, row: &EventRow, accepted: Option<&Accepted>, preview: &mut Preview) {
        let facts = accepted.map(|accepted| Facts::new(&accepted.event));
        let answer = match &facts {
            Some(facts) => self.rules.ask(facts),
            None if !self.rules.admits(&row.source, &row.event_type) => Answer::No,
            None if self.rules.filters.is_empty() => Answer::Yes,
            // It was deleted a moment ago.
            None => return,
        };
        let (count, samples) = match answer {
            Answer::Yes => (&mut preview.matched, &mut preview.samples.matched),
            Answer::No => (&mut preview.not_matched, &mut preview.samples.not_matched),
            Answer::Fault => (&mut preview.faulted, &mut preview.samples.faulted),
        };
        *count += 1;
        if samples.len() < self.max_samples {
            let clauses = facts.map(|facts| self.rules.explain(&facts).clauses).unwrap_or_default();
            samples.push(Sample {
                id: row.id,
                r#type: row.event_type.clone(),
                source: row.source.clone(),
                subject: row.subject.clone(),
                accepted_at: row.accepted_at,
                clauses: clauses.into_iter().map(Into::into).collect(),
            });
        }
        preview.looked_at += 1;
        preview.newest_accepted_at.get_or_insert(row.accepted_at);
        preview.oldest_accepted_at = Some(row.accepted_at);
    }
}

/// How many of the rows, at least one, have bodies that fit into memory together.
fn portion(rows: &[EventRow]) -> usize {
    let mut bytes = 0;
    let fitting = rows.iter().take_while(|row| {
        bytes += row.body_bytes;
        bytes <= MAX_BYTES
    });
    fitting.count().max(1)
}
