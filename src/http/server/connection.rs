//! One connection: HTTP/1.1 or HTTP/2, within its limits.

use std::convert::Infallible;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::door::Door;
use crate::config;

/// Less than this hyper does not take as its buffer for headers.
const MIN_HEADER_BYTES: u32 = 8192;

/// How much more in headers is read than is allowed. [`Door`] refuses what is over the bound with a problem that names the setting;
/// only what is beyond this too gets hyper's own 431, which has no body.
const HEADER_SLACK: u32 = 2;

/// Requests one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 256;

/// How often an HTTP/2 peer is asked whether it is still there, and how long it has to say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How connections are served.
pub(super) struct Connections {
    builder: Builder<TokioExecutor>,
    door: Door,
    stop: CancellationToken,
    header_timeout: Duration,
}

/// What the requests of one connection amount to.
#[derive(Default)]
struct Activity {
    begun: AtomicUsize,
    open: AtomicUsize,
}

impl Connections {
    pub(super) fn new(config: &config::Server, door: Door, stop: CancellationToken) -> Self {
        let header_timeout = Duration::from_millis(config.header_timeout_ms);
        let header_bytes = config.max_header_bytes.max(MIN_HEADER_BYTES).saturating_mul(HEADER_SLACK);
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_headers(config.max_headers.saturating_mul(HEADER_SLACK as usize))
            .max_buf_size(header_bytes as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(header_bytes)
            .max_concurrent_streams(MAX_STREAMS)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_INTERVAL);
        Self { builder, door, stop, header_timeout }
    }

    /// Serves one connection to its end, which comes gracefully when the server stops or nothing is asked any more.
    pub(super) async fn serve(&self, stream: TcpStream) {
        // Answers are small: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let _connected = self.door.connect();
        let activity = Arc::new(Activity::default());
        let service = service_fn(|request: Request<Incoming>| {
            let (door, activity) = (self.door.clone(), activity.clone());
            async move {
                let _open = Open::begin(&activity);
                Ok::<_, Infallible>(door.answer(request).await)
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            ended = connection.as_mut() => return report(ended),
            () = self.stop.cancelled() => {}
            () = self.idle(&activity) => {}
        }
        connection.as_mut().graceful_shutdown();
        report(connection.await);
    }

    /// Ends when no request was open nor begun for the time that headers may take. hyper's own timer begins only when it knows
    /// the protocol, so a connection that never says anything would stay for ever.
    async fn idle(&self, activity: &Activity) {
        let mut begun = 0;
        loop {
            tokio::time::sleep(self.header_timeout).await;
            let now_begun = activity.begun.load(Ordering::Relaxed);
            if activity.open.load(Ordering::Relaxed) == 0 && now_begun == begun {
                return;
            }
            begun = now_begun;
        }
    }
}

/// Most connections that end with an error only went away.
fn report(ended: Result<(), Box<dyn Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(error = &*error as &dyn Error, "connection ended");
    }
}

/// A request that is open.
struct Open<'a>(&'a Activity);

impl<'a> Open<'a> {
    fn begin(activity: &'a Activity) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        activity.open.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
