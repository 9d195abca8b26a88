//! A stretch of a text or of bytes, as two offsets of four bytes: a queue holds thousands of events, each with a dozen of these.

use std::ops::Range;

/// Bodies longer than this are refused, so that every offset fits into a [`Span`].
pub(super) const MAX_BYTES: usize = (u32::MAX / 4) as usize;

/// Where something begins and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The stretch from `start` up to, not including, `end`.
    pub(super) fn new(start: usize, end: usize) -> Self {
        let offset = |at| u32::try_from(at).expect("events longer than MAX_BYTES are refused before anything is placed in them");
        Self { start: offset(start), end: offset(end) }
    }

    /// The offsets as they index a slice.
    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The stretch of `text` that this is.
    pub(super) fn of(self, text: &str) -> &str {
        &text[self.range()]
    }
}
