//! Opening: what is made, what is refused and in which words.

use waypost::domain::tenant::TenantName;

use crate::support::database::{TestStore, both_databases};

both_databases!(tenant_default_exists_from_the_start, async |store: TestStore| {
    assert_eq!(store.tenant(&TenantName::default()).await.unwrap().name, TenantName::default());
});
