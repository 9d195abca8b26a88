//! Plans of the control plane: no statement reads a table whole that grows with every event.
//!
//! Looked at on SQLite, which plans without knowing the data, as it does on a user's first day.

use sqlx::{AssertSqlSafe, Row};
use waypost::store::sql;

use crate::support::database::{Database, Kind};

/// Tables that grow with every event.
const LARGE: [&str; 10] =
    ["events", "event_keys", "replays", "deliveries", "attempts", "queue", "dead_letters", "forwards", "ordered", "order_keys"];

#[tokio::test]
async fn no_statement_of_the_control_plane_reads_a_large_table_whole() {
    let database = Database::create(Kind::Sqlite).await;
    sql::migrate(&database.settings()).await.unwrap();
    let mut connection = database.sqlite().await;
    for text in sql::statements() {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let rows = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        let is_whole = |step: &String| {
            step.strip_prefix("SCAN ").is_some_and(|rest| LARGE.iter().any(|table| rest.split(' ').next() == Some(*table)))
        };
        assert!(!plan.iter().any(is_whole), "{plan:#?}\n{text}");
    }
}

/// The index a list is meant to walk, by a piece of text that only its statement has.
#[tokio::test]
async fn lists_walk_the_index_that_fits_their_filter() {
    let database = Database::create(Kind::Sqlite).await;
    sql::migrate(&database.settings()).await.unwrap();
    let mut connection = database.sqlite().await;
    let cases = [
        ("FROM deliveries WHERE tenant = $1 AND id < $2", "INDEX deliveries_by_tenant", 1),
        ("WHERE subscription_id = $7", "INDEX deliveries_by_subscription", 1),
        ("WHERE event_id = $8", "deliveries USING PRIMARY KEY (id>? AND id<?)", 1),
        ("tenant = $1 AND delivery_id < $2", "dead_letters USING PRIMARY KEY (tenant=?", 7),
        ("(subscription_id, due_at, delivery_id) >", "queue USING PRIMARY KEY (", 1),
        ("(tenant, delivery_id) >", "dead_letters USING PRIMARY KEY (", 1),
        ("SELECT q.delivery_id FROM subscriptions", "q USING PRIMARY KEY (subscription_id=?)", 1),
        ("FROM events\n            WHERE tenant = $1 AND id < $2", "INDEX sqlite_autoindex_events_1 (tenant=?", 1),
    ];
    for (piece, index, at_least) in cases {
        let statements: Vec<_> = sql::statements().into_iter().filter(|text| text.contains(piece)).collect();
        assert!(statements.len() >= at_least, "{piece}: {}", statements.len());
        for text in statements {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
            let rows = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{plan:#?}\n{text}");
        }
    }
}
