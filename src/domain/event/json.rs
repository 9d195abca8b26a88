//! A JSON scanner that finds where values lie and builds nothing (RFC 8259).
//!
//! It checks the whole grammar, since what it passes is sent on byte for byte, and bounds the nesting (SPECS HR-31). It takes
//! names that appear twice: inside `data` they are the producer's own affair, at the top level the reader refuses them.

/// Arrays and objects inside each other, at most.
pub(super) const MAX_DEPTH: usize = 128;

/// Why a text is no JSON, and the byte at which that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// The offset of the byte at fault.
    pub at: usize,
    /// What would have been right.
    pub what: &'static str,
}

/// A value and where it lies, quotes and brackets included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    /// What kind of value it is.
    pub kind: ValueKind,
    /// The offset of its first byte.
    pub start: usize,
    /// The offset behind its last byte.
    pub end: usize,
}

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string, with or without backslashes in it.
    Text {
        /// Whether there are backslashes in it.
        is_escaped: bool,
    },
    /// An array or an object.
    Compound,
}

/// A place in a text and the means to move on from it.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    /// The offset of the next byte.
    pub at: usize,
}

impl<'a> Scanner<'a> {
    /// Begins at the start of `text`.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    /// The error that something else than `what` is here.
    pub(super) const fn error<T>(&self, what: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError { at: self.at, what })
    }

    /// The next byte that is no white space, not taken.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Takes `byte`, white space before it included.
    pub(super) fn take(&mut self, byte: u8, what: &'static str) -> Result<(), SyntaxError> {
        if self.peek() != Some(byte) {
            return self.error(what);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space is left.
    pub(super) fn finish(&mut self) -> Result<(), SyntaxError> {
        if self.peek().is_some() { self.error("nothing may follow the JSON value") } else { Ok(()) }
    }

    /// After one member or element: whether another follows, or `close` was taken.
    pub(super) fn goes_on(&mut self, close: u8, what: &'static str) -> Result<bool, SyntaxError> {
        let next = self.peek();
        if next != Some(b',') && next != Some(close) {
            return self.error(what);
        }
        self.at += 1;
        Ok(next == Some(b','))
    }

    /// Takes one value that lies `depth` arrays and objects deep.
    pub(super) fn value(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            Some(b'"') => return self.string(),
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true", ValueKind::Boolean)?,
            Some(b'f') => self.word(b"false", ValueKind::Boolean)?,
            Some(b'n') => self.word(b"null", ValueKind::Null)?,
            Some(_) => return self.error("expected a JSON value"),
            None => return self.error("the text ends where a JSON value should begin"),
        };
        Ok(Value { kind, start, end: self.at })
    }

    /// Takes one string.
    pub(super) fn string(&mut self) -> Result<Value, SyntaxError> {
        self.take(b'"', "expected a string in double quotes")?;
        let start = self.at - 1;
        let mut is_escaped = false;
        loop {
            self.at += plain_run(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Value { kind: ValueKind::Text { is_escaped }, start, end: self.at });
                }
                Some(b'\\') => {
                    is_escaped = true;
                    self.escape()?;
                }
                Some(_) => return self.error("control characters in strings must be escaped"),
                None => return self.error("the text ends inside a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return self.error("`\\u` needs four hexadecimal digits");
                }
                self.at += 6;
            }
            _ => return self.error("a backslash must begin an escape that JSON knows"),
        }
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<ValueKind, SyntaxError> {
        self.open(depth)?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(ValueKind::Compound);
        }
        loop {
            self.peek();
            self.string()?;
            self.take(b':', "expected `:` after a member's name")?;
            self.value(depth + 1)?;
            if !self.goes_on(b'}', "expected `,` or `}` after a member")? {
                return Ok(ValueKind::Compound);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<ValueKind, SyntaxError> {
        self.open(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(ValueKind::Compound);
        }
        loop {
            self.value(depth + 1)?;
            if !self.goes_on(b']', "expected `,` or `]` after an element")? {
                return Ok(ValueKind::Compound);
            }
        }
    }

    const fn open(&mut self, depth: usize) -> Result<(), SyntaxError> {
        if depth >= MAX_DEPTH {
            return self.error("arrays and objects may not be nested more than 128 deep");
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: ValueKind) -> Result<ValueKind, SyntaxError> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.error("expected `true`, `false` or `null`");
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<ValueKind, SyntaxError> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(ValueKind::Number)
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return self.error("a number lacks a digit");
        }
        self.at += count;
        Ok(())
    }
}

/// Whether `text` is one JSON value.
pub(super) fn is_json(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.value(0).and_then(|_| scanner.finish()).is_ok()
}

/// How many bytes from the start stand for themselves in a JSON string: no quote, no backslash, no control character.
/// Eight at a time, since most of an event is string.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // Sets the high bit of the first byte below `limit` (1 to 128); bytes after it may be set wrongly by the borrow.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let special = quote | backslash | below(word, 0x20);
        if special != 0 {
            return index * 8 + (special.trailing_zeros() / 8) as usize;
        }
    }
    words.len() * 8 + rest.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count()
}

/// Half of a surrogate pair without its other half: no text (SPECS CE-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnpairedSurrogate;

/// Appends what the inside of a scanned string says, its escapes resolved.
pub(super) fn unescape_into(raw: &str, out: &mut String) -> Result<(), UnpairedSurrogate> {
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
    Ok(())
}

/// What the inside of a scanned string says.
pub(super) fn unescape(raw: &str) -> Result<String, UnpairedSurrogate> {
    let mut out = String::with_capacity(raw.len());
    unescape_into(raw, &mut out)?;
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
