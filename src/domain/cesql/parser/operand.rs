//! Operands: literals, attributes, calls, what stands in parentheses, and the operators that stand before their operand.

use super::doubt::Shape;
use super::{LOGIC, OPERAND, Parser, Part};
use crate::domain::cesql::error::{ErrorKind, Errors, ParseError};
use crate::domain::cesql::function::Function;
use crate::domain::cesql::lexer::Token;
use crate::domain::cesql::node::Node;
use crate::domain::cesql::value::{Outcome, Type, Value};
use crate::domain::cesql::warning::Warning;
use crate::domain::like::{MAX_WILD, Pattern};

pub(super) const KEYWORDS: [&str; 9] = ["AND", "OR", "XOR", "NOT", "LIKE", "EXISTS", "IN", "TRUE", "FALSE"];

/// What can stand as an operand.
const VALUE: &str =
    "a value (an attribute, a number, a text in quotes, TRUE, FALSE, a function call, `EXISTS`, `NOT`, `-` or `(`)";

impl Parser<'_> {
    pub(super) fn operand(&mut self) -> Result<Part, ParseError> {
        let start = self.start;
        let mut shape = Shape::Other;
        let node = match self.token.clone() {
            Token::Text(text) => {
                self.take()?;
                Node::Constant(Outcome::fine(Value::String(text.into_owned().into())))
            }
            Token::Digits(digits) => self.number(digits, start)?,
            Token::Symbol(sign @ ("-" | "+")) => self.signed(sign, start)?,
            Token::Symbol("(") => {
                self.take()?;
                let inside = self.nested(|parser| parser.expression(LOGIC))?.node;
                self.require(")", "an operator or `)`")?;
                inside
            }
            Token::Word(word) if word.eq_ignore_ascii_case("NOT") => {
                self.take()?;
                self.count()?;
                shape = Shape::Not;
                Node::Not(Box::new(self.nested(|parser| parser.expression(OPERAND))?.node))
            }
            Token::Word(word) => self.word(word)?,
            _ => return Err(self.expected(VALUE)),
        };
        Ok(Part { node, start, shape })
    }

    /// A literal of 32 bits, whose sign may stand before `digits`.
    fn number(&mut self, digits: &str, start: usize) -> Result<Node, ParseError> {
        self.take()?;
        let literal = &self.text[start..self.end];
        let Ok(number) = literal.parse() else {
            let detail = format!(
                "{literal} is no integer of 32 bits (from {} to {}), nor can {digits} name an attribute",
                i32::MIN,
                i32::MAX
            );
            return Err(ParseError::at(self.text, start, detail));
        };
        Ok(Node::Constant(Outcome::fine(Value::Integer(number))))
    }

    /// What comes after a sign in the place of an operand: a number that it belongs to, if that stands right behind it, or, after a
    /// minus, any operand.
    fn signed(&mut self, sign: &str, start: usize) -> Result<Node, ParseError> {
        self.take()?;
        match self.token {
            Token::Digits(digits) if self.start == self.end => self.number(digits, start),
            _ if sign == "+" => {
                Err(ParseError::at(self.text, start, "expected digits right behind the `+`, or a value in its place"))
            }
            _ => {
                self.count()?;
                Ok(Node::Negate(Box::new(self.nested(|parser| parser.expression(OPERAND))?.node)))
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<Node, ParseError> {
        let start = self.start;
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("EXISTS") {
            self.take()?;
            self.count()?;
            return Ok(Node::Exists(self.name()?));
        }
        if is("TRUE") || is("FALSE") {
            self.take()?;
            return Ok(Node::Constant(Outcome::truth(is("TRUE"))));
        }
        if KEYWORDS.into_iter().any(is) {
            return Err(self.expected(VALUE));
        }
        let mut ahead = self.lexer;
        if ahead.next()?.0 == Token::Symbol("(") {
            return self.call(word, start);
        }
        self.count()?;
        Ok(Node::Attribute(self.name()?))
    }

    /// The name of an attribute.
    fn name(&mut self) -> Result<Box<str>, ParseError> {
        let Token::Word(word) = self.token else { return Err(self.expected("the name of an attribute")) };
        if KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) {
            return Err(self.expected("the name of an attribute"));
        }
        if word.contains('_') {
            return Err(self.refuse("names of attributes have only letters and digits, no `_`"));
        }
        let name = word.to_ascii_lowercase();
        if name == "data" {
            let detail = "`data` is no attribute: CESQL can't see the data of an event, so this is always missing".to_owned();
            self.warnings.push(Warning::at(self.text, self.start, detail));
        }
        self.take()?;
        Ok(name.into())
    }

    fn call(&mut self, name: &str, start: usize) -> Result<Node, ParseError> {
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || name.contains(|digit: char| digit.is_ascii_digit()) {
            return Err(self.refuse("names of functions begin with a letter and have only letters and `_`"));
        }
        self.count()?;
        self.take()?;
        self.take()?;
        let arguments = self.list()?;
        match Function::find(name, arguments.len()) {
            Ok(function) => Ok(Node::Call(function, arguments.into())),
            Err(detail) => {
                self.unknown_function.get_or_insert_with(|| ParseError::at(self.text, start, detail));
                Ok(Node::Constant(Outcome::zero(Type::Boolean, Errors::of(ErrorKind::MissingFunction))))
            }
        }
    }

    /// Values up to and with a closing parenthesis; the opening one is taken already.
    pub(super) fn list(&mut self) -> Result<Vec<Node>, ParseError> {
        let mut values = Vec::new();
        if self.token == Token::Symbol(")") {
            self.take()?;
            return Ok(values);
        }
        self.nested(|parser| {
            loop {
                values.push(parser.expression(LOGIC)?.node);
                if parser.token != Token::Symbol(",") {
                    return parser.require(")", "an operator, `,` or `)`");
                }
                parser.take()?;
            }
        })?;
        Ok(values)
    }

    pub(super) fn pattern(&mut self) -> Result<Pattern, ParseError> {
        let Token::Text(text) = &self.token else { return Err(self.expected("a pattern in quotes after `LIKE`")) };
        let Some(pattern) = Pattern::new(text) else {
            let detail = format!("between two `%` a pattern with `_` may have at most {MAX_WILD} characters");
            return Err(self.refuse(detail));
        };
        self.take()?;
        Ok(pattern)
    }
}
