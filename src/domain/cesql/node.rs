//! The tree of an expression.

use super::function::Function;
use super::set::Constants;
use super::value::Outcome;
use crate::domain::like::Pattern;

/// A part of an expression with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A literal, or what was computed beforehand, with the errors that brought.
    Constant(Outcome<'static>),
    /// The value of an attribute; its name in lower case.
    Attribute(Box<str>),
    /// Whether there is an attribute of that name.
    Exists(Box<str>),
    /// `NOT x`.
    Not(Box<Node>),
    /// `-x`.
    Negate(Box<Node>),
    /// `x operator y`.
    Binary(Operator, Box<(Node, Node)>),
    /// `x LIKE pattern`.
    Like { operand: Box<Node>, pattern: Box<Pattern>, is_negated: bool },
    /// `x IN (...)`: what was prepared of the list, and what has to be evaluated.
    In { operand: Box<Node>, constants: Option<Box<Constants>>, elements: Box<[Node]>, is_negated: bool },
    /// `name(...)` with as many arguments as the function takes.
    Call(Function, Box<[Node]>),
}

/// An operator with two operands that are values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Xor,
}

impl Node {
    /// Adds the names of its attributes that are not there yet.
    pub(super) fn attributes<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Constant(_) => {}
            Self::Attribute(name) | Self::Exists(name) => {
                if !names.contains(&&**name) {
                    names.push(name);
                }
            }
            Self::Not(operand) | Self::Negate(operand) | Self::Like { operand, .. } => operand.attributes(names),
            Self::Binary(_, operands) => {
                operands.0.attributes(names);
                operands.1.attributes(names);
            }
            Self::In { operand, elements, .. } => {
                operand.attributes(names);
                elements.iter().for_each(|element| element.attributes(names));
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.attributes(names)),
        }
    }
}
