//! What a subscription must fulfil before it is stored.
//!
//! Shapes are checked when it is read; here is what a type can't say: URLs, header names, bounds. What needs the network or the
//! configuration (whether a sink may be reached, whether plain http is allowed) is asked elsewhere.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{Config, Credential, OrderedBy, Ordering, ProtocolSettings, RateLimit, Scheme, Spec};
use crate::domain::event::{rules, uri};
use crate::domain::filter;

/// Characters of a sink.
const MAX_SINK: usize = 2048;
/// Event types, and characters of one; also of `source`.
const MAX_TYPES: usize = 100;
const MAX_TYPE: usize = 1024;
/// Characters of a description.
const MAX_DESCRIPTION: usize = 1000;
/// Labels, characters of a label's name, and of its value.
const MAX_METADATA: usize = 50;
const MAX_METADATA_NAME: usize = 64;
const MAX_METADATA_VALUE: usize = 512;
/// Headers of a subscription's own, and bytes of all of them together.
const MAX_HEADERS: usize = 50;
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// Characters of the attribute that deliveries are ordered by.
const MAX_ORDERING: usize = 64;
/// Bytes of a credential's parts.
const MAX_CREDENTIAL: usize = 8 * 1024;

/// Headers that Waypost or HTTP itself sets.
const OWN_HEADERS: [&str; 15] = [
    "host",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "traceparent",
    "tracestate",
];
const OWN_PREFIXES: [&str; 3] = ["webhook-", "waypost-", "ce-"];

/// What is wrong, as JSON Pointers and sentences.
type Faults = Vec<(String, String)>;

/// Checks every member of a subscription.
///
/// # Errors
/// All that is wrong: the JSON Pointer of the member at fault, and a sentence that has it as its subject.
pub fn spec(spec: &Spec) -> Result<(), Vec<(String, String)>> {
    let mut faults = Faults::new();
    let mut note = |pointer: &str, found: Result<(), String>| {
        if let Err(detail) = found {
            faults.push((pointer.to_owned(), detail));
        }
    };
    note("/sink", sink(&spec.sink));
    note("/source", spec.source.as_deref().map_or(Ok(()), source));
    note("/description", spec.description.as_deref().map_or(Ok(()), |text| at_most(text, MAX_DESCRIPTION)));
    types(&spec.types, &mut faults);
    if let Err((pointer, detail)) = filter::check(&spec.filters) {
        faults.push((format!("/filters{pointer}"), detail));
    }
    settings(&spec.protocolsettings, &mut faults);
    if let Some(credential) = &spec.sinkcredential {
        self::credential(credential, &mut faults);
        if has_authorization(&spec.protocolsettings.headers) {
            let detail = "must not be given together with an `authorization` header in `protocolsettings`";
            faults.push(("/sinkcredential".to_owned(), detail.to_owned()));
        }
    }
    if spec.config.signature.http_message.is_some() {
        message_headers(&spec.protocolsettings.headers, &mut faults);
    }
    metadata(&spec.metadata, &mut faults);
    config(&spec.config, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn sink(text: &str) -> Result<(), String> {
    at_most(text, MAX_SINK)?;
    let url = Url::parse(text).map_err(|error| format!("must be an absolute URL: {error}"))?;
    // `url` mends what is no URI, such as `http:host` or spaces; what is stored is the text, so the text must be right.
    let (true, Some(authority)) = (matches!(url.scheme(), "http" | "https"), authority(text)) else {
        return Err("must be an absolute `http` or `https` URL with a host".to_owned());
    };
    if !uri::is_absolute(text) {
        return Err("must have only characters that a URI may have (RFC 3986); percent-encode others".to_owned());
    }
    if authority.contains('@') {
        return Err("must not hold credentials; use `sinkcredential`".to_owned());
    }
    if text.contains('#') {
        return Err("must not have a fragment, which is never sent".to_owned());
    }
    Ok(())
}

/// What stands between `//` and the path, in the text itself.
fn authority(text: &str) -> Option<&str> {
    let rest = text.split_once(':')?.1.strip_prefix("//")?;
    rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())
}

fn source(text: &str) -> Result<(), String> {
    at_most(text, MAX_TYPE)?;
    if text.is_empty() || !uri::is_reference(text) {
        return Err("must be a URI-reference (RFC 3986) and not empty".to_owned());
    }
    Ok(())
}

fn types(types: &[String], faults: &mut Faults) {
    if types.len() > MAX_TYPES {
        return faults.push(("/types".to_owned(), format!("must have at most {MAX_TYPES} entries")));
    }
    for (index, event_type) in types.iter().enumerate() {
        if event_type.is_empty() {
            faults.push((format!("/types/{index}"), "must not be empty".to_owned()));
        } else if let Err(detail) = at_most(event_type, MAX_TYPE) {
            faults.push((format!("/types/{index}"), detail));
        }
    }
}

fn settings(settings: &ProtocolSettings, faults: &mut Faults) {
    if settings.method.as_deref().is_some_and(|method| !matches!(method, "POST" | "PUT")) {
        faults.push(("/protocolsettings/method".to_owned(), "must be `POST` or `PUT`".to_owned()));
    }
    let bytes: usize = settings.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if settings.headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        let detail = format!("must have at most {MAX_HEADERS} headers and {MAX_HEADER_BYTES} bytes");
        return faults.push(("/protocolsettings/headers".to_owned(), detail));
    }
    let mut seen = Vec::new();
    for (name, value) in &settings.headers {
        let lower = name.to_ascii_lowercase();
        if let Err(detail) = header(&lower, value) {
            faults.push((format!("/protocolsettings/headers/{}", escape(name)), detail.to_owned()));
        } else if seen.contains(&lower) {
            let detail = "is given twice: case makes no difference in the names of headers";
            faults.push((format!("/protocolsettings/headers/{}", escape(name)), detail.to_owned()));
        }
        seen.push(lower);
    }
}

