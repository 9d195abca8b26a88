//! The sweeper: what goes when, by tenant and type; what stays; what several nodes, a stop and a restart do to it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Row;
use tokio_util::sync::CancellationToken;
use waypost::config::{self, Config};
use waypost::domain::delivery::DeadReason;
use waypost::domain::id::NodeId;
use waypost::domain::retention::Retention;
use waypost::domain::tenant::{Tenant, TenantName};
use waypost::metrics::{Metrics, Options};
use waypost::retention::{Parts, Round, Sweeper};
use waypost::store::{Deleted, Resolution};

use super::super::sample::{ORDER, dead, ended, handed_over, in_flight, subscribed, tenant};
use super::{counts, event, exists};
use crate::support::database::{Database, Kind, TestStore, both_databases, run};

const DAY: Duration = Duration::from_hours(24);

pub(super) fn sweeper(store: &TestStore, adjust: impl FnOnce(&mut config::Retention)) -> Sweeper {
    let mut config = Config::builtin().retention;
    config.pause_ms = 0;
    adjust(&mut config);
    Sweeper::new(Parts {
        store: store.shared(),
        tenants: store.shared(),
        node: NodeId::new(store.now(), &store.entropy),
        config,
        deduplication_window: DAY,
        clock: Arc::clone(&store.clock) as _,
        metrics: Metrics::new(&Options::default()).retention,
    })
}

/// One that keeps events for three days.
fn three_days(store: &TestStore) -> Sweeper {
    sweeper(store, |config| config.keep_ms = 3 * 86_400_000)
}

pub(super) async fn round(sweeper: &mut Sweeper) -> Round {
    sweeper.round(&CancellationToken::new()).await.unwrap().expect("it has the lead")
}

pub(super) async fn says(store: &TestStore, name: &TenantName, retention: &str) {
    let tenant =
        Tenant { retention: serde_json::from_str::<Option<Retention>>(retention).unwrap(), ..store.tenant(name).await.unwrap() };
    store.update_tenant(&tenant).await.unwrap();
    assert_eq!(store.tenant(name).await.unwrap(), tenant);
}

