//! What JSON strings say: escapes resolved, halves of surrogate pairs refused.

/// Half of a surrogate pair without its other half: no text (SPECS CE-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) struct UnpairedSurrogate;

/// What the inside of a string says that the scanner has passed.
pub(in crate::domain) fn unescape(raw: &str) -> Result<String, UnpairedSurrogate> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escaped = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        let character = match escaped {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode_escape(&mut rest)?,
            other => char::from(other),
        };
        out.push(character);
    }
    out.push_str(rest);
    Ok(out)
}

/// The character whose `\u` was just taken from before `rest`.
fn unicode_escape(rest: &mut &str) -> Result<char, UnpairedSurrogate> {
    let unit = code_unit(rest);
    if let Some(character) = char::from_u32(unit) {
        return Ok(character);
    }
    let is_high = unit < 0xDC00;
    if !is_high || !rest.starts_with("\\u") {
        return Err(UnpairedSurrogate);
    }
    *rest = &rest[2..];
    let low = code_unit(rest);
    if !(0xDC00..0xE000).contains(&low) {
        return Err(UnpairedSurrogate);
    }
    char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)).ok_or(UnpairedSurrogate)
}

/// Takes four hexadecimal digits; the scanner has seen that they are there.
fn code_unit(rest: &mut &str) -> u32 {
    let (digits, after) = rest.split_at(4);
    *rest = after;
    u32::from_str_radix(digits, 16).unwrap_or(0xFFFD)
}
