//! What a process holds of its database right now, known without asking it.

use std::time::Duration;

use crate::domain::clock::Timestamp;

/// What this process holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Its pools of connections.
    pub pools: Vec<Pool>,
    /// How many deliveries are leased to it.
    pub lease_count: usize,
    /// When the oldest of them was created.
    pub oldest_lease_at: Option<Timestamp>,
    /// Whether it hears other nodes; nothing where there is nobody to hear, or the settings say that it should not.
    pub hears: Option<bool>,
    /// Its replica, if the settings name one.
    pub replica: Option<Following>,
}

/// How a replica follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Following {
    /// What it shows is no older than this.
    pub age: Duration,
    /// Whether that is near enough to read lists from it.
    pub is_used: bool,
}

/// A pool of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// What it is for: `postgres`, `sqlite_readers` or `sqlite_writer`.
    pub name: &'static str,
    /// How many are in use.
    pub used: usize,
    /// How many are open and wait for use.
    pub idle: usize,
    /// How many there may be.
    pub max: usize,
}
