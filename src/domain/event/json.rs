//! A JSON scanner that finds where values lie and builds nothing (RFC 8259).
//!
//! It checks the whole grammar, since what it passes is sent on byte for byte, and bounds the nesting (SPECS HR-31). It takes
//! names that appear twice: inside `data` they are the producer's own affair, at the top level the reader refuses them.

/// Arrays and objects inside each other, at most.
pub(in crate::domain) const MAX_DEPTH: usize = 128;

/// Why a text is no JSON; the scanner stands where that shows. One byte, since every step of the scanner may answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::domain) enum SyntaxError {
    /// A value should be here.
    #[error("expected a JSON value")]
    Value,
    /// The text ends too early.
    #[error("the text ends too early")]
    End,
    /// A name of a member should be here.
    #[error("expected a member's name in double quotes")]
    Name,
    /// A name was not followed by a colon.
    #[error("expected `:` after a member's name")]
    Colon,
    /// A member or element was followed by something else than another one or the end of its kind.
    #[error("expected `,` or the closing bracket")]
    Comma,
    /// A word that is none of the three.
    #[error("expected `true`, `false` or `null`")]
    Word,
    /// A number without a digit where one is needed.
    #[error("a number lacks a digit")]
    Digit,
    /// A backslash that begins no escape.
    #[error("a backslash must begin an escape that JSON knows")]
    Escape,
    /// A control character as itself.
    #[error("control characters in strings must be escaped")]
    Control,
    /// Half of a surrogate pair where a name is needed.
    #[error("a member's name has half of a surrogate pair")]
    Surrogate,
    /// Too many arrays and objects inside each other.
    #[error("arrays and objects may not be nested more than 128 deep")]
    Depth,
    /// More text after the value.
    #[error("nothing may follow the JSON value")]
    Trailing,
    /// A batch that is no array.
    #[error("a batch must be a JSON array of events")]
    Batch,
}

/// A value and where it lies, quotes and brackets included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) struct Value {
    /// What kind of value it is.
    pub kind: ValueKind,
    /// The offset of its first byte.
    pub start: usize,
    /// The offset behind its last byte.
    pub end: usize,
}

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum ValueKind {
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
pub(in crate::domain) struct Scanner<'a> {
    bytes: &'a [u8],
    /// The offset of the next byte.
    pub at: usize,
}

/// What a step answers.
type Step<T = ()> = Result<T, SyntaxError>;

impl<'a> Scanner<'a> {
    /// Begins at the start of `text`.
    pub(in crate::domain) const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    /// The next byte that is no white space, not taken.
    #[inline]
    pub(in crate::domain) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Takes `byte`, white space before it included.
    pub(in crate::domain) fn take(&mut self, byte: u8, error: SyntaxError) -> Step {
        if self.peek() != Some(byte) {
            return Err(error);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space is left.
    pub(in crate::domain) fn finish(&mut self) -> Step {
        if self.peek().is_some() { Err(SyntaxError::Trailing) } else { Ok(()) }
    }

    /// After one member or element: whether another follows, or `close` was taken.
    pub(in crate::domain) fn goes_on(&mut self, close: u8) -> Step<bool> {
        match self.peek() {
            Some(next) if next == b',' || next == close => {
                self.at += 1;
                Ok(next == b',')
            }
            Some(_) => Err(SyntaxError::Comma),
            None => Err(SyntaxError::End),
        }
    }

    /// Takes a member's name and its colon.
    pub(in crate::domain) fn name(&mut self) -> Step<Value> {
        if self.peek() != Some(b'"') {
            return Err(SyntaxError::Name);
        }
        let start = self.at;
        let is_escaped = self.string()?;
        let name = Value { kind: ValueKind::Text { is_escaped }, start, end: self.at };
        self.take(b':', SyntaxError::Colon)?;
        Ok(name)
    }

    /// Takes one value that lies `depth` arrays and objects deep.
    pub(in crate::domain) fn value(&mut self, depth: usize) -> Step<Value> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            Some(b'{' | b'[') => {
                self.compound(depth)?;
                ValueKind::Compound
            }
            _ => self.scalar(first)?,
        };
        Ok(Value { kind, start, end: self.at })
    }

    /// Takes an array or object with all that is in it. A loop and a stack of bits, so that its depth costs nothing.
    fn compound(&mut self, depth: usize) -> Step {
        let mut open = Nesting { kinds: 0, depth, base: depth };
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    let is_object = bracket == b'{';
                    open.push(is_object)?;
                    self.at += 1;
                    if self.peek() != Some(if is_object { b'}' } else { b']' }) {
                        self.name_in(is_object)?;
                        continue;
                    }
                }
                first => {
                    self.scalar(first)?;
                }
            }
            if !self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Behind a value, or an opening bracket that is closed at once: closes what ends here; whether another value follows.
    fn close(&mut self, open: &mut Nesting) -> Step<bool> {
        while let Some(is_object) = open.top() {
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.name_in(is_object)?;
                    return Ok(true);
                }
                Some(b'}') if is_object => open.pop(),
                Some(b']') if !is_object => open.pop(),
                Some(_) => return Err(SyntaxError::Comma),
                None => return Err(SyntaxError::End),
            }
            self.at += 1;
        }
        Ok(false)
    }

    fn name_in(&mut self, is_object: bool) -> Step {
        if is_object {
            self.name()?;
        }
        Ok(())
    }

    /// Takes a value that begins with `first` and is no array or object.
    fn scalar(&mut self, first: Option<u8>) -> Step<ValueKind> {
        match first {
            Some(b'"') => Ok(ValueKind::Text { is_escaped: self.string()? }),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", ValueKind::Boolean),
            Some(b'f') => self.word(b"false", ValueKind::Boolean),
            Some(b'n') => self.word(b"null", ValueKind::Null),
            Some(_) => Err(SyntaxError::Value),
            None => Err(SyntaxError::End),
        }
    }

    /// Takes the string that begins here; whether there are backslashes in it.
    fn string(&mut self) -> Step<bool> {
        self.at += 1;
        let mut is_escaped = false;
        loop {
            self.at += plain_run(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(is_escaped);
                }
                Some(b'\\') => {
                    is_escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(SyntaxError::Control),
                None => return Err(SyntaxError::End),
            }
        }
    }

    fn escape(&mut self) -> Step {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(SyntaxError::Escape);
                }
                self.at += 6;
            }
            _ => return Err(SyntaxError::Escape),
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: ValueKind) -> Step<ValueKind> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(SyntaxError::Word);
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Step<ValueKind> {
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

    fn digits(&mut self) -> Step {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at == start { Err(SyntaxError::Digit) } else { Ok(()) }
    }
}

/// The arrays and objects that are open: one bit each, the innermost lowest, set for objects.
struct Nesting {
    kinds: u128,
    depth: usize,
    base: usize,
}

impl Nesting {
    const fn push(&mut self, is_object: bool) -> Step {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError::Depth);
        }
        self.depth += 1;
        self.kinds = self.kinds << 1 | is_object as u128;
        Ok(())
    }

    const fn pop(&mut self) {
        self.depth -= 1;
        self.kinds >>= 1;
    }

    /// Whether the innermost is an object; `None` if none is open.
    fn top(&self) -> Option<bool> {
        (self.depth > self.base).then_some(self.kinds & 1 == 1)
    }
}

/// Whether `text` is one JSON value.
pub(in crate::domain) fn is_json(text: &str) -> bool {
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
