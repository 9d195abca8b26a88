//! The path of an event: accept, claim, record, and what keeps leases honest. Both databases keep the same promises.

mod accepting;
mod claiming;
mod fixture;
mod forwarding;
mod keys;
mod leasing;
mod model;
mod news;
mod ordering;
mod plans;
mod pruning;
mod recording;
mod replays;
mod wires;
