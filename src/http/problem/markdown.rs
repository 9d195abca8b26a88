//! `docs/errors.md`, generated from the list of codes.

use std::fmt::Write as _;

use super::Code;

const HEAD: &str = "# Errors

<!-- Generated from `src/http/problem/code.rs` by `make generate`; do not edit. -->

Every error is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, `code` and, where there are places to
name, `errors`, each with a `pointer` into the body, a `header` or a `parameter`, and a `detail`. Programs branch on `code`; the
list is closed. An error changes nothing, except that after `unavailable` it may be unknown whether the request took effect;
posting the same event again is always safe.

| Code | Status | Title |
|---|---|---|
";

/// The page that explains every code, each under an anchor that the problem's `type` leads to.
#[must_use]
pub fn errors_markdown() -> String {
    let mut page = String::from(HEAD);
    for &code in Code::ALL {
        // Writing to a string can't fail.
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} | {2} |", code.as_str(), code.status().as_u16(), code.title());
    }
    for &code in Code::ALL {
        let _ = write!(page, "\n## {}\n\n**{}** ({}). {}\n", code.as_str(), code.title(), code.status(), code.description());
    }
    page
}
