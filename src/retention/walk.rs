//! A walk along the events of one tenant that have the same limit, oldest first.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::id::EventId;
use crate::domain::retention::{End, Plan};
use crate::domain::tenant::TenantName;
use crate::store::{OldEvent, Store, StoreError};

/// Events looked at at once; of some types they are few that go.
const PAGE: u32 = 1000;

/// How long those that could not go are left alone, or for as long as they are kept, if that is less.
const TURN_BACK: Duration = Duration::from_mins(10);

/// Where a walk is.
#[derive(Debug)]
pub(super) struct Walk {
    plan: Plan,
    end: End,
    limit: Duration,
    /// The last event looked at.
    position: Option<EventId>,
    /// The first event that could not go, and how many there are, since it last turned back.
    behind: Option<EventId>,
    kept: u64,
    turned_at: Timestamp,
    /// Events made from this moment on are left to their partition.
    spared: Option<Timestamp>,
}

/// Events that are too old, by what their type says, and whether there may be more of them.
pub(super) struct Found {
    pub(super) ids: Vec<EventId>,
    /// All were accepted before this moment.
    pub(super) before: Timestamp,
    pub(super) has_more: bool,
}

impl Walk {
    /// A walk that begins at the oldest event.
    pub(super) fn new(plan: Plan, (end, limit): (End, Duration), now: Timestamp) -> Self {
        Self { plan, end, limit, position: None, behind: None, kept: 0, turned_at: now, spared: None }
    }

    /// Whether it goes by this plan.
    pub(super) fn goes_by(&self, plan: &Plan) -> bool {
        self.plan == *plan
    }

    /// Leaves events made from this moment on to their partition.
    pub(super) const fn spare(&mut self, from: Option<Timestamp>) {
        self.spared = from;
    }

    /// How many events it left behind because something about them had not ended.
    pub(super) const fn kept(&self) -> u64 {
        self.kept
    }

    /// Looks at the next events. What is found is to be deleted, and what stays of it told to [`Walk::left`].
    pub(super) async fn look(&mut self, store: &dyn Store, tenant: &TenantName, now: Timestamp) -> Result<Found, StoreError> {
        self.turn_back(now);
        let before = now.minus(self.limit);
        let made_before = self.spared.map_or(before, |spared| spared.min(before));
        let page = store.old_events(tenant, self.position, made_before, PAGE).await?;
        let is_full = page.len() >= PAGE as usize;
        // An identifier is made a moment before its event is accepted: the first that is not old enough ends the walk for now.
        let old: Vec<OldEvent> = page.into_iter().take_while(|event| event.accepted_at < before).collect();
        let has_more = is_full && old.len() >= PAGE as usize;
        if let Some(last) = old.last() {
            self.position = Some(last.id);
        }
        let is_meant = |event: &OldEvent| self.plan.keep(&event.event_type, self.end) == Some(self.limit);
        let ids = old.into_iter().filter(is_meant).map(|event| event.id).collect();
        Ok(Found { ids, before, has_more })
    }

    /// Notes events that could not go.
    pub(super) fn left(&mut self, kept: &[EventId]) {
        self.kept += kept.len() as u64;
        self.behind = self.behind.into_iter().chain(kept.iter().copied()).min();
    }

    /// Goes back to before the events given, which nobody got round to deleting.
    pub(super) fn back_to(&mut self, first: EventId) {
        self.position = before(first);
    }

    fn turn_back(&mut self, now: Timestamp) {
        if now.since(self.turned_at) < TURN_BACK.min(self.limit) {
            return;
        }
        if let Some(first) = self.behind.take() {
            self.position = before(first);
            self.kept = 0;
        }
        self.turned_at = now;
    }
}

/// The position from which `id` is the next.
fn before(id: EventId) -> Option<EventId> {
    id.as_uuid().as_u128().checked_sub(1).map(|value| EventId::from_uuid(Uuid::from_u128(value)))
}
