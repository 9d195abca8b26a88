//! The index of event keys on SQLite: the newest in memory, all others in the table `event_keys`.
//!
//! Keys are digests: each falls on another page of their table, and a page is 4 KiB in the log and again in the file. Written one
//! by one they were half of everything the disk was given. So a new key stays in memory, where its event's row stands for it, until
//! [`TARGET`] younger ones are there too; then it is written beside its neighbours. With each commit a few keys are, those that
//! follow the last ones in order, round and round. One lap takes along every key that was in memory when it began; when it ends,
//! `event_keys_lap` says up to which event all keys are in the table. The keys of events after that are read from their rows when
//! the file is opened.
//!
//! It is still an index and no look-up beside one: the one thread that writes is the only one that asks or changes it.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Statement, params};
use uuid::Uuid;

use crate::domain::event::key_digest;

/// A digest of an event key.
type Key = [u8; 16];

/// Keys held in memory, at about 60 bytes each. The more they are the more of them share a page when they are written, and the
/// longer it takes to read them again when the file is opened.
const TARGET: usize = 32 * 1024;

/// Keys that are looked at by one pruning.
const PRUNE_SPAN: u32 = 20_000;

const FIND: &str = "SELECT event_id, accepted_at FROM event_keys WHERE key = ?1";

const WRITE: &str = "INSERT INTO event_keys (key, event_id, accepted_at) VALUES (?1, ?2, ?3)
    ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, accepted_at = excluded.accepted_at";

const NEWEST: &str = "SELECT max(number) FROM events";

const SELECT_LAP: &str = "SELECT through_number FROM event_keys_lap WHERE id = 1";

const END_LAP: &str = "UPDATE event_keys_lap SET through_number = ?1 WHERE id = 1";

const UNWRITTEN: &str = "SELECT tenant, source, event_id, id, accepted_at FROM events WHERE number > ?1 ORDER BY number";

const SELECT_SPAN: &str = "SELECT key, accepted_at FROM event_keys WHERE key > ?1 ORDER BY key LIMIT ?2";

const DELETE: &str = "DELETE FROM event_keys WHERE key = ?1";

/// The statements of this module that run on the path of an event.
pub(super) const STATEMENTS: &[&str] = &[FIND, WRITE, SELECT_LAP, END_LAP, UNWRITTEN, SELECT_SPAN, DELETE];

/// The first event of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct First {
    event_id: Uuid,
    accepted_at: i64,
}

/// The index, as far as it is in memory.
#[derive(Debug)]
pub(super) struct Keys {
    target: usize,
    /// Whether the keys of earlier times were read.
    is_loaded: bool,
    recent: BTreeMap<Key, First>,
    /// What to put back if the transaction fails, in the order it was changed.
    undo: Vec<(Key, Option<First>)>,
    /// The last key written, after which the next ones follow; none at the beginning of a lap.
    cursor: Option<Key>,
    /// The number of the newest event.
    newest: i64,
    /// What it was when this lap began.
    lap_from: i64,
    /// Keys written by the transaction that is open, and where cursor and lap are after it.
    writing: Option<(Vec<Key>, Option<Key>, i64)>,
    /// The last key looked at by a pruning.
    pruned: Key,
}

impl Keys {
    /// An index that has not looked at its database yet.
    pub(super) fn new() -> Self {
        Self::with_target(TARGET)
    }

    fn with_target(target: usize) -> Self {
        Self {
            target,
            is_loaded: false,
            recent: BTreeMap::new(),
            undo: Vec::new(),
            cursor: None,
            newest: 0,
            lap_from: 0,
            writing: None,
            pruned: [0; 16],
        }
    }

