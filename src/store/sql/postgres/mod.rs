//! The path of an event on Postgres: bulk statements over arrays, one round trip each.
//!
//! Every statement has one fixed text, whatever the size of its batch, and stays prepared. Its plan is made once for all
//! sizes, often while the tables are empty, so each is written to leave the planner no bad choice: sub-selects that are hashed
//! (`(… IN (…)) IS TRUE`), `LATERAL` with a fence, rows found again by `ctid`.

mod accept;
mod claim;
mod lease;
mod order;
mod partitions;
mod record;
mod retention;
mod stats;

pub(super) use accept::accept;
pub(super) use claim::claim;
pub(super) use lease::{prune, release};
pub(super) use order::lock_order_keys;
pub(super) use partitions::{prepare as prepare_partitions, turn as turn_partitions};
pub(super) use record::record;
pub(super) use retention::{delete_events, expire_data, lock_events};
pub(super) use stats::put_stats;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Arguments, Postgres};

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// About how many bytes the small values of a row take in a message.
const ROW: usize = 256;

/// A statement whose values take about `bytes`: room for them at once, or its buffer would be copied again and again as it grows.
fn roomy(text: &'static str, bytes: usize) -> Statement<'static> {
    let mut values = PgArguments::default();
    values.reserve(0, bytes);
    sqlx::query_with(text, values)
}

/// One column of `rows`, as an array for `UNNEST`.
fn column<'r, R, T>(rows: &'r [R], read: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(read).collect()
}

/// Every statement of the path of an event.
pub(super) fn statements() -> Vec<&'static str> {
    let modules = [
        accept::STATEMENTS,
        claim::STATEMENTS,
        lease::STATEMENTS,
        order::STATEMENTS,
        record::STATEMENTS,
        retention::STATEMENTS,
        stats::STATEMENTS,
    ];
    modules.concat()
}
