//! The lines a person watches: what happened, and how long after the beginning.

use std::sync::Arc;

use crate::domain::clock::{Clock, SystemClock, Timestamp};

/// Prints what happens. Cheap to clone.
#[derive(Clone)]
pub(super) struct Timeline(Arc<Timestamp>);

impl Timeline {
    pub(super) fn start() -> Self {
        Self(Arc::new(SystemClock.now()))
    }

    pub(super) fn say(&self, line: &str) {
        let elapsed = SystemClock.now().since(*self.0);
        super::super::print(format_args!("{:>6} ms  {line}", elapsed.as_millis()));
    }
}
