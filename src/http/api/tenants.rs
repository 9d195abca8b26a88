//! `/v1/tenants`: the customers that are kept apart. Only who reaches all tenants makes and deletes them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{BodyProblems, ChangeProblems, Problems};
use super::wire::{Body, Cursor, Id, Limit, List, Listed, Query, page};
use crate::domain::clock::Timestamp;
use crate::domain::credential::{Reach, Scope};
use crate::domain::retention::Retention;
use crate::domain::shard::ShardNumber;
use crate::domain::tenant::{self, TenantName};
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller, Shards};
use crate::store::{Conflict, Store, StoreError};

/// The most characters of a description.
const MAX_DESCRIPTION: usize = 1024;

/// A page of them, under a name for the document.
type TenantList = List<Tenant>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list_tenants, create_tenant)).routes(routes!(
        get_tenant,
        update_tenant,
        delete_tenant
    ))
}

/// A customer whose producers, events, subscriptions and deliveries are kept apart from all others'.
#[derive(Debug, Serialize, ToSchema)]
struct Tenant {
    /// Its name, which is its identity.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    name: String,
    /// What it is, in its administrator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// How long its events are kept, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retention: Option<Retention>,
    /// When it was created.
    created_at: Timestamp,
    /// The database that it is pinned to: 0 is `database.url`, 1 the first of `database.shards`. It never changes.
    #[schema(maximum = 1023)]
    shard: u16,
}

impl From<tenant::Tenant> for Tenant {
    fn from(tenant: tenant::Tenant) -> Self {
        let tenant::Tenant { name, description, retention, created_at, shard } = tenant;
        Self { name: name.to_string(), description, retention, created_at, shard: shard.get() }
    }
}

impl Listed for Tenant {
    const KIND: &'static str = "ten";
}

/// A tenant to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// Its name, which is its identity.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    name: String,
    /// What it is, in its administrator's words.
    #[schema(max_length = 1024)]
    description: Option<String>,
    /// How long its events are kept. Without it, and for what it leaves out, the server's settings hold.
    retention: Option<Retention>,
    /// The database to pin it to; without this the one with the fewest tenants, of those that are available.
    #[schema(maximum = 1023)]
    shard: Option<u16>,
}

/// What is to be changed of a tenant (JSON merge patch, RFC 7396, but `retention` is replaced as a whole): a member that is `null` is
/// removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantPatch {
    /// What it is, in its administrator's words.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1024)]
    description: Change<String>,
    /// How long its events are kept. It holds for events that are there already too.
    #[serde(default)]
    #[schema(value_type = Option<Retention>)]
    retention: Change<Retention>,
}

/// What a patch does with a member.
#[derive(Debug, Default)]
enum Change<T> {
    /// It is not in the patch.
    #[default]
    Leave,
    /// Sets it, or removes it.
    Set(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Set)
    }
}

impl<T> Change<T> {
    fn of(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Leave => before,
            Self::Set(value) => value,
        }
    }
}

impl TenantPatch {
    fn apply(self, mut tenant: tenant::Tenant) -> Result<tenant::Tenant> {
        tenant.description = self.description.of(tenant.description);
        tenant.retention = self.retention.of(tenant.retention);
        checked(tenant)
    }
}

fn refused() -> Problem {
    Problem::invalid_request("The tenant is not valid.")
}

/// The tenant, if everything in it is within its bounds.
fn checked(tenant: tenant::Tenant) -> Result<tenant::Tenant> {
    if tenant.description.as_ref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        return Err(refused().at_pointer("/description", format!("must have at most {MAX_DESCRIPTION} characters")));
    }
    let faults = tenant.retention.as_ref().map(Retention::faults).unwrap_or_default();
    if faults.is_empty() {
        return Ok(tenant);
    }
    let fault =
        |problem: Problem, (pointer, detail): (String, String)| problem.at_pointer(format!("/retention{pointer}"), detail);
    Err(faults.into_iter().fold(refused(), fault))
}

impl NewTenant {
    /// The shard that was asked for, if one was and there is one.
    fn shard(&self, shards: &Shards) -> Result<Option<ShardNumber>> {
        let Some(asked) = self.shard else { return Ok(None) };
        let known = ShardNumber::new(asked).filter(|number| shards.is_known(*number));
        let detail = "names no database that this node knows (`database.shards`)";
        known.map(Some).ok_or_else(|| refused().at_pointer("/shard", detail))
    }

    fn into_tenant(self, created_at: Timestamp, shard: ShardNumber) -> Result<tenant::Tenant> {
        let invalid = |error: tenant::InvalidTenantName| refused().at_pointer("/name", error.to_string());
        let name = self.name.parse().map_err(invalid)?;
        checked(tenant::Tenant { name, description: self.description, retention: self.retention, created_at, shard })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListTenants {
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Tenant>>,
}

/// Lists tenants, newest first; a credential of one tenant sees that one.
#[utoipa::path(
    get, path = "/v1/tenants", tag = "tenants", params(ListTenants), security(("bearer" = ["admin"])),
    responses((status = 200, description = "A page of tenants", body = TenantList), Problems)
)]
async fn list_tenants(
    State(app): State<AppState>,
    caller: Caller,
    Query(ListTenants { limit, cursor }): Query<ListTenants>,
) -> Result<Json<List<Tenant>>> {
    caller.require(Scope::Admin)?;
    let store = &app.home().store;
    if let Reach::Tenant(own) = &caller.reach {
        return Ok(Json(List::whole(vec![store.tenant(own).await?.into()])));
    }
    let rows = store.tenants(page(limit, cursor)).await?;
    Ok(Json(List::page::<Tenant, _>(rows, Tenant::from)))
}

