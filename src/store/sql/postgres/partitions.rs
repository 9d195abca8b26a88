//! Partitions on Postgres: events, deliveries and attempts lie in stretches of time, which go as a whole.
//!
//! A partition's name says its bounds, in milliseconds since 1970; the three tables have the same ones, made and taken off together.
//! Statements of the path of an event lock every partition there is, so whatever changes them waits for its locks for a moment
//! only, does little, and is tried again by the next round. What finds no partition lies in the default one: no event is refused
//! because of a clock, or because a role may not make tables.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::Statement;
use crate::domain::clock::Timestamp;
use crate::store::sql::engine::{PostgresEngine, Runner};
use crate::store::sql::failure::store_error;
use crate::store::sql::leases::unpack;
use crate::store::{StoreError, Turned};

type Result<T> = std::result::Result<T, StoreError>;

/// What lies in partitions, in the order in which it is locked.
const TABLES: [&str; 3] = ["events", "deliveries", "attempts"];

/// Partitions of the three, and what was taken off and is still to be deleted.
const KNOWN: &str = "SELECT relname::text, relispartition FROM pg_class
WHERE relkind = 'r' AND relname ~ '^(events|deliveries|attempts)_p[0-9]+_[0-9]+$' AND pg_table_is_visible(oid)";

/// How long locks are waited for, while everything else waits behind, and how long a statement may take under them.
const LIMITS: [&str; 2] = ["SET LOCAL lock_timeout = '200ms'", "SET LOCAL statement_timeout = '1s'"];

const LOCK: &str = "LOCK TABLE events, deliveries, attempts IN ACCESS EXCLUSIVE MODE";

/// Whether something between two identifiers waits, holds up a line, or is to be sent on.
const IS_OPEN: &str = "SELECT EXISTS (SELECT 1 FROM queue WHERE delivery_id >= $1 AND delivery_id < $2)
    OR EXISTS (SELECT 1 FROM ordered WHERE delivery_id >= $1 AND delivery_id < $2)
    OR EXISTS (SELECT 1 FROM forwards WHERE delivery_id >= $1 AND delivery_id < $2 AND state = 'pending')";

/// What may be in flight. A row stays for a while after the last of its deliveries ended.
const LEASED: &str = "SELECT deliveries FROM leases";

/// Whether one of these is.
const IN_FLIGHT: &str = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = ANY($1) AND state = 'in_flight')";

const DELETE_LETTERS: &str = "DELETE FROM dead_letters WHERE delivery_id >= $1 AND delivery_id < $2";

const DELETE_FORWARDS: &str = "DELETE FROM forwards WHERE delivery_id >= $1 AND delivery_id < $2";

/// SQLSTATEs of a role that may not, of locks that were not to be had, of a default partition that holds such rows already, of a
/// partition that somebody else was making at the same moment, and of one that somebody else has just made or taken off.
const NOT_ALLOWED: &str = "42501";
const IN_THE_WAY: [&str; 9] = ["55P03", "57014", "40P01", "23514", "23505", "42P07", "42P17", "42P01", "55000"];

/// Whether it was said that this role may not make partitions: once is enough.
static IS_SAID: AtomicBool = AtomicBool::new(false);

/// From the first millisecond to the one beyond the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    low: u64,
    high: u64,
}

impl Stretch {
    fn of_name(name: &str) -> Option<Self> {
        let (_, bounds) = name.split_once("_p")?;
        let (low, high) = bounds.split_once('_')?;
        Some(Self { low: low.parse().ok()?, high: high.parse().ok()? })
    }

    fn name(self, table: &str) -> String {
        format!("{table}_p{}_{}", self.low, self.high)
    }

    const fn contains(self, moment: u64) -> bool {
        self.low <= moment && moment < self.high
    }

    /// The first identifier inside, and the first beyond.
    const fn ids(self) -> (Uuid, Uuid) {
        (first_id(self.low), first_id(self.high))
    }
}

/// The least identifier of a millisecond, of any kind.
const fn first_id(milliseconds: u64) -> Uuid {
    Uuid::from_u128((milliseconds as u128) << 80)
}

fn milliseconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_micros() / 1000).unwrap_or_default()
}

