//! Which leases were really handed to this process, so that those that were not can be found, and rows that are done with can go.
//!
//! The database knows leases by the batch they were given in: one row of `leases` with everything that was leased together. The
//! book counts down each batch; when its last lease ended, its row may go, with whatever is written next. A transition whose answer
//! gets lost (connection broken in the commit, caller gone) leaves a batch that nobody knows of. Its owner is alive, so that no
//! other node would ever take it; after a lost answer [`LeaseBook::forgotten`] tells which batches those are. The book never
//! touches the database.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, NodeId};
use crate::domain::map::{Map, Set};
use crate::store::Lease;

/// How long a batch may be in the database without being in the book: the answer may be on its way.
const GRACE: Duration = Duration::from_secs(5);

/// For how long after a lost answer batches are looked for: longer than any statement may take.
const DOUBT: Duration = Duration::from_mins(1);

/// The leases of one process.
#[derive(Debug, Default)]
pub(super) struct LeaseBook(Mutex<Pages>);

/// A batch of leases: whose it is, and its row's identifier.
pub(super) type Batch = (NodeId, Uuid);

#[derive(Debug, Default)]
struct Pages {
    /// Every lease that holds, and its batch.
    held: Map<Lease, Batch>,
    /// How many of a batch still hold.
    open: Map<Batch, usize>,
    /// Batches of which none holds, whose rows are still there.
    ended: Set<Batch>,
    doubt: Option<(NodeId, Timestamp)>,
    /// Batches that nobody seems to hold, and since when.
    suspects: Map<Batch, Timestamp>,
}

/// An answer that is awaited. Dropped before it came, it leaves a doubt.
pub(super) struct Awaited<'b> {
    book: &'b LeaseBook,
    batch: Batch,
    doubt: Option<(NodeId, Timestamp)>,
}

