//! Two schemas, one design: nothing may exist in one database and not in the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor, Row, SqlSafeStr};
use waypost::store::sql;

use crate::support::database::{Database, Kind};

async fn migrated(kind: Kind) -> Database {
    let database = Database::create(kind).await;
    sql::migrate(&database.settings()).await.unwrap();
    database
}

#[test]
fn migrations_have_the_same_numbers_and_names_in_both_folders() {
    let [of_sqlite, of_postgres] = sql::migrations();
    assert_eq!(of_sqlite, of_postgres);
    for kind in ["sqlite", "postgres"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files, of_sqlite.len(), "the binary has not been built with all files of migrations/{kind}");
    }
}

#[tokio::test]
async fn every_statement_of_the_control_plane_prepares_on_sqlite() {
    let database = migrated(Kind::Sqlite).await;
    let mut connection = database.sqlite().await;
    for text in sql::statements() {
        connection.prepare(text.into_sql_str()).await.unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

#[tokio::test]
async fn every_statement_of_the_control_plane_prepares_on_postgres() {
    let database = migrated(Kind::Postgres).await;
    let mut connection = database.postgres().await;
    for text in sql::statements() {
        connection.prepare(text.into_sql_str()).await.unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

/// Tables with their columns, and indexes, in words that both databases share.
type Schema = BTreeMap<String, Vec<String>>;

async fn schema_of_sqlite(connection: &mut SqliteConnection) -> Schema {
    let columns = "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                   WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid";
    let mut schema = Schema::new();
    for row in sqlx::query(columns).fetch_all(&mut *connection).await.unwrap() {
        let (kind, is_required): (String, bool) = (row.get(2), row.get(3));
        let line = format!("{} {kind}{}", row.get::<String, _>(1), if is_required { " NOT NULL" } else { "" });
        schema.entry(row.get(0)).or_default().push(line);
    }
    let indexes = "SELECT t.name, i.\"unique\", (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)),
                          s.sql FROM sqlite_schema t JOIN pragma_index_list(t.name) i LEFT JOIN sqlite_schema s ON s.name = i.name
                   WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    for row in sqlx::query(indexes).fetch_all(&mut *connection).await.unwrap() {
        let definition: Option<String> = row.get(3);
        let condition = definition.and_then(|text| text.split_once(" WHERE ").map(|(_, condition)| condition.to_owned()));
        add_index(&mut schema, row.get(0), row.get(1), row.get(2), condition);
    }
    schema
}

async fn schema_of_postgres(connection: &mut PgConnection) -> Schema {
    let columns = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'NO', collation_name::text
                   FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'
                     AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition) ORDER BY table_name, ordinal_position";
    let mut schema = Schema::new();
    for row in sqlx::query(columns).fetch_all(&mut *connection).await.unwrap() {
        let (kind, is_required): (String, bool) = (row.get(2), row.get(3));
        let kind = match kind.as_str() {
            "uuid" | "bytea" => "BLOB".to_owned(),
            other => other.to_uppercase(),
        };
        let line = format!("{} {kind}{}", row.get::<String, _>(1), if is_required { " NOT NULL" } else { "" });
        schema.entry(row.get(0)).or_default().push(line);
    }
    let indexes = "SELECT t.relname::text, i.indisunique,
                          (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY k(attribute, n)
                           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attribute),
                          pg_get_expr(i.indpred, i.indrelid)
                   FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
                   WHERE n.nspname = 'public' AND t.relname NOT LIKE '\\_sqlx%' AND NOT t.relispartition";
    for row in sqlx::query(indexes).fetch_all(&mut *connection).await.unwrap() {
        let condition: Option<String> = row.get(3);
        // Postgres prints `(state = 'pending'::text)`.
        let condition = condition.map(|text| text.replace("::text", "").trim_matches(['(', ')']).to_owned());
        add_index(&mut schema, row.get(0), row.get(1), row.get(2), condition);
    }
    schema
}

fn add_index(schema: &mut Schema, table: String, is_unique: bool, columns: String, condition: Option<String>) {
    let mut line = format!("{}INDEX ({columns})", if is_unique { "UNIQUE " } else { "" });
    if let Some(condition) = condition {
        write!(line, " WHERE {condition}").unwrap();
    }
    schema.entry(table).or_default().push(line);
}

#[tokio::test]
async fn both_schemas_have_the_same_tables_columns_and_indexes() {
    let (on_sqlite, on_postgres) = (migrated(Kind::Sqlite).await, migrated(Kind::Postgres).await);
    let mut of_sqlite = schema_of_sqlite(&mut on_sqlite.sqlite().await).await;
    let mut of_postgres = schema_of_postgres(&mut on_postgres.postgres().await).await;
    for schema in [&mut of_sqlite, &mut of_postgres] {
        // Columns keep their order, which comes first; indexes have none.
        for lines in schema.values_mut() {
            let columns = lines.iter().take_while(|line| !line.contains("INDEX (")).count();
            lines[columns..].sort();
        }
    }
    // What differs, and why: new event keys stay in memory for a while on SQLite, which has one writer. How far they are written
    // stands in a table; old ones are found by going through their table, for an index by age would cost what that saves.
    assert!(of_sqlite.remove("event_keys_lap").is_some());
    assert_eq!(of_sqlite.get_mut("events").unwrap().remove(0), "number INTEGER");
    let keys = of_postgres.get_mut("event_keys").unwrap();
    keys.remove(keys.iter().position(|line| line == "INDEX (accepted_at)").unwrap());
    assert!(of_sqlite.contains_key("deliveries") && of_sqlite.values().flatten().any(|line| line.starts_with("UNIQUE INDEX ")));
    assert_eq!(of_sqlite, of_postgres);
}
