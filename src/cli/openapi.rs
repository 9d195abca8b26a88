//! `waypost openapi`: the document, as `openapi/openapi.json` holds it, and the page of its error codes.

use clap::Args;

/// What is printed.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print the page that explains every error code instead, as docs/errors.md holds it
    #[arg(long)]
    errors: bool,
}

pub(super) fn run(options: &Options) {
    if options.errors {
        super::print(crate::http::problem::errors_markdown().trim_end());
    } else {
        super::print(crate::http::openapi::document_text().trim_end());
    }
}
