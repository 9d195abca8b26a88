//! `/v1/dead-letters`: deliveries that will not be tried again by themselves. [`bulk`] opens or deletes many of them at once.

mod bulk;

use axum::Json;
use axum::extract::State;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::deliveries::Delivery;
use super::wire::answers::Problems;
use super::wire::{Cursor, Limit, List, Query, lately, page};
use crate::domain::clock::Timestamp;
use crate::domain::credential::Scope;
use crate::domain::delivery::DeadReason;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller};
use crate::store::{self, DeadLetterFilter, GroupBy};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list_dead_letters, bulk::purge_dead_letters))
        .routes(routes!(bulk::redrive_dead_letters))
}

/// What is searched for, and how it is shown. Every filter narrows the search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchDeadLetters {
    /// To this subscription.
    subscription_id: Option<SubscriptionId>,
    /// Dead for this reason.
    reason: Option<DeadReason>,
    /// Of events accepted at or after this moment.
    after: Option<Timestamp>,
    /// Of events accepted before this moment.
    before: Option<Timestamp>,
    /// Count instead of list: `subscription`, `reason` or both with a comma between them. At most 1000 groups, without pages.
    #[param(value_type = Option<String>, pattern = "^(subscription|reason)(,(subscription|reason))?$")]
    group_by: Option<Grouping>,
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<DeliveryId>>,
}

/// What dead letters are counted by, from its text form.
#[derive(Debug, Clone, Copy)]
struct Grouping(GroupBy);

impl<'de> Deserialize<'de> for Grouping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.split(',')
            .try_fold(GroupBy::default(), |by, word| match word {
                "subscription" if !by.subscription => Some(GroupBy { subscription: true, ..by }),
                "reason" if !by.reason => Some(GroupBy { reason: true, ..by }),
                _ => None,
            })
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected `subscription`, `reason` or `subscription,reason`"))
    }
}

/// A number of dead letters with something in common.
#[derive(Debug, Serialize, ToSchema)]
struct DeadLetterGroup {
    /// Their subscription, if they were counted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription_id: Option<SubscriptionId>,
    /// Their reason, if they were counted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<DeadReason>,
    /// How many there are.
    count: u64,
    /// When the oldest was created.
    oldest_at: Timestamp,
    /// When the newest was created.
    newest_at: Timestamp,
}

impl From<store::DeadLetterGroup> for DeadLetterGroup {
    fn from(group: store::DeadLetterGroup) -> Self {
        let store::DeadLetterGroup { subscription_id, reason, count, oldest_at, newest_at } = group;
        Self { subscription_id, reason, count, oldest_at, newest_at }
    }
}

/// Dead letters one by one, or counted.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DeadLetters {
    Each(List<Delivery>),
    Counted(List<DeadLetterGroup>),
}

impl PartialSchema for DeadLetters {
    fn schema() -> RefOr<Schema> {
        // Not `oneOf`: an empty page fits both.
        let either = AnyOfBuilder::new()
            .item(Ref::from_schema_name(List::<Delivery>::name()))
            .item(Ref::from_schema_name(List::<DeadLetterGroup>::name()));
        either.description(Some("Dead letters one by one, or with `group_by` counted.")).into()
    }
}

impl ToSchema for DeadLetters {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((List::<Delivery>::name().into_owned(), List::<Delivery>::schema()));
        List::<Delivery>::schemas(schemas);
        schemas.push((List::<DeadLetterGroup>::name().into_owned(), List::<DeadLetterGroup>::schema()));
        List::<DeadLetterGroup>::schemas(schemas);
    }
}

/// Searches dead letters, newest first, or counts them.
#[utoipa::path(
    get, path = "/v1/dead-letters", tag = "dead-letters", params(SearchDeadLetters), security(("bearer" = ["deliveries:read"])),
    responses((status = 200, description = "A page of dead letters, or their numbers", body = DeadLetters), Problems)
)]
async fn list_dead_letters(
    State(app): State<AppState>,
    caller: Caller,
    Query(search): Query<SearchDeadLetters>,
) -> Result<Json<DeadLetters>> {
    caller.require(Scope::DeliveriesRead)?;
    let store = &app.shard(&caller)?.store;
    let SearchDeadLetters { subscription_id, reason, after, before, group_by, limit, cursor } = search;
    let filter = DeadLetterFilter { subscription_id, reason, after, before };
    let Some(Grouping(by)) = group_by else {
        let page = page(limit, cursor);
        let rows = lately!(store.dead_letters(&caller.tenant, &filter, page))?;
        return Ok(Json(DeadLetters::Each(List::page::<DeliveryId, _>(rows, Delivery::from))));
    };
    if cursor.is_some() {
        return Err(Problem::invalid_request("Groups come on one page.").at_parameter("cursor", "can't be used with `group_by`"));
    }
    let groups = lately!(store.dead_letter_groups(&caller.tenant, &filter, by))?;
    Ok(Json(DeadLetters::Counted(List::whole(groups.into_iter().map(DeadLetterGroup::from).collect()))))
}
