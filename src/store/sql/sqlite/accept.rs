//! Accepting a batch on SQLite.

use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, Result, params};
use uuid::Uuid;

use crate::domain::event::{Accepted, StoredForm};
use crate::domain::id::EventId;

use super::keys::Keys;
use super::lease::INSERT_LEASES;
use super::queue::ENQUEUE;
use super::writer::Session;
use crate::store::sql::columns::wire_word;
use crate::store::sql::outbox::packed_leases;
use crate::store::{AcceptBatch, Accepting, Lease, NewDelivery, Placement, Settled, SubmissionResult};

const INSERT_REPLAY: &str = "INSERT INTO replays (producer_id, digest, expires_at) VALUES (?1, ?2, ?3)
    ON CONFLICT (producer_id, digest) DO UPDATE SET expires_at = excluded.expires_at WHERE replays.expires_at < ?4";

const INSERT_EVENT: &str = "INSERT INTO events
    (number, id, tenant, accepted_at, event_id, source, type, subject, time, traceparent, wire, attributes, body, routing_version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

const INSERT_DELIVERY: &str = "INSERT INTO deliveries
    (id, tenant, event_id, subscription_id, state, attempt_count, budget_attempt_count, next_attempt_at, lease_owner,
     lease_token, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7, ?8, ?9)";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[INSERT_REPLAY, INSERT_EVENT, INSERT_DELIVERY];

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

/// What is executed for every event, looked up once a batch.
struct Statements<'c> {
    connection: &'c Connection,
    find_key: CachedStatement<'c>,
    insert_event: CachedStatement<'c>,
    insert_delivery: CachedStatement<'c>,
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
        let mut statements = Statements::prepare(connection, &mut session.keys)?;
        let submit = |submission| self.submit(&mut statements, &mut session.keys, submission);
        self.submissions.iter().map(submit).collect::<Result<_>>().map(Settled::Committed)
    }

    fn submit(&self, statements: &mut Statements<'_>, keys: &mut Keys, submission: &Submission) -> Result<SubmissionResult> {
        if let Some((producer, digest, until)) = submission.replay {
            let mut insert = statements.connection.prepare_cached(INSERT_REPLAY)?;
            if insert.execute(params![producer, digest, until, self.now])? == 0 {
                return Ok(None);
            }
        }
        submission.events.iter().map(|event| self.insert(statements, keys, event)).collect::<Result<_>>().map(Some)
    }

    fn insert(&self, statements: &mut Statements<'_>, keys: &mut Keys, event: &NewEvent) -> Result<Option<EventId>> {
        let id = event.accepted.id.as_uuid();
        if let Some(first) = keys.take(&mut statements.find_key, event.key, id, self.now, self.keys_since)? {
            return Ok(Some(EventId::from_uuid(first)));
        }
        event.insert(&mut statements.insert_event, keys.next_number(), self.routing_version)?;
        for delivery in &event.deliveries {
            self.insert_delivery(&mut statements.insert_delivery, &event.accepted, delivery)?;
            if let Placement::Queued(due) = delivery.placement {
                let place = params![delivery.subscription_id.as_uuid(), due.as_micros(), delivery.id.as_uuid()];
                statements.connection.prepare_cached(ENQUEUE)?.execute(place)?;
            }
        }
        Ok(None)
    }

    fn insert_delivery(&self, insert: &mut rusqlite::Statement<'_>, event: &Accepted, delivery: &NewDelivery) -> Result<()> {
        let (state, due, owner, token) = match delivery.placement {
            Placement::HandedOver => ("in_flight", None, Some(self.node), Lease::FIRST_TOKEN),
            Placement::Queued(due) => ("pending", Some(due.as_micros()), None, 0),
        };
        insert.execute(params![
            delivery.id.as_uuid(),
            event.tenant.as_str(),
            event.id.as_uuid(),
            delivery.subscription_id.as_uuid(),
            state,
            due,
            owner,
            token,
            event.accepted_at.as_micros(),
        ])?;
        Ok(())
    }
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection, keys: &mut Keys) -> Result<Self> {
        Ok(Self {
            connection,
            find_key: keys.finder(connection)?,
            insert_event: connection.prepare_cached(INSERT_EVENT)?,
            insert_delivery: connection.prepare_cached(INSERT_DELIVERY)?,
        })
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

    fn insert(&self, insert: &mut rusqlite::Statement<'_>, number: i64, routing_version: i64) -> Result<()> {
        let Accepted { id, tenant, accepted_at, traceparent, event } = self.accepted.as_ref();
        insert.execute(params![
            number,
            id.as_uuid(),
            tenant.as_str(),
            accepted_at.as_micros(),
            event.id(),
            event.source(),
            event.event_type(),
            event.attribute("subject"),
            event.attribute("time"),
            traceparent,
            wire_word(self.stored.wire),
            self.stored.attributes,
            self.stored.body.as_ref(),
            routing_version,
        ])?;
        Ok(())
    }
}