impl LeaseBook {
    /// Says that `batch` is about to be leased, at `now`.
    pub(super) fn expect(&self, batch: Batch, now: Timestamp) -> Awaited<'_> {
        Awaited { book: self, batch, doubt: Some((batch.0, now)) }
    }

    /// Notes that leases ended: recorded, released or lost.
    pub(super) fn end(&self, leases: impl Iterator<Item = Lease>) {
        let pages = &mut *self.pages();
        for lease in leases {
            let Some(batch) = pages.held.remove(&lease) else { continue };
            let Some(count) = pages.open.get_mut(&batch) else { continue };
            *count -= 1;
            if *count == 0 {
                pages.open.remove(&batch);
                pages.ended.insert(batch);
            }
        }
    }

    /// How many leases hold, and which is the oldest delivery among them.
    pub(super) fn held(&self) -> (usize, Option<DeliveryId>) {
        let pages = self.pages();
        (pages.held.len(), pages.held.keys().map(|lease| lease.delivery_id).min())
    }

    /// The batches whose rows may go.
    pub(super) fn ended(&self) -> Vec<Batch> {
        self.pages().ended.iter().copied().collect()
    }

    /// Notes that the rows of batches are gone.
    pub(super) fn forget(&self, gone: &[Batch]) {
        let mut pages = self.pages();
        for batch in gone {
            pages.ended.remove(batch);
        }
    }

    /// The node whose leases are in doubt.
    pub(super) fn doubtful(&self) -> Option<NodeId> {
        self.pages().doubt.map(|(node, _)| node)
    }

    /// Of the batches found in the database, those that nobody has held for a while. Ends the doubt when its time is over.
    pub(super) fn forgotten(&self, found: Vec<Batch>, now: Timestamp) -> Vec<Batch> {
        let pages = &mut *self.pages();
        let earlier = std::mem::take(&mut pages.suspects);
        let unknown = found.into_iter().filter(|batch| !pages.open.contains_key(batch) && !pages.ended.contains(batch));
        pages.suspects = unknown.map(|batch| (batch, *earlier.get(&batch).unwrap_or(&now))).collect();
        let forgotten = pages.suspects.extract_if(|_, since| now.since(*since) >= GRACE).map(|(batch, _)| batch).collect();
        if pages.suspects.is_empty() && pages.doubt.is_some_and(|(_, since)| now.since(since) >= DOUBT) {
            pages.doubt = None;
        }
        forgotten
    }

    /// No method panics while it holds the pages.
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaited<'_> {
    /// The answer came, with these leases. `has_row` says whether the batch has a row: it may have one and no lease, if all its
    /// events were duplicates.
    pub(super) fn came(mut self, leases: impl Iterator<Item = Lease>, has_row: bool) {
        self.doubt = None;
        let pages = &mut *self.book.pages();
        let before = pages.held.len();
        pages.held.extend(leases.map(|lease| (lease, self.batch)));
        let count = pages.held.len() - before;
        if count > 0 {
            pages.open.insert(self.batch, count);
        } else if has_row {
            pages.ended.insert(self.batch);
        }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if self.doubt.is_some() {
            self.book.pages().doubt = self.doubt;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(1));

    fn lease(number: u128) -> Lease {
        Lease { delivery_id: DeliveryId::from_uuid(Uuid::from_u128(number)), token: 1 }
    }

    fn batch(number: u128) -> Batch {
        (NODE, Uuid::from_u128(number))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_secs(seconds))
    }

    #[test]
    fn only_an_answer_that_got_lost_leaves_a_doubt() {
        let book = LeaseBook::default();
        book.expect(batch(1), at(0)).came(std::iter::empty(), false);
        assert_eq!(book.doubtful(), None);
        drop(book.expect(batch(1), at(0)));
        assert_eq!(book.doubtful(), Some(NODE));
    }

    #[test]
    fn a_batch_ends_with_the_last_of_its_leases() {
        let book = LeaseBook::default();
        book.expect(batch(1), at(0)).came([lease(1), lease(2)].into_iter(), true);
        assert_eq!(book.held(), (2, Some(lease(1).delivery_id)));
        book.end([lease(1), lease(1), lease(9)].into_iter());
        assert_eq!(book.held(), (1, Some(lease(2).delivery_id)));
        assert_eq!(book.ended(), []);
        book.end([lease(2)].into_iter());
        assert_eq!(book.ended(), [batch(1)]);
        book.forget(&[batch(1)]);
        assert_eq!(book.ended(), []);
        let pages = book.pages();
        assert_eq!((pages.held.len(), pages.open.len()), (0, 0));
    }

    #[test]
    fn a_batch_of_duplicates_has_a_row_that_may_go_at_once() {
        let book = LeaseBook::default();
        book.expect(batch(1), at(0)).came(std::iter::empty(), true);
        assert_eq!(book.ended(), [batch(1)]);
    }

    #[test]
    fn a_batch_is_forgotten_when_nobody_held_it_for_the_whole_grace() {
        let book = LeaseBook::default();
        book.expect(batch(1), at(0)).came([lease(1)].into_iter(), true);
        assert_eq!(book.forgotten(vec![batch(1), batch(2), batch(3)], at(1)), []);
        book.expect(batch(3), at(2)).came([lease(3)].into_iter(), true);
        assert_eq!(book.forgotten(vec![batch(1), batch(2), batch(3)], at(6)), [batch(2)]);
        book.end([lease(1)].into_iter());
        assert_eq!(book.forgotten(vec![batch(1)], at(60)), [], "its row is only waiting to go");
    }

    #[test]
    fn a_doubt_ends_after_a_time_in_which_nothing_was_found() {
        let book = LeaseBook::default();
        drop(book.expect(batch(1), at(0)));
        assert_eq!(book.forgotten(vec![batch(1)], at(59)), []);
        assert_eq!(book.forgotten(vec![batch(1)], at(61)), [], "suspected for two seconds only");
        assert_eq!(book.doubtful(), Some(NODE));
        assert_eq!(book.forgotten(vec![batch(1)], at(64)), [batch(1)]);
        assert_eq!(book.doubtful(), None);
    }
}
