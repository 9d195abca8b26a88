//! The subscriptions, compiled so that routing an event looks only at those that can match its type and source.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::event::Event;
use crate::domain::filter::{Answer, Facts, Filter};
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{Status, Subscription};
use crate::domain::tenant::TenantName;
use crate::store::Directory;

/// All subscriptions that collect events, at one routing version.
#[derive(Debug, Default)]
pub struct Index {
    version: i64,
    tenants: HashMap<TenantName, ByType>,
}

/// One subscription, as far as routing is concerned.
#[derive(Debug)]
pub struct Route {
    /// The subscription's identifier.
    pub subscription_id: SubscriptionId,
    /// The subscription itself.
    pub subscription: Arc<Subscription>,
    /// What is left to check after type and source were looked up.
    filters: Vec<Filter>,
}

impl Route {
    /// Whether its deliveries wait until it is resumed.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.subscription.status == Status::Paused
    }
}

/// Routes by the type they ask for.
#[derive(Debug, Default)]
struct ByType {
    named: HashMap<String, BySource>,
    any: BySource,
}

/// Routes by the source they ask for.
#[derive(Debug, Default)]
struct BySource {
    named: HashMap<String, Vec<Arc<Route>>>,
    any: Vec<Arc<Route>>,
}

impl Index {
    /// Compiles a directory.
    #[must_use]
    pub fn compile(directory: &Directory) -> Self {
        let mut index = Self { version: directory.version, tenants: HashMap::new() };
        for subscription in directory.subscriptions.values().filter(|subscription| subscription.status.collects()) {
            index.tenants.entry(subscription.tenant.clone()).or_default().insert(subscription);
        }
        index
    }

    /// The routing version this was compiled from.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Asks the routes of a tenant about `event` and tells `found`, once each, those that it matches ([`Answer::Yes`]) and those
    /// that could not be asked ([`Answer::Fault`]).
    pub fn matches<'a>(&'a self, tenant: &TenantName, event: &Event, mut found: impl FnMut(&'a Arc<Route>, Answer)) {
        let facts = Facts::new(event);
        for route in self.candidates(tenant, event) {
            match Answer::all(route.filters.iter().map(|filter| filter.ask(&facts))) {
                Answer::No => {}
                answer => found(route, answer),
            }
        }
    }

    /// The routes of a tenant that ask for this event's type and source, each once.
    fn candidates<'a>(&'a self, tenant: &TenantName, event: &Event) -> impl Iterator<Item = &'a Arc<Route>> {
        let by_type = self.tenants.get(tenant);
        by_type.into_iter().flat_map(|by_type| {
            let named = by_type.named.get(event.event_type());
            named.into_iter().chain(std::iter::once(&by_type.any)).flat_map(|by_source| {
                let named = by_source.named.get(event.source());
                named.into_iter().flatten().chain(&by_source.any)
            })
        })
    }
}

impl ByType {
    fn insert(&mut self, subscription: &Arc<Subscription>) {
        let spec = &subscription.spec;
        let mut types = spec.types.clone();
        let mut source = spec.source.clone();
        // A filter `exact` on type or source is as good an index as the members of those names (SPECS SU-13).
        for filter in &spec.filters {
            if let Filter::Exact(attributes) = filter {
                if types.is_empty() {
                    types.extend(attributes.get("type").cloned());
                }
                source = source.or_else(|| attributes.get("source").cloned());
            }
        }
        types.sort_unstable();
        types.dedup();
        let route = Arc::new(Route {
            subscription_id: subscription.id,
            subscription: Arc::clone(subscription),
            filters: spec.filters.clone(),
        });
        if types.is_empty() {
            self.any.insert(source, route);
        } else {
            for event_type in types {
                self.named.entry(event_type).or_default().insert(source.clone(), Arc::clone(&route));
            }
        }
    }
}

impl BySource {
    fn insert(&mut self, source: Option<String>, route: Arc<Route>) {
        match source {
            Some(source) => self.named.entry(source).or_default().push(route),
            None => self.any.push(route),
        }
    }
}

#[cfg(test)]
mod tests;
