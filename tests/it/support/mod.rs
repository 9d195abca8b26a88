//! What the integration tests stand on.

pub mod client;
pub mod contract;
pub mod database;
pub mod load;
pub mod postgres;
pub mod process;
pub mod server;
pub mod sink;
