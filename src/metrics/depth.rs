//! How many deliveries there are and how long the oldest has been: from counts of index keys, never from the deliveries.

use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::{Gauge, IntGauge};

use super::catalog::Catalog;
use super::node::signed;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::shard::ShardNumber;
use crate::domain::subscription::Status;

/// Deliveries that are looked at together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pile {
    /// Those that wait.
    Pending,
    /// Those that are dead.
    DeadLettered,
    /// Those that this node holds leases of.
    InFlight,
}

/// What was counted of a pile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many there are.
    pub count: u64,
    /// When the oldest was created.
    pub oldest_at: Option<Timestamp>,
    /// Whether the count took longer than a moment, so that it is of no moment exactly.
    pub is_estimated: bool,
}

/// The handles of depth.
///
/// What is looked at in the background is kept until somebody asks: a scrape shows numbers and ages of the same looks.
#[derive(Debug)]
pub struct Depth {
    /// By pile, those of the database only.
    count: Vec<IntGauge>,
    is_estimated: Vec<IntGauge>,
    counted_at: Vec<Gauge>,
    in_flight: IntGauge,
    oldest_age: Vec<Gauge>,
    subscriptions: Vec<IntGauge>,
    /// By shard.
    looked: Mutex<Vec<Looked>>,
}

/// The last look at a database.
#[derive(Debug, Default, Clone)]
struct Looked {
    /// By pile, and when.
    piles: [(Counted, Option<Timestamp>); Pile::ALL.len()],
    /// By status, in the order of [`Status::ALL`].
    subscriptions: [usize; Status::ALL.len()],
}

impl Pile {
    /// Every pile; those that all nodes see alike come first.
    const ALL: [Self; 3] = [Self::Pending, Self::DeadLettered, Self::InFlight];

    const fn state(self) -> DeliveryState {
        match self {
            Self::Pending => DeliveryState::Pending,
            Self::DeadLettered => DeliveryState::DeadLettered,
            Self::InFlight => DeliveryState::InFlight,
        }
    }
}

impl Depth {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        catalog.section("Depth");
        let states = Pile::ALL.map(|pile| pile.state().as_str());
        let in_database = &states[..2];
        Self {
            count: catalog.gauges(
                "waypost_deliveries",
                "Deliveries of all databases together in this state, looked at every few seconds. All nodes say the same: take the \
                 maximum.",
                "state",
                in_database,
            ),
            is_estimated: catalog.gauges(
                "waypost_deliveries_is_estimated",
                "1 if that number was counted piece by piece over several looks, because there are very many.",
                "state",
                in_database,
            ),
            counted_at: catalog.float_gauges(
                "waypost_deliveries_counted_timestamp_seconds",
                "When this node last looked, in seconds since 1970.",
                "state",
                in_database,
            ),
            in_flight: catalog.gauge(
                "waypost_deliveries_in_flight",
                "Deliveries in state `in_flight` that are leased to this node: take the sum over nodes.",
            ),
            oldest_age: catalog.float_gauges(
                "waypost_deliveries_oldest_age_seconds",
                "How long ago the oldest delivery in this state was created; 0 if there is none. Take the maximum.",
                "state",
                &states,
            ),
            subscriptions: catalog.gauges(
                "waypost_subscriptions",
                "Subscriptions by status. All nodes say the same: take the maximum.",
                "status",
                &Status::ALL.map(Status::as_str),
            ),
            looked: Mutex::default(),
        }
    }

    /// Notes what was counted of a pile at `now`.
    pub fn counted(&self, shard: ShardNumber, pile: Pile, counted: Counted, now: Timestamp) {
        self.looked(shard)[shard.index()].piles[pile as usize] = (counted, Some(now));
    }

    /// Notes how many subscriptions have each status, in the order of [`Status::ALL`].
    pub fn subscriptions(&self, shard: ShardNumber, counts: [usize; Status::ALL.len()]) {
        self.looked(shard)[shard.index()].subscriptions = counts;
    }

    /// Shows the last looks, with ages as of `now`.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    pub fn show(&self, now: Timestamp) {
        let looked = self.looked(ShardNumber::HOME);
        for pile in Pile::ALL {
            let (counted, counted_at) = sum(looked.iter().map(|looked| looked.piles[pile as usize]));
            let count = i64::try_from(counted.count).unwrap_or(i64::MAX);
            if pile == Pile::InFlight {
                self.in_flight.set(count);
            } else {
                self.count[pile as usize].set(count);
                self.is_estimated[pile as usize].set(counted.is_estimated.into());
                self.counted_at[pile as usize].set(counted_at.as_seconds() as f64);
            }
            self.oldest_age[pile as usize].set(counted.oldest_at.map_or(0.0, |at| now.since(at).as_secs_f64()));
        }
        for (status, gauge) in self.subscriptions.iter().enumerate() {
            gauge.set(signed(looked.iter().map(|looked| looked.subscriptions[status]).sum()));
        }
    }

    /// The looks, with room for that of `shard`.
    fn looked(&self, shard: ShardNumber) -> MutexGuard<'_, Vec<Looked>> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.len() <= shard.index() {
            looked.resize(shard.index() + 1, Looked::default());
        }
        looked
    }
}

/// What was counted of all databases together, and when the one was that was looked at longest ago.
fn sum(looks: impl Iterator<Item = (Counted, Option<Timestamp>)>) -> (Counted, Timestamp) {
    let (mut sum, mut since) = (Counted::default(), None);
    for (counted, counted_at) in looks {
        sum.count += counted.count;
        sum.oldest_at = [sum.oldest_at, counted.oldest_at].into_iter().flatten().min();
        sum.is_estimated |= counted.is_estimated;
        since = [since, counted_at].into_iter().flatten().min();
    }
    (sum, since.unwrap_or_default())
}
