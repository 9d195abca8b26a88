//! The newest compiled index of this node, and how it is brought up to date.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::Index;
use crate::store::{SharedDirectory, Store, StoreError};

/// Holds the index; any number of tasks may read and refresh it.
pub struct Router {
    store: Arc<dyn Store>,
    directory: SharedDirectory,
    index: ArcSwap<Index>,
    refreshing: Mutex<()>,
}

impl Router {
    /// A router over `directory`, which it replaces at every refresh. Knows nothing until the first.
    pub fn new(store: Arc<dyn Store>, directory: SharedDirectory) -> Self {
        Self { store, directory, index: ArcSwap::default(), refreshing: Mutex::new(()) }
    }

    /// The index now.
    pub fn index(&self) -> Arc<Index> {
        self.index.load_full()
    }

    /// Loads the directory unless the index is of `version` already. Tasks that come while one loads wait for that one.
    pub async fn refresh(&self, version: i64) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        if self.index.load().version() == version {
            return Ok(());
        }
        let directory = self.store.load_directory().await?;
        let index = Index::compile(&directory);
        tracing::debug!(version = directory.version, subscriptions = directory.subscriptions.len(), "routing refreshed");
        self.directory.store(Arc::new(directory));
        self.index.store(Arc::new(index));
        Ok(())
    }

    /// Asks the database for its version and refreshes if it is another: for what is not seen by accepting, such as a pause
    /// that this node's dispatcher should know of.
    pub async fn poll(&self) -> Result<(), StoreError> {
        let version = self.store.routing_version().await?;
        if version == self.index.load().version() { Ok(()) } else { self.refresh(version).await }
    }
}
