//! The databases that tenants are spread over, as handlers see them.
//!
//! A handler that acts for a tenant asks [`super::AppState::shard`] and uses nothing but what it is given; what belongs to the
//! installation as a whole (tenants, API keys, sessions) lies at [`Shards::home`].

use std::sync::Arc;

use crate::dispatch;
use crate::domain::shard::ShardNumber;
use crate::jobs;
use crate::routing::Acceptor;
use crate::store::{SharedDirectory, Store};

/// A database, and what works on it.
pub struct Shard {
    /// Which it is.
    pub number: ShardNumber,
    /// The database.
    pub store: Arc<dyn Store>,
    /// Where its tenants' events are accepted.
    pub acceptor: Acceptor,
    /// What delivers them on this node.
    pub dispatch: dispatch::Handle,
    /// What makes its jobs' steps on this node.
    pub jobs: jobs::Handle,
    /// The newest snapshot of its subscriptions.
    pub directory: SharedDirectory,
}

/// All shards.
pub struct Shards {
    home: Shard,
}

impl Shards {
    /// One database for everything.
    #[must_use]
    pub const fn new(home: Shard) -> Self {
        Self { home }
    }

    /// The database of `database.url`, where everything lies that belongs to no single tenant.
    #[must_use]
    pub const fn home(&self) -> &Shard {
        &self.home
    }

    /// The shard of that number, if this node has it.
    #[must_use]
    pub const fn get(&self, number: ShardNumber) -> Option<&Shard> {
        match number {
            ShardNumber::HOME => Some(&self.home),
            _ => None,
        }
    }

    /// Every shard that this node has, home first.
    pub fn all(&self) -> impl Iterator<Item = &Shard> {
        std::iter::once(&self.home)
    }
}
