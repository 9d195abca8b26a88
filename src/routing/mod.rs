//! From a received event to committed deliveries: the compiled subscriptions and the group commit.
//!
//! [`Acceptor`] takes requests and [`Writer`] commits them together. It answers only after the commit, holds no lone event
//! back, and refuses before anything is accepted when its queue is full. [`Index`] is the compiled form of the directory;
//! [`Outlet`] is where deliveries are handed over without knowing who takes them.

mod acceptor;
mod batch;
mod index;
mod outlet;
mod router;
mod writer;

pub use acceptor::{AcceptError, Acceptor, Receipt, Request};
pub use index::{Index, Route};
pub use outlet::{NoOutlet, Outlet};
pub use router::Router;
pub use writer::{Parts, Writer};
