//! From a received event to committed deliveries: the compiled subscriptions and the group commit.
//!
//! [`Acceptor`] is the component. It answers only after the commit, holds no lone event back, and refuses before anything is
//! accepted when its queue is full. [`Index`] is the compiled form of the directory; [`Outlet`] is where it hands deliveries
//! over without knowing who takes them.

mod acceptor;
mod outlet;

pub use acceptor::{AcceptError, Acceptor, Receipt, Request};
pub use outlet::Outlet;
