//! The goals.

use super::goals::Bound::{AtLeast, AtMost};
use super::goals::Figure::{
    AcceptP50, Accepted, Cpu, Deleted, Delivered, Dropped, Missing, OthersAfter, OthersBefore, P50, P99, Peak, RecoveredS,
    WorkedOff,
};
use super::goals::{Goal, Number, ratio, value};

/// Deliveries a second of fan-out 1.
const SQLITE: Number = (Delivered, "sqlite-64");
const POSTGRES: Number = (Delivered, "postgres-256");

const KILLED: Number = (OthersAfter, "postgres-node-killed");

const DROPPING: &str = "postgres-dropping";

/// All of them.
pub(crate) const ALL: &[Goal] = &[
    ratio("64 connections, of the ceiling", SQLITE, (Delivered, "ceiling-64"), AtLeast(0.85)),
    ratio("256 connections, of the ceiling", POSTGRES, (Delivered, "ceiling-256"), AtLeast(0.75)),
    ratio("fan-out 5, deliveries of fan-out 1", (Delivered, "sqlite-64-fan5"), SQLITE, AtLeast(1.4)),
    ratio("fan-out 5, deliveries of fan-out 1", (Delivered, "postgres-64-fan5"), POSTGRES, AtLeast(1.4)),
    ratio("batches of 100, accepted of single", (Accepted, "sqlite-batch100"), (Accepted, "sqlite-64"), AtLeast(3.0)),
    ratio("batches of 100, accepted of single", (Accepted, "postgres-batch100"), (Accepted, "postgres-256"), AtLeast(3.0)),
    value("200 events/s, end-to-end p50", (P50, "*-200s"), " ms", AtMost(2.0)),
    value("200 events/s, end-to-end p99", (P99, "*-200s"), " ms", AtMost(5.0)),
    value("one of ten sinks hangs, healthy p99", (P99, "*-hang"), " ms", AtMost(20.0)),
    ratio("fairness, p99 of p99 alone", (P99, "*-fair-crowded"), (P99, "*-fair-alone"), AtMost(2.0)),
    value("CPU of Waypost per 1,000 deliveries", (Cpu, "sqlite-64"), " ms", AtMost(100.0)),
    value("CPU of Waypost per 1,000 deliveries", (Cpu, "postgres-256"), " ms", AtMost(80.0)),
    ratio("retention meanwhile, deliveries of without", (Delivered, "*-ageing"), (Delivered, "*-ageless"), AtLeast(0.9)),
    value("retention meanwhile, events deleted of posted", (Deleted, "*-ageing"), "", AtLeast(0.6)),
    ratio(
        "partitions dropped meanwhile, deliveries of without",
        (Delivered, DROPPING),
        (Delivered, "postgres-ageless"),
        AtLeast(0.9),
    ),
    value("partitions dropped meanwhile", (Dropped, DROPPING), "", AtLeast(2.0)),
    value("node killed among three, leases at work", (RecoveredS, "postgres-node-killed"), " s", AtMost(15.0)),
    value("node killed among three, lost", (Missing, "postgres-node-killed"), "", AtMost(0.0)),
    ratio("node killed among three, other nodes' p99 of before", KILLED, (OthersBefore, KILLED.1), AtMost(2.0)),
    ratio("1 M waiting, accept p50 of 10 k", (AcceptP50, "*-backlog-1m"), (AcceptP50, "*-backlog-10k"), AtMost(1.25)),
    ratio("10 M waiting, accept p50 of 10 k", (AcceptP50, "*-backlog-10m"), (AcceptP50, "*-backlog-10k"), AtMost(1.25)),
    ratio("1 M waiting, worked off of 10 k", (WorkedOff, "*-backlog-1m"), (WorkedOff, "*-backlog-10k"), AtLeast(0.75)),
    ratio("10 M waiting, worked off of 10 k", (WorkedOff, "*-backlog-10m"), (WorkedOff, "*-backlog-10k"), AtLeast(0.75)),
    value("1 M waiting, peak memory", (Peak, "*-backlog-1m"), " MiB", AtMost(150.0)),
    value("10 M waiting, peak memory", (Peak, "*-backlog-10m"), " MiB", AtMost(150.0)),
    ratio("1 M events kept, accept p50 of none", (AcceptP50, "*-kept-1m"), (AcceptP50, "*-backlog-10k"), AtMost(1.25)),
    ratio("20 M events kept, accept p50 of none", (AcceptP50, "*-kept-20m"), (AcceptP50, "*-backlog-10k"), AtMost(1.25)),
    ratio("1 M events kept, worked off of none", (WorkedOff, "*-kept-1m"), (WorkedOff, "*-backlog-10k"), AtLeast(0.75)),
    ratio("20 M events kept, worked off of none", (WorkedOff, "*-kept-20m"), (WorkedOff, "*-backlog-10k"), AtLeast(0.75)),
];
