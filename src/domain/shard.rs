//! Shards: the databases that tenants are spread over. A tenant is pinned to one, and all that is its own lies there.

use std::fmt;

use uuid::Uuid;

/// Which database: 0 is home (`database.url`), 1 the first of `database.shards`, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ShardNumber(u16);

/// Where the number stands in an identifier: the ten highest of the random bits. They are not among those that tell the
/// deliveries of one event apart ([`super::id::DeliveryId::of`]).
const SHIFT: u32 = 52;
const MASK: u128 = (ShardNumber::MAX.0 as u128) << SHIFT;

impl ShardNumber {
    /// The database that also holds tenants, API keys and sessions.
    pub const HOME: Self = Self(0);

    /// The highest number there can be.
    pub const MAX: Self = Self(1023);

    /// The shard of that number, if it is not above [`ShardNumber::MAX`].
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Its place in a list of all shards, home first.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The identifier with this number in it, in place of ten random bits.
    #[must_use]
    pub(super) const fn written_in(self, id: Uuid) -> Uuid {
        Uuid::from_u128(id.as_u128() & !MASK | (self.0 as u128) << SHIFT)
    }

    /// The number that stands in an identifier.
    #[must_use]
    pub(super) const fn read_in(id: Uuid) -> Self {
        Self(((id.as_u128() & MASK) >> SHIFT) as u16)
    }
}

impl fmt::Display for ShardNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
