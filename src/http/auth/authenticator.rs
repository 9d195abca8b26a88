//! From a credential to an identity.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};

use super::jwt::Issuers;
use super::{api_key, bearer, jwt, session};
use crate::config;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::credential::{ApiKey, KeyHash, Reach, Scope, Session};
use crate::domain::id::ApiKeyId;
use crate::domain::shard::ShardNumber;
use crate::domain::tenant::TenantName;
use crate::http::problem::{Code, Problem, Result};
use crate::http::remembered::{Absence, Remembered};
use crate::store::{Store, StoreError};

/// What a valid credential says of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the credential is called: an API key's name or a token's subject.
    pub name: String,
    /// Which tenants it reaches.
    pub reach: Reach,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it stops working, if that is known.
    pub expires_at: Option<Timestamp>,
}

impl Identity {
    /// The administrator of development mode, whose key everybody knows.
    fn development() -> Self {
        Self { name: "development".into(), reach: Reach::All, scopes: vec![Scope::Admin], expires_at: None }
    }
}

impl From<&ApiKey> for Identity {
    fn from(key: &ApiKey) -> Self {
        Self { name: key.name.clone(), reach: key.reach.clone(), scopes: key.scopes.clone(), expires_at: key.expires_at }
    }
}

/// Checks credentials. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    api_keys: Remembered<KeyHash, Arc<ApiKey>>,
    sessions: Remembered<KeyHash, Arc<Session>>,
    tenants: Remembered<TenantName, ShardNumber>,
    issuers: Issuers,
    /// Whether the development key works.
    dev: bool,
}

impl Authenticator {
    /// An authenticator for API keys in `store` and tokens of the issuers configured; with `dev` also for
    /// [`api_key::DEVELOPMENT`], which is known to everybody and therefore never stored.
    ///
    /// # Errors
    /// If a key of an issuer can't be used; the message names the setting.
    pub fn new(
        config: &config::Auth,
        dev: bool,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, jwt::InvalidIssuer> {
        let time_to_live = Duration::from_millis(config.api_key_cache_ms);
        let issuers = Issuers::new(&config.jwt, &clock)?;
        let api_keys = Remembered::new(clock.clone(), time_to_live, Absence::Remembered);
        let sessions = Remembered::new(clock.clone(), time_to_live, Absence::Remembered);
        let tenants = Remembered::new(clock.clone(), time_to_live, Absence::AskedAgain);
        Ok(Self(Arc::new(Inner { store, clock, api_keys, sessions, tenants, issuers, dev })))
    }

    /// Who the holder of the request's credential is: of the header `Authorization`, or else of the session's cookie.
    ///
    /// # Errors
    /// 401 with the check that failed, 503 if the database or an issuer's keys can't be reached.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity> {
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(token) = session::token(headers)
        {
            return self.by_session(&token).await;
        }
        let token = bearer::token(headers)?;
        if token.starts_with(api_key::PREFIX) {
            return self.by_api_key(token).await.map(|(identity, _)| identity);
        }
        self.0.issuers.verify(token, self.0.clock.now()).await
    }

    /// The database that a tenant is pinned to.
    ///
    /// # Errors
    /// 404 `tenant_not_found` if there is no such tenant.
    pub async fn shard_of(&self, tenant: &TenantName) -> Result<ShardNumber> {
        let look_up = async {
            match self.0.store.tenant(tenant).await {
                Ok(found) => Ok(Some(found.shard)),
                Err(StoreError::NotFound) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let found = self.0.tenants.get(tenant, look_up).await?;
        found.ok_or_else(|| Problem::new(Code::TenantNotFound, format!("There is no tenant `{tenant}`.")))
    }

    /// Forgets what was looked up: after an API key or a tenant was created or deleted, so that it counts here at once.
    pub fn forget(&self) {
        self.0.api_keys.forget();
        // A session has its key with it.
        self.0.sessions.forget();
        self.0.tenants.forget();
    }

    /// Who the holder of an API key is, and the key's identifier; the development key has none.
    ///
    /// # Errors
    /// 401 if it is not valid or has expired, 503 if the database can't be reached.
    pub async fn by_api_key(&self, text: &str) -> Result<(Identity, Option<ApiKeyId>)> {
        if text.len() > api_key::MAX_CHARACTERS {
            return Err(bearer::refused("The API key is not valid."));
        }
        if self.0.dev && text == api_key::DEVELOPMENT {
            return Ok((Identity::development(), None));
        }
        let hash = api_key::hash(text);
        let look_up = async { Ok(self.0.store.api_key_by_hash(&hash).await?.map(Arc::new)) };
        let key = self.0.api_keys.get(&hash, look_up).await?;
        // One answer for keys that never were and keys that were revoked: nothing tells them apart.
        let key = key.ok_or_else(|| bearer::refused("The API key is not valid."))?;
        if key.expires_at.is_some_and(|end| end <= self.0.clock.now()) {
            return Err(bearer::refused("The API key has expired."));
        }
        Ok((Identity::from(&*key), Some(key.id)))
    }

    /// Ends the session of that token, if there is one. Anybody may ask: what is no session costs a look-up that is remembered.
    ///
    /// # Errors
    /// 503 if the database can't be reached.
    pub async fn end_session(&self, token: &str) -> Result<()> {
        let Some(hash) = session::hash(token) else { return Ok(()) };
        if self.session(&hash).await?.is_some() {
            self.0.store.delete_session(&hash).await?;
            self.0.sessions.forget_one(&hash);
        }
        Ok(())
    }

    async fn session(&self, hash: &KeyHash) -> Result<Option<Arc<Session>>> {
        let look_up = async { Ok(self.0.store.session(hash).await?.map(Arc::new)) };
        Ok(self.0.sessions.get(hash, look_up).await?)
    }

    async fn by_session(&self, token: &str) -> Result<Identity> {
        let ended = || bearer::refused("The session has ended; sign in again.");
        let hash = session::hash(token).ok_or_else(ended)?;
        let session = self.session(&hash).await?.ok_or_else(ended)?;
        let identity = match &session.api_key {
            Some(key) => Identity::from(key),
            None if self.0.dev => Identity::development(),
            None => return Err(ended()),
        };
        let ends_at = identity.expires_at.map_or(session.expires_at, |end| end.min(session.expires_at));
        if ends_at <= self.0.clock.now() {
            return Err(ended());
        }
        Ok(Identity { expires_at: Some(ends_at), ..identity })
    }
}
