//! Partitions on Postgres: rows lie where their time says, and what is too old goes as a whole.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, Row};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use waypost::config::{Database as Settings, Encryption, Pooler as Pooling};
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::delivery::DeadReason;
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::secret::Secret;
use waypost::domain::tenant::TenantName;
use waypost::store::sql::SqlStore;
use waypost::store::{Resolution, Turned};

use super::super::sample::{ORDER, dead, delivered, ended, handed_over, in_flight, pending, subscribed};
use super::sweeping::{round, sweeper};
use super::{counts, event, exists};
use crate::support::database::{Database, Kind, TestStore};
use crate::support::pooler::Pooler;

const PATIENCE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const DAY_MS: u64 = 86_400_000;

/// Opens a store whose partitions hold a day each, and gives it the time of the machine: opening makes partitions by that.
async fn open(database: Database, adjust: impl FnOnce(&mut Settings)) -> TestStore {
    let mut settings = Settings { partition_ms: DAY_MS, ..database.settings() };
    adjust(&mut settings);
    let encryption = Encryption { key: None, key_file: None };
    let store = SqlStore::open(&settings, &encryption, Arc::new(SystemEntropy::new())).await.expect("the database can be opened");
    let store = TestStore::on(database, store);
    store.clock.advance(SystemClock.now().since(store.clock.now()));
    store
}

async fn run(test: impl AsyncFnOnce(TestStore)) {
    let store = open(Database::create(Kind::Postgres).await, |_| ()).await;
    timeout(PATIENCE, test(store)).await.expect("the test ends in time");
}

/// What the day is called that holds the moment now.
fn today(store: &TestStore) -> String {
    let now = u64::try_from(store.now().as_micros() / 1000).unwrap();
    let low = now - now % DAY_MS;
    format!("p{low}_{}", low + DAY_MS)
}

/// The stretches that a table has partitions for, each once.
async fn stretches(store: &TestStore, table: &str) -> Vec<String> {
    let text = format!(
        "SELECT substr(c.relname::text, {}) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = '{table}'::regclass AND c.relname <> '{table}_default' ORDER BY 1",
        table.len() + 2
    );
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut store.database.postgres().await).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The tables that hold the rows of a partitioned one.
async fn homes(store: &TestStore, table: &str) -> Vec<String> {
    let text = format!("SELECT DISTINCT tableoid::regclass::text FROM {table} ORDER BY 1");
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut store.database.postgres().await).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Makes partitions and drops those of more than `days` ago.
async fn turn(store: &TestStore, days: u32) -> Turned {
    let now = store.now();
    store.turn_partitions(now, Some(now.minus(DAY * days))).await.unwrap()
}

#[tokio::test]
async fn rows_lie_in_the_partition_of_their_day() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        let day = today(&store);
        delivered(&store, &default, to).await;
        for table in ["events", "deliveries", "attempts"] {
            assert_eq!(homes(&store, table).await, [format!("{table}_{day}")]);
        }
        assert!(stretches(&store, "events").await.contains(&day), "made when the store was opened");
        store.clock.advance(DAY);
        turn(&store, 3).await;
        let next = today(&store);
        delivered(&store, &default, to).await;
        assert_eq!(homes(&store, "deliveries").await, [format!("deliveries_{day}"), format!("deliveries_{next}")]);
        let all = stretches(&store, "events").await;
        assert_eq!(all.len(), 3, "and one ahead: {all:?}");
        for table in ["deliveries", "attempts"] {
            assert_eq!(stretches(&store, table).await, all);
        }
    })
    .await;
}

#[tokio::test]
async fn what_finds_no_partition_lies_in_the_default_one_and_goes_row_by_row() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        store.clock.advance(DAY * 5);
        let day = today(&store);
        let stray = delivered(&store, &default, to).await;
        assert_eq!(homes(&store, "attempts").await, ["attempts_default"]);
        assert_eq!(turn(&store, 30).await.partitions, 0, "its day can't be made, which hinders nobody");
        assert!(!stretches(&store, "events").await.contains(&day));
        assert!(store.delivery(&default, stray).await.is_ok());
        delivered(&store, &default, to).await;
        store.clock.advance(DAY * 4);
        let mut sweeper = sweeper(&store, |config| config.keep_ms = 2 * DAY_MS);
        assert_eq!(round(&mut sweeper).await.deleted.events, 2);
        assert_eq!(counts(&store).await, [0; 5]);
    })
    .await;
}

