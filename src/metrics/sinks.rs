//! Sinks in trouble.

use prometheus::{IntCounter, IntGauge};

use super::catalog::Catalog;
use super::node::signed;

/// The handles of sinks in trouble.
#[derive(Debug)]
pub struct Sinks {
    in_trouble: IntGauge,
    shut: IntGauge,
    turns: Vec<IntCounter>,
}

/// What this node did about a sink in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkTurn {
    /// Its breaker opened.
    Opened,
    /// A few deliveries try it.
    Tried,
    /// Its breaker closed.
    Closed,
    /// Its subscription was disabled.
    Disabled,
}

impl SinkTurn {
    const ALL: [Self; 4] = [Self::Opened, Self::Tried, Self::Closed, Self::Disabled];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Tried => "tried",
            Self::Closed => "closed",
            Self::Disabled => "disabled",
        }
    }
}

impl Sinks {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        Self {
            in_trouble: catalog.gauge(
                "waypost_sinks_in_trouble",
                "Subscriptions whose sinks fail or recover, on all nodes together, as this node saw it last.",
            ),
            shut: catalog.gauge(
                "waypost_breakers_open",
                "Those of them that get nothing, or a few deliveries that try them: their breakers are open or half open.",
            ),
            turns: catalog.counters(
                "waypost_breaker_turns_total",
                "What this node did about sinks in trouble: their breakers `opened`, they were `tried`, the breakers `closed`, or \
                 their subscriptions were `disabled` because nothing went well for too long.",
                "turn",
                &SinkTurn::ALL.map(SinkTurn::as_str),
            ),
        }
    }

    /// Notes how many sinks are in trouble, and how many of them the breaker keeps deliveries from.
    pub fn counted(&self, in_trouble: usize, shut: usize) {
        self.in_trouble.set(signed(in_trouble));
        self.shut.set(signed(shut));
    }

    /// Counts what was done about a sink.
    pub fn turned(&self, turn: SinkTurn) {
        self.turns[turn as usize].inc();
    }
}
