//! HTTP Message Signatures (RFC 9421) and content digests (RFC 9530), as far as a sender needs them (SPECS 5.1, 5.2).
//!
//! Which components are covered is the caller's choice; this is the arithmetic of it, held to the examples of RFC 9421 appendix B.

use std::fmt::Write;

use aws_lc_rs::digest::{self, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::SigningKey;

/// A covered component: its name, a derived one with `@`, and its value.
pub type Component<'a> = (&'a str, &'a str);

/// The parameters of a signature, in the order they are written.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// When it ends to be good, in seconds since 1970.
    pub expires: Option<i64>,
    /// Which key made it: printable ASCII without `"` and `\`.
    pub key_id: &'a str,
    /// What it is for, written as `key_id`.
    pub tag: Option<&'a str>,
}

/// A signature, to be put into `Signature-Input` and `Signature` under one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSignature {
    /// The member of `Signature-Input`: an inner list with parameters.
    pub input: String,
    /// The member of `Signature`: a byte sequence.
    pub signature: String,
}

/// Signs `components` in their order (RFC 9421 section 3.1).
#[must_use]
pub fn sign(key: &SigningKey, components: &[Component<'_>], parameters: &Parameters<'_>) -> MessageSignature {
    let input = input(components, parameters);
    let signature = format!(":{}:", key.sign_text(&base(components, &input)));
    MessageSignature { input, signature }
}

/// The value of `Content-Digest`: the SHA-256 of the content as it is sent (RFC 9530 section 2).
#[must_use]
pub fn content_digest(content: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest::digest(&SHA256, content)))
}

/// The signature parameters (section 2.3).
fn input(components: &[Component<'_>], parameters: &Parameters<'_>) -> String {
    let mut out = String::with_capacity(128 + components.iter().map(|(name, _)| name.len() + 3).sum::<usize>());
    out.push('(');
    for (position, (name, _)) in components.iter().enumerate() {
        let space = if position == 0 { "" } else { " " };
        // Writing to a string never fails.
        let _ = write!(out, "{space}\"{name}\"");
    }
    let _ = write!(out, ");created={}", parameters.created);
    if let Some(expires) = parameters.expires {
        let _ = write!(out, ";expires={expires}");
    }
    let _ = write!(out, ";keyid=\"{}\"", parameters.key_id);
    if let Some(tag) = parameters.tag {
        let _ = write!(out, ";tag=\"{tag}\"");
    }
    out
}

/// The signature base (section 2.5). Surrounding white space is no part of a value (section 2.1).
fn base(components: &[Component<'_>], input: &str) -> String {
    let room = components.iter().map(|(name, value)| name.len() + value.len() + 5).sum::<usize>();
    let mut out = String::with_capacity(room + input.len() + 24);
    for (name, value) in components {
        let _ = writeln!(out, "\"{name}\": {}", value.trim());
    }
    let _ = write!(out, "\"@signature-params\": {input}");
    out
}
