//! What a request is signed with: Standard Webhooks always, an HTTP message signature where the subscription asks for one.
//!
//! The profile of the latter is SPECS 5.1: method, target, content type and digest, identifier and time, and in binary mode every
//! header of an attribute, which Standard Webhooks leaves open.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::value;
use crate::dispatch::sink::{MessageSigner, Sink};
use crate::domain::clock::Timestamp;
use crate::domain::signature::message::{self, Parameters};
use crate::domain::signature::{self, TOLERANCE_SECONDS};

const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// What the signature is for: a receiver that shares a key with others looks for this one.
const TAG: &str = "waypost-delivery";
/// How the newest key's signature is called; those of older keys get a number behind it.
const LABEL: &str = "wp";

/// Adds `webhook-signature`, if there is a key.
pub(super) fn webhook(sink: &Sink, id: &str, now: Timestamp, body: &[u8], headers: &mut HeaderMap) -> Result<(), String> {
    let keys = sink.active_keys(now);
    if !keys.is_empty() {
        headers.insert(WEBHOOK_SIGNATURE, value(signature::sign(&keys, id, now.as_seconds(), body))?);
    }
    Ok(())
}

/// Adds `content-digest`, `signature-input` and `signature`: one signature for each key that signs at `now`, newest first.
pub(super) fn message(
    signer: &MessageSigner,
    method: &Method,
    now: Timestamp,
    body: &[u8],
    headers: &mut HeaderMap,
) -> Result<(), String> {
    headers.insert(CONTENT_DIGEST, value(message::content_digest(body))?);
    let mut components = vec![("@method", method.as_str()), ("@target-uri", signer.target.as_str())];
    let named = ["content-type", "content-digest", "webhook-id", "webhook-timestamp"];
    components.extend(named.map(|name| (name, headers.get(name).map_or("", text))));
    let attributes = headers.iter().filter(|(name, _)| name.as_str().starts_with("ce-"));
    components.extend(attributes.map(|(name, value)| (name.as_str(), text(value))));

    let created = now.as_seconds();
    let (mut inputs, mut signatures) = (String::new(), String::new());
    for (position, (key, key_id)) in signer.active_keys(now).enumerate() {
        let parameters = Parameters { created, expires: Some(created + TOLERANCE_SECONDS), key_id, tag: Some(TAG) };
        let signed = message::sign(key, &components, &parameters);
        append(&mut inputs, position, &signed.input);
        append(&mut signatures, position, &signed.signature);
    }
    if !inputs.is_empty() {
        headers.insert(SIGNATURE_INPUT, value(inputs)?);
        headers.insert(SIGNATURE, value(signatures)?);
    }
    Ok(())
}

/// A header of ours as text: what we put into one is ASCII.
fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Adds a member to a dictionary (RFC 8941 section 3.2).
fn append(dictionary: &mut String, position: usize, member: &str) {
    if position > 0 {
        dictionary.push_str(", ");
    }
    dictionary.push_str(LABEL);
    if position > 0 {
        dictionary.push_str(&(position + 1).to_string());
    }
    dictionary.push('=');
    dictionary.push_str(member);
}
