//! Hash maps and sets for the path of an event: some twenty look-ups each, which with the standard hash cost as much as reading the
//! event does. The hash is keyed anew by every process; keys that strangers choose at will (event types, attributes) are bounded in number.

use foldhash::fast::RandomState;

/// A hash map.
pub type Map<K, V> = std::collections::HashMap<K, V, RandomState>;

/// A hash set.
pub type Set<K> = std::collections::HashSet<K, RandomState>;
