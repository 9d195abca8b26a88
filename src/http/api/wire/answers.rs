//! The problems each kind of operation may answer, for the document.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::http::problem::{Code, Document};

/// What an operation without a body may answer instead of what it is for.
pub(crate) struct Problems;

/// What an operation that changes something may answer besides.
pub(crate) struct ChangeProblems;

/// What an operation with a body may answer besides.
pub(crate) struct BodyProblems;

const ANY: [StatusCode; 7] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

const CHANGE: [StatusCode; 1] = [StatusCode::CONFLICT];

const BODY: [StatusCode; 4] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE];

/// What only those operations answer that take events in.
const INGEST_ONLY: [Code; 4] = [Code::InvalidEvent, Code::SignatureInvalid, Code::Replayed, Code::TooManyEvents];

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&ANY)
    }
}

impl IntoResponses for ChangeProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[ANY.as_slice(), &CHANGE].concat())
    }
}

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[ANY.as_slice(), &BODY].concat())
    }
}

/// Problem responses of these statuses, each with the codes that have it.
pub(crate) fn problems(statuses: &[StatusCode]) -> BTreeMap<String, RefOr<Response>> {
    statuses.iter().map(|&status| (status.as_str().to_owned(), problem(status).into())).collect()
}

fn problem(status: StatusCode) -> Response {
    let codes: Vec<String> = Code::ALL
        .iter()
        .filter(|code| code.status() == status && !INGEST_ONLY.contains(code))
        .map(|code| format!("`{}`", code.as_str()))
        .collect();
    let schema = Ref::from_schema_name(Document::name());
    ResponseBuilder::new()
        .description(codes.join(", "))
        .content("application/problem+json", Content::new(Some(RefOr::<utoipa::openapi::Schema>::Ref(schema))))
        .build()
}
