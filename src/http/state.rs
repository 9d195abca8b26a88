//! What handlers share: one clone of a reference per request.
//!
//! A handler takes the narrow part it needs (`State<Arc<dyn Store>>`, `State<Acceptor>`, …) or the whole. Nothing here is a
//! place to keep a request's own things.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use super::api::explain::Room;
use super::auth::{Authenticator, SignInTokens};
use super::dev::inbox::Inboxes;
use super::ingest::Doors;
use super::tails::Tails;
use crate::config::Config;
use crate::dispatch;
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::jobs;
use crate::metrics::Metrics;
use crate::routing::Acceptor;
use crate::store::{SharedDirectory, Store};

/// Everything a handler may use. Cheap to clone; made once, in `app`.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of the state.
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Where events are accepted.
    pub acceptor: Acceptor,
    /// The dispatcher of this node.
    pub dispatch: dispatch::Handle,
    /// The jobs of this node.
    pub jobs: jobs::Handle,
    /// The newest snapshot of all subscriptions.
    pub directory: SharedDirectory,
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
    store: Arc<dyn Store>;
    acceptor: Acceptor;
    dispatch: dispatch::Handle;
    jobs: jobs::Handle;
    directory: SharedDirectory;
    config: Arc<Config>;
    clock: Arc<dyn Clock>;
    entropy: Arc<dyn Entropy>;
    authenticator: Authenticator;
}
