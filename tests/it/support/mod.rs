//! What the integration tests stand on.

pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod database;
pub(crate) mod load;
pub(crate) mod pooler;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod protobuf;
pub(crate) mod server;
pub(crate) mod sink;
