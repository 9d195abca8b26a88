//! The databases that tenants are spread over, as handlers see them.
//!
//! A handler that acts for a tenant asks [`super::AppState::shard`] and uses nothing but what it is given; what belongs to the
//! installation as a whole (tenants, API keys, sessions) lies at [`Shards::home`]. A database that is known to be away is refused
//! at once: requests that wait for it would take the room of those that don't need it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::problem::{Code, Problem, Result};
use crate::dispatch;
use crate::domain::shard::ShardNumber;
use crate::jobs;
use crate::routing::Acceptor;
use crate::store::{SharedDirectory, Store};

/// When to try again after a tenant's database was not available.
const RETRY_AFTER: Duration = Duration::from_secs(2);

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

/// All shards of a node.
pub struct Shards {
    home: Shard,
    further: Vec<Further>,
}

/// A database beside home, which need not be there.
#[derive(Default)]
struct Further {
    shard: OnceLock<Shard>,
    is_up: AtomicBool,
}

impl Shards {
    /// Home, and so many databases beside it that were not opened yet.
    #[must_use]
    pub fn new(home: Shard, further_count: usize) -> Self {
        Self { home, further: std::iter::repeat_with(Further::default).take(further_count).collect() }
    }

    /// The database of `database.url`, where everything lies that belongs to no single tenant.
    #[must_use]
    pub const fn home(&self) -> &Shard {
        &self.home
    }

    /// Notes that a database beside home is open. It stays so.
    pub fn open(&self, shard: Shard) {
        if let Some(further) = self.further(shard.number) {
            let _ = further.shard.set(shard);
            further.is_up.store(true, Ordering::Relaxed);
        }
    }

    /// Notes whether a database beside home answers. Says whether that was not known.
    pub fn note(&self, number: ShardNumber, is_up: bool) -> bool {
        self.further(number).is_some_and(|further| further.is_up.swap(is_up, Ordering::Relaxed) != is_up)
    }

    /// Whether this node is set up with that shard.
    #[must_use]
    pub fn is_known(&self, number: ShardNumber) -> bool {
        number.index() <= self.further.len()
    }

    /// The shard of that number.
    ///
    /// # Errors
    /// 503 if it is away, or this node does not know it.
    pub fn get(&self, number: ShardNumber) -> Result<&Shard> {
        if number == ShardNumber::HOME {
            return Ok(&self.home);
        }
        let further = self.further(number).ok_or_else(|| {
            unavailable(format!("The tenant is on shard {number}, which this node does not know: `database.shards` lacks it."))
        })?;
        let shard = further.shard.get().filter(|_| further.is_up.load(Ordering::Relaxed));
        shard.ok_or_else(|| unavailable(format!("The tenant's database, shard {number}, is not available.")))
    }

    /// Every shard that was opened, home first, whether it answers or not.
    pub fn all(&self) -> impl Iterator<Item = &Shard> {
        std::iter::once(&self.home).chain(self.further.iter().filter_map(|further| further.shard.get()))
    }

    /// Every shard beside home, and whether it is available.
    pub fn further_numbers(&self) -> impl Iterator<Item = (ShardNumber, bool)> {
        let numbers = (1..).map_while(ShardNumber::new);
        numbers
            .zip(&self.further)
            .map(|(number, further)| (number, further.shard.get().is_some() && further.is_up.load(Ordering::Relaxed)))
    }

    fn further(&self, number: ShardNumber) -> Option<&Further> {
        self.further.get(number.index().checked_sub(1)?)
    }
}

fn unavailable(detail: String) -> Problem {
    Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER)
}
