//! Retention: what is too old goes, a little at a time, beside everything else.
//!
//! A [`Sweeper`] looks after one store. In each round it asks what tenants say of their events, and for every limit that is in force it
//! takes a [`walk`] along the tenant's events from the oldest on. A walk remembers how far it came, so that no event is looked at again
//! and again, and turns back for those that could not go since a delivery of theirs had not ended. What may go is the store's to decide,
//! in the transaction that deletes it; how long anything is kept is [`crate::domain::retention`]'s.

mod sweeper;
mod walk;

pub use sweeper::{Parts, Round, Sweeper};