fn header(name: &str, value: &str) -> Result<(), &'static str> {
    if HeaderName::try_from(name).is_err() {
        return Err("is no header name");
    }
    if OWN_HEADERS.contains(&name) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err("is a header that Waypost sets itself");
    }
    let is_printable = value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    if !is_printable || HeaderValue::from_str(value).is_err() {
        return Err("has a value with characters that a header may not have; only printable ASCII is sent");
    }
    Ok(())
}

/// Headers that a subscription may have of its own only while Waypost does not set them.
fn message_headers(headers: &BTreeMap<String, String>, faults: &mut Faults) {
    let is_ours = |name: &str| ["signature", "signature-input", "content-digest"].contains(&name.to_ascii_lowercase().as_str());
    for name in headers.keys().filter(|name| is_ours(name)) {
        let detail = "is a header that Waypost sets itself when it signs HTTP messages";
        faults.push((format!("/protocolsettings/headers/{}", escape(name)), detail.to_owned()));
    }
}

fn has_authorization(headers: &BTreeMap<String, String>) -> bool {
    headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"))
}

fn credential(credential: &Credential, faults: &mut Faults) {
    let mut note = |member: &str, detail: &str| faults.push((format!("/sinkcredential/{member}"), detail.to_owned()));
    match credential {
        Credential::Plain { identifier, secret } => {
            if identifier.is_empty() || identifier.contains(':') || identifier.len() > MAX_CREDENTIAL || has_control(identifier) {
                note("identifier", "must not be empty, very long or contain a colon or control characters (RFC 7617)");
            }
            if secret.expose().len() > MAX_CREDENTIAL || has_control(secret.expose()) {
                note("secret", "must not be very long or contain control characters (RFC 7617)");
            }
        }
        Credential::AccessToken { accesstoken, accesstokentype, .. } => {
            let token = accesstoken.expose();
            if token.is_empty() || token.len() > MAX_CREDENTIAL || !token.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
                note("accesstoken", "must be printable ASCII without spaces, not empty and at most 8 KiB");
            }
            if accesstokentype.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
                note("accesstokentype", "must be `bearer`");
            }
        }
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

fn metadata(metadata: &BTreeMap<String, String>, faults: &mut Faults) {
    if metadata.len() > MAX_METADATA {
        return faults.push(("/metadata".to_owned(), format!("must have at most {MAX_METADATA} entries")));
    }
    for (name, value) in metadata {
        if name.is_empty() || at_most(name, MAX_METADATA_NAME).is_err() {
            let detail = format!("must have a name of 1 to {MAX_METADATA_NAME} characters");
            faults.push((format!("/metadata/{}", escape(name)), detail));
        } else if let Err(detail) = at_most(value, MAX_METADATA_VALUE) {
            faults.push((format!("/metadata/{}", escape(name)), detail));
        }
    }
}

fn config(config: &Config, faults: &mut Faults) {
    let mut note = |member: &str, detail: String| faults.push((format!("/config/{member}"), detail));
    if !(100..=120_000).contains(&config.timeout_ms) {
        note("timeout_ms", "must be between 100 and 120000".to_owned());
    }
    if !(1..=1000).contains(&config.max_concurrency) {
        note("max_concurrency", "must be between 1 and 1000".to_owned());
    }
    if let Err((member, detail)) = config.retry.validate() {
        note(&format!("retry/{member}"), detail);
    }
    if config.delay_ms > Config::MAX_DELAY_MS {
        note("delay_ms", format!("must be at most {} (30 days)", Config::MAX_DELAY_MS));
    }
    for (member, detail) in config.breaker.and_then(|breaker| breaker.validate().err()).unwrap_or_default() {
        note(&format!("breaker/{member}"), detail);
    }
    if let Ordering::By(OrderedBy { by, .. }) = &config.ordering
        && (!rules::is_name(by) || by.len() > MAX_ORDERING)
    {
        let detail =
            format!("must be the name of an attribute: lower-case letters and digits, at most {MAX_ORDERING}, and not `data`");
        note("ordering/by", detail);
    }
    let schemes = &config.signature.schemes;
    if !schemes.contains(&Scheme::V1) {
        note("signature/schemes", "must have `v1`: every delivery is signed so".to_owned());
    } else if schemes.len() > 2 || (schemes.len() == 2 && schemes[0] == schemes[1]) {
        note("signature/schemes", "must name each scheme once".to_owned());
    }
    if let Some(Err(detail)) = config.dead_letter_sink.as_deref().map(sink) {
        note("dead_letter_sink", detail);
    }
    if let Some(RateLimit { per_second, burst }) = config.rate_limit {
        if !(per_second > 0.0 && per_second <= 100_000.0) {
            note("rate_limit/per_second", "must be above 0 and at most 100000".to_owned());
        }
        if burst == 0 {
            note("rate_limit/burst", "must be at least 1".to_owned());
        }
    }
}

fn at_most(text: &str, characters: usize) -> Result<(), String> {
    // A character has at most four bytes: most texts need no counting.
    if text.len() > characters && text.chars().count() > characters {
        return Err(format!("must have at most {characters} characters"));
    }
    Ok(())
}

/// A reference token of a JSON Pointer (RFC 6901 section 3).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
