//! What filters may ask about an event.

use std::cell::OnceCell;

use super::data::{Plan, Reading};
use crate::domain::event::Event;

/// One event, as all filters of all subscriptions that it is matched against look at it: what one of them had to work out, the
/// next one finds.
#[derive(Debug)]
pub struct Facts<'e> {
    event: &'e Event,
    plan: Option<&'e Plan>,
    data: OnceCell<Reading<'e>>,
}

impl<'e> Facts<'e> {
    /// The facts of `event`; costs nothing until a filter asks for more than an attribute. Every expression of the dialect `data`
    /// then looks through the data by itself.
    #[must_use]
    pub const fn new(event: &'e Event) -> Self {
        Self { event, plan: None, data: OnceCell::new() }
    }

    /// The facts of `event`; the first expression that asks about its data has it looked through for all that are in `plan`.
    #[must_use]
    pub fn planned(event: &'e Event, plan: &'e Plan) -> Self {
        Self { plan: (!plan.is_empty()).then_some(plan), ..Self::new(event) }
    }

    /// The event itself.
    #[must_use]
    pub const fn event(&self) -> &'e Event {
        self.event
    }

    /// The canonical string of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'e str> {
        self.event.attribute(name)
    }

    /// The data, read at most once.
    pub(super) fn data(&self) -> &Reading<'e> {
        self.data.get_or_init(|| Reading::of(self.event, self.plan))
    }
}
