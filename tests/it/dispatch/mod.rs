//! The dispatcher against scripted sinks and real databases.

mod breaker;
mod concurrency;
mod delivering;
mod failing;
mod fairness;
mod fixture;
mod forwarding;
mod limits;
mod policies;
mod probing;
mod stopping;
mod withholding;
