//! What goes into and comes out of deleting what is too old.

use crate::domain::clock::Timestamp;
use crate::domain::id::EventId;

/// An event that may be too old: what its limit depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldEvent {
    /// Its identifier.
    pub id: EventId,
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// What went with some events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Events.
    pub events: u64,
    /// Their deliveries.
    pub deliveries: u64,
    /// Of these, dead letters.
    pub dead_letters: u64,
    /// Their attempts.
    pub attempts: u64,
    /// Events that stay, without their data.
    pub emptied: u64,
}

/// What became of events that were to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deletion {
    /// What went.
    pub deleted: Deleted,
    /// Those that stay, since something about them has not ended.
    pub kept: Vec<EventId>,
}

/// What became of partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turned {
    /// How many stretches of time were dropped.
    pub partitions: u64,
    /// Dead letters that went with them.
    pub dead_letters: u64,
    /// Events made from this moment on go with their partition, though they are too old already.
    pub spare_from: Option<Timestamp>,
}

impl std::ops::AddAssign for Deleted {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.deliveries += other.deliveries;
        self.dead_letters += other.dead_letters;
        self.attempts += other.attempts;
        self.emptied += other.emptied;
    }
}
