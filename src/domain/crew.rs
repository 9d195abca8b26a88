//! The nodes that deliver together, and which part of a subscription's concurrency is one node's.

use super::id::SubscriptionId;

/// How many nodes deliver, and which of them this one is. By default it delivers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crew {
    size: u32,
    rank: u32,
}

impl Default for Crew {
    fn default() -> Self {
        Self { size: 1, rank: 0 }
    }
}

impl Crew {
    /// A crew of `size` nodes, this one included, of which `rank` come before it. A rank past the end is the last one.
    #[must_use]
    pub fn new(size: u32, rank: u32) -> Self {
        let size = size.max(1);
        Self { size, rank: rank.min(size - 1) }
    }

    /// How many nodes deliver.
    #[must_use]
    pub const fn size(self) -> u32 {
        self.size
    }

    /// Whether this node delivers alone.
    #[must_use]
    pub const fn is_alone(self) -> bool {
        self.size == 1
    }

    /// This node's part of `whole`, which may be none: the parts of all nodes together are the whole. Who gets one more where it can't be
    /// divided evenly goes by the subscription, so that it is not always the same node.
    #[must_use]
    pub fn part(self, id: SubscriptionId, whole: u32) -> u32 {
        if self.is_alone() {
            return whole;
        }
        let (even, rest) = (whole / self.size, whole % self.size);
        let bits = id.as_uuid().as_u128();
        // Identifiers differ most at their end; the remainder is less than the size, which is 32 bits.
        #[expect(clippy::cast_possible_truncation, reason = "the remainder of a division by 32 bits")]
        let first = (bits % u128::from(self.size)) as u32;
        let place = (u64::from(self.rank) + u64::from(first)) % u64::from(self.size);
        even + u32::from(place < u64::from(rest))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> SubscriptionId {
        SubscriptionId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn the_parts_of_all_nodes_are_the_whole_and_differ_by_one_at_most() {
        for size in 1..=7 {
            for whole in [0, 1, 2, 5, 16, 17, 100] {
                for number in 0..20 {
                    let parts: Vec<u32> = (0..size).map(|rank| Crew::new(size, rank).part(id(number), whole)).collect();
                    assert_eq!(parts.iter().sum::<u32>(), whole, "{size} nodes, {whole}");
                    assert!(parts.iter().max().unwrap() - parts.iter().min().unwrap() <= 1, "{parts:?}");
                }
            }
        }
    }

    #[test]
    fn what_can_not_be_divided_goes_to_different_nodes_for_different_subscriptions() {
        let first = Crew::new(3, 0);
        let given: u32 = (0..300).map(|number| first.part(id(number), 1)).sum();
        assert_eq!(given, 100);
    }

    #[test]
    fn a_node_alone_has_it_all_and_a_rank_past_the_end_is_the_last() {
        assert_eq!(Crew::default().part(id(1), 16), 16);
        assert_eq!(Crew::new(0, 0), Crew::default());
        assert_eq!(Crew::new(3, 9), Crew::new(3, 2));
    }
}
