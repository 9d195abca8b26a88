//! What a replay's step opens: deliveries created for past events, and finished ones opened again, many by one statement.
//!
//! Every statement says what it expects to find, so that a live event, a person or another replay that was faster leaves nothing
//! to do here and nothing is done twice.

use uuid::Uuid;

use super::chunk::{chunks, ids};
use super::dead_letters::drop_letters;
use super::deliveries::{is_deliverable, reopen};
use super::engine::Transaction;
use super::statement::statements;
use super::value::{Value, values};
use super::{events, leases, order};
use crate::domain::id::DeliveryId;
use crate::store::{JobStep, Opening, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// New deliveries that one statement creates.
const ROWS: usize = 8;

/// One row: its identifier, its event, and what all of them share.
macro_rules! row {
    ($id:literal, $event:literal) => {
        concat!("(", $id, ", $17, ", $event, ", $18, 'pending', 0, 0, $19, 0, $19, $20)")
    };
}

statements! {
    CREATE = "INSERT INTO deliveries (id, tenant, event_id, subscription_id, state, attempt_count, budget_attempt_count,
                next_attempt_at, lease_token, created_at, replay_job_id)
              VALUES ", row!("$1", "$2"), ", ", row!("$3", "$4"), ", ", row!("$5", "$6"), ", ", row!("$7", "$8"), ", ",
                row!("$9", "$10"), ", ", row!("$11", "$12"), ", ", row!("$13", "$14"), ", ", row!("$15", "$16"), "
              ON CONFLICT DO NOTHING RETURNING id";
    REOPEN = "UPDATE deliveries SET ", reopen!("$34", "$35"), "
              WHERE id IN (", ids!(), ") AND tenant || '' = $33 AND state IN ('delivered', 'dead_lettered', 'cancelled')
                AND ", is_deliverable!("deliveries"), " RETURNING id";
}

/// What was opened.
pub(super) struct Opened {
    /// New ones.
    pub(super) created: Vec<Uuid>,
    /// Old ones.
    pub(super) reopened: Vec<Uuid>,
    /// How many events were to be delivered and are not there any more.
    pub(super) gone: usize,
}

impl Opened {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.created.len() + self.reopened.len()
    }

    /// All of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.created.iter().chain(&self.reopened).copied()
    }
}

/// Opens what a step wants opened, as far as it is still to be opened.
pub(super) async fn open(transaction: &mut Transaction, step: &JobStep) -> Result<Opened> {
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for opening in &step.opens {
        match *opening {
            Opening::Create(event) => new.push((DeliveryId::of(event, step.subscription_id).as_uuid(), event.as_uuid())),
            Opening::Reopen(delivery) => old.push(delivery.as_uuid()),
        }
    }
    // In one order everywhere, so that two replays do not wait for each other in a circle.
    new.sort_unstable_by_key(|&(_, event)| event);
    old.sort_unstable();
    let events: Vec<_> = new.iter().map(|&(_, event)| event).collect();
    let wanted = new.len();
    let present = events::hold(transaction, &step.tenant, &events).await?;
    new.retain(|(_, event)| present.contains(event));
    let gone = wanted - new.len();
    let created = create(transaction, step, &new).await?;
    let opened = Opened { created, reopened: reopen(transaction, step, &old).await?, gone };
    let ids: Vec<_> = opened.ids().collect();
    drop_letters(transaction, &step.tenant, &opened.reopened).await?;
    order::reopened(transaction, &opened.reopened).await?;
    leases::enqueue(transaction, &ids, step.now).await?;
    Ok(opened)
}

async fn create(transaction: &mut Transaction, step: &JobStep, new: &[(Uuid, Uuid)]) -> Result<Vec<Uuid>> {
    let mut created = Vec::with_capacity(new.len());
    for some in new.chunks(ROWS) {
        // The places that are left name the last row again, which conflicts with itself.
        let rows = (0..ROWS).filter_map(|place| some.get(place).or(some.last()));
        let mut values: Vec<Value> = rows.flat_map(|&(id, event)| [Value::from(id), Value::from(event)]).collect();
        values.extend(values![&step.tenant, step.subscription_id, step.now, step.id]);
        for row in transaction.fetch_all(CREATE, values).await? {
            created.push(row.uuid("id")?);
        }
    }
    Ok(created)
}

async fn reopen(transaction: &mut Transaction, step: &JobStep, old: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut reopened = Vec::with_capacity(old.len());
    for mut values in chunks(old) {
        values.extend(values![&step.tenant, step.now, step.id]);
        for row in transaction.fetch_all(REOPEN, values).await? {
            reopened.push(row.uuid("id")?);
        }
    }
    Ok(reopened)
}
