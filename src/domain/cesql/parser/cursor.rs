//! Where the parser stands: taking tokens, counting against the limits, and saying what was expected.

use super::Parser;
use super::operand::KEYWORDS;
use crate::domain::cesql::error::ParseError;
use crate::domain::cesql::lexer::Token;
use crate::domain::cesql::{MAX_DEPTH, MAX_NODES};

impl Parser<'_> {
    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<(), ParseError> {
        self.end = self.lexer.position;
        (self.token, self.start) = self.lexer.next()?;
        Ok(())
    }

    /// Takes one keyword, and one more if `NOT` was the first.
    pub(super) fn take_keywords(&mut self, is_negated: bool) -> Result<(), ParseError> {
        if is_negated {
            self.take()?;
        }
        self.take()
    }

    pub(super) fn require(&mut self, symbol: &'static str, expected: &str) -> Result<(), ParseError> {
        if self.token == Token::Symbol(symbol) { self.take() } else { Err(self.expected(expected)) }
    }

    /// One level deeper.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.refuse(format!("an expression may not be nested more than {MAX_DEPTH} deep")));
        }
        let found = read(self)?;
        self.depth -= 1;
        Ok(found)
    }

    /// One operator, call or attribute more.
    pub(super) fn count(&mut self) -> Result<(), ParseError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let detail = format!("an expression may have at most {MAX_NODES} operators, function calls and attributes");
            return Err(self.refuse(detail));
        }
        Ok(())
    }

    pub(super) fn refuse(&self, detail: impl Into<String>) -> ParseError {
        ParseError::at(self.text, self.start, detail)
    }

    pub(super) fn expected(&self, expected: &str) -> ParseError {
        let found = match &self.token {
            Token::End => "the end".to_owned(),
            Token::Word(word) if KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) => {
                format!("the keyword {}", word.to_ascii_uppercase())
            }
            Token::Text(_) => "a text".to_owned(),
            Token::Word(other) | Token::Digits(other) => format!("`{other}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
        };
        self.refuse(format!("expected {expected}, found {found}"))
    }
}