#[tokio::test]
async fn a_partition_goes_as_a_whole_while_others_accept_and_deliver() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        let day = today(&store);
        for _ in 0..20 {
            delivered(&store, &default, to).await;
        }
        let lost = dead(&store, &default, to, DeadReason::Exhausted).await;
        store.clock.advance(DAY * 3);
        turn(&store, 30).await;
        let before = counts(&store).await;
        assert_eq!(before, [21, 21, 21, 1, 0]);
        let stop = CancellationToken::new();
        let work = async {
            let mut made = 0;
            while !stop.is_cancelled() {
                delivered(&store, &default, to).await;
                made += 1;
            }
            made
        };
        let go = async {
            let mut turned = Turned::default();
            // Locks that are not had at once are tried for again by the next round.
            while turned.partitions == 0 {
                turned = turn(&store, 2).await;
            }
            stop.cancel();
            turned
        };
        let (made, turned) = tokio::join!(work, go);
        assert_eq!((turned.partitions, turned.dead_letters), (1, 1));
        assert!(made > 0, "somebody worked meanwhile");
        assert_eq!(counts(&store).await, [made, made, made, 0, 0]);
        assert!(store.delivery(&default, lost).await.is_err());
        assert!(!stretches(&store, "attempts").await.contains(&day));
        assert_eq!(
            store.database.count(&format!("pg_class WHERE relname LIKE '%{day}%'")).await,
            0,
            "dropped, not only taken off"
        );
    })
    .await;
}

#[tokio::test]
async fn a_partition_stays_while_anything_in_it_is_open() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        let flying = in_flight(&store, &default, to).await;
        let waiting = pending(&store, &default, to, store.now()).await;
        let blocking = dead(&store, &default, to, DeadReason::Exhausted).await;
        let line = "INSERT INTO ordered (key, position, subscription_id, delivery_id, due_at, is_blocking)
                    SELECT id, 1, subscription_id, id, 0, TRUE FROM deliveries WHERE state = 'dead_lettered'";
        store.database.run(line).await;
        let forward = "INSERT INTO forwards (delivery_id, tenant, event_id, subscription_id, failure, state, lease_token,
                       attempt_count, created_at)
                       SELECT id, tenant, event_id, subscription_id, '{}', 'pending', 0, 0, 0 FROM deliveries
                       WHERE state = 'dead_lettered'";
        store.database.run(forward).await;
        store.clock.advance(DAY * 3);
        turn(&store, 30).await;
        assert_eq!(turn(&store, 2).await.partitions, 0, "one is in flight");
        ended(&store, &default, flying, Resolution::Delivered).await;
        assert_eq!(turn(&store, 2).await.partitions, 0, "one waits");
        store.cancel(&default, waiting, store.now()).await.unwrap();
        store.database.run("DELETE FROM queue").await;
        assert_eq!(turn(&store, 2).await.partitions, 0, "one holds up its line");
        store.database.run("DELETE FROM ordered").await;
        assert_eq!(turn(&store, 2).await.partitions, 0, "one is to be sent on");
        store.database.run("UPDATE forwards SET state = 'failed'").await;
        assert!(store.delivery(&default, blocking).await.is_ok());
        assert_eq!(turn(&store, 2).await.partitions, 1);
        assert_eq!(counts(&store).await, [0; 5]);
    })
    .await;
}

