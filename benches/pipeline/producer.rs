//! The producer: posts numbered events over kept connections, in a closed loop or at a fixed rate, and times the answers.
//!
//! `producer ADDRESS KEY CONNECTIONS FIRST COUNT RATE` posts events FIRST to FIRST+COUNT; RATE 0 is a closed loop: each
//! connection posts its next event when the one before was answered. At a fixed rate, latency counts from the moment an event was
//! due, so that a server that stalls can't hide it. It prints what it measured as one line of JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::statistics::{Percentiles, real_size};
use crate::{Result, message};

/// What it measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) accepted: usize,
    /// Answers of 429 and 503; the event was posted again.
    pub(crate) refused: usize,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) latency: Percentiles,
}

/// What all connections share.
struct Plan {
    address: String,
    key: String,
    first: usize,
    count: usize,
    /// Between two events at a fixed rate; `None` in a closed loop.
    interval: Option<Duration>,
    begun: Instant,
    next: AtomicUsize,
    refused: AtomicUsize,
}

/// The role.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [address, key, connections, first, count, rate] = arguments else {
        return Err("usage: producer ADDRESS KEY CONNECTIONS FIRST COUNT RATE".into());
    };
    let rate: u32 = rate.parse()?;
    let plan = Arc::new(Plan {
        address: address.clone(),
        key: format!("Bearer {key}"),
        first: first.parse()?,
        count: count.parse()?,
        interval: (rate > 0).then(|| Duration::from_secs(1) / rate),
        begun: Instant::now(),
        next: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
    });
    let connections: usize = connections.parse()?;
    let report = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(post_all(plan, connections))?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

async fn post_all(plan: Arc<Plan>, connections: usize) -> Result<Report> {
    let first_at = message::now();
    let mut posting = JoinSet::new();
    for _ in 0..connections {
        posting.spawn(post(Arc::clone(&plan)));
    }
    let mut latencies = Vec::with_capacity(plan.count);
    while let Some(done) = posting.join_next().await {
        latencies.extend(done??);
    }
    Ok(Report {
        accepted: latencies.len(),
        refused: plan.refused.load(Ordering::Relaxed),
        first_at,
        last_at: message::now(),
        latency: Percentiles::of(latencies),
    })
}

/// Posts events over one connection until all are posted.
async fn post(plan: Arc<Plan>) -> Result<Vec<u32>> {
    let mut connection = Connection::to(&plan.address);
    let mut latencies = Vec::new();
    loop {
        let index = plan.next.fetch_add(1, Ordering::Relaxed);
        if index >= plan.count {
            return Ok(latencies);
        }
        let due = match plan.interval {
            None => Instant::now(),
            Some(interval) => plan.begun + interval.mul_f64(real_size(index)),
        };
        tokio::time::sleep_until(due.into()).await;
        post_until_accepted(&plan, &mut connection, plan.first + index).await?;
        latencies.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

async fn post_until_accepted(plan: &Plan, connection: &mut Connection, number: usize) -> Result<()> {
    let body = Bytes::from(message::event(number, message::now()));
    loop {
        let request = Request::post("/v1/events")
            .header("host", &plan.address)
            .header("authorization", &plan.key)
            .header("content-type", "application/cloudevents+json")
            .body(Full::new(body.clone()))?;
        match connection.send(request).await? {
            (202, _) => return Ok(()),
            (429 | 503, _) => {
                plan.refused.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            (status, body) => return Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)).into()),
        }
    }
}
