//! Several nodes on one Postgres: the real binary, as many processes as there are nodes.

mod many;
mod news;
mod pooler;
mod replica;

use std::time::Duration;

/// How long any of these tests may take.
const PATIENCE: Duration = Duration::from_mins(2);
