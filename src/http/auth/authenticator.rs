//! From a credential to an identity.

use std::sync::Arc;

use axum::http::HeaderMap;

use crate::domain::credential::{Reach, Scope};
use crate::domain::tenant::TenantName;
use crate::http::problem::Result;

/// What a valid credential says of its holder.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What the credential is called: an API key's name or a token's subject.
    pub name: String,
    /// Which tenants it reaches.
    pub reach: Reach,
    /// What it allows.
    pub scopes: Vec<Scope>,
}

/// Checks credentials. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<()>);

impl Authenticator {
    /// Who the holder of the request's credential is.
    ///
    /// # Errors
    /// 401 with the check that failed, 503 if the database can't be asked.
    pub async fn authenticate(&self, _headers: &HeaderMap) -> Result<Identity> {
        todo!()
    }

    /// Goes on only if there is such a tenant.
    ///
    /// # Errors
    /// 404 `tenant_not_found`.
    pub async fn ensure_tenant(&self, _tenant: &TenantName) -> Result<()> {
        todo!()
    }
}
