//! `/v1/api-keys`: making and revoking keys. A key is shown once, when it is made; only its hash is stored.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{BodyProblems, Problems};
use super::wire::{Body, Cursor, Id, Limit, List, Query, page};
use crate::domain::clock::Timestamp;
use crate::domain::credential::{self, Reach, Scope};
use crate::domain::entropy::Entropy;
use crate::domain::id::ApiKeyId;
use crate::domain::secret::Secret;
use crate::http::auth::api_key;
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller};

/// The most characters of a name.
const MAX_NAME: usize = 200;

/// A page of them, under a name for the document.
type ApiKeyList = List<ApiKey>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list_api_keys, create_api_key)).routes(routes!(delete_api_key))
}

/// Which tenants a key reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KeyReach {
    /// The tenant it was made in.
    #[default]
    Tenant,
    /// All of them; a request names one with the header `Waypost-Tenant`.
    All,
}

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
struct ApiKey {
    /// Its identifier.
    id: ApiKeyId,
    /// What it is for, in its creator's words.
    name: String,
    /// Which tenants it reaches.
    reach: KeyReach,
    /// The tenant it reaches, if that is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tenant: Option<String>,
    /// What it allows.
    scopes: Vec<Scope>,
    /// The last four characters of the key, to tell keys apart.
    hint: String,
    /// When it was created.
    created_at: Timestamp,
    /// When it stops working, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
}

impl From<credential::ApiKey> for ApiKey {
    fn from(key: credential::ApiKey) -> Self {
        let credential::ApiKey { id, name, reach, scopes, hint, created_at, expires_at } = key;
        let (reach, tenant) = match reach {
            Reach::Tenant(tenant) => (KeyReach::Tenant, Some(tenant.to_string())),
            Reach::All => (KeyReach::All, None),
        };
        Self { id, name, reach, tenant, scopes, hint, created_at, expires_at }
    }
}

/// An API key with the key itself: the only time it is shown.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedApiKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// The key. Keep it: it is not shown again.
    key: Secret,
}

/// An API key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApiKey {
    /// What it is for, in its creator's words.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it allows.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// Which tenants it reaches; by default only the one this request is about.
    #[serde(default)]
    #[schema(required = false)]
    reach: KeyReach,
    /// When it stops working; absent means never.
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListApiKeys {
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<ApiKeyId>>,
}

/// Lists API keys, newest first; a credential of one tenant sees that tenant's.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "api-keys", params(ListApiKeys), security(("bearer" = ["admin"])),
    responses((status = 200, description = "A page of API keys", body = ApiKeyList), Problems)
)]
async fn list_api_keys(
    State(app): State<AppState>,
    caller: Caller,
    Query(ListApiKeys { limit, cursor }): Query<ListApiKeys>,
) -> Result<Json<List<ApiKey>>> {
    caller.require(Scope::Admin)?;
    let store = &app.home().store;
    let rows = store.api_keys(&caller.reach, page(limit, cursor)).await?;
    Ok(Json(List::page::<ApiKeyId, _>(rows, ApiKey::from)))
}

/// Makes an API key and shows it, once.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "api-keys", request_body = NewApiKey, security(("bearer" = ["admin"])),
    responses((status = 201, description = "The API key, with the key itself", body = CreatedApiKey), BodyProblems)
)]
async fn create_api_key(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<NewApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKey>)> {
    caller.require(Scope::Admin)?;
    let store = &app.home().store;
    if body.reach == KeyReach::All {
        caller.require_all_tenants()?;
    }
    let now = app.clock.now();
    body.validate(now)?;
    let key = api_key::generate(&*app.entropy);
    let row = body.into_row(&caller, &key, now, &*app.entropy);
    store.create_api_key(&row, &api_key::hash(key.expose())).await?;
    Ok((StatusCode::CREATED, Json(CreatedApiKey { api_key: row.into(), key })))
}

/// Revokes an API key.
///
/// Other nodes may take it for some seconds more (`auth.api_key_cache_ms`).
#[utoipa::path(
    delete, path = "/v1/api-keys/{id}", tag = "api-keys", params(("id" = ApiKeyId, Path)), security(("bearer" = ["admin"])),
    responses((status = 204, description = "It is revoked"), Problems)
)]
async fn delete_api_key(State(app): State<AppState>, caller: Caller, Id(id): Id<ApiKeyId>) -> Result<StatusCode> {
    caller.require(Scope::Admin)?;
    app.home().store.delete_api_key(&caller.reach, id).await?;
    app.authenticator.forget();
    Ok(StatusCode::NO_CONTENT)
}

impl NewApiKey {
    fn validate(&self, now: Timestamp) -> Result<()> {
        let mut faults = Vec::new();
        if !(1..=MAX_NAME).contains(&self.name.chars().count()) {
            faults.push(("/name", "must have between 1 and 200 characters"));
        }
        if self.scopes.is_empty() {
            faults.push(("/scopes", "must name at least one scope"));
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            faults.push(("/expires_at", "must be in the future"));
        }
        if faults.is_empty() {
            return Ok(());
        }
        let problem = Problem::invalid_request("The API key is not valid; nothing was changed.");
        Err(faults.into_iter().fold(problem, |problem, (pointer, detail)| problem.at_pointer(pointer, detail)))
    }

    fn into_row(self, caller: &Caller, key: &Secret, now: Timestamp, entropy: &dyn Entropy) -> credential::ApiKey {
        let mut scopes = self.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        credential::ApiKey {
            id: ApiKeyId::new(now, entropy),
            name: self.name,
            reach: match self.reach {
                KeyReach::Tenant => Reach::Tenant(caller.tenant.clone()),
                KeyReach::All => Reach::All,
            },
            scopes,
            hint: api_key::hint(key.expose()),
            created_at: now,
            expires_at: self.expires_at,
        }
    }
}
