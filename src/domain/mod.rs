//! What Waypost is about, free of databases, sockets and clocks.
//!
//! Everything here is pure: time and randomness come in as parameters, the wire's text becomes a type at the edge and nothing
//! behind it is stringly. This layer imports nothing of ours. Start with [`event`], then [`subscription`] and [`delivery`].

pub mod breaker;
pub mod cesql;
pub mod clock;
pub mod credential;
pub mod crew;
pub mod delivery;
pub mod entropy;
pub mod event;
pub mod filter;
pub mod handshake;
pub mod id;
pub mod job;
pub mod latency;
mod like;
pub mod map;
pub mod page;
pub mod producer;
pub mod retention;
pub mod retry;
pub mod secret;
pub mod shard;
pub mod signature;
pub mod subscription;
pub mod tenant;
pub mod trace;
