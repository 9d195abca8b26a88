//! Which leases were really handed to this process, so that those that were not can be found.
//!
//! A transition whose answer gets lost (connection broken in the commit, caller gone) may have leased deliveries that nobody
//! knows of. Their owner is alive, so that no other node would ever take them. The book notes every lease that was given and
//! ended; after a lost answer [`LeaseBook::forgotten`] tells which rows are held by nobody. It never touches the database.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::id::NodeId;
use crate::store::Lease;

/// How long a lease may be in the database without being in the book: the answer may be on its way.
const GRACE: Duration = Duration::from_secs(5);

/// For how long after a lost answer leases are looked for: longer than any statement may take.
const DOUBT: Duration = Duration::from_mins(1);

/// The leases of one node.
#[derive(Debug, Default)]
pub(super) struct LeaseBook(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    held: HashSet<Lease>,
    doubt: Option<(NodeId, Timestamp)>,
    /// Leases that nobody seems to hold, and since when.
    suspects: HashMap<Lease, Timestamp>,
}

/// An answer that is awaited. Dropped before it came, it leaves a doubt.
pub(super) struct Awaited<'b> {
    book: &'b LeaseBook,
    doubt: Option<(NodeId, Timestamp)>,
}

impl LeaseBook {
    /// Says that `node` is about to be given leases, at `now`.
    pub(super) fn expect(&self, node: NodeId, now: Timestamp) -> Awaited<'_> {
        Awaited { book: self, doubt: Some((node, now)) }
    }

    /// Notes that leases ended: recorded, released or lost.
    pub(super) fn end(&self, leases: impl Iterator<Item = Lease>) {
        let mut pages = self.pages();
        for lease in leases {
            pages.held.remove(&lease);
        }
    }

    /// The node whose leases are in doubt.
    pub(super) fn doubtful(&self) -> Option<NodeId> {
        self.pages().doubt.map(|(node, _)| node)
    }

    /// Of the leases found in the database, those that nobody has held for a while. Ends the doubt when its time is over.
    pub(super) fn forgotten(&self, found: Vec<Lease>, now: Timestamp) -> Vec<Lease> {
        let pages = &mut *self.pages();
        let earlier = std::mem::take(&mut pages.suspects);
        let unknown = found.into_iter().filter(|lease| !pages.held.contains(lease));
        pages.suspects = unknown.map(|lease| (lease, *earlier.get(&lease).unwrap_or(&now))).collect();
        let forgotten = pages.suspects.extract_if(|_, since| now.since(*since) >= GRACE).map(|(lease, _)| lease).collect();
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
    /// The answer came, with these leases.
    pub(super) fn came(mut self, leases: impl Iterator<Item = Lease>) {
        self.doubt = None;
        self.book.pages().held.extend(leases);
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
    use uuid::Uuid;

    use super::*;
    use crate::domain::id::DeliveryId;

    const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(1));

    fn lease(number: u128) -> Lease {
        Lease { delivery_id: DeliveryId::from_uuid(Uuid::from_u128(number)), token: 1 }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_secs(seconds))
    }

    #[test]
    fn only_an_answer_that_got_lost_leaves_a_doubt() {
        let book = LeaseBook::default();
        book.expect(NODE, at(0)).came(std::iter::empty());
        assert_eq!(book.doubtful(), None);
        drop(book.expect(NODE, at(0)));
        assert_eq!(book.doubtful(), Some(NODE));
    }

    #[test]
    fn a_lease_is_forgotten_when_nobody_held_it_for_the_whole_grace() {
        let book = LeaseBook::default();
        book.expect(NODE, at(0)).came([lease(1)].into_iter());
        assert_eq!(book.forgotten(vec![lease(1), lease(2), lease(3)], at(1)), []);
        book.expect(NODE, at(2)).came([lease(3)].into_iter());
        assert_eq!(book.forgotten(vec![lease(1), lease(2), lease(3)], at(6)), [lease(2)]);
        book.end([lease(1)].into_iter());
        assert_eq!(book.forgotten(vec![lease(1)], at(7)), [], "it may just have been given again");
    }

    #[test]
    fn a_doubt_ends_when_nothing_can_come_any_more() {
        let book = LeaseBook::default();
        drop(book.expect(NODE, at(0)));
        book.forgotten(vec![lease(1)], at(59));
        book.forgotten(vec![lease(1)], at(61));
        assert_eq!(book.doubtful(), Some(NODE), "a lease is suspected still");
        book.forgotten(vec![], at(62));
        assert_eq!(book.doubtful(), None);
    }
}
