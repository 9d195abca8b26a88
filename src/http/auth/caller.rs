//! The caller of a request: an authenticated identity and the tenant it acts in.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::Identity;
use crate::domain::clock::Timestamp;
use crate::domain::credential::{Reach, Scope};
use crate::domain::shard::ShardNumber;
use crate::domain::tenant::TenantName;
use crate::http::problem::{Code, Problem, Result};
use crate::http::state::AppState;

/// The header that names the tenant for credentials that reach all of them.
pub const TENANT_HEADER: HeaderName = HeaderName::from_static("waypost-tenant");

/// Who calls, in which tenant. Taken by every handler but the public ones.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the credential is called: an API key's name or a token's subject.
    pub name: String,
    /// Which tenants the credential reaches.
    pub reach: Reach,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it stops working, if that is known.
    pub expires_at: Option<Timestamp>,
    /// The tenant this request is about; it exists.
    pub tenant: TenantName,
    /// The database that it is pinned to.
    pub shard: ShardNumber,
}

impl Caller {
    /// Goes on only if the credential allows `scope`; `admin` allows everything.
    ///
    /// # Errors
    /// 403 that names the missing scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, format!("This needs the scope `{scope}`, which the credential does not have.")))
    }

    /// Goes on only if the credential reaches all tenants.
    ///
    /// # Errors
    /// 403 that says so.
    pub fn require_all_tenants(&self) -> Result<()> {
        match self.reach {
            Reach::All => Ok(()),
            Reach::Tenant(_) => {
                Err(Problem::new(Code::Forbidden, "This needs a credential that reaches all tenants; yours belongs to one."))
            }
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let identity = state.authenticator.authenticate(&parts.headers).await?;
        let named = named_tenant(&parts.headers)?;
        let tenant = choose_tenant(&identity, named)?;
        let shard = state.authenticator.shard_of(&tenant).await?;
        let Identity { name, reach, scopes, expires_at } = identity;
        Ok(Self { name, reach, scopes, expires_at, tenant, shard })
    }
}

/// The tenant that the header names, if it is there.
fn named_tenant(headers: &HeaderMap) -> Result<Option<TenantName>> {
    let Some(value) = headers.get(TENANT_HEADER) else { return Ok(None) };
    let name = value.to_str().ok().and_then(|text| text.parse().ok());
    name.map(Some).ok_or_else(|| {
        Problem::invalid_request("The header `Waypost-Tenant` does not hold a tenant's name.")
            .at_header("Waypost-Tenant", "expected 1 to 63 of a-z, 0-9, `_` and `-`, beginning with a letter or digit")
    })
}

/// The tenant the request is about: the credential's own, or, if it reaches all, the one named, or else `default`.
fn choose_tenant(identity: &Identity, named: Option<TenantName>) -> Result<TenantName> {
    match (&identity.reach, named) {
        (Reach::All, named) => Ok(named.unwrap_or_default()),
        (Reach::Tenant(own), None) => Ok(own.clone()),
        (Reach::Tenant(own), Some(named)) if *own == named => Ok(named),
        (Reach::Tenant(_), Some(named)) => {
            Err(Problem::new(Code::Forbidden, format!("The credential does not reach the tenant `{named}`."))
                .at_header("Waypost-Tenant", "names another tenant than the credential's own"))
        }
    }
}
