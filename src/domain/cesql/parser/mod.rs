//! From the text to a tree: a Pratt parser, one function for operands and one for what follows them.
//!
//! Precedence is that of CESQL 3.6: equal levels are taken from left to right, and `AND`, `OR` and `XOR` are one level
//! (docs/adr/0014). It calls itself once for each of [`super::MAX_DEPTH`] levels of nesting and never for the length of a chain.

mod cursor;
mod doubt;
mod operand;

use self::doubt::Shape;
use super::MAX_LENGTH;
use super::error::ParseError;
use super::lexer::{Lexer, Token};
use super::node::{Node, Operator};
use super::warning::Warning;

const LOGIC: u8 = 1;
const COMPARISON: u8 = 2;
const SUM: u8 = 3;
const PRODUCT: u8 = 4;
const IN: u8 = 5;
const LIKE: u8 = 6;
/// Above all operators that stand after an operand: what `NOT` and `-` take.
const OPERAND: u8 = 7;

/// Operators between two operands, and how tightly they bind.
const OPERATORS: [(&str, Operator, u8); 15] = [
    ("AND", Operator::And, LOGIC),
    ("OR", Operator::Or, LOGIC),
    ("XOR", Operator::Xor, LOGIC),
    ("=", Operator::Equal, COMPARISON),
    ("!=", Operator::NotEqual, COMPARISON),
    ("<>", Operator::NotEqual, COMPARISON),
    ("<", Operator::Less, COMPARISON),
    ("<=", Operator::LessOrEqual, COMPARISON),
    (">", Operator::Greater, COMPARISON),
    (">=", Operator::GreaterOrEqual, COMPARISON),
    ("+", Operator::Add, SUM),
    ("-", Operator::Subtract, SUM),
    ("*", Operator::Multiply, PRODUCT),
    ("/", Operator::Divide, PRODUCT),
    ("%", Operator::Remainder, PRODUCT),
];

/// What was read.
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) nodes: usize,
    pub(super) unknown_function: Option<ParseError>,
    pub(super) warnings: Vec<Warning>,
}

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Parsed, ParseError> {
    if text.len() > MAX_LENGTH {
        let end = (0..=MAX_LENGTH).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        return Err(ParseError::at(text, end, format!("an expression may have at most {MAX_LENGTH} bytes")));
    }
    let mut lexer = Lexer::new(text);
    let (token, start) = lexer.next()?;
    let mut parser =
        Parser { text, lexer, token, start, end: 0, depth: 0, nodes: 0, unknown_function: None, warnings: Vec::new() };
    let root = parser.expression(LOGIC)?.node;
    match parser.token {
        Token::End => {}
        Token::Symbol(")") => return Err(parser.refuse("no parenthesis is open that this `)` could close")),
        _ => return Err(parser.expected("an operator or the end")),
    }
    let Parser { nodes, unknown_function, warnings, .. } = parser;
    Ok(Parsed { root, nodes, unknown_function, warnings })
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The next token, and the byte where it begins.
    token: Token<'a>,
    start: usize,
    /// The byte after the last token taken.
    end: usize,
    depth: usize,
    nodes: usize,
    unknown_function: Option<ParseError>,
    warnings: Vec<Warning>,
}

/// A part that was read, with what a warning needs to know of it.
struct Part {
    node: Node,
    start: usize,
    shape: Shape,
}

/// What follows an operand.
enum Follower {
    Binary(&'static str, Operator),
    Like { is_negated: bool },
    In { is_negated: bool },
}

impl Parser<'_> {
    /// An operand and everything after it that binds at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Part, ParseError> {
        let mut left = self.operand()?;
        while let Some((follower, level)) = self.follower()? {
            if level < least {
                break;
            }
            left = self.join(left, follower, level)?;
        }
        Ok(left)
    }

    fn join(&mut self, left: Part, follower: Follower, level: u8) -> Result<Part, ParseError> {
        let (at, start) = (self.start, left.start);
        self.count()?;
        let (node, shape) = match follower {
            Follower::Binary(name, operator) => {
                let shape = self.doubt_operator(&left, name, operator, level);
                self.take()?;
                let right = self.expression(level + 1)?;
                (Node::Binary(operator, Box::new((left.node, right.node))), shape)
            }
            Follower::Like { is_negated } => {
                self.doubt_not(&left, if is_negated { "NOT LIKE" } else { "LIKE" }, at);
                self.take_keywords(is_negated)?;
                let pattern = Box::new(self.pattern()?);
                (Node::Like { operand: Box::new(left.node), pattern, is_negated }, Shape::Other)
            }
            Follower::In { is_negated } => {
                self.doubt_not(&left, if is_negated { "NOT IN" } else { "IN" }, at);
                self.take_keywords(is_negated)?;
                self.require("(", "`(` and the list of what it may be")?;
                let elements = self.list()?;
                if elements.is_empty() {
                    return Err(ParseError::at(self.text, self.end - 1, "a list needs at least one value before `)`"));
                }
                (Node::In { operand: Box::new(left.node), constants: None, elements: elements.into(), is_negated }, Shape::Other)
            }
        };
        Ok(Part { node, start, shape })
    }

    /// The operator that comes next, without taking it.
    fn follower(&mut self) -> Result<Option<(Follower, u8)>, ParseError> {
        let (name, is_negated) = match &self.token {
            Token::Symbol(name) => (*name, false),
            Token::Word(word) if word.eq_ignore_ascii_case("NOT") => {
                let mut ahead = self.lexer;
                match ahead.next()? {
                    (Token::Word(word), _) => (word, true),
                    _ => return Err(self.refuse("`NOT` after a value: expected `NOT LIKE` or `NOT IN`")),
                }
            }
            Token::Word(word) => (*word, false),
            _ => return Ok(None),
        };
        let is = |keyword: &str| name.eq_ignore_ascii_case(keyword);
        if is("LIKE") {
            return Ok(Some((Follower::Like { is_negated }, LIKE)));
        }
        if is("IN") {
            return Ok(Some((Follower::In { is_negated }, IN)));
        }
        if is_negated {
            return Err(self.refuse("`NOT` after a value: expected `NOT LIKE` or `NOT IN`"));
        }
        let found = OPERATORS.into_iter().find(|(own, ..)| is(own));
        Ok(found.map(|(name, operator, level)| (Follower::Binary(name, operator), level)))
    }
}
