//! Tokens of an expression. Signs are tokens of their own: only the parser knows whether one belongs to a number (SPECS SQ-5).

use std::borrow::Cow;

use super::error::ParseError;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The end of the text.
    End,
    /// ASCII letters, digits and underscores, not digits alone: a keyword, an attribute or a function.
    Word(&'a str),
    /// Digits alone.
    Digits(&'a str),
    /// A string literal, without its quotes and with its own quote unescaped.
    Text(Cow<'a, str>),
    /// An operator, a parenthesis or a comma.
    Symbol(&'static str),
}

/// The longer ones first: the first that fits is taken.
const SYMBOLS: [&str; 15] = ["<=", "<>", "<", ">=", ">", "!=", "=", "+", "-", "*", "/", "%", "(", ")", ","];

/// A place in the text from which tokens are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// The byte after the last token.
    pub(super) position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The next token and the byte it begins at.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, usize), ParseError> {
        let rest = self.text[self.position..].trim_start_matches([' ', '\t', '\r', '\n']);
        let start = self.text.len() - rest.len();
        let (token, length) = match rest.bytes().next() {
            None => (Token::End, 0),
            Some(quote @ (b'\'' | b'"')) => self.literal(rest, start, quote)?,
            Some(byte) if is_word(byte) => word(rest),
            Some(_) => match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => return Err(self.unexpected(rest, start)),
            },
        };
        self.position = start + length;
        Ok((token, start))
    }

    /// A string literal: a backslash takes the next character with it, whatever that is, and stays unless that is the quote.
    fn literal(&self, rest: &'a str, start: usize, quote: u8) -> Result<(Token<'a>, usize), ParseError> {
        let bytes = rest.as_bytes();
        let mut end = 1;
        let mut is_escaped = false;
        while let Some(&byte) = bytes.get(end) {
            if byte == quote {
                let inside = &rest[1..end];
                let text = if is_escaped { Cow::Owned(unescape(inside, char::from(quote))) } else { Cow::Borrowed(inside) };
                return Ok((Token::Text(text), end + 1));
            }
            if byte == b'\\' {
                is_escaped |= bytes.get(end + 1) == Some(&quote);
                // A character of several bytes is passed by its further bytes, none of which is a quote or backslash.
                end += 1;
            }
            end += 1;
        }
        let quote = char::from(quote);
        Err(ParseError::at(self.text, start, format!("this text is never closed: expected another {quote} before the end")))
    }

    fn unexpected(&self, rest: &str, start: usize) -> ParseError {
        let found = rest.chars().next().unwrap_or_default();
        let hint = match found {
            '!' => "; did you mean `!=`?",
            '&' => "; write `AND`",
            '|' => "; write `OR`",
            '`' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => "; texts stand in ' or \"",
            _ => "",
        };
        ParseError::at(self.text, start, format!("{found:?} has no meaning outside of a text{hint}"))
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The word or number at the beginning.
fn word(rest: &str) -> (Token<'_>, usize) {
    let length = rest.bytes().take_while(|&byte| is_word(byte)).count();
    let word = &rest[..length];
    let token = if word.bytes().all(|byte| byte.is_ascii_digit()) { Token::Digits(word) } else { Token::Word(word) };
    (token, length)
}

fn unescape(inside: &str, quote: char) -> String {
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some(escaped) if escaped == quote => text.push(quote),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}
