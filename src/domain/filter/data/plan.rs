//! Several pointers as one tree, so that a text is read once for all of them.

use std::ops::Range;

use super::Pointer;

/// Pointers and the slots in which a look-up puts what it finds for them, compiled once.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    nodes: Vec<Node>,
    slot_count: usize,
}

/// One token of one or more pointers; the first node is the whole text.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// The tokens that follow, sorted, each with the place of its node.
    names: Vec<(Box<str>, usize)>,
    /// Those of them that are positions in an array, sorted.
    positions: Vec<(usize, usize)>,
    /// The one that is `*`.
    every: Option<usize>,
    /// Where a value found here goes.
    pub(super) slot: Option<usize>,
    /// The slots of this node and of all below it.
    pub(super) slots: Range<usize>,
}

impl Plan {
    /// A plan for `pointers`; one that comes twice has one slot.
    pub fn new<'a>(pointers: impl IntoIterator<Item = &'a Pointer>) -> Self {
        let mut plan = Self { nodes: vec![Node::default()], slot_count: 0 };
        for pointer in pointers {
            let end = pointer.tokens().fold(0, |node, token| plan.child_or_new(node, token));
            // A mark; the number is given below, in the order of the tree.
            plan.nodes[end].slot = Some(0);
        }
        plan.number(0);
        plan
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slot_count == 0
    }

    /// The slot of a pointer, if the plan has it.
    pub(super) fn slot(&self, pointer: &Pointer) -> Option<usize> {
        let mut node = self.nodes.first()?;
        for token in pointer.tokens() {
            node = &self.nodes[node.member(token)?];
        }
        node.slot
    }

    pub(super) fn node(&self, at: usize) -> &Node {
        &self.nodes[at]
    }

    pub(super) const fn node_count(&self) -> usize {
        self.nodes.len()
    }

    fn child_or_new(&mut self, parent: usize, token: &str) -> usize {
        let new = self.nodes.len();
        let node = &mut self.nodes[parent];
        match node.names.binary_search_by(|(name, _)| (**name).cmp(token)) {
            Ok(found) => node.names[found].1,
            Err(place) => {
                node.names.insert(place, (token.into(), new));
                if token == "*" {
                    node.every = Some(new);
                } else if let Some(position) = position(token) {
                    let place = node.positions.partition_point(|(other, _)| *other < position);
                    node.positions.insert(place, (position, new));
                }
                self.nodes.push(Node::default());
                new
            }
        }
    }

    /// Gives slots their numbers, so that those below a node are a range. As deep as pointers are long.
    fn number(&mut self, at: usize) {
        let first = self.slot_count;
        if self.nodes[at].slot.is_some() {
            self.nodes[at].slot = Some(first);
            self.slot_count += 1;
        }
        for index in 0..self.nodes[at].names.len() {
            self.number(self.nodes[at].names[index].1);
        }
        self.nodes[at].slots = first..self.slot_count;
    }
}

impl Node {
    /// Whether anything is looked for below.
    pub(super) const fn goes_on(&self) -> bool {
        !self.names.is_empty()
    }

    /// The node of an object's member.
    pub(super) fn member(&self, name: &str) -> Option<usize> {
        let found = self.names.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
        Some(self.names[found].1)
    }

    /// The nodes of an array's element: that of its position, and that of all.
    pub(super) fn element(&self, position: usize) -> impl Iterator<Item = usize> {
        let own = self.positions.binary_search_by_key(&position, |(other, _)| *other).ok();
        own.map(|found| self.positions[found].1).into_iter().chain(self.every)
    }
}

/// The position in an array that a token names: digits without a leading zero (RFC 6901 section 4).
fn position(token: &str) -> Option<usize> {
    let is_position = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if is_position { token.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_below_a_node_are_a_range() {
        let pointers = ["/b/c", "/a", "", "/b", "/b/a/x", "/a"].map(|text| Pointer::parse(text).unwrap());
        let plan = Plan::new(&pointers);
        let slots: Vec<_> = pointers.iter().map(|pointer| plan.slot(pointer).unwrap()).collect();
        assert_eq!(slots, [4, 1, 0, 2, 3, 1]);
        let below = plan.node(0).member("b").map(|b| plan.node(b).slots.clone());
        assert_eq!(below, Some(2..5));
        for absent in ["/c", "/b/a", "/a/b"] {
            assert_eq!(plan.slot(&Pointer::parse(absent).unwrap()), None, "{absent}");
        }
    }

    #[test]
    fn positions_are_digits_without_a_leading_zero() {
        assert_eq!(["0", "10"].map(position), [Some(0), Some(10)]);
        assert_eq!(["", "00", "01", "-", "+1", "1a", "99999999999999999999999"].map(position), [None; 7]);
    }
}