    /// What [`Keys::take`] looks for keys with, once a batch.
    pub(super) fn finder<'c>(&mut self, connection: &'c Connection) -> Result<CachedStatement<'c>> {
        self.load(connection)?;
        connection.prepare_cached(FIND)
    }

    /// Takes `key` for the event `id`, accepted at `now`. If it was taken at `since` or later, gives the event that has it.
    pub(super) fn take(&mut self, find: &mut Statement<'_>, key: Key, id: Uuid, now: i64, since: i64) -> Result<Option<Uuid>> {
        let known = self.recent.get(&key).copied();
        let first = match known {
            Some(first) => Some(first),
            None => find.query_row([key], read_first).optional()?,
        };
        if let Some(first) = first.filter(|first| first.accepted_at >= since) {
            return Ok(Some(first.event_id));
        }
        self.undo.push((key, known));
        self.recent.insert(key, First { event_id: id, accepted_at: now });
        Ok(None)
    }

    /// The number of the next event. Numbers only grow, whatever is deleted or undone, since `event_keys_lap` counts by them.
    pub(super) fn next_number(&mut self) -> i64 {
        self.newest += 1;
        self.newest
    }

    /// Writes keys that have been in memory for long, at the end of a transaction: somewhat more than it added, until there are as
    /// few as there should be.
    pub(super) fn write_some(&mut self, connection: &Connection) -> Result<()> {
        let surplus = self.recent.len().saturating_sub(self.target);
        let count = surplus.min(self.undo.len() * 2);
        if count == 0 {
            return Ok(());
        }
        let mut write = connection.prepare_cached(WRITE)?;
        let mut written = Vec::with_capacity(count);
        let rest = (self.cursor.map_or(Unbounded, Excluded), Unbounded);
        for (key, first) in self.recent.range(rest).take(count) {
            write.execute(params![key, first.event_id, first.accepted_at])?;
            written.push(*key);
        }
        let (mut cursor, mut lap_from) = (written.last().copied().or(self.cursor), self.lap_from);
        if written.len() < count {
            connection.prepare_cached(END_LAP)?.execute([lap_from])?;
            lap_from = self.newest;
            cursor = None;
        }
        self.writing = Some((written, cursor, lap_from));
        Ok(())
    }

    /// Writes the key of an event whose row goes, if the row stood for it: one taken at `since` or later is remembered without it.
    pub(super) fn detach(&mut self, connection: &Connection, key: Key, id: Uuid, since: i64) -> Result<()> {
        if let Some(first) = self.recent.get(&key).filter(|first| first.event_id == id && first.accepted_at >= since) {
            connection.prepare_cached(WRITE)?.execute(params![key, first.event_id, first.accepted_at])?;
        }
        Ok(())
    }

    /// Deletes up to `limit` keys that were taken before `before`, those in memory and some way through the table, and says how
    /// many. The next call goes on from there.
    pub(super) fn prune(&mut self, connection: &Connection, before: i64, limit: usize) -> Result<usize> {
        self.load(connection)?;
        let old: Vec<_> =
            self.recent.iter().filter(|(_, first)| first.accepted_at < before).map(|(key, _)| *key).take(limit).collect();
        for key in &old {
            self.undo.push((*key, self.recent.remove(key)));
        }
        let found = self.find_old(connection, before, limit - old.len())?;
        let mut delete = connection.prepare_cached(DELETE)?;
        for key in &found {
            delete.execute([key])?;
        }
        Ok(old.len() + found.len())
    }

    /// Up to `limit` keys of the table taken before `before`, from where the last pruning ended. Reads no further than it has to.
    fn find_old(&mut self, connection: &Connection, before: i64, limit: usize) -> Result<Vec<Key>> {
        let mut select = connection.prepare_cached(SELECT_SPAN)?;
        let mut span = select.query(params![self.pruned, PRUNE_SPAN])?;
        let mut found = Vec::new();
        let mut looked_at = 0;
        while found.len() < limit {
            let Some(row) = span.next()? else {
                if looked_at < PRUNE_SPAN {
                    self.pruned = [0; 16];
                }
                break;
            };
            looked_at += 1;
            self.pruned = row.get(0)?;
            if row.get::<_, i64>(1)? < before {
                found.push(self.pruned);
            }
        }
        Ok(found)
    }

    /// Undoes what the transaction changed.
    pub(super) fn roll_back(&mut self) {
        self.writing = None;
        for (key, first) in self.undo.drain(..).rev() {
            match first {
                Some(first) => self.recent.insert(key, first),
                None => self.recent.remove(&key),
            };
        }
    }

    /// Takes note that the transaction is durable.
    pub(super) fn commit(&mut self) {
        self.undo.clear();
        if let Some((written, cursor, lap_from)) = self.writing.take() {
            for key in &written {
                self.recent.remove(key);
            }
            (self.cursor, self.lap_from) = (cursor, lap_from);
        }
    }

    /// Reads, the first time, the newest number and the keys of the events whose keys may not be in the table. Some are: writing them again changes nothing.
    pub(super) fn load(&mut self, connection: &Connection) -> Result<()> {
        if self.is_loaded {
            return Ok(());
        }
        let through: i64 = connection.query_row(SELECT_LAP, [], |row| row.get(0))?;
        let mut select = connection.prepare(UNWRITTEN)?;
        let mut rows = select.query([through])?;
        let mut recent = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            let key = key_digest(text(0)?, text(1)?, text(2)?);
            recent.insert(key, First { event_id: row.get(3)?, accepted_at: row.get(4)? });
        }
        let newest: Option<i64> = connection.query_row(NEWEST, [], |row| row.get(0))?;
        self.recent = recent;
        self.newest = newest.unwrap_or_default().max(through);
        self.lap_from = self.newest;
        self.is_loaded = true;
        Ok(())
    }
}

fn read_first(row: &rusqlite::Row<'_>) -> Result<First> {
    Ok(First { event_id: row.get(0)?, accepted_at: row.get(1)? })
}

#[cfg(test)]
mod tests;
