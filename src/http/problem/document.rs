//! The body of an error response.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Code;

/// An error (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// The problem type: a page that explains the code.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "https://waypost.dev/errors#invalid_event")]
    pub type_uri: String,
    /// The problem type in words, the same for every problem of the code.
    pub title: String,
    /// The HTTP status, the same as the answer's.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong with this very request, and how to mend it.
    pub detail: String,
    /// What went wrong, for programs.
    pub code: Code,
    /// Each fault with its place, if there are places to name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Flaw>,
}

/// One fault and where it lies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProblemError)]
pub struct Flaw {
    /// Where in the body, as a JSON Pointer (RFC 6901).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// In which header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub header: Option<String>,
    /// In which parameter of the query or the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// What is wrong there, and how to mend it.
    pub detail: String,
}

impl Flaw {
    /// A fault without a place.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::default() }
    }
}