/// Creates a tenant.
#[utoipa::path(
    post, path = "/v1/tenants", tag = "tenants", request_body = NewTenant, security(("bearer" = ["admin"])),
    responses((status = 201, description = "The tenant", body = Tenant, headers(("Location" = String))), BodyProblems)
)]
async fn create_tenant(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<NewTenant>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Tenant>)> {
    caller.require(Scope::Admin)?;
    caller.require_all_tenants()?;
    let store = &*app.home().store;
    let asked = body.shard(&app.shards)?;
    let shard = match asked {
        Some(shard) => shard,
        None => emptiest(&app.shards, store).await?,
    };
    let mut tenant = body.into_tenant(app.clock.now(), shard)?;
    match store.create_tenant(&tenant).await {
        // There was one of that name: what it left is where it was, so that is where the new one has to be.
        Err(StoreError::Conflict(Conflict::Pinned(before))) if asked.is_none() => {
            tenant.shard = before;
            store.create_tenant(&tenant).await?;
        }
        created => created?,
    }
    app.authenticator.forget();
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/v1/tenants/{}", tenant.name))], Json(tenant.into())))
}

/// The available shard with the fewest tenants, the lowest number winning.
async fn emptiest(shards: &Shards, store: &dyn Store) -> Result<ShardNumber> {
    let further: Vec<_> = shards.further_numbers().filter(|(_, is_available)| *is_available).map(|(number, _)| number).collect();
    if further.is_empty() {
        return Ok(ShardNumber::HOME);
    }
    let counts = store.tenants_by_shard().await?;
    let count = |number: &ShardNumber| counts.iter().find(|(counted, _)| counted == number).map_or(0, |(_, count)| *count);
    Ok([ShardNumber::HOME].into_iter().chain(further).min_by_key(count).unwrap_or_default())
}

/// Reads one tenant.
#[utoipa::path(
    get, path = "/v1/tenants/{id}", tag = "tenants", params(("id" = String, Path, description = "The tenant's name")),
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The tenant", body = Tenant), Problems)
)]
async fn get_tenant(State(app): State<AppState>, caller: Caller, Id(name): Id<TenantName>) -> Result<Json<Tenant>> {
    caller.require(Scope::Admin)?;
    let store = &app.home().store;
    if matches!(&caller.reach, Reach::Tenant(own) if *own != name) {
        return Err(Problem::not_found("There is no such tenant."));
    }
    Ok(Json(store.tenant(&name).await?.into()))
}

/// Changes a tenant's description, or how long its events are kept.
///
/// Events that are too old by what is said now are deleted soon after; see the documentation on retention.
#[utoipa::path(
    patch, path = "/v1/tenants/{id}", tag = "tenants", params(("id" = String, Path, description = "The tenant's name")),
    request_body(content((TenantPatch = "application/json"), (TenantPatch = "application/merge-patch+json"))),
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The tenant as it is now", body = Tenant), BodyProblems)
)]
async fn update_tenant(
    State(app): State<AppState>,
    caller: Caller,
    Id(name): Id<TenantName>,
    Body(patch): Body<TenantPatch>,
) -> Result<Json<Tenant>> {
    caller.require(Scope::Admin)?;
    caller.require_all_tenants()?;
    let store = &app.home().store;
    let tenant = patch.apply(store.tenant(&name).await?)?;
    store.update_tenant(&tenant).await?;
    Ok(Json(tenant.into()))
}

/// Deletes a tenant that has no subscriptions, producers or API keys.
#[utoipa::path(
    delete, path = "/v1/tenants/{id}", tag = "tenants", params(("id" = String, Path, description = "The tenant's name")),
    security(("bearer" = ["admin"])),
    responses((status = 204, description = "It is deleted"), ChangeProblems)
)]
async fn delete_tenant(State(app): State<AppState>, caller: Caller, Id(name): Id<TenantName>) -> Result<StatusCode> {
    caller.require(Scope::Admin)?;
    caller.require_all_tenants()?;
    if name.as_str() == TenantName::DEFAULT {
        return Err(Problem::new(Code::Conflict, "The tenant `default` exists from the start and can't be deleted."));
    }
    let store = &app.home().store;
    let shard = store.tenant(&name).await?.shard;
    // What is its own lies on its shard, its API keys at home, where the deletion looks for them itself.
    if shard != ShardNumber::HOME && app.shards.get(shard)?.store.is_tenant_in_use(&name).await? {
        return Err(StoreError::from(Conflict::InUse).into());
    }
    store.delete_tenant(&name).await?;
    app.authenticator.forget();
    Ok(StatusCode::NO_CONTENT)
}
