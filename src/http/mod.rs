//! The HTTP side: receiving events, the API, and what serves them.
//!
//! [`router`] puts the parts together, [`server`] runs them on a socket. A [`Problem`] is the only error response there is;
//! an [`auth::Caller`] is the only way to a tenant's things.

pub mod api;
pub mod auth;
mod body;
mod callback;
pub mod dev;
pub mod docs;
pub mod health;
pub mod ingest;
pub mod meter;
pub mod openapi;
pub mod problem;
mod remembered;
pub mod router;
pub mod scrape;
pub mod server;
pub mod shards;
pub mod state;
pub mod tails;
mod web;

pub use auth::Caller;
pub use problem::{Code, Problem};
pub use shards::{Shard, Shards};
pub use state::AppState;
