//! `waypost openapi`: the document, as `openapi/openapi.json` holds it, the page of its error codes, and the
//! tables of the metrics.

use clap::Args;

use crate::config::Config;
use crate::metrics::markdown;

/// What is printed.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print the page that explains every error code instead, as docs/errors.md holds it
    #[arg(long)]
    errors: bool,
    /// Print the tables of all metrics instead, as docs/metrics.md holds them
    #[arg(long, conflicts_with = "errors")]
    metrics: bool,
}

pub(super) fn run(options: &Options) {
    if options.errors {
        super::print(crate::http::problem::errors_markdown().trim_end());
    } else if options.metrics {
        let metrics = crate::app::metrics(&Config::builtin().metrics);
        super::print(markdown::tables(metrics.definitions()).trim_end());
    } else {
        super::print(crate::http::openapi::document_text().trim_end());
    }
}
