//! Headers and bodies of exchanges with sinks, as JSON shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

/// One header line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Header {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

/// Header lines in the order they were.
pub(crate) fn headers(lines: Vec<(String, String)>) -> Vec<Header> {
    lines.into_iter().map(|(name, value)| Header { name, value }).collect()
}

/// Bytes as JSON can hold them: as they are if they are UTF-8, else in base64.
#[derive(Debug)]
pub(crate) struct Text {
    /// The text.
    pub(crate) text: String,
    /// Whether the text is base64.
    pub(crate) is_base64: bool,
}

impl Text {
    /// The text form of `bytes`. If they were cut off, a character that was cut with them does not make them binary.
    pub(crate) fn new(bytes: &[u8], is_truncated: bool) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: text.to_owned(), is_base64: false },
            Err(error) if is_truncated && error.error_len().is_none() => {
                Self { text: String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned(), is_base64: false }
            }
            Err(_) => Self { text: STANDARD.encode(bytes), is_base64: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_bytes_become_base64() {
        let cases: [(&[u8], bool, &str, bool); 4] = [
            (b"gr\xC3\xBC\xC3\x9Fe", false, "grüße", false),
            (b"\xFF\x00", false, "/wA=", true),
            (b"gr\xC3", true, "gr", false),
            (b"gr\xC3", false, "Z3LD", true),
        ];
        for (bytes, is_truncated, text, is_base64) in cases {
            let shown = Text::new(bytes, is_truncated);
            assert_eq!((shown.text.as_str(), shown.is_base64), (text, is_base64));
        }
    }
}
