//! The dashboard: the files of `web/dist`, compiled into the binary.
//!
//! It uses the public API alone and knows its pages by the fragment of the address, so that every other path stays the API's: a
//! mistyped one gets a problem, never a page. Nothing comes from anywhere else, and the content security policy holds the browser
//! to that.

use std::borrow::Cow;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};

/// What was built; only a keeper of the folder's place if the dashboard was not.
#[derive(Embed)]
#[folder = "web/dist/"]
struct Files;

/// The page.
const INDEX: &str = "index.html";

/// Where files lie whose names change with their content.
const HASHED: &str = "assets/";

/// Scripts and styles from here alone, none of them inline; no frames, no forms elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What `/` says in a binary that was built without the dashboard.
const NOT_BUILT: &str = "\
This Waypost was built without its dashboard.

To get it, build with `make` in the source folder: it runs `npm ci` and `npm run build` in web/ and then builds the binary, which
takes the pages in. The API is all here; /docs describes it.
";

/// The encodings that the build made, the better one first, and how their files' names end.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// A route for `/` and for every file. There is none for anything else.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let files = Files::iter().filter(|name| is_served(name));
    let router = Router::new().route("/", get(async |headers: HeaderMap| index(&headers)));
    files.fold(router, |router, name| {
        let path = format!("/{name}");
        router.route(&path, get(async move |headers: HeaderMap| file(&name, &headers)))
    })
}

/// Whether a file has an address of its own: variants come in its place, and the page is at `/`.
fn is_served(name: &str) -> bool {
    name != INDEX && !name.starts_with('.') && !ENCODINGS.iter().any(|(_, suffix)| name.ends_with(suffix))
}

fn index(headers: &HeaderMap) -> Response {
    if Files::get(INDEX).is_some() {
        return file(INDEX, headers);
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (content_type, NOT_BUILT).into_response()
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some((encoding, EmbeddedFile { data, metadata })) = variant(name, headers) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = entity_tag(&metadata.sha256_hash());
    let caching = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut own = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(name))),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ]);
    own.extend(tag.clone().map(|tag| (header::ETAG, tag)));
    own.extend(encoding.map(|encoding| (header::CONTENT_ENCODING, HeaderValue::from_static(encoding))));
    if tag.is_some() && headers.get(header::IF_NONE_MATCH) == tag.as_ref() {
        return (StatusCode::NOT_MODIFIED, own).into_response();
    }
    let body = match data {
        Cow::Borrowed(bytes) => bytes.into_response().into_body(),
        Cow::Owned(bytes) => bytes.into(),
    };
    (own, body).into_response()
}

/// The best variant that the client takes, with the name of its encoding.
fn variant(name: &str, headers: &HeaderMap) -> Option<(Option<&'static str>, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut compressed = ENCODINGS.iter().filter(|(encoding, _)| accepts(accepted, encoding));
    compressed
        .find_map(|(encoding, suffix)| Some((Some(*encoding), Files::get(&format!("{name}{suffix}"))?)))
        .or_else(|| Some((None, Files::get(name)?)))
}

/// Whether an `Accept-Encoding` names the encoding without refusing it (RFC 9110 section 12.5.3).
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let is_refused = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()) == Some(0.0);
        name.trim().eq_ignore_ascii_case(encoding) && !is_refused
    })
}

fn entity_tag(hash: &[u8]) -> Option<HeaderValue> {
    use std::fmt::Write;
    let mut text = String::from("\"");
    for byte in hash.iter().take(16) {
        write!(text, "{byte:02x}").ok()?;
    }
    text.push('"');
    HeaderValue::from_str(&text).ok()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_unless_they_are_refused() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(!accepts("gzip;q=0, br", "gzip"));
        assert!(!accepts("", "br"));
    }

    #[test]
    fn variants_and_the_page_have_no_address_of_their_own() {
        assert!(is_served("assets/index-abc.js") && is_served("favicon.svg"));
        assert!(!is_served("assets/index-abc.js.br") && !is_served("index.html") && !is_served(".gitkeep"));
    }
}
