//! The sink: takes every delivery and knows which event came when and how often.
//!
//! `sink EVENTS FAN_OUT` listens on a free port and prints it. Deliveries of an event's nth subscription go to `/n`. What goes to
//! `/aside` is only counted. Either answers 204 at once, or later with `/after/MS` behind it, or 500 with `/fails` behind it.
//! `GET /count` and `GET /aside` answer how many different deliveries came and how many came aside;
//! `GET /report` sums up what it is [`Asked`] for.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::process::{Server, request};
use crate::statistics::Percentiles;
use crate::{Result, message};

/// What came in.
struct Arrivals {
    fan_out: usize,
    /// One entry per event: when it was sent.
    sent_at: Vec<AtomicI64>,
    /// One entry per event and subscription: microseconds from sending to arriving, and one more; 0 is not arrived.
    taken: Vec<AtomicU32>,
    distinct: AtomicUsize,
    duplicates: AtomicUsize,
    aside: AtomicUsize,
    last_duplicate_at: AtomicI64,
}

/// Which deliveries are summed up: those of events in a range to the first subscriptions of each, without every nth event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) events: Range<usize>,
    /// Events whose number divided by `every` leaves `except` are left out.
    pub(crate) every: usize,
    pub(crate) except: usize,
    /// So many subscriptions of each event.
    pub(crate) copies: usize,
}

impl Default for Asked {
    /// Everything: no number leaves 1 when divided by 1.
    fn default() -> Self {
        Self { events: 0..usize::MAX, every: 1, except: 1, copies: usize::MAX }
    }
}

/// What `GET /report` answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) arrived: usize,
    pub(crate) missing: usize,
    /// Of all that came.
    pub(crate) duplicates: usize,
    pub(crate) last_duplicate_at: i64,
    pub(crate) last_at: i64,
    pub(crate) latency: Percentiles,
}

/// Asks the sink for a report.
pub(crate) fn ask(sink: &Server, asked: &Asked) -> Result<Report> {
    let (_, text) = request("GET", &sink.address, "/report", "", &serde_json::to_string(asked)?)?;
    Ok(serde_json::from_str(&text)?)
}

/// The role.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [events, fan_out] = arguments else { return Err("usage: sink EVENTS FAN_OUT".into()) };
    let (events, fan_out): (usize, usize) = (events.parse()?, fan_out.parse()?);
    let arrivals = Arc::new(Arrivals {
        fan_out,
        sent_at: (0..events).map(|_| AtomicI64::new(0)).collect(),
        taken: (0..events * fan_out).map(|_| AtomicU32::new(0)).collect(),
        distinct: AtomicUsize::new(0),
        duplicates: AtomicUsize::new(0),
        aside: AtomicUsize::new(0),
        last_duplicate_at: AtomicI64::new(0),
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(arrivals))
}

async fn serve(arrivals: Arc<Arrivals>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let arrivals = Arc::clone(&arrivals);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&arrivals), request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(arrivals: Arc<Arrivals>, request: Request<Incoming>) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET {
        let text = match path.as_str() {
            "/count" => arrivals.distinct.load(Ordering::Relaxed).to_string(),
            "/aside" => arrivals.aside.load(Ordering::Relaxed).to_string(),
            _ => {
                let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                let asked: Asked = serde_json::from_slice(&body).unwrap_or_default();
                serde_json::to_string(&arrivals.report(&asked)).unwrap_or_default()
            }
        };
        return Ok(Response::new(Full::new(text.into())));
    }
    let (to, manner) = path.trim_start_matches('/').split_once('/').unwrap_or((&path[1..], ""));
    let taken = request.into_body().collect().await.ok().and_then(|body| arrivals.take(to, &body.to_bytes()));
    if let Some(delay) = manner.strip_prefix("after/").and_then(|delay| delay.parse().ok()) {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = match (taken, manner) {
        (None, _) => StatusCode::BAD_REQUEST,
        (_, "fails") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::NO_CONTENT,
    };
    Ok(response)
}

impl Arrivals {
    fn take(&self, to: &str, body: &[u8]) -> Option<()> {
        if to == "aside" {
            self.aside.fetch_add(1, Ordering::Relaxed);
            return Some(());
        }
        let subscription: usize = to.parse().ok()?;
        let (number, sent_at) = message::read(body).ok()?;
        let now = message::now();
        let place = self.taken.get(number * self.fan_out + subscription)?;
        let taken = u32::try_from((now - sent_at).max(0)).unwrap_or(u32::MAX - 1) + 1;
        if place.compare_exchange(0, taken, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.sent_at.get(number)?.store(sent_at, Ordering::Relaxed);
            self.distinct.fetch_add(1, Ordering::Relaxed);
        } else {
            self.last_duplicate_at.fetch_max(now, Ordering::Relaxed);
            self.duplicates.fetch_add(1, Ordering::Relaxed);
        }
        Some(())
    }

    fn report(&self, asked: &Asked) -> Report {
        let events =
            (asked.events.start..asked.events.end.min(self.sent_at.len())).filter(|event| event % asked.every != asked.except);
        let (mut latencies, mut missing, mut last_at) = (Vec::new(), 0, 0);
        for event in events {
            let sent_at = self.sent_at[event].load(Ordering::Relaxed);
            for place in &self.taken[event * self.fan_out..][..asked.copies.min(self.fan_out)] {
                match place.load(Ordering::Relaxed).checked_sub(1) {
                    None => missing += 1,
                    Some(taken) => {
                        last_at = last_at.max(sent_at + i64::from(taken));
                        latencies.push(taken);
                    }
                }
            }
        }
        Report {
            arrived: latencies.len(),
            missing,
            duplicates: self.duplicates.load(Ordering::Relaxed),
            last_duplicate_at: self.last_duplicate_at.load(Ordering::Relaxed),
            last_at,
            latency: Percentiles::of(latencies),
        }
    }
}
