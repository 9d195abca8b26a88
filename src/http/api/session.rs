//! `/v1/session`: signing in to the dashboard, and who is signed in.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::Body;
use super::wire::answers::{BodyProblems, Problems};
use crate::domain::clock::Timestamp;
use crate::domain::credential::{Reach, Scope};
use crate::domain::secret::Secret;
use crate::http::auth::{Identity, api_key, session};
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get_session, create_session, delete_session))
}

/// Who a credential belongs to and what it allows.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    /// What the credential is called: an API key's name or a token's subject.
    name: String,
    /// The one tenant it reaches; null means all of them, and `Waypost-Tenant` names one.
    #[schema(required = true)]
    tenant: Option<String>,
    /// What it allows.
    scopes: Vec<Scope>,
    /// When it stops working; null means not by itself.
    #[schema(required = true)]
    expires_at: Option<Timestamp>,
    /// Whether the server runs in development mode.
    is_dev: bool,
    /// The server's version.
    version: &'static str,
}

/// One of both: the key of somebody, or the token of a link that signs in once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSession {
    /// An API key.
    #[schema(value_type = Option<String>)]
    api_key: Option<Secret>,
    /// The token of the link that `--dev` prints.
    #[schema(value_type = Option<String>)]
    sign_in_token: Option<Secret>,
}

/// Says who the caller is.
///
/// For any credential: an API key, a JSON Web Token or the dashboard's session.
#[utoipa::path(
    get, path = "/v1/session", tag = "session",
    responses((status = 200, description = "The caller", body = Session), Problems)
)]
async fn get_session(State(app): State<AppState>, caller: Caller) -> Json<Session> {
    let Caller { name, reach, scopes, expires_at, .. } = caller;
    Json(Session::new(Identity { name, reach, scopes, expires_at }, app.config.dev))
}

/// Signs in: sets the cookie `waypost_session`, which is then as good as the key.
///
/// The session ends after `auth.session_ms`, or with its key. The cookie is out of reach of scripts and other sites; what comes
/// with it from another site is refused.
#[utoipa::path(
    post, path = "/v1/session", tag = "session", request_body = NewSession, security(()),
    responses(
        (status = 201, description = "Signed in", body = Session, headers(("Set-Cookie" = String, description = "The session"))),
        BodyProblems
    )
)]
async fn create_session(State(app): State<AppState>, headers: HeaderMap, Body(body): Body<NewSession>) -> Result<Response> {
    let (identity, api_key) = match (body.api_key, body.sign_in_token) {
        (Some(key), None) => app.authenticator.by_api_key(key.expose()).await?,
        (None, Some(token)) if app.sign_in_tokens.redeem(token.expose()) => {
            app.authenticator.by_api_key(api_key::DEVELOPMENT).await?
        }
        (None, Some(_)) => {
            return Err(Problem::new(
                Code::Unauthenticated,
                "The link was used before, or belongs to an earlier start of the server.",
            ));
        }
        _ => {
            return Err(
                Problem::invalid_request("Send `api_key` or `sign_in_token`.").at_pointer("/api_key", "expected an API key")
            );
        }
    };
    let now = app.clock.now();
    let (token, hash) = session::generate(&*app.entropy);
    let ends_at = now.plus(Duration::from_millis(app.config.auth.session_ms));
    app.home().store.create_session(&hash, api_key, now, ends_at).await?;
    let expires_at = identity.expires_at.map_or(ends_at, |end| end.min(ends_at));
    let cookie = session::cookie(token.expose(), &headers).to_string();
    let session = Session::new(Identity { expires_at: Some(expires_at), ..identity }, app.config.dev);
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// Signs out: ends the session of the cookie, if there is one.
#[utoipa::path(
    delete, path = "/v1/session", tag = "session", security(()),
    responses((status = 204, description = "Nobody is signed in"), Problems)
)]
async fn delete_session(State(app): State<AppState>, headers: HeaderMap) -> Result<Response> {
    if let Some(token) = session::token(&headers) {
        app.authenticator.end_session(&token).await?;
    }
    let cookie = session::cookie("", &headers).to_string();
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

impl Session {
    fn new(identity: Identity, is_dev: bool) -> Self {
        let Identity { name, reach, scopes, expires_at } = identity;
        let tenant = match reach {
            Reach::Tenant(tenant) => Some(tenant.to_string()),
            Reach::All => None,
        };
        Self { name, tenant, scopes, expires_at, is_dev, version: env!("CARGO_PKG_VERSION") }
    }
}
