//! `/v1/producers`: named inbound doors, each with its own verification. What comes through them is `http::ingest`'s.

mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::answers::{BodyProblems, Problems};
use super::wire::{Body, Cursor, Id, Limit, List, Query, page};
use crate::domain::credential::Scope;
use crate::domain::id::ProducerId;
use crate::domain::producer;
use crate::http::problem::{Problem, Result};
use crate::http::{AppState, Caller, Shard};
use crate::store::Store;
use view::{CreatedProducer, NewProducer, Producer, ProducerPatch, ProducerSecrets};

/// A page of them, under a name for the document.
type ProducerList = List<Producer>;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list_producers, create_producer))
        .routes(routes!(get_producer, update_producer, delete_producer))
        .routes(routes!(get_producer_secrets))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListProducers {
    /// How many rows the page may have.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250, default = 50)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<ProducerId>>,
}

/// Lists producers, newest first, without their secrets.
#[utoipa::path(
    get, path = "/v1/producers", tag = "producers", params(ListProducers), security(("bearer" = ["admin"])),
    responses((status = 200, description = "A page of producers", body = ProducerList), Problems)
)]
async fn list_producers(
    State(app): State<AppState>,
    caller: Caller,
    Query(ListProducers { limit, cursor }): Query<ListProducers>,
) -> Result<Json<List<Producer>>> {
    caller.require(Scope::Admin)?;
    let store = &app.shard(&caller)?.store;
    let rows = store.producers(&caller.tenant, page(limit, cursor)).await?;
    Ok(Json(List::page::<ProducerId, _>(rows, Producer::from)))
}

/// Creates a producer and shows its secrets.
#[utoipa::path(
    post, path = "/v1/producers", tag = "producers", request_body = NewProducer, security(("bearer" = ["admin"])),
    responses(
        (status = 201, description = "The producer with its secrets", body = CreatedProducer, headers(("Location" = String))),
        BodyProblems
    )
)]
async fn create_producer(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<NewProducer>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CreatedProducer>)> {
    caller.require(Scope::Admin)?;
    let Shard { store, number, .. } = app.shard(&caller)?;
    let producer = body.into_producer(*number, caller.tenant, app.clock.now(), &*app.entropy)?;
    store.create_producer(&producer).await?;
    let location = [(header::LOCATION, format!("/v1/producers/{}", producer.id))];
    Ok((StatusCode::CREATED, location, Json(producer.into())))
}

/// Reads one producer, without its secrets.
#[utoipa::path(
    get, path = "/v1/producers/{id}", tag = "producers", params(("id" = ProducerId, Path)), security(("bearer" = ["admin"])),
    responses((status = 200, description = "The producer", body = Producer), Problems)
)]
async fn get_producer(State(app): State<AppState>, caller: Caller, Id(id): Id<ProducerId>) -> Result<Json<Producer>> {
    caller.require(Scope::Admin)?;
    let store = &app.shard(&caller)?.store;
    Ok(Json(own(&**store, &caller, id).await?.into()))
}

/// Reads a producer's secrets, newest first.
#[utoipa::path(
    get, path = "/v1/producers/{id}/secrets", tag = "producers", params(("id" = ProducerId, Path)),
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The secrets", body = ProducerSecrets), Problems)
)]
async fn get_producer_secrets(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ProducerId>,
) -> Result<Json<ProducerSecrets>> {
    caller.require(Scope::Admin)?;
    let store = &app.shard(&caller)?.store;
    Ok(Json(own(&**store, &caller, id).await?.into()))
}

/// Changes a producer's name or replaces its secrets.
///
/// Keep the old one in the list until its sender has the new one.
#[utoipa::path(
    patch, path = "/v1/producers/{id}", tag = "producers", params(("id" = ProducerId, Path)),
    request_body(content((ProducerPatch = "application/json"), (ProducerPatch = "application/merge-patch+json"))),
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "The producer as it is now", body = Producer), BodyProblems)
)]
async fn update_producer(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ProducerId>,
    Body(patch): Body<ProducerPatch>,
) -> Result<Json<Producer>> {
    caller.require(Scope::Admin)?;
    let store = &*app.shard(&caller)?.store;
    let producer = patch.apply(own(store, &caller, id).await?)?;
    store.update_producer(&producer).await?;
    app.doors.forget();
    Ok(Json(producer.into()))
}

/// Deletes a producer: its door is closed at once.
#[utoipa::path(
    delete, path = "/v1/producers/{id}", tag = "producers", params(("id" = ProducerId, Path)), security(("bearer" = ["admin"])),
    responses((status = 204, description = "It is deleted"), Problems)
)]
async fn delete_producer(State(app): State<AppState>, caller: Caller, Id(id): Id<ProducerId>) -> Result<StatusCode> {
    caller.require(Scope::Admin)?;
    app.shard(&caller)?.store.delete_producer(&caller.tenant, id).await?;
    app.doors.forget();
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant's own producer: the store finds anybody's, since ingest asks before it knows whose it is.
async fn own(store: &dyn Store, caller: &Caller, id: ProducerId) -> Result<producer::Producer> {
    let producer = store.producer(id).await?;
    if producer.tenant == caller.tenant {
        return Ok(producer);
    }
    Err(Problem::not_found("There is no such resource in this tenant."))
}
