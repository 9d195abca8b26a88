//! Reading a request's body: whole, within a number of bytes and a time.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::problem::{Code, Problem, Result};
use crate::config::Config;

/// Bodies up to this size are copied out of the connection's buffer. An event may wait in memory for long; a slice of that
/// buffer would keep the whole of it, many times the event's size, and no bound would know.
const COPY_BELOW: usize = 16 * 1024;

/// The whole body, at most `ingest.max_body_bytes` long, arrived within `server.body_timeout_ms`.
///
/// # Errors
/// 413, 408, or 400 if the connection broke.
pub(super) async fn read(body: Body, config: &Config) -> Result<Bytes> {
    read_at_most(body, config.ingest.max_body_bytes, config).await
}

/// The whole body, at most `limit` bytes long, arrived within `server.body_timeout_ms`.
///
/// # Errors
/// 413, 408, or 400 if the connection broke.
pub(super) async fn read_at_most(body: Body, limit: usize, config: &Config) -> Result<Bytes> {
    // A body that announces its length is refused before a byte of it is read.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let time_limit = Duration::from_millis(config.server.body_timeout_ms);
    let collected = tokio::time::timeout(time_limit, Limited::new(body, limit).collect()).await;
    let collected = collected.map_err(|_| too_slow(config.server.body_timeout_ms))?;
    let bytes = collected.map_err(|error| broken(&*error, limit))?.to_bytes();
    Ok(if bytes.len() < COPY_BELOW { Bytes::copy_from_slice(&bytes) } else { bytes })
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::PayloadTooLarge, format!("The body is longer than {limit} bytes."))
}

fn too_slow(limit_ms: u64) -> Problem {
    Problem::new(Code::Timeout, format!("The body did not arrive within {limit_ms} ms (`server.body_timeout_ms`)."))
}

fn broken(error: &(dyn std::error::Error + 'static), limit: usize) -> Problem {
    if error.is::<LengthLimitError>() { too_large(limit) } else { Problem::invalid_request("The body did not arrive complete.") }
}
