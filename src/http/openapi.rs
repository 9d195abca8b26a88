//! The API document, made from the routes: what is registered is documented (OpenAPI 3.1).
//!
//! `openapi/openapi.json` is this document, committed; a test compares them. It must never hold what a handler does not do.

use axum::Json;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder, ServerBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::auth::session;
use super::problem::Document;
use super::{AppState, api, callback, health, ingest, scrape};

/// What the tags are about, in the order of the path of an event.
const TAGS: [(&str, &str); 11] = [
    ("events", "Events: posting, searching and reading them."),
    ("subscriptions", "Subscriptions: a standing interest in events, where to bring them and how."),
    ("deliveries", "Deliveries: what became of each event at each sink, attempt by attempt."),
    ("dead-letters", "Dead letters: deliveries that will not be tried again by themselves."),
    ("jobs", "Jobs: delivering events of the past, step by step."),
    ("producers", "Producers: named inbound doors, each with its own verification."),
    ("tenants", "Tenants: the customers that are kept apart."),
    ("api-keys", "API keys: who may do what."),
    ("stats", "Stats: what happened lately, in numbers."),
    ("session", "Session: who the caller is, and signing in to the dashboard."),
    ("health", "Health: whether this node lives and takes requests, and what it counts."),
];

const DESCRIPTION: &str = "\
A webhook and CloudEvents router. Post CloudEvents; every subscription that matches gets them at its sink, signed and retried.

Times are RFC 3339 in UTC, durations milliseconds. Lists take `limit` and `cursor` and answer `data` and `next`, newest first. \
Errors are `application/problem+json` (RFC 9457) with a `code` of a closed list. A credential that reaches all tenants names one \
with the header `Waypost-Tenant` (absent: `default`). Whoever is signed in to the dashboard has a cookie that is as good as \
the header `Authorization`. The scopes an operation needs stand beside its security scheme.";

/// Every route with its description.
#[must_use]
pub fn routes() -> OpenApiRouter<AppState> {
    // Taking events in goes unguarded: what it takes needs headers that no other site can have a browser send unasked. So does a
    // sink's callback, where no session counts but the address alone.
    let guarded = api::routes().layer(from_fn(session::guard));
    let open = OpenApiRouter::with_openapi(head()).merge(ingest::routes()).merge(callback::routes());
    open.merge(guarded).merge(health::routes()).merge(scrape::routes())
}

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    routes().into_openapi()
}

/// The document as `openapi/openapi.json` holds it.
///
/// # Panics
/// Never: the document is made of strings, numbers and maps with string keys.
#[must_use]
pub fn document_text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("an API document is serialisable");
    text.push('\n');
    text
}

fn head() -> OpenApi {
    let mut components = Components::new();
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key (`wp_…`) or a JSON Web Token of a configured issuer."))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let mut schemas = vec![(Document::name().into_owned(), Document::schema())];
    Document::schemas(&mut schemas);
    components.schemas.extend(schemas);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Waypost")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(license()))
                .build(),
        )
        .servers(Some([ServerBuilder::new().url("/").description(Some("The server that shows this document.")).build()]))
        .tags(Some(TAGS.map(|(name, description)| {
            utoipa::openapi::tag::TagBuilder::new().name(name).description(Some(description)).build()
        })))
        .security(Some([SecurityRequirement::new("bearer", <[String; 0]>::default())]))
        .components(Some(components))
        .build()
}

fn license() -> License {
    utoipa::openapi::LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()
}

/// `GET /openapi.json`.
pub async fn get_document() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-cache")], Json(document()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_document_is_that_of_the_code() {
        let committed = include_str!("../../openapi/openapi.json");
        assert!(committed == document_text(), "openapi/openapi.json is out of date: run `make generate`");
    }
}