#[tokio::test]
async fn what_is_opened_again_at_the_last_moment_stays() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        let reopened = dead(&store, &default, to, DeadReason::Exhausted).await;
        store.clock.advance(DAY * 3);
        turn(&store, 30).await;
        // Somebody reads: the partition can't be taken off yet, though nothing in it was open a moment ago.
        let mut reader = store.database.postgres().await;
        sqlx::raw_sql("BEGIN; LOCK TABLE events IN ACCESS SHARE MODE").execute(&mut reader).await.unwrap();
        let open_again = async {
            while store.database.count("pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted").await == 0 {
                tokio::task::yield_now().await;
            }
            let place = "INSERT INTO queue (subscription_id, due_at, delivery_id) SELECT subscription_id, 0, delivery_id FROM dead_letters";
            store.database.run(place).await;
            sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
        };
        let (turned, ()) = tokio::join!(turn(&store, 2), open_again);
        assert_eq!(turned.partitions, 0);
        assert!(store.delivery(&default, reopened).await.is_ok());
        store.database.run("DELETE FROM queue").await;
        assert_eq!(turn(&store, 2).await.partitions, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_turn_partitions_at_once_do_each_thing_once() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        delivered(&store, &default, to).await;
        let before = stretches(&store, "events").await;
        store.clock.advance(DAY * 3);
        join_all((0..6).map(|_| turn(&store, 2))).await;
        // Who met another one left it to the next round.
        turn(&store, 2).await;
        let after = stretches(&store, "events").await;
        assert_eq!(after.len(), 3, "the one before yesterday went, one ahead came: {before:?}, then {after:?}");
        assert!(after.contains(&today(&store)));
        for table in ["deliveries", "attempts"] {
            assert_eq!(stretches(&store, table).await, after);
        }
        assert_eq!(counts(&store).await, [0; 5]);
    })
    .await;
}

#[tokio::test]
async fn what_a_node_that_died_has_taken_off_is_dropped_by_the_next() {
    run(async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        dead(&store, &default, to, DeadReason::Exhausted).await;
        let day = today(&store);
        for table in ["events", "deliveries", "attempts"] {
            store.database.run(AssertSqlSafe(format!("ALTER TABLE {table} DETACH PARTITION {table}_{day}"))).await;
        }
        store.database.run(AssertSqlSafe(format!("DROP TABLE deliveries_{day}"))).await;
        store.clock.advance(DAY * 3);
        let turned = turn(&store, 2).await;
        assert_eq!((turned.partitions, turned.dead_letters), (1, 1));
        assert_eq!(store.database.count(&format!("pg_class WHERE relname LIKE '%{day}%'")).await, 0);
        assert_eq!(store.database.count("dead_letters").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_role_that_may_make_no_tables_does_without_partitions() {
    let owned = TestStore::create(Kind::Postgres).await;
    let database = owned.into_database().await;
    let role = database.url().rsplit('/').next().unwrap().replace("waypost_test", "waypost_role");
    let grants = format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
         REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    );
    database.run(AssertSqlSafe(grants)).await;
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let store = open(database, |settings| settings.url = url).await;
    let test = async {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        delivered(&store, &default, to).await;
        assert_eq!(homes(&store, "events").await, ["events_default"]);
        store.clock.advance(DAY * 4);
        let young = event(&store, &default, "x").await;
        assert_eq!(turn(&store, 2).await, Turned::default());
        let mut sweeper = sweeper(&store, |config| config.keep_ms = 2 * DAY_MS);
        assert_eq!(round(&mut sweeper).await.deleted.events, 1);
        assert!(exists(&store, &default, young).await);
        assert_eq!(counts(&store).await, [1, 0, 0, 0, 0]);
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
    let database = store.into_database().await;
    database.run(AssertSqlSafe(format!("DROP OWNED BY {role}; DROP ROLE {role}"))).await;
}

#[tokio::test]
async fn partitions_are_turned_behind_a_pooler() {
    let database = TestStore::create(Kind::Postgres).await.into_database().await;
    let pooler = Pooler::start(database.url(), 2);
    let direct = Secret::new(database.url());
    let store = open(database, |settings| {
        pooler.url().clone_into(&mut settings.url);
        settings.pooler = Pooling::Transaction;
        settings.direct_url = Some(direct);
    })
    .await;
    let test = async {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        let (old, leases) = handed_over(&store, &default, ORDER, &[to]).await;
        ended(&store, &default, leases[0], Resolution::Delivered).await;
        assert_eq!(homes(&store, "events").await, [format!("events_{}", today(&store))]);
        store.clock.advance(DAY * 3);
        assert_eq!(turn(&store, 2).await.partitions, 1);
        assert!(!exists(&store, &default, old).await);
        delivered(&store, &default, to).await;
        assert_eq!(homes(&store, "events").await, [format!("events_{}", today(&store))]);
    };
    timeout(PATIENCE, test).await.expect("the test ends in time");
    store.into_database().await;
}
