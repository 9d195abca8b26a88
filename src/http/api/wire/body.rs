//! JSON bodies whose every fault has a JSON Pointer.

use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::pointer::pointer;
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, body};

/// Bytes of a body of the API; events have a limit of their own, which is a setting.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// A JSON body read into `T`. 415 for another media type, 413 for one too long, 400 with a pointer for anything else.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        require_json(request.headers())?;
        decode(&collect(request, MAX_BODY_BYTES, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned> OptionalFromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>> {
        let content_type = request.headers().contains_key(header::CONTENT_TYPE).then(|| require_json(request.headers()));
        let bytes = collect(request, MAX_BODY_BYTES, state).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        content_type.unwrap_or_else(|| Err(unsupported()))?;
        decode(&bytes).map(|body| Some(Self(body)))
    }
}

/// A JSON body with an event in it: as long as both together may be.
#[derive(Debug)]
pub(crate) struct BodyWithEvent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for BodyWithEvent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        require_json(request.headers())?;
        let limit = state.config.ingest.max_body_bytes + MAX_BODY_BYTES;
        decode(&body::read_at_most(request.into_body(), limit, &state.config).await?).map(Self)
    }
}

/// Reads a JSON text as `T`. There is no tree in between, in which numbers would lose digits.
///
/// # Errors
/// 400 with the pointer of the member at fault.
pub(crate) fn decode<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    let raw: &RawValue = serde_json::from_slice(text)
        .map_err(|error| Problem::invalid_request("The body is not JSON.").at_pointer("", error.to_string()))?;
    // Serde would take an array for a struct, member by member.
    if raw.get().starts_with('[') {
        return Err(refusal().at_pointer("", "expected a JSON object"));
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(raw.get())).map_err(|error| {
        let message = message(error.inner());
        refusal().at_pointer(pointer(error.path(), &message), message)
    })
}

/// What an error says, without the line and column: a pointer says where.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) if error.line() > 0 => text[..end].to_owned(),
        _ => text,
    }
}

fn refusal() -> Problem {
    Problem::invalid_request("The body is not as expected; nothing was changed.")
}

async fn collect(request: Request, limit: usize, state: &AppState) -> Result<Bytes> {
    let limit = limit.min(state.config.ingest.max_body_bytes);
    body::read_at_most(request.into_body(), limit, &state.config).await
}

/// Goes on only for `application/json` and its relatives (`application/merge-patch+json`), in UTF-8.
fn require_json(headers: &HeaderMap) -> Result<()> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_json = media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => value.trim_matches('"').eq_ignore_ascii_case("utf-8"),
        _ => true,
    });
    if is_json && is_utf8 { Ok(()) } else { Err(unsupported()) }
}

fn unsupported() -> Problem {
    Problem::new(Code::UnsupportedMediaType, "Send the body as `Content-Type: application/json`, in UTF-8.")
        .at_header("Content-Type", "expected application/json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::subscription::Spec;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "a/b")]
        _list: Vec<BTreeMap<String, u8>>,
    }

    fn fault<T: DeserializeOwned>(value: Value) -> String {
        let document = decode::<T>(value.to_string().as_bytes()).err().expect("the value is refused").into_document();
        document.errors[0].pointer.clone().unwrap()
    }

    #[test]
    fn faults_are_named_by_a_json_pointer() {
        assert_eq!(fault::<Sample>(json!({"a/b": [{}, {"x~y": 300}]})), "/a~1b/1/x~0y");
        assert_eq!(fault::<Sample>(json!({"a/b": [], "c": 1})), "/c");
        assert_eq!(fault::<Sample>(json!({})), "/a~1b");
        assert_eq!(fault::<Sample>(json!([])), "");
    }

    #[test]
    fn faults_deep_in_a_subscription_are_named() {
        assert_eq!(fault::<Spec>(json!({"protocol": "HTTP"})), "/sink");
        assert_eq!(
            fault::<Spec>(json!({"sink": "https://a.example", "config": {"retry": {"jitter": "much"}}})),
            "/config/retry/jitter"
        );
        assert_eq!(fault::<Spec>(json!({"sink": "https://a.example", "config": {"timeout": 3}})), "/config/timeout");
    }

    #[test]
    fn faults_in_conditions_on_data_are_named() {
        let filters = |filter: Value| fault::<Spec>(json!({"sink": "https://a.example", "filters": [filter]}));
        assert_eq!(filters(json!({"data": {"a": 1}})), "/filters/0/data");
        assert_eq!(filters(json!({"not": {"data": {"/a/b": {"gt": true}}}})), "/filters/0/not/data/~1a~1b");
    }

    #[test]
    fn numbers_keep_every_digit() {
        let body = br#"{"sink": "https://a.example", "filters": [{"data": {"/n": {"gte": 12345678901234567890124.50}}}]}"#;
        let spec: Spec = decode(body).unwrap();
        assert!(serde_json::to_string(&spec).unwrap().contains(r#"{"gte":12345678901234567890124.50}"#));
    }

    #[test]
    fn messages_have_no_line_and_column() {
        let document = decode::<Spec>(b" {\"sink\": 1}").unwrap_err().into_document();
        assert_eq!(document.errors[0].detail, "invalid type: integer `1`, expected a string");
    }

    #[test]
    fn other_media_types_are_refused() {
        for (content_type, is_fine) in [
            ("application/json", true),
            ("application/json; charset=UTF-8", true),
            ("application/merge-patch+json", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())]);
            assert_eq!(require_json(&headers).is_ok(), is_fine, "{content_type}");
        }
    }
}
