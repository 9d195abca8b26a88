//! The only error response there is: `application/problem+json` (RFC 9457) with a code of a closed list.
//!
//! A problem says what, where and how to mend it. It never carries a secret, and an internal error is logged here, once, under
//! an id which is all that the caller sees of it. [`Code`] is the list.

mod code;
mod convert;
mod document;
mod markdown;

pub use code::Code;
pub use document::{Document, Flaw};
pub use markdown::errors_markdown;

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The media type of a problem.
pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error response in the making.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<Flaw>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What handlers answer.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem of this code. `detail` says what is wrong with this very request and how to mend it.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// The request is not valid: `invalid_request`. Add the places with [`Problem::at_pointer`] and its siblings.
    pub fn invalid_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, detail)
    }

    /// There is no such thing: `not_found`.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// Waypost failed: logs `error` with its causes under a new id, and answers with the id alone.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let error_id = convert::error_id();
        tracing::error!(error_id, error = %convert::Chain(error), "request failed");
        Self::new(Code::Internal, format!("Waypost failed; its log has the cause under error id {error_id}."))
    }

    /// Adds a fault in the body, at a JSON Pointer (RFC 6901).
    #[must_use]
    pub fn at_pointer(self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.with(Flaw { pointer: Some(pointer.into()), ..Flaw::new(detail) })
    }

    /// Adds a fault in a header.
    #[must_use]
    pub fn at_header(self, header: impl Into<String>, detail: impl Into<String>) -> Self {
        self.with(Flaw { header: Some(header.into()), ..Flaw::new(detail) })
    }

    /// Adds a fault in a parameter of the query or the path.
    #[must_use]
    pub fn at_parameter(self, parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        self.with(Flaw { parameter: Some(parameter.into()), ..Flaw::new(detail) })
    }

    /// Adds a fault.
    #[must_use]
    pub fn with(mut self, flaw: Flaw) -> Self {
        self.errors.push(flaw);
        self
    }

    /// The same problem, of a body in which what it is about stands at `pointer`.
    #[must_use]
    pub fn below(mut self, pointer: &str) -> Self {
        for flaw in &mut self.errors {
            flaw.pointer = flaw.pointer.take().map(|inner| format!("{pointer}{inner}"));
        }
        self
    }

    /// Says when to try again, in whole seconds, rounded up and at least one (RFC 9110 section 10.2.3).
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What is wrong with this very request.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body of the answer.
    #[must_use]
    pub fn into_document(self) -> Document {
        Document {
            type_uri: self.code.type_uri(),
            title: self.code.title().into(),
            status: self.code.status().as_u16(),
            detail: self.detail.into_owned(),
            code: self.code,
            errors: self.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let headers = std::mem::take(&mut self.headers);
        let code = self.code;
        let (status, leaves_body_unread) =
            (self.code.status(), matches!(self.code, Code::PayloadTooLarge | Code::Timeout | Code::HeadersTooLarge));
        // Texts and numbers alone: serialising can't fail.
        let body = serde_json::to_vec(&self.into_document()).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
        response.headers_mut().extend(headers);
        // For whoever counts refusals.
        response.extensions_mut().insert(code);
        if leaves_body_unread {
            // The connection can't be used again: told so, a client does not lose its next request on it.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests;
