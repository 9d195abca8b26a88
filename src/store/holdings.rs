//! What a process holds of its database right now, known without asking it.

/// What this process holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Its pools of connections.
    pub pools: Vec<Pool>,
}

/// A pool of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// What it is for: `postgres`, `sqlite_readers` or `sqlite_writer`.
    pub name: &'static str,
    /// How many are in use.
    pub used: usize,
    /// How many are open and wait for use.
    pub idle: usize,
    /// How many there may be.
    pub max: usize,
}
