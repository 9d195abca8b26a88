//! W3C Trace Context: which trace a delivery belongs to (SPECS 5.5).
//!
//! This is about the HTTP header of one hop. An event's own attribute `traceparent` names the trace it began in and is never
//! touched (SPECS 1.H).

use std::fmt;

use super::entropy::Entropy;

/// The flags that are passed on: sampled, and random trace identifier. Others have no meaning yet and must not be sent.
const KNOWN_FLAGS: u8 = 0b11;

/// A valid `traceparent`. Its text form, by [`fmt::Display`], is that of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    trace_id: [u8; 16],
    parent_id: [u8; 8],
    flags: u8,
}

impl Traceparent {
    /// Reads a header's value; `None` if it is invalid and has to be ignored as a whole. Of versions to come the part that
    /// version 00 knows is read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.as_bytes().split_at_checked(55)?;
        let mut parts = known.split(|&byte| byte == b'-');
        let [version]: [u8; 1] = hex(parts.next()?)?;
        let trace_id: [u8; 16] = hex(parts.next()?)?;
        let parent_id: [u8; 8] = hex(parts.next()?)?;
        let [flags]: [u8; 1] = hex(parts.next()?)?;
        let is_length_right = rest.is_empty() || (version > 0 && rest[0] == b'-');
        let is_valid = version != 0xFF && is_length_right && trace_id != [0; 16] && parent_id != [0; 8];
        (is_valid && parts.next().is_none()).then_some(Self { trace_id, parent_id, flags: flags & KNOWN_FLAGS })
    }

    /// The same trace, one hop on.
    #[must_use]
    pub fn child(&self, entropy: &dyn Entropy) -> Self {
        Self { parent_id: nonzero(entropy), ..*self }
    }

    /// A new trace. It counts as sampled: a sink that follows its caller's decision would never trace a delivery otherwise.
    #[must_use]
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self { trace_id: nonzero(entropy), parent_id: nonzero(entropy), flags: KNOWN_FLAGS }
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace_id, parent_id) = (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.parent_id));
        write!(formatter, "00-{trace_id:032x}-{parent_id:016x}-{:02x}", self.flags)
    }
}

/// Random bytes; all zero means none and is drawn again by setting a bit.
fn nonzero<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    if bytes == [0; N] {
        bytes[0] = 1;
    }
    bytes
}

/// Exactly `N` bytes in lower-case hexadecimal digits.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SeededEntropy;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn valid_header_round_trips() {
        assert_eq!(Traceparent::parse(VALID).unwrap().to_string(), VALID);
    }

    #[test]
    fn invalid_headers_are_ignored() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\u{e9}-01",
        ] {
            assert_eq!(Traceparent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn later_versions_are_read_as_far_as_known() {
        let later = Traceparent::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fd-what-will-be").unwrap();
        assert_eq!(later.to_string(), VALID);
    }

    #[test]
    fn child_keeps_the_trace_and_gets_a_parent_of_its_own() {
        let entropy = SeededEntropy::new(1);
        let parent = Traceparent::parse(VALID).unwrap();
        let child = parent.child(&entropy);
        assert_eq!((child.trace_id, child.flags), (parent.trace_id, parent.flags));
        assert_ne!(child.parent_id, parent.parent_id);
        let fresh = Traceparent::fresh(&entropy);
        assert_ne!(fresh.trace_id, parent.trace_id);
        assert_eq!(Traceparent::parse(&fresh.to_string()), Some(fresh));
    }
}
