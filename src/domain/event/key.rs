//! The event key: the producer's identity of an event, as a digest that an index can hold.

use aws_lc_rs::digest::{Context, SHA256};

use super::Event;
use crate::domain::tenant::TenantName;

impl Event {
    /// The first 16 bytes of the SHA-256 over tenant, `source` and `id`, each with its length before it so that no two triples
    /// read the same. Equal for what the specification calls duplicates (SPECS CE-12), and only for these.
    #[must_use]
    pub fn key_digest(&self, tenant: &TenantName) -> [u8; 16] {
        key_digest(tenant.as_str(), self.source(), self.id())
    }
}

/// The digest of an event key by its parts; see [`Event::key_digest`].
#[must_use]
pub fn key_digest(tenant: &str, source: &str, id: &str) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    for part in [tenant, source, id] {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    let digest = context.finish();
    let mut key = [0; 16];
    key.copy_from_slice(&digest.as_ref()[..16]);
    key
}
