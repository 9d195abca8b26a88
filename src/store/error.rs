//! Why a transition did not happen.

use crate::domain::shard::ShardNumber;

/// A transition that did not happen. Nothing was changed, unless [`StoreError::Unavailable`] left that unknown.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, is overloaded or gave up in the middle. Trying again is right; whether the transition
    /// happened may be unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The thing named does not exist, or belongs to another tenant.
    #[error("not found")]
    NotFound,
    /// The transition does not fit the state that was found.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The database holds something this version can't read, or refused a statement: a defect, not a condition.
    #[error("the database answered with something unexpected")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a transition collided with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Something of that name exists already.
    #[error("something of that name exists already")]
    Exists,
    /// It is not in a state that allows it; the word says in which.
    #[error("it is {0}, which does not allow that")]
    State(&'static str),
    /// The event's data was kept for as long as somebody said, and is gone.
    #[error("the event's data has expired: there is nothing left to send")]
    DataExpired,
    /// Something else still depends on it.
    #[error("it is still in use")]
    InUse,
    /// A tenant of that name was pinned to another shard before.
    #[error("a tenant of that name was on shard {0}, and what it left behind still is")]
    Pinned(ShardNumber),
    /// There are as many of them as are allowed.
    #[error("there are as many of them as are allowed")]
    Full,
}

impl StoreError {
    /// Wraps an error of the database that is worth trying again.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// Wraps an error that is a defect.
    pub fn corrupt(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Corrupt(source.into())
    }
}
