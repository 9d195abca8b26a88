//! Slots of rate limits: which lanes want some, and which got them.

use std::time::Duration;

use super::Lanes;
use super::lane::Lane;
use super::rate::{self, Slots};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::RateLimit;

/// A lane that wants slots.
#[derive(Debug, Clone, Copy)]
pub(in crate::dispatch) struct Ask {
    /// Its subscription.
    pub(in crate::dispatch) id: SubscriptionId,
    limit: RateLimit,
    count: u32,
}

impl Ask {
    /// How much of the bucket that is, as time.
    pub(in crate::dispatch) fn span(&self) -> Duration {
        rate::interval(self.limit).saturating_mul(self.count)
    }
}

/// Notes that a lane wants slots, unless it is known.
pub(super) fn ask(asks: &mut Vec<Ask>, id: SubscriptionId, lane: &mut Lane, limit: RateLimit, count: u32) {
    if !lane.slots.is_asked {
        lane.slots.is_asked = true;
        asks.push(Ask { id, limit, count });
    }
}

impl Lanes {
    /// Whether any lane wants slots.
    pub(in crate::dispatch) fn has_asks(&self) -> bool {
        !self.asks.is_empty()
    }

    /// Those that want some, at most `max`.
    pub(in crate::dispatch) fn take_asks(&mut self, max: usize) -> Vec<Ask> {
        let rest = self.asks.split_off(self.asks.len().min(max));
        std::mem::replace(&mut self.asks, rest)
    }

    /// Gives lanes the slots they asked for, by when the bucket would have been full without them.
    pub(in crate::dispatch) fn grant(&mut self, asks: &[Ask], full_at: Option<Vec<Timestamp>>, now: Timestamp) {
        let full_at = full_at.unwrap_or_default();
        for (index, Ask { id, limit, count }) in asks.iter().enumerate() {
            let Some(lane) = self.by_id.get_mut(id) else { continue };
            lane.slots.is_asked = false;
            if let Some(&full_at) = full_at.get(index) {
                lane.slots = Slots::granted(*limit, *count, full_at, now);
            }
            self.list(*id);
            self.forget_if_idle(*id, now);
        }
    }
}
