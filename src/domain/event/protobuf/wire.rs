//! Protobuf's wire format: fields one after the other, each a number, a wire type and a value.
//!
//! Nothing is copied and nothing recurses: a message inside another one is a stretch of bytes that its reader may go into.

use std::ops::Range;

/// Why bytes are no message; the scanner stands where that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::domain::event) enum WireError {
    /// A value is announced longer than the message.
    #[error("the message ends too early")]
    End,
    /// More than ten bytes, or more than 64 bits.
    #[error("a varint has more than 64 bits")]
    Varint,
    /// Number 0, or one beyond 29 bits.
    #[error("a field has a number that no field may have")]
    Number,
    /// Wire types 3, 4, 6 and 7: groups, which `proto3` does not have, and what nobody ever had.
    #[error("a field has a wire type that proto3 does not have")]
    Type,
}

/// A field's value, as far as its wire type tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain::event) enum Value {
    /// A number or a truth value.
    Varint(u64),
    /// Bytes, a text or a message: where they lie.
    Bytes(Range<usize>),
    /// Four or eight bytes of fixed length; no field of ours has one.
    Fixed,
}

/// The fields of a message that lies within `bytes`.
#[derive(Debug, Clone)]
pub(in crate::domain::event) struct Fields<'a> {
    bytes: &'a [u8],
    /// The offset of the next byte.
    pub at: usize,
}

impl<'a> Fields<'a> {
    /// Those of the message that `range` of `bytes` is. Offsets stay those of `bytes`.
    pub(in crate::domain::event) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        Self { bytes: &bytes[..range.end], at: range.start }
    }

    /// The number and value of the next field, or `None` after the last.
    pub(in crate::domain::event) fn next(&mut self) -> Result<Option<(u32, Value)>, WireError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number)).ok_or(WireError::Number)?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError::End)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(WireError::Type),
        };
        Ok(Some((number, value)))
    }

    fn take(&mut self, length: usize) -> Result<Range<usize>, WireError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(WireError::End)?;
        let start = std::mem::replace(&mut self.at, end);
        Ok(start..end)
    }

    /// A number in groups of seven bits, the lowest first.
    fn varint(&mut self) -> Result<u64, WireError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(WireError::End)?;
            if shift == 63 && byte > 1 {
                return Err(WireError::Varint);
            }
            self.at += 1;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(WireError::Varint)
    }
}

/// Appends a number.
pub(in crate::domain::event) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Appends a field that is a number.
pub(in crate::domain::event) fn put_number(field: u32, number: u64, out: &mut Vec<u8>) {
    put_varint(u64::from(field) << 3, out);
    put_varint(number, out);
}

/// Appends a field that is bytes, a text or a message.
pub(in crate::domain::event) fn put_bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(u64::from(field) << 3 | 2, out);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Value)>, WireError> {
        let mut fields = Fields::new(bytes, 0..bytes.len());
        std::iter::from_fn(|| fields.next().transpose()).collect()
    }

    #[test]
    fn fields_of_every_wire_type_are_told_apart() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'o', b'k', 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(
            all(&bytes).unwrap(),
            [(1, Value::Varint(150)), (2, Value::Bytes(5..7)), (3, Value::Fixed), (4, Value::Fixed)]
        );
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let cases: [(&[u8], WireError); 9] = [
            (&[0x08], WireError::End),
            (&[0x80], WireError::End),
            (&[0x12, 5, b'x'], WireError::End),
            (&[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], WireError::End),
            (&[0x1D, 1, 2, 3], WireError::End),
            (&[0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], WireError::Varint),
            (&[0x00, 0x01], WireError::Number),
            (&[0x0B, 0x0C], WireError::Type),
            (&[0x0F], WireError::Type),
        ];
        for (bytes, expected) in cases {
            assert_eq!(all(bytes), Err(expected), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(number in any::<u64>(), field in 1_u32..1 << 29) {
            let mut out = Vec::new();
            put_number(field, number, &mut out);
            prop_assert_eq!(all(&out), Ok(vec![(field, Value::Varint(number))]));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
            let _ = all(&bytes);
        }
    }
}
