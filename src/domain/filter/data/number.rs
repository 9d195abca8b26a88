//! Numbers of JSON, compared as the decimal numbers they are written as: nothing is rounded, whatever their length.
//!
//! An exponent only shifts where digits stand, so that `1e999999` costs no more than `1`.

use std::cmp::Ordering;

/// Digits of an exponent, at most, leading zeros not counted: so many fit an `i64` with room for the digits before it.
pub const MAX_EXPONENT_DIGITS: usize = 17;

/// A number, taken apart. Compared by value: `1`, `1.0` and `10e-1` are equal, and so are `0` and `-0`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    is_negative: bool,
    /// Its digits without leading zeros, as they are written: those before and those after the point.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// How many places the first digit stands before the point.
    magnitude: i64,
}

impl<'a> Number<'a> {
    /// Reads a number that follows the grammar of JSON. `None` if its exponent has more than [`MAX_EXPONENT_DIGITS`].
    pub(super) fn new(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('0');
        let digits = fraction.trim_start_matches('0');
        let is_below_one = whole.is_empty();
        if is_below_one && digits.is_empty() {
            return Some(Self { is_negative: false, whole: &[], fraction: &[], magnitude: i64::MIN });
        }
        let shift = if is_below_one { -count(fraction.len() - digits.len()) } else { count(whole.len()) };
        Some(Self {
            is_negative: text.len() > unsigned.len(),
            whole: whole.as_bytes(),
            fraction: if is_below_one { digits.as_bytes() } else { fraction.as_bytes() },
            magnitude: self::exponent(exponent)? + shift,
        })
    }

    /// Compares the distances from zero.
    fn compare_sizes(&self, other: &Self) -> Ordering {
        self.magnitude.cmp(&other.magnitude).then_with(|| {
            let (mut ours, mut theirs) = (self.digits(), other.digits());
            loop {
                match (ours.next(), theirs.next()) {
                    (None, None) => return Ordering::Equal,
                    (ours, theirs) => match ours.unwrap_or(b'0').cmp(&theirs.unwrap_or(b'0')) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    },
                }
            }
        })
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number<'_> {}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.compare_sizes(other),
            (true, true) => other.compare_sizes(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

fn exponent(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.trim_start_matches('0');
    if digits.len() > MAX_EXPONENT_DIGITS {
        return None;
    }
    let size: i64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some(if text.starts_with('-') { -size } else { size })
}

fn count(digits: usize) -> i64 {
    i64::try_from(digits).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compare(left: &str, right: &str) -> Ordering {
        Number::new(left).unwrap().cmp(&Number::new(right).unwrap())
    }

    #[test]
    fn numbers_are_compared_without_loss() {
        for text in
            ["1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000000000000000000000000", "100e-2", "0.0001e4", "1e00000000000000000000"]
        {
            assert_eq!(compare(text, "1"), Ordering::Equal, "{text}");
        }
        for text in ["-0", "0.0", "0e99999999999999999999999", "-0.000e-5"] {
            assert_eq!(compare(text, "0"), Ordering::Equal, "{text}");
        }
        for (less, more) in [
            ("12345678901234567890123", "12345678901234567890124"),
            ("0.1", "0.10000000000000000000000000001"),
            ("9007199254740992", "9007199254740993"),
            ("-12345678901234567890124", "-12345678901234567890123"),
            ("-1", "0"),
            ("-1e99999999999999999", "1e-99999999999999999"),
            ("0", "1e-99999999999999999"),
            ("9.99e99999999999999998", "1e99999999999999999"),
            ("9", "10"),
            ("99.9", "100"),
            ("0.09", "0.1"),
            ("-10", "-9"),
            ("1e308", "1e309"),
        ] {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(compare(more, less), Ordering::Greater, "{more} {less}");
        }
    }

    #[test]
    fn exponents_are_bounded() {
        assert!(Number::new("1e123456789012345678").is_none());
        assert!(Number::new("1e-123456789012345678").is_none());
        assert!(Number::new("1e012345678901234567").is_some());
    }

    proptest! {
        #[test]
        fn integers_compare_as_integers(left: i128, right: i128) {
            prop_assert_eq!(compare(&left.to_string(), &right.to_string()), left.cmp(&right));
        }

        #[test]
        fn spelling_makes_no_difference(digits in 0_i64..1_000_000, places in 0_usize..9, zeros in 0_usize..9) {
            let scaled = format!("{digits}{}e-{}", "0".repeat(zeros), places + zeros);
            let padded = format!("{digits:0>10}");
            let (whole, fraction) = padded.split_at(10 - places);
            let whole = whole.trim_start_matches('0');
            let whole = if whole.is_empty() { "0" } else { whole };
            let pointed = if places == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
            prop_assert_eq!(compare(&scaled, &pointed), Ordering::Equal, "{} {}", scaled, pointed);
        }
    }
}
