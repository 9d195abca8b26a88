//! Who posts: the caller of a request that carries events.
//!
//! As everywhere the credential comes in `Authorization`. Only here, and only if a setting says so, it may come as the query
//! parameter `access_token` too, for senders that can set no header (CloudEvents WebHook 3.2, RFC 6750 section 2.3).

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri};

use crate::http::auth::Caller;
use crate::http::problem::{Problem, Result};
use crate::http::state::AppState;

const PARAMETER: &str = "access_token";

/// The caller, and how the credential came.
#[derive(Debug)]
pub(super) struct Poster {
    /// Who it is.
    pub(super) caller: Caller,
    /// Whether the credential stood in the query.
    pub(super) is_by_query: bool,
}

impl FromRequestParts<AppState> for Poster {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let is_by_query = state.config.ingest.access_token_in_query && move_token(parts)?;
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self { caller, is_by_query })
    }
}

/// Moves the token from the query to where every credential is looked for, so that nothing behind this sees it in the address.
/// Says whether there was one.
fn move_token(parts: &mut Parts) -> Result<bool> {
    let Some(query) = parts.uri.query() else { return Ok(false) };
    let is_token = |(name, _): &(_, _)| name == PARAMETER;
    let mut tokens = url::form_urlencoded::parse(query.as_bytes()).filter(is_token).map(|(_, value)| value);
    let Some(token) = tokens.next() else { return Ok(false) };
    if tokens.next().is_some() {
        return Err(refused("must be there once"));
    }
    if parts.headers.contains_key(AUTHORIZATION) {
        return Err(refused("must not be there beside the header `Authorization`"));
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| refused("holds what no token may hold"))?;
    value.set_sensitive(true);
    drop(tokens);
    parts.uri = without_query(&parts.uri);
    parts.headers.insert(AUTHORIZATION, value);
    Ok(true)
}

/// The address without its query: nothing else in it means anything here.
fn without_query(uri: &Uri) -> Uri {
    uri.path().parse().unwrap_or_default()
}

fn refused(detail: &str) -> Problem {
    Problem::invalid_request("The query string is not as expected.").at_parameter(PARAMETER, detail)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(uri: &str, authorization: Option<&str>) -> Parts {
        let request = Request::builder().uri(uri);
        let request = authorization.into_iter().fold(request, |request, value| request.header(AUTHORIZATION, value));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn token_is_taken_out_of_the_address() {
        let mut parts = parts("/v1/events?a=b&access_token=wp_%2B1", None);
        assert!(move_token(&mut parts).unwrap());
        assert_eq!(parts.uri, "/v1/events");
        assert_eq!(parts.headers[AUTHORIZATION], "Bearer wp_+1");
        assert!(parts.headers[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn query_without_a_token_is_left_alone() {
        for uri in ["/v1/events", "/v1/events?token=x", "/v1/events?xaccess_token=x"] {
            let mut parts = parts(uri, Some("Bearer a"));
            assert!(!move_token(&mut parts).unwrap());
            assert_eq!(parts.uri, uri);
        }
    }

    #[test]
    fn token_comes_in_one_way_only() {
        for (uri, authorization) in
            [("/?access_token=a", Some("Bearer b")), ("/?access_token=a&access_token=b", None), ("/?access_token=%0A", None)]
        {
            assert!(move_token(&mut parts(uri, authorization)).is_err(), "{uri}");
        }
    }
}
