//! One subscription, as far as routing is concerned.

use std::sync::Arc;

use crate::domain::filter::{Answer, Facts};
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{Status, Subscription};

/// One subscription, as far as routing is concerned.
#[derive(Debug)]
pub struct Route {
    /// The subscription's identifier.
    pub subscription_id: SubscriptionId,
    /// The subscription itself.
    pub subscription: Arc<Subscription>,
    /// Whether one event may find it in several places.
    pub(super) is_filed_twice: bool,
    /// The places of its filters, those that take longest last.
    order: Box<[usize]>,
}

impl Route {
    pub(super) fn new(subscription: &Arc<Subscription>) -> Self {
        let filters = &subscription.spec.filters;
        let mut order: Box<[usize]> = (0..filters.len()).collect();
        order.sort_by_key(|&place| filters[place].cost());
        Self { subscription_id: subscription.id, subscription: Arc::clone(subscription), is_filed_twice: false, order }
    }

    /// Whether its deliveries wait until it is resumed.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.subscription.status == Status::Paused
    }

    /// Whether an event matches all that the subscription asks for (SPECS SU-6).
    #[must_use]
    pub fn ask(&self, facts: &Facts<'_>) -> Answer {
        let spec = &self.subscription.spec;
        let (event_type, source) = (facts.event().event_type(), facts.event().source());
        if !spec.types.is_empty() && !spec.types.iter().any(|wanted| wanted == event_type) {
            return Answer::No;
        }
        if spec.source.as_deref().is_some_and(|wanted| wanted != source) {
            return Answer::No;
        }
        Answer::all(self.order.iter().map(|&place| spec.filters[place].ask(facts)))
    }
}
