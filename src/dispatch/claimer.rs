//! The name that claims are made under, which is not the node's own.
//!
//! A claim whose answer was lost may have leased deliveries that nobody here knows of, and they would stay `in_flight` for as long
//! as their owner lives. So after such a claim the name is changed, and the old one is retired as soon as what was knowingly
//! claimed under it has ended: what is left then is reclaimed.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::id::NodeId;

/// How long an old name lives on: longer than any request that was begun under it (`timeout_ms` is at most two minutes).
const LINGER: Duration = Duration::from_mins(3);

/// The names this node claims under.
#[derive(Debug)]
pub(super) struct Claimer {
    current: NodeId,
    is_doubtful: bool,
    old: Vec<(NodeId, Timestamp)>,
}

impl Claimer {
    /// Claims are made under `name`.
    pub(super) fn new(name: NodeId) -> Self {
        Self { current: name, is_doubtful: false, old: Vec::new() }
    }

    /// The name to claim under; `None` if it has to be changed first.
    pub(super) fn name(&self) -> Option<NodeId> {
        (!self.is_doubtful).then_some(self.current)
    }

    /// The answer to a claim was lost.
    pub(super) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Claims under a new name from now on.
    pub(super) fn rename(&mut self, name: NodeId, now: Timestamp) {
        self.old.push((self.current, now.plus(LINGER)));
        self.current = name;
        self.is_doubtful = false;
    }

    /// All names that have to be kept alive.
    pub(super) fn alive(&self) -> Vec<NodeId> {
        self.old.iter().map(|&(name, _)| name).chain([self.current]).collect()
    }

    /// Takes out the names whose time has come.
    pub(super) fn retired(&mut self, now: Timestamp) -> Vec<NodeId> {
        self.old.extract_if(.., |(_, until)| *until <= now).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::testing::NOW;
    use crate::domain::entropy::SeededEntropy;

    #[test]
    fn a_doubtful_name_is_changed_and_lives_on_until_its_requests_have_ended() {
        let entropy = SeededEntropy::new(1);
        let (first, second) = (NodeId::new(NOW, &entropy), NodeId::new(NOW, &entropy));
        let mut claimer = Claimer::new(first);
        assert_eq!(claimer.name(), Some(first));
        claimer.doubt();
        assert_eq!(claimer.name(), None);
        claimer.rename(second, NOW);
        assert_eq!((claimer.name(), claimer.alive()), (Some(second), vec![first, second]));
        assert!(claimer.retired(NOW.plus(Duration::from_mins(2))).is_empty());
        assert_eq!(claimer.retired(NOW.plus(LINGER)), [first]);
        assert_eq!(claimer.alive(), [second]);
    }
}
