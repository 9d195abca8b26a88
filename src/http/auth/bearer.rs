//! The `Authorization` header (RFC 6750) and what is answered when it does not do.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::http::problem::{Code, Problem, Result};

/// The token of `Authorization: Bearer`.
pub(super) fn token(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| missing("There is no `Authorization` header."))?;
    if values.next().is_some() {
        return Err(missing("There is more than one `Authorization` header."));
    }
    let text = value.to_str().map_err(|_| missing("The `Authorization` header is no plain text."))?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing("The `Authorization` header is of another scheme than `Bearer`."));
    }
    match token.trim_matches(' ') {
        "" => Err(missing("The `Authorization` header holds no token.")),
        token => Ok(token),
    }
}

/// 401 for a request without a usable credential.
fn missing(what: &str) -> Problem {
    let detail = format!("{what} Send `Authorization: Bearer` with an API key (`wp_…`) or a JSON Web Token.");
    unauthenticated(detail, "Bearer").at_header("Authorization", "expected `Bearer` and a token")
}

/// 401 for a credential that is not valid. `detail` says which check failed.
pub(super) fn refused(detail: impl Into<String>) -> Problem {
    unauthenticated(detail.into(), r#"Bearer error="invalid_token""#)
}

fn unauthenticated(detail: String, challenge: &'static str) -> Problem {
    Problem::new(Code::Unauthenticated, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn scheme_is_compared_without_case_and_spaces_are_passed_over() {
        for value in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            assert_eq!(token(&headers(&[value])).unwrap(), "abc");
        }
    }

    #[test]
    fn header_without_exactly_one_bearer_token_is_refused() {
        for (values, said) in [
            (&[][..], "no `Authorization`"),
            (&["Basic dTpw"], "another scheme"),
            (&["Bearer"], "no token"),
            (&["Bearer  "], "no token"),
            (&["Bearerabc"], "another scheme"),
            (&["Bearer a", "Bearer b"], "more than one"),
        ] {
            let problem = token(&headers(values)).unwrap_err();
            assert_eq!(problem.code(), Code::Unauthenticated);
            assert!(problem.detail().contains(said), "{values:?}: {}", problem.detail());
        }
    }
}
