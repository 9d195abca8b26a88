//! `waypost openapi`: the document, as `openapi/openapi.json` holds it.

pub(super) fn run() -> anyhow::Result<()> {
    super::print(crate::http::openapi::document_text().trim_end());
    Ok(())
}
