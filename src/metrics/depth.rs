//! How many deliveries there are and how long the oldest has been: from counts of index keys, never from the deliveries.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus::{Gauge, IntGauge};

use super::catalog::Catalog;
use super::node::signed;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
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
#[derive(Debug)]
pub struct Depth {
    /// By pile, those of the database only.
    count: Vec<IntGauge>,
    is_estimated: Vec<IntGauge>,
    counted_at: Vec<Gauge>,
    in_flight: IntGauge,
    oldest_age: Vec<Gauge>,
    /// When the oldest was created, by pile; 0 if there is none. Its age is worked out when somebody looks.
    oldest_at: [AtomicI64; Pile::ALL.len()],
    subscriptions: Vec<IntGauge>,
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
                "Deliveries of the whole database in this state, looked at every few seconds. All nodes say the same: take the \
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
            oldest_at: Default::default(),
            subscriptions: catalog.gauges(
                "waypost_subscriptions",
                "Subscriptions by status. All nodes say the same: take the maximum.",
                "status",
                &Status::ALL.map(Status::as_str),
            ),
        }
    }

    /// Notes what was counted of a pile at `now`.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    pub fn counted(&self, pile: Pile, counted: Counted, now: Timestamp) {
        let count = i64::try_from(counted.count).unwrap_or(i64::MAX);
        if pile == Pile::InFlight {
            self.in_flight.set(count);
        } else {
            self.count[pile as usize].set(count);
            self.is_estimated[pile as usize].set(counted.is_estimated.into());
            self.counted_at[pile as usize].set(now.as_seconds() as f64);
        }
        let oldest_at = counted.oldest_at.map_or(0, Timestamp::as_micros);
        self.oldest_at[pile as usize].store(oldest_at, Ordering::Relaxed);
    }

    /// Notes how many subscriptions have each status, in the order of [`Status::ALL`].
    pub fn subscriptions(&self, counts: [usize; Status::ALL.len()]) {
        for (gauge, count) in self.subscriptions.iter().zip(counts) {
            gauge.set(signed(count));
        }
    }

    /// Works out ages as of `now`.
    pub fn ages(&self, now: Timestamp) {
        for (gauge, oldest_at) in self.oldest_age.iter().zip(&self.oldest_at) {
            let oldest_at = oldest_at.load(Ordering::Relaxed);
            let age = if oldest_at == 0 { 0.0 } else { now.since(Timestamp::from_micros(oldest_at)).as_secs_f64() };
            gauge.set(age);
        }
    }
}
