//! From a committed delivery to a recorded outcome: lanes, claims, requests, the egress guard.
//!
//! [`Dispatcher`] is the component, [`Handle`] what others hold of it. It never keeps a database transaction open during a
//! request, and never lets one sink's slowness reach another's lane.

mod handle;

pub use handle::{Exchange, Handle, Handshake};
