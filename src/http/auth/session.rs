//! The cookie of somebody who signed in to the dashboard.
//!
//! It holds a random token and nothing else; the database keeps the token's hash. Scripts can't read it (`HttpOnly`), other
//! sites can't send it (`SameSite=Strict`, and [`guard`] beside it).

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower::{Layer, ServiceExt};
use tower_http::csrf::CsrfLayer;

use super::api_key;
use crate::domain::credential::KeyHash;
use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;
use crate::http::problem::{Code, Problem};

/// The cookie's name.
pub const COOKIE: &str = "waypost_session";

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// The most characters of a token, so that nothing longer is ever hashed.
const MAX_CHARACTERS: usize = 64;

/// A new token, and what is stored instead of it.
#[must_use]
pub fn generate(entropy: &dyn Entropy) -> (Secret, KeyHash) {
    let mut bytes = [0; TOKEN_BYTES];
    entropy.fill(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let hash = api_key::hash(&token);
    (Secret::new(token), hash)
}

/// What is stored and looked up instead of a token; `None` for a text that can't be one.
#[must_use]
pub fn hash(token: &str) -> Option<KeyHash> {
    (token.len() <= MAX_CHARACTERS).then(|| api_key::hash(token))
}

/// The token that the request carries.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<String> {
    // Without the header there is nothing to read: most requests are programs'.
    headers.get(header::COOKIE)?;
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}

/// The cookie that signs in with `token`; an empty one signs out. A browser that came by TLS is told to send it by TLS alone: it
/// names its scheme itself, so that this holds behind a proxy too.
#[must_use]
pub fn cookie(token: &str, headers: &HeaderMap) -> Cookie<'static> {
    let is_secure = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let cookie =
        Cookie::build((COOKIE, token.to_owned())).path("/").http_only(true).same_site(SameSite::Strict).secure(is_secure);
    if token.is_empty() { cookie.removal().build() } else { cookie.build() }
}

/// Refuses what another site has a browser do in the name of somebody who is signed in. Requests without the cookie are let
/// through: a credential in a header can't be sent unasked, and some providers name an `Origin` in their webhooks.
pub async fn guard(request: Request, next: Next) -> Response {
    if token(request.headers()).is_none() || request.headers().contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    let guarded = CsrfLayer::new().with_rejection_response(|_| refused().into_response()).layer(next);
    guarded.oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn refused() -> Problem {
    Problem::new(Code::Forbidden, "The request comes from another site. Send what changes something from the dashboard itself.")
        .at_header("Origin", "names another site than this one")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::domain::entropy::SeededEntropy;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_stays_on_tls() {
        let text = cookie("abc", &headers(header::ORIGIN, "https://waypost.example")).to_string();
        assert_eq!(text, "waypost_session=abc; HttpOnly; SameSite=Strict; Secure; Path=/");
        let text = cookie("abc", &headers(header::ORIGIN, "http://127.0.0.1:8080")).to_string();
        assert!(!text.contains("Secure"), "{text}");
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let headers = headers(header::COOKIE, "theme=dark; waypost_session=abc; other=1");
        assert_eq!(token(&headers).as_deref(), Some("abc"));
    }

    #[test]
    fn tokens_have_256_bits_and_what_is_longer_is_not_looked_up() {
        let (token, stored) = generate(&SeededEntropy::new(1));
        assert_eq!(token.expose().len(), 43);
        assert_eq!(hash(token.expose()), Some(stored));
        assert!(hash(&"a".repeat(65)).is_none());
    }
}
