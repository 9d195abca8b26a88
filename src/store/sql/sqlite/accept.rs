//! Accepting a batch on SQLite.

use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, Result, params};
use uuid::Uuid;

use crate::domain::event::{Accepted, StoredForm};
use crate::domain::id::EventId;

use super::keys::Keys;
use super::lease::INSERT_LEASES;
use super::order;
use super::queue::ENQUEUE;
use super::rows::{Insert, Values, insert};
use super::writer::Session;
use crate::store::sql::columns::wire_word;
use crate::store::sql::order::PARKED;
use crate::store::sql::outbox::packed_leases;
use crate::store::{AcceptBatch, Accepting, Lease, NewDelivery, Placement, Settled, SubmissionResult};

const INSERT_REPLAY: &str = "INSERT INTO replays (producer_id, digest, expires_at) VALUES (?1, ?2, ?3)
    ON CONFLICT (producer_id, digest) DO UPDATE SET expires_at = excluded.expires_at WHERE replays.expires_at < ?4";

const INSERT_EVENTS: [&str; 2] = insert!(
    "events (number, id, tenant, accepted_at, event_id, source, type, subject, time, traceparent, wire, attributes, body,
     routing_version)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ""
);

const INSERT_DELIVERIES: [&str; 2] = insert!(
    "deliveries (id, tenant, event_id, subscription_id, state, next_attempt_at, lease_owner, lease_token, created_at,
     attempt_count, budget_attempt_count)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
    ""
);

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] =
    &[INSERT_REPLAY, INSERT_EVENTS[0], INSERT_EVENTS[1], INSERT_DELIVERIES[0], INSERT_DELIVERIES[1]];

/// A batch that owns what it needs, to be sent to the writer.
pub(super) struct Batch {
    node: Uuid,
    routing_version: i64,
    now: i64,
    keys_since: i64,
    submissions: Vec<Submission>,
    /// The row of the leases it takes, and what is in it.
    lease: (Uuid, Vec<u8>),
}

/// The keys, and the events that took theirs, each with its number.
struct Writing<'c, 'b> {
    keys: &'c mut Keys,
    find_key: CachedStatement<'c>,
    new: Vec<(i64, &'b NewEvent)>,
}

struct Submission {
    replay: Option<(Uuid, [u8; 16], i64)>,
    events: Vec<NewEvent>,
}

struct NewEvent {
    accepted: Arc<Accepted>,
    stored: StoredForm,
    key: [u8; 16],
    deliveries: Vec<NewDelivery>,
}

impl Batch {
    /// Copies what is small of a batch; events are shared.
    pub(super) fn new(batch: &AcceptBatch, lease: Uuid) -> Self {
        let submissions = batch.submissions.iter().map(|submission| Submission {
            replay: submission.replay.map(|(producer, digest, until)| (producer.as_uuid(), digest, until.as_micros())),
            events: submission.events.iter().map(NewEvent::new).collect(),
        });
        Self {
            node: batch.node.as_uuid(),
            routing_version: batch.routing_version,
            now: batch.now.as_micros(),
            keys_since: batch.keys_since.as_micros(),
            submissions: submissions.collect(),
            lease: (lease, packed_leases(batch)),
        }
    }

    /// Writes the batch.
    pub(super) fn write(&self, session: &mut Session) -> Result<Settled> {
        let connection = &session.connection;
        let routing_version =
            connection.prepare_cached("SELECT version FROM routing WHERE id = 1")?.query_row([], |row| row.get(0))?;
        if routing_version != self.routing_version {
            return Ok(Settled::Stale { routing_version });
        }
        let (id, deliveries) = &self.lease;
        if !deliveries.is_empty() {
            connection.prepare_cached(INSERT_LEASES)?.execute(params![self.node, id, deliveries])?;
        }
        let mut writing = Writing { find_key: session.keys.finder(connection)?, keys: &mut session.keys, new: Vec::new() };
        let submit = |submission| self.submit(connection, &mut writing, submission);
        let results = self.submissions.iter().map(submit).collect::<Result<_>>()?;
        self.insert(connection, &writing.new)?;
        Ok(Settled::Committed(results))
    }

