//! Plans: no statement of the hot path reads a whole table, neither on the first day nor with a long backlog; nor does a list.
//!
//! Postgres keeps the plan it made for a statement, even if it made it while the tables were empty; so both are looked at.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use waypost::store::sql::{self, hot_statements, postgres_session};

use crate::support::database::{Kind, TestStore};

/// Half of the rows below lie in partitions of their own, the others in the default ones.
const PARTITIONS: &str = "
    CREATE TABLE events_half PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('80000000-0000-0000-0000-000000000000');
    CREATE TABLE deliveries_half PARTITION OF deliveries FOR VALUES FROM (MINVALUE) TO ('80000000-0000-0000-0000-000000000000');
    CREATE TABLE attempts_half PARTITION OF attempts FOR VALUES FROM (MINVALUE) TO ('80000000-0000-0000-0000-000000000000');";

/// A hundred thousand deliveries to a hundred subscriptions: most finished, some waiting, some in flight by two nodes.
const BACKLOG: &str = "
    INSERT INTO nodes SELECT md5('node' || n)::uuid, 0, 1000 FROM generate_series(1, 2) n;
    INSERT INTO events SELECT md5('event' || n)::uuid, 'default', n, 1, n::text, '/s', 't', NULL, NULL, NULL, 'structured', NULL, 'x'
        FROM generate_series(1, 50000) n;
    INSERT INTO event_keys SELECT md5('key' || n)::uuid, md5('event' || n)::uuid, n FROM generate_series(1, 50000) n;
    INSERT INTO replays SELECT md5('producer' || n)::uuid, md5('x')::uuid, n FROM generate_series(1, 5000) n;
    INSERT INTO sink_pauses SELECT md5('subscription' || n)::uuid, n FROM generate_series(1, 50) n;
    INSERT INTO deliveries (id, tenant, event_id, subscription_id, state, attempt_count, budget_attempt_count, next_attempt_at,
            lease_owner, lease_token, created_at)
        SELECT md5('delivery' || n)::uuid, 'default', md5('event' || n / 2)::uuid, md5('subscription' || n % 100)::uuid,
            CASE WHEN n % 10 > 3 THEN 'delivered' WHEN n % 10 > 0 THEN 'pending' ELSE 'in_flight' END, 0, 0,
            CASE WHEN n % 10 BETWEEN 1 AND 3 THEN n END, CASE WHEN n % 10 = 0 THEN md5('node' || n % 2)::uuid END, 1, n
        FROM generate_series(1, 100000) n;
    INSERT INTO queue SELECT subscription_id, next_attempt_at, id FROM deliveries WHERE state = 'pending';
    INSERT INTO order_keys SELECT md5('key' || n)::uuid, 100000 FROM generate_series(1, 1000) n;
    INSERT INTO ordered SELECT md5('key' || n % 1000)::uuid, n, md5('subscription' || n % 100)::uuid, md5('delivery' || n)::uuid, n,
        n % 500 = 0 FROM generate_series(1, 30000) n;
    INSERT INTO leases SELECT md5('node' || n % 2)::uuid, md5('lease' || n)::uuid, uuid_send(md5('delivery' || n * 10)::uuid)
        FROM generate_series(1, 10000) n;
    INSERT INTO dead_letters SELECT 'default', md5('dead' || n)::uuid, md5('subscription' || n % 100)::uuid, 'exhausted', FALSE, n
        FROM generate_series(1, 10000) n;
    INSERT INTO attempts SELECT md5('delivery' || n)::uuid, 1, md5('attempt' || n)::uuid, n, 1, 'delivered', 204, NULL, NULL, NULL,
        NULL, FALSE FROM generate_series(1, 50000) n;";

/// What is small enough to be read whole: one row, or one per node; and a table that a statement makes up itself.
const SMALL: [&str; 5] = ["nodes", "routing", "lanes", "owners", "portion"];

/// Tables that grow with every event; the control plane may read others whole.
const LARGE: [&str; 8] = ["events", "event_keys", "deliveries", "attempts", "queue", "dead_letters", "ordered", "order_keys"];

