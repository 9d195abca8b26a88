//! What handlers share: one clone of a reference per request.
//!
//! A handler takes the narrow part it needs (`State<Arc<dyn Clock>>`, …) or the whole. Nothing here is a place to keep a request's
//! own things.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use super::api::explain::Room;
use super::auth::{Authenticator, Caller, SignInTokens};
use super::dev::inbox::Inboxes;
use super::ingest::Doors;
use super::problem::Result;
use super::shards::{Shard, Shards};
use super::tails::Tails;
use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::shard::ShardNumber;
use crate::metrics::Metrics;
use crate::store::StoreError;

/// Everything a handler may use. Cheap to clone; made once, in `app`.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of the state.
pub struct Parts {
    /// The databases, each with what works on it.
    pub shards: Arc<Shards>,
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
    /// 503 if it is away, or this node does not know it.
    pub fn shard(&self, caller: &Caller) -> Result<&Shard> {
        self.shards.get(caller.shard)
    }

    /// Looks for what is known by its identifier alone: first where the identifier says that it is, then at home, where things
    /// lie whose identifiers don't say it. Never more than two look-ups, whatever is asked for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] too if the database is known to be away.
    pub async fn find<'a, T, F>(
        &'a self,
        said: ShardNumber,
        look_up: impl Fn(&'a Shard) -> F + Send,
    ) -> std::result::Result<Option<(&'a Shard, T)>, StoreError>
    where
        F: Future<Output = std::result::Result<T, StoreError>> + Send,
        T: Send,
    {
        let first = if self.shards.is_known(said) { said } else { ShardNumber::HOME };
        let last = (first != ShardNumber::HOME).then_some(ShardNumber::HOME);
        for number in [Some(first), last].into_iter().flatten() {
            let shard = self.shards.get(number).map_err(|problem| StoreError::unavailable(problem.detail().to_owned()))?;
            match look_up(shard).await {
                Ok(found) => return Ok(Some((shard, found))),
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
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
