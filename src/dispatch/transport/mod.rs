//! One HTTP exchange with a sink: a pooled client over guarded connections, a time limit over the whole of it, a bounded answer.
//!
//! Redirects are never followed. It knows nothing of deliveries: it turns a request into an [`Outcome`].

mod connect;
mod failure;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use connect::Connector;

use super::egress::Guard;
use super::sink::authority;
use crate::config;
use crate::domain::clock::Clock;
use crate::domain::delivery::{ErrorClass, Outcome};

/// Bytes of an answer's body that are kept with the attempt.
const KEPT_BODY_BYTES: usize = 16 * 1024;
/// Bytes of an answer's headers that are kept with the attempt.
const KEPT_HEADER_BYTES: usize = 8 * 1024;

/// Bytes buffered per connection: what a sink may send ahead of being read, and the most its headers may take.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// The client that all requests to sinks go through. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    max_response_bytes: usize,
    clock: Arc<dyn Clock>,
}

/// What was read of an answer.
#[derive(Debug, Default)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: BytesMut,
    is_truncated: bool,
}

impl Transport {
    /// A client with no connections yet.
    ///
    /// # Panics
    /// Never: the provider supports the default protocol versions, as every test that uses TLS shows.
    pub(super) fn new(config: &config::Dispatch, guard: Guard, clock: Arc<dyn Clock>) -> Self {
        let connector = Connector::new(Arc::new(guard), Duration::from_millis(config.connect_timeout_ms));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::aws_lc_rs::default_provider())
            .expect("the provider supports TLS 1.2 and 1.3")
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(config.idle_timeout_ms))
            .pool_max_idle_per_host(config.max_idle_per_sink)
            .http1_max_buf_size(MAX_BUFFER_BYTES)
            .build(connector);
        Self { client, max_response_bytes: config.max_response_bytes, clock }
    }

    /// Makes one exchange, answer included, within `limit`.
    pub(super) async fn exchange(&self, request: Request<Full<Bytes>>, limit: Duration) -> Outcome {
        let authority = authority(request.uri());
        let started_at = self.clock.now();
        let mut answer = Answer::default();
        let failure = match tokio::time::timeout(limit, self.talk(request, &authority, &mut answer)).await {
            Ok(talked) => talked.err(),
            Err(_) => Some((ErrorClass::Timeout, format!("{authority}: not complete within {} ms", limit.as_millis()))),
        };
        let failure = failure.or_else(|| judge(answer.status, &authority));
        let (error_class, error) = failure.map_or((None, None), |(class, text)| (Some(class), Some(text)));
        Outcome {
            duration: self.clock.now().since(started_at),
            status: (answer.status != 0).then_some(answer.status),
            error_class,
            error,
            response_headers: answer.headers,
            response_body: answer.body.freeze(),
            is_body_truncated: answer.is_truncated,
        }
    }

    async fn talk(
        &self,
        request: Request<Full<Bytes>>,
        authority: &str,
        answer: &mut Answer,
    ) -> Result<(), (ErrorClass, String)> {
        let response = self.client.request(request).await.map_err(|error| failure::of_client(&error, authority))?;
        answer.status = response.status().as_u16();
        answer.headers = kept_headers(response.headers());
        self.read(response, answer).await.map_err(|error| (ErrorClass::Protocol, failure::describe(&error, authority)))
    }

    /// Reads the body up to the bound. What is longer is not waited for: dropping it closes the connection.
    async fn read(&self, response: Response<Incoming>, answer: &mut Answer) -> Result<(), hyper::Error> {
        let mut body = response.into_body();
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            total += data.len();
            let kept = data.len().min(KEPT_BODY_BYTES - answer.body.len());
            answer.body.extend_from_slice(&data[..kept]);
            answer.is_truncated |= kept < data.len();
            if total > self.max_response_bytes {
                break;
            }
        }
        Ok(())
    }
}

fn judge(status: u16, authority: &str) -> Option<(ErrorClass, String)> {
    let (class, text) = match status {
        200..=299 => return None,
        300..=399 => (ErrorClass::Redirect, ": redirects are not followed"),
        400..=499 => (ErrorClass::Client, ""),
        500.. => (ErrorClass::Server, ""),
        _ => (ErrorClass::Protocol, ": not a final answer"),
    };
    Some((class, format!("{authority}: answered {status}{text}")))
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut left = KEPT_HEADER_BYTES;
    headers
        .iter()
        .map_while(|(name, value)| {
            left = left.checked_sub(name.as_str().len() + value.len())?;
            Some((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        })
        .collect()
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").finish_non_exhaustive()
    }
}
