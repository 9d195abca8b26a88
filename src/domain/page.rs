//! Lists, newest first, stable while rows are added: a cursor is the last identifier of the page before.

use uuid::Uuid;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many rows, 1 to 250.
    pub limit: u32,
    /// Only rows older than this one.
    pub before: Option<Uuid>,
}

impl PageRequest {
    /// Rows on a page when the caller names no number.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most rows a page can have.
    pub const MAX_LIMIT: u32 = 250;
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: Self::DEFAULT_LIMIT, before: None }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<Uuid>,
}

impl<T> Page<T> {
    /// Cuts `rows`, which were asked for with one more than `limit`, into a page.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> Uuid) -> Self {
        let limit = limit as usize;
        let next = if rows.len() > limit { rows.get(limit.saturating_sub(1)).map(key) } else { None };
        rows.truncate(limit);
        Self { rows, next }
    }
}
