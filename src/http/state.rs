//! What handlers share: one clone of a reference per request.
//!
//! A handler takes the narrow part it needs (`State<Arc<dyn Clock>>`, …) or the whole. Nothing here is a place to keep a request's
//! own things.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use super::api::explain::Room;
use super::auth::{Authenticator, Caller, SignInTokens};
use super::dev::inbox::Inboxes;
use super::ingest::Doors;
use super::problem::{Code, Problem, Result};
use super::shards::{Shard, Shards};
use super::tails::Tails;
use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::metrics::Metrics;

/// When to try again after a tenant's database was not available.
const SHARD_RETRY: Duration = Duration::from_secs(2);

/// Everything a handler may use. Cheap to clone; made once, in `app`.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of the state.
pub struct Parts {
    /// The databases, each with what works on it.
    pub shards: Shards,
    /// The settings.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Who callers are.
    pub authenticator: Authenticator,
    /// The links that sign in once.
    pub sign_in_tokens: Arc<SignInTokens>,
    /// Room for live tails of events.
    pub tails: Arc<Tails>,
    /// Room for explanations.
    pub room: Arc<Room>,
    /// The producers that post.
    pub doors: Doors,
    /// What arrived at the inboxes of development mode.
    pub inboxes: Arc<Inboxes>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the server stops: it is not ready any more.
    pub stopping: CancellationToken,
}

impl AppState {
    /// The state made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The database that holds what belongs to no single tenant.
    #[must_use]
    pub fn home(&self) -> &Shard {
        self.shards.home()
    }

    /// The database of the caller's tenant, and what works on it.
    ///
    /// # Errors
    /// 503 if this node does not have it.
    pub fn shard(&self, caller: &Caller) -> Result<&Shard> {
        self.shards
            .get(caller.shard)
            .ok_or_else(|| Problem::new(Code::Unavailable, "The tenant's database is not available.").retry_after(SHARD_RETRY))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

macro_rules! narrow {
    ($($part:ident: $type:ty;)*) => {$(
        impl FromRef<AppState> for $type {
            fn from_ref(state: &AppState) -> Self {
                state.$part.clone()
            }
        }
    )*};
}

narrow! {
    config: Arc<Config>;
    clock: Arc<dyn Clock>;
    entropy: Arc<dyn Entropy>;
    authenticator: Authenticator;
}
