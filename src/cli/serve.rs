//! `waypost serve`: the server, until it is told to stop.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::Config;

/// Runs until SIGTERM or SIGINT, then stops within the grace period. A second signal ends the process at once.
#[expect(clippy::print_stderr, reason = "keys and links that sign in are for a person's eyes, not for the log")]
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    crate::telemetry::start(&config.log)?;
    let mut terminate = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for SIGINT")?;
    let app = App::start(config).await?;
    if let Some(key) = app.new_administrator_key() {
        eprintln!("waypost: the first administrator's API key, shown only now: {}", key.expose());
    }
    if let Some(url) = app.sign_in_url() {
        eprintln!("waypost: the dashboard, signed in once by this link: {url}");
    }
    super::print(format_args!("waypost listening on http://{}", app.address()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    tokio::select! {
        () = app.stop() => Ok(()),
        _ = terminate.recv() => anyhow::bail!("stopped by a second signal"),
        _ = interrupt.recv() => anyhow::bail!("stopped by a second signal"),
    }
}
