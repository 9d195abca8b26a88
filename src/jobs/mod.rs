//! Jobs: replays of past events, step by step on whichever node is free.
//!
//! A job holds nothing but its row. A [`worker`] claims the job that has been due for longest, makes one [`step`] of it and gives it
//! back with the moment at which the next one is due; so jobs take turns, a node that dies costs one lease, and a pause or a rate is
//! a matter of that moment. What a step opens and where the job stands are committed together. [`look`] is what a step and a dry run
//! have in common: finding what is to be opened, and counting the rest.

mod handle;
mod look;
mod step;
#[cfg(test)]
mod tests;
mod worker;

pub use handle::{Handle, NoOutlet, Outlet};
pub use look::{DryRun, dry_run};
pub use worker::{Parts, Worker};
