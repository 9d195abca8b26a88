//! Calls of Waypost's API, one connection each: what sets a scenario up is not measured.

use serde_json::Value;

use crate::Result;
use crate::process::request;

/// The administrator's key of every server of the benchmark.
pub(crate) const KEY: &str = "wp_benchmark_key_0123456789abcdef";

/// The tenant that the measured load belongs to.
pub(crate) const TENANT: &str = "default";

/// Posts `body` in the name of a tenant; the answer as JSON.
pub(crate) fn post(address: &str, tenant: &str, path: &str, body: &Value) -> Result<Value> {
    let headers = format!("authorization: Bearer {KEY}\r\nwaypost-tenant: {tenant}\r\ncontent-type: application/json\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    match request("POST", address, path, &headers, &body)? {
        (200..=299, answer) => Ok(serde_json::from_str(&answer).unwrap_or(Value::Null)),
        (status, answer) => Err(format!("{path} was answered {status}: {answer}").into()),
    }
}