/// The control plane is planned without its values too: a list that fits many rows may neither read nor sort them all.
async fn assert_lists_walk(connection: &mut PgConnection, when: &str) {
    for (number, statement) in sql::statements().into_iter().enumerate() {
        let plan = plan(connection, number, statement).await;
        let is_large = |line: &&str| LARGE.iter().any(|table| line.contains(&format!(" on {table}")));
        let scan = whole_read(&plan).filter(is_large);
        assert!(scan.is_none(), "{when}, this statement reads a table or an index whole:\n{statement}\n{plan}");
        // Groups are sorted, and what is materialised has a limit of its own.
        let may_sort = ["GROUP BY", "MATERIALIZED"].iter().any(|piece| statement.contains(piece));
        let mut below = plan.lines().skip_while(|line| !line.trim_start().starts_with("->  Sort"));
        let sorts = statement.contains("LIMIT") && below.any(|line| is_large(&line));
        assert!(may_sort || !sorts, "{when}, this list sorts more than it shows:\n{statement}\n{plan}");
    }
}

async fn assert_no_scans(connection: &mut PgConnection, when: &str) {
    let [_, statements] = hot_statements();
    for (number, statement) in statements.into_iter().enumerate() {
        let plan = plan(connection, number, statement).await;
        let scan = whole_read(&plan);
        assert!(scan.is_none(), "{when}, this statement reads a table or an index whole:\n{statement}\n{plan}");
    }
}

/// The line of a plan that reads all of a table, or all of an index where not the first entry is asked for.
fn whole_read(plan: &str) -> Option<&str> {
    let lines: Vec<_> = plan.lines().collect();
    let is_whole = |number: usize| {
        let (line, below) = (lines[number], lines.get(number + 1).copied().unwrap_or_default());
        let is_first_entry = number > 0 && lines[number - 1].contains("Limit ");
        let is_index = line.contains("Scan using ") && !below.contains("Index Cond") && !is_first_entry;
        let is_small = SMALL.iter().any(|table| line.contains(&format!(" on {table} ")));
        (line.contains("Seq Scan on ") || is_index) && !is_small || line.contains("JIT")
    };
    (0..lines.len()).find(|&number| is_whole(number)).map(|number| lines[number])
}

/// The plan that is made without knowing the values.
async fn plan(connection: &mut PgConnection, number: usize, statement: &str) -> String {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("PREPARE s{number} AS {statement}")))).await.unwrap();
    let count: i32 = sqlx::query_scalar("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1")
        .bind(format!("s{number}"))
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let arguments = vec!["NULL"; usize::try_from(count).unwrap()].join(", ");
    // Without values there are no parentheses either.
    let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
    let explain = format!("EXPLAIN EXECUTE s{number} {arguments}");
    let lines = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("DEALLOCATE s{number}")))).await.unwrap();
    lines.iter().map(|line| line.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn postgres_reads_no_table_whole() {
    let store = TestStore::create(Kind::Postgres).await;
    let mut connection = PgConnection::connect(store.database.url()).await.unwrap();
    connection.execute(sqlx::raw_sql(PARTITIONS)).await.unwrap();
    connection.execute(sqlx::raw_sql(postgres_session())).await.unwrap();
    assert_no_scans(&mut connection, "on empty tables").await;
    assert_lists_walk(&mut connection, "on empty tables").await;

    connection.execute(sqlx::raw_sql(BACKLOG)).await.unwrap();
    assert_no_scans(&mut connection, "on a backlog that was not analysed").await;
    assert_lists_walk(&mut connection, "on a backlog that was not analysed").await;
    connection.execute("ANALYZE").await.unwrap();
    assert_no_scans(&mut connection, "on an analysed backlog").await;
    assert_lists_walk(&mut connection, "on an analysed backlog").await;
}

#[tokio::test]
async fn sqlite_reads_no_table_whole() {
    let store = TestStore::create(Kind::Sqlite).await;
    let mut connection = SqliteConnection::connect(store.database.url()).await.unwrap();
    let [statements, _] = hot_statements();
    for statement in statements {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let lines = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = lines.iter().map(|line| line.get("detail")).collect();
        let scan = plan.iter().find(|line| {
            let is_given = line.contains("CONSTANT ROW") || line.contains("VALUES CLAUSE");
            let is_whole = line.starts_with("SCAN ") && !line.contains(" USING ") && !is_given;
            is_whole && !SMALL.iter().any(|table| line.contains(table))
        });
        assert!(scan.is_none(), "this statement reads a table whole:\n{statement}\n{plan:#?}");
    }
}
