//! Which database of which installation this is.

use uuid::Uuid;

use crate::domain::shard::ShardNumber;

/// What a database knows itself as, so that databases are not mixed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The installation, made up by its home's first start.
    pub installation: Uuid,
    /// Which of its databases.
    pub shard: ShardNumber,
}
