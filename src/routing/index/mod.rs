//! The subscriptions, compiled so that routing an event looks only at those that may match it.
//!
//! Each subscription is filed under one of its clauses, the one that the fewest share ([`key`]); an event looks up its own
//! attributes and asks whom it finds there. What no clause can be filed for is asked for every event of its tenant.

mod key;
mod prefixes;
mod route;
mod tenant;
#[cfg(test)]
mod tests;

use self::tenant::Tenant;
use crate::domain::event::Event;
use crate::domain::filter::Answer;
use crate::domain::map::Map;
use crate::domain::tenant::TenantName;
use crate::store::Directory;

pub use self::route::Route;

/// All subscriptions that collect events, at one routing version.
#[derive(Debug, Default)]
pub struct Index {
    version: i64,
    tenants: Map<TenantName, Tenant>,
}

impl Index {
    /// Compiles a directory.
    #[must_use]
    pub fn compile(directory: &Directory) -> Self {
        let mut routes: Map<&TenantName, Vec<Route>> = Map::default();
        for subscription in directory.subscriptions.values().filter(|subscription| subscription.status.collects()) {
            routes.entry(&subscription.tenant).or_default().push(Route::new(subscription));
        }
        let tenants = routes.into_iter().map(|(tenant, routes)| (tenant.clone(), Tenant::new(routes))).collect();
        Self { version: directory.version, tenants }
    }

    /// The routing version this was compiled from.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Asks the routes of a tenant about `event` and tells `found`, once each, those that it matches ([`Answer::Yes`]) and those
    /// that could not be asked ([`Answer::Fault`]).
    pub fn matches<'a>(&'a self, tenant: &TenantName, event: &Event, found: impl FnMut(&'a Route, Answer)) {
        if let Some(tenant) = self.tenants.get(tenant) {
            tenant.matches(event, found);
        }
    }
}