both_databases!(events_are_kept_as_long_as_their_tenant_and_type_say, async |store: TestStore| {
    let default = TenantName::default();
    let [brief, endless, gone] = [tenant(&store, "brief").await, tenant(&store, "endless").await, tenant(&store, "gone").await];
    says(
        &store,
        &brief,
        r#"{"keep_ms": 86400000, "types": [{"type": "order.vip", "keep_ms": 0}, {"type": "order.*", "keep_ms": 172800000}]}"#,
    )
    .await;
    says(&store, &endless, r#"{"keep_ms": 0}"#).await;
    let mut made = Vec::new();
    for name in [&default, &brief, &endless, &gone] {
        for event_type in ["order.a", "order.vip", "x"] {
            made.push((name.clone(), event(&store, name, event_type).await));
        }
    }
    store.delete_tenant(&gone).await.unwrap();
    let mut sweeper = three_days(&store);
    let mut left = Vec::new();
    for _ in 0..4 {
        round(&mut sweeper).await;
        let mut exist = String::new();
        for (name, id) in &made {
            exist.push(if exists(&store, name, *id).await { '+' } else { '-' });
        }
        left.push(exist);
        store.clock.advance(DAY);
    }
    // default, brief, endless, gone: three types of each.
    assert_eq!(left, ["++++++++++++", "+++++-++++++", "+++-+-++++++", "----+-+++---"]);
});

both_databases!(a_limit_holds_for_events_that_were_there_before_it, async |store: TestStore| {
    let acme = tenant(&store, "acme").await;
    let old = event(&store, &acme, "a").await;
    store.clock.advance(DAY);
    let young = event(&store, &acme, "a").await;
    store.clock.advance(DAY / 2);
    let mut sweeper = three_days(&store);
    assert_eq!(round(&mut sweeper).await, Round::default());
    says(&store, &acme, r#"{"types": [{"type": "a", "keep_ms": 86400000}]}"#).await;
    assert_eq!(round(&mut sweeper).await.deleted.events, 1);
    assert_eq!((exists(&store, &acme, old).await, exists(&store, &acme, young).await), (false, true));
    says(&store, &acme, r#"{"keep_ms": 3600000}"#).await;
    assert_eq!(round(&mut sweeper).await.deleted.events, 1);
    says(&store, &acme, "null").await;
    let last = event(&store, &acme, "a").await;
    store.clock.advance(DAY);
    assert_eq!(round(&mut sweeper).await.deleted.events, 0);
    assert!(exists(&store, &acme, last).await);
});

both_databases!(what_has_not_ended_stays_and_goes_soon_after_it_has, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    let lease = in_flight(&store, &default, to).await;
    dead(&store, &default, to, DeadReason::Exhausted).await;
    store.clock.advance(4 * DAY);
    let mut sweeper = three_days(&store);
    let first = round(&mut sweeper).await;
    assert_eq!((first.deleted, first.kept), (Deleted { events: 1, deliveries: 1, dead_letters: 1, attempts: 1, emptied: 0 }, 1));
    ended(&store, &default, lease, Resolution::Delivered).await;
    assert_eq!(round(&mut sweeper).await, Round { kept: 1, ..Round::default() }, "it is left alone for a while");
    store.clock.advance(Duration::from_mins(10));
    assert_eq!(
        round(&mut sweeper).await,
        Round { deleted: Deleted { events: 1, deliveries: 1, dead_letters: 0, attempts: 1, emptied: 0 }, ..Round::default() }
    );
    assert_eq!(counts(&store).await, [0; 5]);
});

both_databases!(a_round_goes_on_until_nothing_is_too_old, async |store: TestStore| {
    let (default, other) = (TenantName::default(), tenant(&store, "other").await);
    for number in 0..1100 {
        event(&store, if number % 10 == 0 { &other } else { &default }, "a").await;
    }
    store.clock.advance(4 * DAY);
    let young = event(&store, &default, "a").await;
    let mut sweeper = three_days(&store);
    assert_eq!(round(&mut sweeper).await.deleted.events, 1100);
    assert_eq!(round(&mut sweeper).await, Round::default());
    assert!(exists(&store, &default, young).await);
});

both_databases!(of_two_nodes_one_sweeps_and_the_other_follows_when_it_is_gone, async |store: TestStore| {
    let default = TenantName::default();
    event(&store, &default, "a").await;
    let [mut one, mut other] = [three_days(&store), three_days(&store)];
    assert!(one.round(&CancellationToken::new()).await.unwrap().is_some());
    store.clock.advance(Duration::from_mins(1));
    assert!(other.round(&CancellationToken::new()).await.unwrap().is_none());
    store.clock.advance(4 * DAY);
    assert_eq!(round(&mut other).await.deleted.events, 1);
    assert!(one.round(&CancellationToken::new()).await.unwrap().is_none());
});

both_databases!(what_a_stop_leaves_is_deleted_by_the_next_round_after_a_restart_too, async |store: TestStore| {
    let default = TenantName::default();
    let to = subscribed(&store, &default).await;
    for _ in 0..30 {
        let (_, leases) = handed_over(&store, &default, ORDER, &[to]).await;
        ended(&store, &default, leases[0], Resolution::Delivered).await;
    }
    store.clock.advance(4 * DAY);
    let mut slow = sweeper(&store, |config| (config.keep_ms, config.batch_events, config.pause_ms) = (86_400_000, 5, 50));
    let stop = CancellationToken::new();
    let (round_of, ()) = tokio::join!(slow.round(&stop), async {
        tokio::time::sleep(Duration::from_millis(70)).await;
        stop.cancel();
    });
    let first = round_of.unwrap().unwrap().deleted.events;
    assert!((5..30).contains(&first), "{first}");
    let [events, deliveries, attempts, ..] = counts(&store).await;
    assert_eq!([events, deliveries, attempts], [30 - i64::try_from(first).unwrap(); 3], "whole events only");
    let rest = round(&mut slow).await.deleted.events;
    assert_eq!(first + rest, 30);
    assert_eq!(counts(&store).await, [0; 5]);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_stops_growing_under_steady_load() {
    run(Kind::Sqlite, async |store: TestStore| {
        let default = TenantName::default();
        let to = subscribed(&store, &default).await;
        let body = ORDER.replace("1.0}", &format!("1.0, \"x\": \"{}\"}}", "x".repeat(3000)));
        let mut sweeper = three_days(&store);
        let mut sizes = Vec::new();
        for _ in 0..24 {
            for _ in 0..50 {
                let (_, leases) = handed_over(&store, &default, &body, &[to]).await;
                ended(&store, &default, leases[0], Resolution::Delivered).await;
            }
            store.clock.advance(DAY);
            round(&mut sweeper).await;
            sizes.push(pages(&store.database).await);
        }
        // From the fifth day on as much goes as comes.
        let (full, last) = (sizes[5], sizes[23]);
        assert!(last * 10 <= full * 11, "{sizes:?}");
        assert!(2 * full > 3 * sizes[0], "it grew before: {sizes:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_of_an_event_that_went_is_not_used_again_after_a_restart() {
    run(Kind::Sqlite, async |store: TestStore| {
        let default = TenantName::default();
        let gone = event(&store, &default, "a").await;
        assert_eq!(newest(&store.database).await, 1);
        store.clock.advance(DAY);
        let store = store.reopened().await;
        assert_eq!(store.delete_events(&default, &[gone], None).await.unwrap().deleted.events, 1);
        event(&store, &default, "a").await;
        assert_eq!(newest(&store.database).await, 2);
    })
    .await;
}

async fn newest(database: &Database) -> i64 {
    let mut connection = database.sqlite().await;
    sqlx::query("SELECT max(number) FROM events").fetch_one(&mut connection).await.unwrap().get(0)
}

async fn pages(database: &Database) -> i64 {
    let mut connection = database.sqlite().await;
    sqlx::query("PRAGMA page_count").fetch_one(&mut connection).await.unwrap().get(0)
}

both_databases!(a_node_that_stops_leaves_the_lead_to_another, async |store: TestStore| {
    let [mut first, mut second] = [three_days(&store), three_days(&store)];
    round(&mut first).await;
    assert_eq!(second.round(&CancellationToken::new()).await.unwrap(), None);
    let stop = CancellationToken::new();
    stop.cancel();
    first.run(stop).await;
    round(&mut second).await;
});

#[tokio::test]
async fn a_restart_on_sqlite_takes_the_lead_of_a_killed_process() {
    run(Kind::Sqlite, async |store: TestStore| {
        round(&mut three_days(&store)).await;
        let store = store.reopened().await;
        round(&mut three_days(&store)).await;
    })
    .await;
}
