//! From a committed delivery to a recorded outcome: lanes, claims, requests, the egress guard.
//!
//! [`Dispatcher`] is the component, [`Handle`] what others hold of it. It never keeps a database transaction open during a
//! request, and never lets one sink's slowness reach another's lane.

mod asking;
mod attempt;
mod dispatcher;
mod drain;
pub mod egress;
mod feeder;
mod forwarder;
mod handle;
mod health;
mod heart;
mod lanes;
mod limits;
mod probe;
mod recorder;
mod request;
mod shared;
mod sink;
#[cfg(test)]
mod testing;
mod transport;

pub use asking::Asking;
pub use dispatcher::{DispatchParts, Dispatcher};
pub use handle::{Asked, Exchange, Handle};
