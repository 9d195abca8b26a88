//! The HTTP server: its connections, and its requests by route.

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge};

use super::LATENCY;
use super::catalog::{Catalog, Label};

/// Methods that are told apart; the last one stands for all others.
pub(super) const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "other"];

/// Classes of statuses, by their first digit.
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

const ROUTE: &str = "the templates of the API document, `/docs` and the like, else `other`";

/// The handles of the HTTP server.
#[derive(Debug)]
pub struct Http {
    /// Connections that are open.
    pub open_connections: IntGauge,
    /// Requests that are open.
    pub open_requests: IntGauge,
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Http {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        catalog.section("HTTP server");
        let labels = || vec![Label::listed("method", &METHODS), Label::described("route", ROUTE)];
        let with_status = labels().into_iter().chain([Label::listed("status", &STATUSES)]).collect();
        Self {
            open_connections: catalog
                .gauge("waypost_http_open_connections", "Connections that are open; at most `server.max_connections`."),
            open_requests: catalog
                .gauge("waypost_http_open_requests", "Requests that are open, health checks and refused ones included; what is worked on is at most `server.max_requests`."),
            requests: catalog.counter_family(
                "waypost_http_requests_total",
                "Requests answered, by method, route and class of status.",
                with_status,
            ),
            seconds: catalog.histogram_family(
                "waypost_http_request_seconds",
                "From the headers of a request to those of its answer.",
                labels(),
                &LATENCY,
            ),
        }
    }

    /// Every method that is told apart; a request with another one counts as the last.
    #[must_use]
    pub const fn methods() -> &'static [&'static str] {
        &METHODS
    }

    /// Where requests are counted. Resolve it once.
    #[must_use]
    pub fn requests(&self, method: &str, route: &str, status_class: u16) -> IntCounter {
        let class = usize::from(status_class.clamp(1, 5)) - 1;
        self.requests.with_label_values(&[method, route, STATUSES[class]])
    }

    /// Where their time is noted. Resolve it once.
    #[must_use]
    pub fn seconds(&self, method: &str, route: &str) -> Histogram {
        self.seconds.with_label_values(&[method, route])
    }
}
