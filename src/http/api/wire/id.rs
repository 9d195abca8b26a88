//! Identifiers in paths.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::http::problem::{Problem, Result};

/// The identifier in the path. One of another form names nothing that exists: 404.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr<Err: Display>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::not_found(format!("There is no such resource: {}.", error.body_text())))?;
        text.parse().map(Self).map_err(|error: T::Err| {
            Problem::not_found("There is no such resource in this tenant.").at_parameter("id", error.to_string())
        })
    }
}
