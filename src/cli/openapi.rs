//! `waypost openapi`: the document, as `openapi/openapi.json` holds it.

use anyhow::Context;

pub(super) fn run() -> anyhow::Result<()> {
    let document = crate::http::router::documented().into_openapi().to_pretty_json().context("the document can't be written")?;
    super::print(document);
    Ok(())
}
