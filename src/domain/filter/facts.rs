//! What filters may ask about an event.

use crate::domain::event::Event;

/// One event, as all filters of all subscriptions that it is matched against look at it: what one of them had to work out, the
/// next one finds.
#[derive(Debug)]
pub struct Facts<'e> {
    event: &'e Event,
}

impl<'e> Facts<'e> {
    /// The facts of `event`; costs nothing until a filter asks for more than an attribute.
    #[must_use]
    pub const fn new(event: &'e Event) -> Self {
        Self { event }
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
}
