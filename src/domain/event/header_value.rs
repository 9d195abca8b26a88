//! Attribute values as they stand in `ce-` headers (HTTP binding 3.1.3.2; SPECS HR-13 and HS-1).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How attribute values are spelt in the `ce-` headers of a delivery (SPECS HS-1, trap T-1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeaderEncoding {
    /// As the HTTP binding says: space, `"`, `%` and all outside of printable ASCII are percent-encoded.
    #[default]
    Spec,
    /// As they are, for receivers that never decode (sdk-go, sdk-java, Knative). An event with a value that does not fit into a
    /// header literally goes structured.
    RawAscii,
}

/// Why a header's value does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    /// A double quote without its partner, or a backslash at the end.
    #[error("has a double quote that is never closed")]
    Unterminated,
    /// A percent sign that begins no triplet.
    #[error("has a `%` that is not followed by two hexadecimal digits; encode a percent sign as `%25`")]
    StrayPercent,
    /// A raw byte that is no ASCII.
    #[error("has a byte that is no ASCII; percent-encode the bytes of its UTF-8")]
    RawByte,
    /// The decoded bytes are no text.
    #[error("does not decode to valid UTF-8")]
    NotUtf8,
}

/// Decodes one value: quotes first, then a single round of percent-decoding, then strict UTF-8.
pub(super) fn decode(value: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let stands_for_itself = value.iter().all(|&byte| byte.is_ascii() && byte != b'"' && byte != b'%');
    match std::str::from_utf8(value) {
        Ok(text) if stands_for_itself => Ok(Cow::Borrowed(text)),
        _ => resolve(value).map(Cow::Owned),
    }
}

fn resolve(value: &[u8]) -> Result<String, DecodeError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.iter().copied();
    let mut is_quoted = false;
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\\' if is_quoted => bytes.push(ascii(rest.next().ok_or(DecodeError::Unterminated)?)?),
            _ => bytes.push(ascii(byte)?),
        }
    }
    if is_quoted {
        return Err(DecodeError::Unterminated);
    }
    String::from_utf8(percent_decode(bytes)?).map_err(|_| DecodeError::NotUtf8)
}

const fn ascii(byte: u8) -> Result<u8, DecodeError> {
    if byte.is_ascii() { Ok(byte) } else { Err(DecodeError::RawByte) }
}

/// Replaces each triplet by its byte, in place; what it yields is not looked at again.
fn percent_decode(mut bytes: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
    let Some(first) = bytes.iter().position(|&byte| byte == b'%') else { return Ok(bytes) };
    let (mut from, mut to) = (first, first);
    while from < bytes.len() {
        bytes[to] = bytes[from];
        from += 1;
        if bytes[to] == b'%' {
            let digit = |at: usize| bytes.get(at).and_then(|&digit| char::from(digit).to_digit(16));
            let (Some(high), Some(low)) = (digit(from), digit(from + 1)) else { return Err(DecodeError::StrayPercent) };
            bytes[to] = u8::try_from(high * 16 + low).map_err(|_| DecodeError::StrayPercent)?;
            from += 2;
        }
        to += 1;
    }
    bytes.truncate(to);
    Ok(bytes)
}

/// Encodes one value: space, double quote, percent sign and all outside of printable ASCII become triplets of their UTF-8.
pub(super) fn encode(value: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if matches!(byte, b'!'..=b'~') && byte != b'"' && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
    out
}

/// The value as it stands: printable ASCII, and no space at either end, which HTTP would take away. `None` for any other.
pub(super) fn literal(value: &str) -> Option<&str> {
    let is_printable = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    (is_printable && !value.starts_with(' ') && !value.ends_with(' ')).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percent_signs_are_decoded_once() {
        assert_eq!(decode(b"%2525").unwrap(), "%25");
        assert_eq!(decode(b"\"a%20b\\\"\"%22c").unwrap(), "a b\"\"c");
    }

    #[test]
    fn values_that_decode_to_no_text_are_refused() {
        assert_eq!(decode(b"100%"), Err(DecodeError::StrayPercent));
        assert_eq!(decode(b"%C0%A0"), Err(DecodeError::NotUtf8));
        assert_eq!(decode("caf\u{e9}".as_bytes()), Err(DecodeError::RawByte));
        assert_eq!(decode(b"\"a"), Err(DecodeError::Unterminated));
        assert_eq!(decode(b"\"a\\"), Err(DecodeError::Unterminated));
    }

    #[test]
    fn only_what_survives_a_header_is_literal() {
        for text in ["a b", "100%", "\"q\"", "/a%20b", "x"] {
            assert_eq!(literal(text), Some(text));
        }
        for text in [" a", "a ", "caf\u{e9}", "a\tb", "\u{7f}"] {
            assert_eq!(literal(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|byte| matches!(byte, b'!'..=b'~')));
            prop_assert_eq!(decode(encoded.as_bytes()).unwrap(), text);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }
    }
}
