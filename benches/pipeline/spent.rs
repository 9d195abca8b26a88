//! What a run used: processor time, bytes written, calls of the store. Looked at before and after, the difference shared out.

use serde::Serialize;

use crate::Result;
use crate::counters::Counters;
use crate::database::Database;
use crate::load::count;
use crate::process::{Server, cpu_us};
use crate::statistics::{real, real_size};
use crate::system::System;

/// Everything that was used and done so far by what runs on.
pub(crate) struct Spent {
    server: i64,
    postgres: i64,
    sink: i64,
    written: i64,
    pub(crate) aside: usize,
    /// What the servers say; nothing of the ceiling.
    pub(crate) counters: Vec<Counters>,
}

/// Microseconds of CPU per delivery, by process.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cpu {
    pub(crate) server: f64,
    pub(crate) postgres: f64,
    pub(crate) sink: f64,
    pub(crate) producer: f64,
}

/// What the database had to do for an event, its deliveries included.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct PerEvent {
    /// Bytes of write-ahead log on Postgres; on SQLite all that the server wrote, its log and what was moved into the file.
    pub(crate) written_bytes: f64,
    /// Transactions that accept, record outcomes and claim.
    pub(crate) accepts: f64,
    pub(crate) records: f64,
    pub(crate) claims: f64,
    /// Every other call of the store.
    pub(crate) others: f64,
}

impl Spent {
    /// Looks now.
    pub(crate) fn now(system: &System, sink: &Server) -> Result<Self> {
        Ok(Self {
            server: system.cpu_us()?,
            postgres: system.database.as_ref().map_or(0, Database::cpu_us),
            sink: cpu_us(sink.id())?,
            written: system.written_bytes()?,
            aside: count(sink, "/aside")?,
            counters: system.counters()?,
        })
    }

    /// CPU since `before`, shared out among so many deliveries.
    pub(crate) fn cpu_since(&self, before: &Self, producer: i64, deliveries: usize) -> Cpu {
        let share = |us: i64| real(us) / real_size(deliveries);
        Cpu {
            server: share(self.server - before.server),
            postgres: share(self.postgres - before.postgres),
            sink: share(self.sink - before.sink),
            producer: share(producer),
        }
    }

    /// What the database did since `before`, shared out among so many events. Nothing sensible if a server was killed meanwhile.
    pub(crate) fn per_event_since(&self, before: &Self, events: usize) -> PerEvent {
        let calls =
            |spent: &Self, operation: Option<&str>| -> f64 { spent.counters.iter().map(|one| one.calls(operation)).sum() };
        let share = |operation| (calls(self, operation) - calls(before, operation)) / real_size(events);
        let [accepts, records, claims] = ["accept", "record", "claim"].map(|operation| share(Some(operation)));
        PerEvent {
            written_bytes: real(self.written - before.written) / real_size(events),
            accepts,
            records,
            claims,
            others: share(None) - accepts - records - claims,
        }
    }
}
