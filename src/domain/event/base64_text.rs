//! Base64 as `data_base64` has it: the standard alphabet with padding (RFC 4648 section 4).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding is required. Bits that the last character carries too many are ignored: some encoders leave them set, and what goes
/// out are the received bytes anyway.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Whether `text` is base64, without decoding it.
pub(super) fn is_valid(text: &[u8]) -> bool {
    let padding = text.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text[..text.len() - padding].iter().all(is_digit)
}

/// The bytes that `text` stands for; `None` if it is no base64.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// Appends the base64 of `bytes`.
pub(super) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    ENGINE.encode_slice(bytes, &mut out[start..]).expect("the base64 of three bytes is four bytes long");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_is_required_and_only_at_the_end() {
        for text in ["", "TWE=", "TQ==", "TWFu", "TR==", "+/+/"] {
            assert!(is_valid(text.as_bytes()), "{text}");
        }
        for text in ["TWE", "TQ=", "T===", "====", "TQ==TQ==", "TW E", "-_-_", "TWE=\n"] {
            assert!(!is_valid(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn check_agrees_with_the_decoder(text in "[A-Za-z0-9+/=]{0,13}") {
            prop_assert_eq!(is_valid(text.as_bytes()), decode(text.as_bytes()).is_some());
        }
    }
}
