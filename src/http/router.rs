//! All routes of a node, put together.
//!
//! A route is registered together with its description, so none can exist undocumented, except what is no part of the API: the
//! development inbox and the pages. An unknown address gets a problem, never a page.

use axum::Router;
use axum::http::{Method, Uri};
use axum::routing::get;

use super::problem::{Code, Problem};
use super::state::AppState;
use super::{dev, docs, health, openapi, scrape, web};

/// What this node serves: everything, or only its health and metrics if it is a dispatcher.
pub fn build(state: AppState) -> Router {
    let routes = if state.config.role.serves_api() { api(&state) } else { health::routes().merge(scrape::routes()).into() };
    // The fallbacks come last: they hold for the routes that are there.
    routes.method_not_allowed_fallback(method_not_allowed).fallback(not_found).with_state(state)
}

fn api(state: &AppState) -> Router<AppState> {
    let routes = Router::from(openapi::routes())
        .route("/openapi.json", get(openapi::get_document))
        .merge(web::routes())
        .merge(docs::routes());
    if state.config.dev { routes.merge(dev::inbox::routes()) } else { routes }
}

async fn not_found(uri: Uri) -> Problem {
    Problem::not_found(format!("There is nothing at `{}`.", uri.path().escape_debug()))
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("`{}` is not there for `{}`; the header `Allow` lists what is.", uri.path().escape_debug(), method);
    Problem::new(Code::MethodNotAllowed, detail)
}
