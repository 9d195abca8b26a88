//! What the integration tests stand on.

pub mod client;
pub mod contract;
pub mod database;
pub mod postgres;
pub mod server;
pub mod sink;
