//! `[handshake]`: whether sinks are asked before events are delivered to them.

use serde::{Deserialize, Serialize};

use super::load::{ConfigError, invalid};
use super::{Config, Server};
use crate::domain::handshake::Policy;

/// Characters of a DNS name (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 253;

/// The name of a system that was given none.
const NAMELESS: &str = "localhost";

/// Settings of the webhook handshake; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// For subscriptions that do not say.
    pub policy: Policy,
    /// The DNS name that is asked in the name of.
    pub origin: String,
    /// Requests a minute that are asked for; 0 asks for none.
    pub request_rate: u32,
    /// Requests a minute to a sink that was asked and does not agree; 0 means no limit.
    pub unpermitted_rate: u32,
    /// How long an answer holds.
    pub revalidate_ms: u64,
    /// The wait after the first question that was not answered.
    pub retry_ms: u64,
    /// How long a callback works.
    pub callback_lifetime_ms: u64,
}

impl Handshake {
    /// The name of this system: `origin`, or else the host of `server.public_url`.
    #[must_use]
    pub fn origin(&self, server: &Server) -> String {
        let host = || url::Url::parse(&server.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let named = (!self.origin.is_empty()).then(|| self.origin.clone());
        named.or_else(host).unwrap_or_else(|| NAMELESS.to_owned())
    }
}

/// Checks the names, and that there is one where sinks are asked.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let Config { handshake, server, .. } = config;
    let origin = &handshake.origin;
    if !origin.is_empty() && !is_name(origin) {
        return Err(invalid("handshake.origin", format!("{origin:?} is no DNS name, such as `hooks.example.com`")));
    }
    if !server.public_url.is_empty() && !is_public_url(&server.public_url) {
        let detail = "must be an absolute https URL without query and fragment (http is for loopback alone)";
        return Err(invalid("server.public_url", format!("{:?} {detail}", server.public_url)));
    }
    let is_nameless = origin.is_empty() && server.public_url.is_empty();
    if handshake.policy != Policy::Off && is_nameless && !config.dev {
        let detail = "sinks are asked in the name of this system (handshake.policy); set it, or server.public_url";
        return Err(invalid("handshake.origin", detail));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= MAX_NAME && text.split('.').all(is_label)
}

fn is_public_url(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    is_plain && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(origin: &str, public_url: &str, policy: Policy) -> Result<String, String> {
        let mut config = Config::builtin();
        config.handshake.origin = origin.into();
        config.handshake.policy = policy;
        config.server.public_url = public_url.into();
        check(&config).map_err(|error| error.to_string())?;
        Ok(config.handshake.origin(&config.server))
    }

    #[test]
    fn a_system_is_named_by_its_origin_or_its_address() {
        assert_eq!(checked("a.example", "https://b.example/x", Policy::Required), Ok("a.example".into()));
        assert_eq!(checked("", "https://b.example:8443", Policy::Required), Ok("b.example".into()));
        assert_eq!(checked("", "", Policy::Off), Ok("localhost".into()));
    }

    #[test]
    fn a_system_without_a_name_may_not_ask() {
        for policy in [Policy::Required, Policy::Preferred] {
            assert!(checked("", "", policy).unwrap_err().contains("handshake.origin"));
        }
    }

    #[test]
    fn names_and_addresses_that_are_none_are_refused() {
        for origin in ["https://a.example", "a example", "-a.example", "a..example", "*", &"a".repeat(64)] {
            assert!(checked(origin, "", Policy::Off).unwrap_err().contains("handshake.origin"), "{origin}");
        }
        for url in ["a.example", "http://a.example", "https://a.example/?x", "https://me:pass@a.example/", "ftp://a.example"] {
            assert!(checked("", url, Policy::Off).unwrap_err().contains("server.public_url"), "{url}");
        }
        assert!(checked("", "http://127.0.0.1:8080", Policy::Off).is_ok());
    }
}
