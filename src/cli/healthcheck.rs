//! `waypost healthcheck`: for container engines, which want a command.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The server's address [default: where the configuration says it listens]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

#[expect(clippy::print_stderr, reason = "the command line speaks to a person")]
pub(super) async fn run(options: &Options, config: Config) -> anyhow::Result<ExitCode> {
    let base = options.url.clone().unwrap_or_else(|| format!("http://{}", reachable(&config.server.listen)));
    let url = format!("{}/readyz", base.trim_end_matches('/'));
    let mut client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy();
    if url.starts_with("http://") {
        // Nothing to check a certificate of, and a small image may hold no authorities, without which no client is built.
        client = client.tls_certs_only([]);
    }
    let client = client.build().context("no HTTP client")?;
    match client.get(&url).send().await {
        Ok(answer) if answer.status().is_success() => Ok(ExitCode::SUCCESS),
        Ok(answer) => {
            eprintln!("waypost: {url} answers {}", answer.status());
            Ok(ExitCode::FAILURE)
        }
        Err(error) => {
            eprintln!("waypost: {url} does not answer: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Where a server that listens on `listen` is reached from the same machine.
pub(crate) fn reachable(listen: &str) -> String {
    match listen.rsplit_once(':') {
        Some(("0.0.0.0", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => listen.to_owned(),
    }
}
