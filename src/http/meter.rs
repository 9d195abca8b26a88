//! What is counted of requests: by method, route and class of status, and refused posts by the code of their problem.
//!
//! The route is found among the templates of the API document. axum knows it too, but only inside its layers, each of which costs
//! every request an allocation; and a path that is no route must not become a label.

use std::sync::{Arc, OnceLock};

use axum::http::Method;
use axum::response::Response;
use matchit::Router;
use prometheus::{Histogram, IntCounter};
use tokio::time::Instant;

use super::problem::Code;
use crate::metrics::{Accept, Http, Metrics};

/// Routes that are no part of the API document.
const UNDOCUMENTED: [&str; 5] = ["/", "/assets/{*path}", "/openapi.json", "/docs", "/docs/{*path}"];

/// Where events are posted.
const INGEST: [&str; 2] = ["/v1/events", "/v1/producers/{producer}/events"];

/// The label of everything else.
const OTHER: &str = "other";

/// Counts requests. Made once; every handle is resolved when it is first needed.
pub struct Meter {
    http: Arc<Http>,
    accept: Arc<Accept>,
    positions: Router<usize>,
    /// The last one is of all that is no route.
    routes: Vec<Route>,
}

struct Route {
    template: String,
    is_ingest: bool,
    methods: Vec<Series>,
}

/// The series of one method at one route.
#[derive(Default)]
struct Series {
    seconds: OnceLock<Histogram>,
    by_status: [OnceLock<IntCounter>; 5],
}

/// A request that is open.
pub(super) struct Open<'m> {
    meter: &'m Meter,
    method: usize,
    route: usize,
    began: Instant,
}

/// A connection that is open.
pub(super) struct Connected<'m>(&'m Meter);

impl Meter {
    /// A meter for the routes of a node.
    ///
    /// # Panics
    /// Never: the templates are those the router was built of, which takes the same ones.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let documented = super::openapi::document().paths.paths.into_keys();
        let templates: Vec<String> = documented.chain(UNDOCUMENTED.map(str::to_owned)).collect();
        let mut positions = Router::new();
        for (position, template) in templates.iter().enumerate() {
            positions.insert(template, position).expect("the router took the same templates");
        }
        let routes = templates.into_iter().chain([OTHER.to_owned()]).map(Route::new).collect();
        Self { http: Arc::clone(&metrics.http), accept: Arc::clone(&metrics.accept), positions, routes }
    }

    /// Notes that a request began.
    pub(super) fn begin(&self, method: &Method, path: &str) -> Open<'_> {
        let methods = Http::methods();
        let known = methods.iter().position(|known| *known == method.as_str());
        let route = self.positions.at(path).map_or(self.routes.len() - 1, |found| *found.value);
        self.http.open_requests.inc();
        Open { meter: self, method: known.unwrap_or(methods.len() - 1), route, began: Instant::now() }
    }

    /// Notes that a connection was made.
    pub(super) fn connect(&self) -> Connected<'_> {
        self.http.open_connections.inc();
        Connected(self)
    }
}

impl Route {
    fn new(template: String) -> Self {
        let methods = Http::methods().iter().map(|_| Series::default()).collect();
        Self { is_ingest: INGEST.contains(&template.as_str()), template, methods }
    }
}

impl Open<'_> {
    /// Counts the answer.
    pub(super) fn answered(&self, response: &Response) {
        let Meter { http, accept, routes, .. } = self.meter;
        let (route, method) = (&routes[self.route], Http::methods()[self.method]);
        let series = &route.methods[self.method];
        let class = response.status().as_u16() / 100;
        let by_status = &series.by_status[usize::from(class.clamp(1, 5)) - 1];
        by_status.get_or_init(|| http.requests(method, &route.template, class)).inc();
        let seconds = series.seconds.get_or_init(|| http.seconds(method, &route.template));
        seconds.observe(self.began.elapsed().as_secs_f64());
        if route.is_ingest
            && method == "POST"
            && let Some(code) = response.extensions().get::<Code>()
        {
            accept.rejected(*code as usize);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.meter.http.open_requests.dec();
    }
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.http.open_connections.dec();
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;
    use crate::http::Problem;
    use crate::metrics::Options;

    fn series(metrics: &Metrics, name: &str) -> Vec<String> {
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        let lines = text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
        lines.filter(|line| !line.ends_with(" 0")).map(str::to_owned).collect()
    }

    #[test]
    fn paths_become_templates_and_what_is_no_route_has_one_label() {
        let metrics = Metrics::new(&Options::default());
        let meter = Meter::new(&metrics);
        for (method, path) in [("GET", "/v1/events/evt_1"), ("GET", "/v1/events/evt_2"), ("BREW", "/coffee"), ("GET", "/x/y/z")] {
            meter.begin(&method.parse().unwrap(), path).answered(&StatusCode::OK.into_response());
        }
        let mut counted = series(&metrics, "waypost_http_requests_total");
        counted.sort();
        assert_eq!(
            counted,
            [
                r#"waypost_http_requests_total{method="GET",route="/v1/events/{id}",status="2xx"} 2"#,
                r#"waypost_http_requests_total{method="GET",route="other",status="2xx"} 1"#,
                r#"waypost_http_requests_total{method="other",route="other",status="2xx"} 1"#,
            ]
        );
        assert_eq!(series(&metrics, "waypost_http_open_requests"), [""; 0]);
    }

    #[test]
    fn only_refused_posts_of_events_are_counted_by_their_code() {
        let codes = Code::ALL.iter().map(|code| code.as_str()).collect();
        let metrics = Metrics::new(&Options { codes, ..Options::default() });
        let meter = Meter::new(&metrics);
        let requests = [
            (Method::POST, "/v1/events", Code::Overloaded),
            (Method::POST, "/v1/producers/prd_1/events", Code::Replayed),
            (Method::GET, "/v1/events", Code::Forbidden),
            (Method::POST, "/v1/subscriptions", Code::InvalidRequest),
        ];
        for (method, path, code) in requests {
            meter.begin(&method, path).answered(&Problem::new(code, "no").into_response());
        }
        let counted = series(&metrics, "waypost_rejected_requests_total");
        assert_eq!(
            counted,
            [r#"waypost_rejected_requests_total{code="overloaded"} 1"#, r#"waypost_rejected_requests_total{code="replayed"} 1"#,]
        );
    }
}