    fn submit<'b>(
        &'b self,
        connection: &Connection,
        writing: &mut Writing<'_, 'b>,
        submission: &'b Submission,
    ) -> Result<SubmissionResult> {
        if let Some((producer, digest, until)) = submission.replay {
            let mut insert = connection.prepare_cached(INSERT_REPLAY)?;
            if insert.execute(params![producer, digest, until, self.now])? == 0 {
                return Ok(None);
            }
        }
        submission.events.iter().map(|event| self.take(writing, event)).collect::<Result<_>>().map(Some)
    }

    /// Takes the event's key, or gives the event that has it.
    fn take<'b>(&self, writing: &mut Writing<'_, 'b>, event: &'b NewEvent) -> Result<Option<EventId>> {
        let Writing { find_key, keys, new } = writing;
        if let Some(first) = keys.take(find_key, event.key, event.accepted.id.as_uuid(), self.now, self.keys_since)? {
            return Ok(Some(EventId::from_uuid(first)));
        }
        new.push((keys.next_number(), event));
        Ok(None)
    }

    fn insert(&self, connection: &Connection, new: &[(i64, &NewEvent)]) -> Result<()> {
        Insert::prepare(connection, INSERT_EVENTS)?
            .rows(new, |(number, event), values| self.bind_event(*number, event, values))?;
        let deliveries: Vec<_> =
            new.iter().flat_map(|(_, event)| event.deliveries.iter().map(|delivery| (&*event.accepted, delivery))).collect();
        Insert::prepare(connection, INSERT_DELIVERIES)?.rows(&deliveries, |row, values| self.bind_delivery(*row, values))?;
        for (_, delivery) in deliveries {
            match delivery.placement {
                Placement::HandedOver => {}
                Placement::Queued(due) => {
                    let place = params![delivery.subscription_id.as_uuid(), due.as_micros(), delivery.id.as_uuid()];
                    connection.prepare_cached(ENQUEUE)?.execute(place)?;
                }
                Placement::InLine(key, due) => order::join(connection, key, due.as_micros(), delivery)?,
            }
        }
        Ok(())
    }

    fn bind_event(&self, number: i64, event: &NewEvent, values: &mut Values<'_, '_>) -> Result<()> {
        let Accepted { id, tenant, accepted_at, traceparent, event: attributes } = &*event.accepted;
        values.push(number)?;
        values.push(id.as_uuid())?;
        values.push(tenant.as_str())?;
        values.push(accepted_at.as_micros())?;
        values.push(attributes.id())?;
        values.push(attributes.source())?;
        values.push(attributes.event_type())?;
        values.push(attributes.attribute("subject"))?;
        values.push(attributes.attribute("time"))?;
        values.push(traceparent)?;
        values.push(wire_word(event.stored.wire))?;
        values.push(event.stored.attributes.as_deref())?;
        values.push(event.stored.body.as_ref())?;
        values.push(self.routing_version)
    }

    fn bind_delivery(&self, (event, delivery): (&Accepted, &NewDelivery), values: &mut Values<'_, '_>) -> Result<()> {
        let (state, due, owner, token) = match delivery.placement {
            Placement::HandedOver => ("in_flight", None, Some(self.node), Lease::FIRST_TOKEN),
            Placement::Queued(due) => ("pending", Some(due.as_micros()), None, 0),
            Placement::InLine(..) => ("pending", Some(PARKED.as_micros()), None, Lease::BASE_IN_LINE),
        };
        values.push(delivery.id.as_uuid())?;
        values.push(event.tenant.as_str())?;
        values.push(event.id.as_uuid())?;
        values.push(delivery.subscription_id.as_uuid())?;
        values.push(state)?;
        values.push(due)?;
        values.push(owner)?;
        values.push(token)?;
        values.push(event.accepted_at.as_micros())
    }
}

impl NewEvent {
    fn new(accepting: &Accepting) -> Self {
        Self {
            accepted: Arc::clone(&accepting.accepted),
            stored: accepting.accepted.event.to_stored(),
            key: accepting.key,
            deliveries: accepting.deliveries.clone(),
        }
    }
}
