//! CESQL, the expression language of CloudEvents, version 1.0.0 (SPECS 1.G): parsed once, evaluated for every event.
//!
//! It sees attributes and never `data`. It is total: every expression has a value and a set of errors for every event, in time
//! bounded by its length and that of the attributes. Nothing here panics, whatever the text or the event.
//!
//! [`parser`] makes a tree of the text, [`fold`] computes what no event can change, [`evaluate`] asks the tree.

mod error;
mod evaluate;
mod fold;
mod function;
mod lexer;
mod necessary;
mod node;
mod parser;
mod set;
mod value;
mod warning;

#[cfg(test)]
mod tests;

use std::fmt;

pub use self::error::{ErrorKind, Errors, ParseError};
pub use self::function::MAX_TEXT;
pub use self::necessary::Necessary;
pub use self::value::{Outcome, Value};
pub use self::warning::Warning;

use self::node::Node;
use self::parser::Parsed;
use super::event::{Event, Kind};

/// Bytes of one expression, at most.
pub const MAX_LENGTH: usize = 4096;

/// Parentheses, function calls, lists and operators before their operand (`NOT`, `-`) inside each other, at most.
pub const MAX_DEPTH: usize = 32;

/// Operators, function calls and attributes of one expression, at most. Literals are free: the length bounds them, and comparing
/// with a list of them costs one look-up.
pub const MAX_NODES: usize = 256;

/// What an expression can ask of an event.
pub trait Attributes {
    /// The canonical string of the attribute of that name (lower case), and the type it was written with.
    fn attribute(&self, name: &str) -> Option<(&str, Kind)>;
}

impl Attributes for Event {
    fn attribute(&self, name: &str) -> Option<(&str, Kind)> {
        self.typed_attribute(name)
    }
}

/// A parsed expression.
#[derive(Clone)]
pub struct Expression {
    text: Box<str>,
    root: Node,
    nodes: usize,
    unknown_function: Option<Box<ParseError>>,
    warnings: Box<[Warning]>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Where it can't be read on, and what was expected there; also beyond [`MAX_LENGTH`], [`MAX_DEPTH`] and [`MAX_NODES`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parsed = parser::parse(text)?;
        parsed.root = fold::fold(parsed.root);
        warning::of_whole(&parsed.root, &mut parsed.warnings);
        Ok(Self::new(text, parsed))
    }

    /// Reads an expression and leaves it as it is written: nothing is computed beforehand. For comparison with [`Self::parse`].
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_literally(text: &str) -> Result<Self, ParseError> {
        Ok(Self::new(text, parser::parse(text)?))
    }

    fn new(text: &str, Parsed { root, nodes, unknown_function, warnings }: Parsed) -> Self {
        Self { text: text.into(), root, nodes, unknown_function: unknown_function.map(Box::new), warnings: warnings.into() }
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Operators, function calls and attributes, at most [`MAX_NODES`].
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.nodes
    }

    /// What its author should look at again: it is read otherwise than many would expect, or its answer never changes.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The first call of a function that is not there, by its name or its number of arguments. Such a call is no parse error: it
    /// gives `false` and an error (SPECS SQ-13). But as a filter the expression is of no use.
    #[must_use]
    pub fn unknown_function(&self) -> Option<&ParseError> {
        self.unknown_function.as_deref()
    }

    /// The names of the attributes that it may ask for, each once, in the order of its text but for what is computed beforehand.
    #[must_use]
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.attributes(&mut names);
        names
    }

    /// Its value for an event, and every error on the way (complete evaluation, CESQL 4.1).
    #[must_use]
    pub fn evaluate<'a>(&'a self, event: &'a (impl Attributes + ?Sized)) -> Outcome<'a> {
        evaluate::evaluate::<false, _>(&self.root, event)
    }

    /// Whether an event passes: the value is boolean `true` and there was no error (SPECS SQ-14). Stops at the first error.
    ///
    /// # Errors
    /// The first error that came up.
    pub fn passes(&self, event: &(impl Attributes + ?Sized)) -> Result<bool, Errors> {
        let Outcome { value, errors } = evaluate::evaluate::<true, _>(&self.root, event);
        if errors.is_empty() { Ok(matches!(value, Value::Boolean(true))) } else { Err(errors) }
    }
}

/// Expressions are the same if they are written the same.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl serde::Serialize for Expression {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