fn moment(milliseconds: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(milliseconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

/// The stretches that are missing, so that there is one for now and for one width ahead.
fn missing(attached: &BTreeSet<Stretch>, now: u64, width: u64) -> Vec<Stretch> {
    let width = width.max(1);
    let mut missing = Vec::new();
    let mut low = now - now % width;
    while low < now.saturating_add(width) {
        if let Some(there) = attached.iter().find(|stretch| stretch.contains(low)) {
            low = there.high;
            continue;
        }
        let next = attached.iter().map(|stretch| stretch.low).find(|&next| next > low).unwrap_or(u64::MAX);
        let high = (low - low % width + width).min(next);
        missing.push(Stretch { low, high });
        low = high;
    }
    missing
}

/// Partitions that hold rows, and tables that were taken off.
#[derive(Debug, Default)]
struct Known {
    attached: BTreeSet<Stretch>,
    loose: BTreeSet<(Stretch, String)>,
}

async fn known(engine: &PostgresEngine) -> Result<Known> {
    let mut known = Known::default();
    for row in engine.fetch_all(sqlx::query(KNOWN)).await.map_err(store_error)? {
        let (name, is_attached): (String, bool) = (row.try_get(0).map_err(store_error)?, row.try_get(1).map_err(store_error)?);
        let Some(stretch) = Stretch::of_name(&name) else { continue };
        if is_attached {
            known.attached.insert(stretch);
        } else {
            known.loose.insert((stretch, name));
        }
    }
    Ok(known)
}

/// Makes the partitions that are missing. Whatever hinders that is logged: without them all works too.
pub(in crate::store::sql) async fn prepare(engine: &PostgresEngine, now: Timestamp) -> Result<()> {
    let Some(width) = engine.partition else { return Ok(()) };
    let known = known(engine).await?;
    let width = u64::try_from(width.as_millis()).unwrap_or(u64::MAX);
    for stretch in missing(&known.attached, milliseconds(now), width) {
        if let Err(error) = make(engine, stretch).await {
            forgive(error, "a partition could not be made; what belongs there lies in the default partition")?;
        }
    }
    Ok(())
}

async fn make(engine: &PostgresEngine, stretch: Stretch) -> std::result::Result<(), sqlx::Error> {
    let mut transaction = engine.begin().await?;
    for text in LIMITS.into_iter().chain([LOCK]) {
        transaction.run(sqlx::query(text)).await?;
    }
    let (low, high) = stretch.ids();
    for table in TABLES {
        let options = if table == "deliveries" { " WITH (fillfactor = 50)" } else { "" };
        // Numbers and names of our own alone; such a statement takes no values.
        let text =
            format!("CREATE TABLE {} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}'){options}", stretch.name(table));
        transaction.run(sqlx::query(AssertSqlSafe(text))).await?;
    }
    transaction.commit().await
}

/// Makes what is missing and drops what was all made before `before` and has ended.
pub(in crate::store::sql) async fn turn(engine: &PostgresEngine, now: Timestamp, before: Option<Timestamp>) -> Result<Turned> {
    prepare(engine, now).await?;
    let mut turned = Turned::default();
    let Some(before) = before.map(milliseconds) else { return Ok(turned) };
    let mut spare = None;
    for stretch in known(engine).await?.attached {
        if stretch.high > before {
            // The one that `before` lies in goes as a whole soon.
            if stretch.contains(before) {
                spare = spare.or(Some(moment(stretch.low)));
            }
            continue;
        }
        if is_open(&mut &*engine, stretch).await.map_err(store_error)? {
            continue;
        }
        if let Err(error) = take_off(engine, stretch).await {
            let is_refused = code(&error).as_deref() == Some(NOT_ALLOWED);
            forgive(error, "a partition could not be taken off; it is tried again")?;
            if !is_refused {
                spare = spare.or(Some(moment(stretch.low)));
            }
        }
    }
    turned.spare_from = spare;
    // Also what a node that died has left.
    for (stretch, name) in known(engine).await?.loose {
        turned.dead_letters += drop_loose(engine, stretch, &name).await?;
        turned.partitions += u64::from(name.starts_with("events_"));
        tracing::info!(partition = name, "dropped a partition of what is too old");
    }
    Ok(turned)
}

/// Whether anything in it has not ended. By what else is known of such deliveries: they themselves are too many to be looked at.
async fn is_open(runner: &mut impl Runner, stretch: Stretch) -> std::result::Result<bool, sqlx::Error> {
    let (low, high) = stretch.ids();
    if is(runner, sqlx::query(IS_OPEN).bind(low).bind(high)).await? {
        return Ok(true);
    }
    let mut leased = Vec::new();
    for row in runner.rows(sqlx::query(LEASED)).await? {
        leased.extend(unpack(&row.try_get::<Vec<u8>, _>(0)?).into_iter().filter(|id| (low..high).contains(id)));
    }
    Ok(!leased.is_empty() && is(runner, sqlx::query(IN_FLIGHT).bind(leased)).await?)
}

/// The answer to a question.
async fn is(runner: &mut impl Runner, question: Statement<'_>) -> std::result::Result<bool, sqlx::Error> {
    runner.rows(question).await?.first().map_or(Ok(false), |row| row.try_get(0))
}

/// Takes a stretch off all three tables, if still nothing in it is open: from then on nobody sees it.
async fn take_off(engine: &PostgresEngine, stretch: Stretch) -> std::result::Result<(), sqlx::Error> {
    let mut transaction = engine.begin().await?;
    for text in LIMITS.into_iter().chain([LOCK]) {
        transaction.run(sqlx::query(text)).await?;
    }
    if is_open(&mut transaction, stretch).await? {
        return transaction.rollback().await;
    }
    for table in TABLES {
        let text = format!("ALTER TABLE {table} DETACH PARTITION {}", stretch.name(table));
        transaction.run(sqlx::query(AssertSqlSafe(text))).await?;
    }
    transaction.commit().await
}

/// Deletes what was known of a stretch elsewhere, then one of its tables. Says how many dead letters went.
async fn drop_loose(engine: &PostgresEngine, stretch: Stretch, name: &str) -> Result<u64> {
    let (low, high) = stretch.ids();
    let letters = engine.execute(sqlx::query(DELETE_LETTERS).bind(low).bind(high)).await.map_err(store_error)?;
    engine.execute(sqlx::query(DELETE_FORWARDS).bind(low).bind(high)).await.map_err(store_error)?;
    let text = format!("DROP TABLE IF EXISTS {name}");
    engine.execute(sqlx::query(AssertSqlSafe(text)).persistent(false)).await.map_err(store_error)?;
    Ok(letters)
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Cow::into_owned)
}

/// Logs what passes or can be lived with; gives back anything else.
fn forgive(error: sqlx::Error, what: &str) -> Result<()> {
    match code(&error) {
        Some(code) if code == NOT_ALLOWED => {
            if !IS_SAID.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "this role may not make or drop partitions: rows lie in the default partition and are deleted one by one. Let it own \
                     the tables, or run `waypost migrate` as their owner now and then"
                );
            }
            Ok(())
        }
        Some(code) if IN_THE_WAY.contains(&code.as_str()) => {
            tracing::info!(error = &error as &dyn std::error::Error, "{what}");
            Ok(())
        }
        _ => Err(store_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::EventId;

    fn stretches(bounds: &[(u64, u64)]) -> BTreeSet<Stretch> {
        bounds.iter().map(|&(low, high)| Stretch { low, high }).collect()
    }

    #[test]
    fn there_is_one_for_now_and_for_one_width_ahead() {
        let made = |attached: &[(u64, u64)], now| {
            missing(&stretches(attached), now, 10).iter().map(|stretch| (stretch.low, stretch.high)).collect::<Vec<_>>()
        };
        assert_eq!(made(&[], 103), [(100, 110), (110, 120)]);
        assert_eq!(made(&[(100, 110), (110, 120)], 109), []);
        assert_eq!(made(&[(100, 110), (110, 120)], 110), [], "up to, and not beyond, what one width needs");
        assert_eq!(made(&[(100, 110), (110, 120)], 111), [(120, 130)]);
        assert_eq!(made(&[(90, 104)], 103), [(104, 110), (110, 120)], "another width before");
        assert_eq!(made(&[(114, 200)], 103), [(100, 110), (110, 114)], "a clock that went before");
        assert_eq!(made(&[(900, 910)], 103), [(100, 110), (110, 120)]);
    }

    #[test]
    fn names_say_their_bounds() {
        let stretch = Stretch { low: 1_795_046_400_000, high: 1_795_478_400_000 };
        assert_eq!(Stretch::of_name(&stretch.name("deliveries")), Some(stretch));
        assert_eq!(Stretch::of_name("events_default"), None);
        let id = EventId::first_at(moment(stretch.low)).as_uuid();
        let (low, high) = stretch.ids();
        assert!(low <= id && id < high && EventId::first_at(moment(stretch.high)).as_uuid() >= high);
    }
}
