//! `/docs`: a viewer of the API document that is compiled in and works offline.
//!
//! Nothing comes from anywhere else, and the content security policy holds the browser to that.

use std::sync::Arc;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_swagger_ui::Config;

use super::problem::Problem;

/// Everything from here, nothing inline but styles, which the viewer sets on its elements; images may be data URLs, its icons are.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config =
        Config::from("/openapi.json").display_operation_id(true).doc_expansion("list").filter(true).validator_url("none");
    Arc::new(config.persist_authorization(false).try_it_out_enabled(true))
});

/// The viewer's routes.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async || asset("index.html")))
        .route("/docs/{*path}", get(async |Path(path): Path<String>| asset(&path)))
}

fn asset(path: &str) -> Response {
    match utoipa_swagger_ui::serve(path, CONFIG.clone()) {
        Ok(Some(file)) => {
            let content_type =
                HeaderValue::from_str(&file.content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
            // The names carry no version: a browser asks again after an hour.
            let caching = if path == "index.html" { "no-cache" } else { "public, max-age=3600" };
            let headers: [(HeaderName, HeaderValue); 4] = [
                (header::CONTENT_TYPE, content_type),
                (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ];
            (headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::not_found("The viewer has no such file.").into_response(),
        Err(error) => Problem::internal(&*error).into_response(),
    }
}
