//! Through a tenant's subscriptions, a page at a time, with no connection held while filters are asked.

use std::collections::HashMap;

use tokio::time::Instant;

use super::view::{Explanation, Finding, Summary};
use super::words;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{DeadReason, Delivery};
use crate::domain::event::Event;
use crate::domain::filter::{Clause, Facts};
use crate::domain::id::SubscriptionId;
use crate::domain::page::PageRequest;
use crate::domain::subscription::{Outcome, Rules, Status};
use crate::domain::tenant::TenantName;
use crate::http::api::wire::Cursor;
use crate::http::problem::Result;
use crate::store::{Revision, RoutingHistory, Store};

/// What is explained.
pub(super) struct Walk<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) tenant: &'a TenantName,
    pub(super) event: &'a Event,
    pub(super) moment: Moment,
    pub(super) deadline: Instant,
}

/// Whose routing counts.
pub(super) enum Moment {
    /// That of the subscriptions as they are.
    Now {
        version: i64,
        /// Until when the event asks to be held back.
        not_before: Option<Timestamp>,
    },
    /// That under which the event was accepted.
    Accepted { version: i64, at: Timestamp, deliveries: HashMap<SubscriptionId, Delivery> },
}

impl Moment {
    const fn version(&self) -> i64 {
        match self {
            Self::Now { version, .. } | Self::Accepted { version, .. } => *version,
        }
    }

    fn delivery(&self, id: SubscriptionId) -> Option<&Delivery> {
        match self {
            Self::Now { .. } => None,
            Self::Accepted { deliveries, .. } => deliveries.get(&id),
        }
    }
}

/// What a subscription with these rules, in that status, would make of an event now that is not delivered before a moment.
pub(super) fn judge(rules: &Rules, status: Status, event: &Event, not_before: Option<Timestamp>) -> Finding {
    let found = rules.explain(&Facts::new(event));
    let outcome = Outcome::of(status, found.answer);
    let detail = words::happened(outcome, &Moment::Now { version: 0, not_before }, &found.clauses, None, None);
    finding(None, outcome, detail, found.clauses)
}

fn finding(subscription_id: Option<SubscriptionId>, outcome: Outcome, detail: String, clauses: Vec<Clause>) -> Finding {
    Finding {
        subscription_id,
        outcome,
        detail,
        clauses: clauses.into_iter().map(Into::into).collect(),
        status: None,
        disabled_reason: None,
        delivery: None,
        in_force_since: None,
        in_force_until: None,
        deleted_at: None,
    }
}

impl Walk<'_> {
    /// A page of the subscriptions with that outcome, or any; and on the first page, all of them counted.
    pub(super) async fn all(&self, wanted: Option<Outcome>, page: PageRequest) -> Result<Explanation> {
        let mut summary = Summary::default();
        let mut data = Vec::new();
        let (mut last_shown, mut before, mut has_more) = (None, page.before, false);
        loop {
            let request = PageRequest { limit: PageRequest::MAX_LIMIT, before };
            let revisions = self.store.routing_at(self.tenant, self.moment.version(), request).await?;
            let facts = Facts::new(self.event);
            for revision in revisions.rows {
                let outcome = self.outcome(&revision, &facts);
                summary.count(outcome);
                if wanted.is_some_and(|wanted| wanted != outcome) {
                    continue;
                }
                if data.len() < page.limit as usize {
                    last_shown = Some(revision.subscription_id.as_uuid());
                    data.push(self.find(&revision, outcome, &facts));
                } else {
                    has_more = true;
                }
            }
            before = revisions.next;
            summary.is_complete = before.is_none();
            // Only the first page goes on to the end, for the summary.
            if before.is_none() || (has_more && page.before.is_some()) || Instant::now() >= self.deadline {
                break;
            }
        }
        let next = if has_more { last_shown } else { before };
        Ok(Explanation {
            summary: page.before.is_none().then_some(summary),
            data,
            next: next.map(|uuid| Cursor::<SubscriptionId>::new(uuid).to_string()),
            ..Explanation::default()
        })
    }

    /// One subscription, whether it was there or not. 404 if it never was.
    pub(super) async fn one(&self, id: SubscriptionId) -> Result<Explanation> {
        let history = self.store.routing_history(self.tenant, id).await?;
        let finding = match history.revisions.iter().find(|revision| revision.was_in_force_at(self.moment.version())) {
            Some(revision) => {
                let facts = Facts::new(self.event);
                self.find(revision, self.outcome(revision, &facts), &facts)
            }
            None => self.had_no_part(id, &history),
        };
        Ok(Explanation::of_one(finding))
    }

    fn outcome(&self, revision: &Revision, facts: &Facts<'_>) -> Outcome {
        let outcome = Outcome::of(revision.status, revision.rules.ask(facts));
        let delivery = self.moment.delivery(revision.subscription_id);
        let is_expired = delivery.is_some_and(|delivery| delivery.reason == Some(DeadReason::Expired));
        if is_expired && matches!(outcome, Outcome::Matched | Outcome::Paused) { Outcome::Expired } else { outcome }
    }

    fn find(&self, revision: &Revision, outcome: Outcome, facts: &Facts<'_>) -> Finding {
        let id = revision.subscription_id;
        let delivery = self.moment.delivery(id);
        let clauses = match outcome {
            Outcome::NotMatched | Outcome::Fault => revision.rules.explain(facts).clauses,
            _ => Vec::new(),
        };
        let detail = words::happened(outcome, &self.moment, &clauses, revision.disabled_reason, delivery);
        Finding {
            status: Some(revision.status),
            disabled_reason: revision.disabled_reason,
            delivery: delivery.cloned().map(Into::into),
            in_force_since: Some(revision.began_at),
            in_force_until: revision.ended_at,
            deleted_at: revision.deleted_at,
            ..finding(Some(id), outcome, detail, clauses)
        }
    }

    /// A subscription of which nothing was in force at the version.
    fn had_no_part(&self, id: SubscriptionId, history: &RoutingHistory) -> Finding {
        let version = self.moment.version();
        let accepted_at = match self.moment {
            Moment::Accepted { at, .. } => Some(at),
            Moment::Now { .. } => None,
        };
        // Revisions go oldest first: the one of its creation tells that nothing was before.
        let is_later =
            history.revisions.first().is_some_and(|first| version < first.from_version && first.began_at == history.created_at);
        let is_over = match history.revisions.last() {
            Some(last) => last.until_version.is_some_and(|until| until <= version),
            None => history.deleted_at.is_some_and(|end| accepted_at.is_none_or(|at| end < at)),
        };
        let (outcome, moment) = if is_later {
            (Outcome::CreatedAfter, Some(history.created_at))
        } else if is_over {
            (Outcome::Deleted, history.deleted_at)
        } else {
            (Outcome::Unknown, None)
        };
        Finding {
            // A replay may have brought it there all the same.
            delivery: self.moment.delivery(id).cloned().map(Into::into),
            deleted_at: history.deleted_at,
            ..finding(Some(id), outcome, words::had_no_part(outcome, moment), Vec::new())
        }
    }
}
