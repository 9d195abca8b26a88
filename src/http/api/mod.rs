//! The API, one file per resource (DESIGN 5).
//!
//! A handler is named `verb_resource`, which is its `operationId`; registering it documents it, since routes are only added
//! through [`OpenApiRouter`]. [`wire`] has what all resources share. Nothing here touches a database but through the store's
//! port, and nothing answers an error but a problem.

#![expect(unused_qualifications, reason = "what `utoipa::path` writes names the types in full")]

mod api_keys;
mod dead_letters;
mod deliveries;
mod events;
pub mod explain;
mod jobs;
mod producers;
mod session;
mod stats;
mod subscriptions;
mod tenants;
mod wire;

use utoipa_axum::router::OpenApiRouter;

use super::AppState;

/// Every route of the API but those that take events in.
#[must_use]
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .merge(events::routes())
        .merge(explain::routes())
        .merge(subscriptions::routes())
        .merge(deliveries::routes())
        .merge(dead_letters::routes())
        .merge(jobs::routes())
        .merge(producers::routes())
        .merge(tenants::routes())
        .merge(api_keys::routes())
        .merge(stats::routes())
        .merge(session::routes())
}
