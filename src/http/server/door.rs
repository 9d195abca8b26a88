//! What every request passes: a bound on how many are open, bounds for their headers, and a net for panics.
//!
//! One plain function instead of layers on the router: each layer costs an allocation per request.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Request};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower_service::Service;

use super::linger;
use crate::config;
use crate::http::meter::{Connected, Meter};
use crate::http::problem::{Code, Problem};
use crate::http::{health, scrape};

/// When to try again after too many requests were open.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way of a request to the router.
#[derive(Clone)]
pub(super) struct Door {
    router: Router,
    meter: Arc<Meter>,
    permits: Arc<Semaphore>,
    max_headers: usize,
    max_header_bytes: usize,
}

/// A handler panicked: a defect.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

impl Door {
    pub(super) fn new(router: Router, meter: Arc<Meter>, config: &config::Server) -> Self {
        Self {
            router,
            meter,
            permits: Arc::new(Semaphore::new(config.max_requests)),
            max_headers: config.max_headers,
            max_header_bytes: config.max_header_bytes as usize,
        }
    }

    /// The answer to a request; never an error.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response {
        let open = self.meter.begin(request.method(), request.uri().path());
        let response = self.pass(request).await;
        open.answered(&response);
        response
    }

    /// Notes a connection for as long as what is given back lives.
    pub(super) fn connect(&self) -> Connected<'_> {
        self.meter.connect()
    }

    async fn pass(&self, request: Request<Incoming>) -> Response {
        // Health and metrics are answered even when nothing else is.
        let is_bounded = !matches!(request.uri().path(), health::LIVE_PATH | health::READY_PATH | scrape::PATH);
        let permit = self.permits.try_acquire();
        if is_bounded && permit.is_err() {
            return Problem::new(Code::Unavailable, "Too many requests are open.").retry_after(RETRY_AFTER).into_response();
        }
        if let Some(problem) = self.oversized(request.headers()) {
            return problem.into_response();
        }
        let answer = self.router.clone().call(linger::request(request));
        match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => Problem::internal(&Panicked(said(&*panic))).into_response(),
        }
    }
}

impl Door {
    /// What to answer if there are more headers than allowed.
    fn oversized(&self, headers: &HeaderMap) -> Option<Problem> {
        let over = |what: String| Some(Problem::new(Code::HeadersTooLarge, what));
        if headers.len() > self.max_headers {
            return over(format!(
                "{} header lines; at most {} are read (`server.max_headers`).",
                headers.len(),
                self.max_headers
            ));
        }
        // A line's separators count: name, colon, space, value, line break.
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if bytes > self.max_header_bytes {
            let most = self.max_header_bytes;
            return over(format!("{bytes} bytes of headers; at most {most} are read (`server.max_header_bytes`)."));
        }
        None
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
