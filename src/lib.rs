//! Waypost, a webhook and CloudEvents router.
//!
//! The layers look down only: `domain` ← `store` ← `routing`, `dispatch`, `jobs`, `retention` ← `http` ← `app`, `cli`.
//! `ARCHITECTURE.md` is the map; `tests/it/tidy` holds the line.

pub mod app;
pub mod cli;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod metrics;
pub mod retention;
pub mod routing;
pub mod store;
pub mod telemetry;
