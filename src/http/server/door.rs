//! What every request passes: a bound on how many are open, and a net for panics.
//!
//! One plain function instead of layers on the router: each layer costs an allocation per request.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::http::health;
use crate::http::problem::{Code, Problem};

/// When to try again after too many requests were open.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way of a request to the router.
#[derive(Clone)]
pub(super) struct Door {
    router: Router,
    permits: Arc<Semaphore>,
}

/// A handler panicked: a defect.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

impl Door {
    pub(super) fn new(router: Router, max_requests: usize) -> Self {
        Self { router, permits: Arc::new(Semaphore::new(max_requests)) }
    }

    /// The answer to a request; never an error.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response {
        // Health is answered even when nothing else is.
        let is_bounded = !matches!(request.uri().path(), health::LIVE_PATH | health::READY_PATH);
        let permit = self.permits.try_acquire();
        if is_bounded && permit.is_err() {
            return Problem::new(Code::Unavailable, "Too many requests are open.").retry_after(RETRY_AFTER).into_response();
        }
        let answer = self.router.clone().call(request.map(Body::new));
        match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => Problem::internal(&Panicked(said(&*panic))).into_response(),
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
