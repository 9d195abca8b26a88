//! What an author should look at again: expressions that are legal and read otherwise than many would expect (SPECS T-4), or whose
//! answer is the same for every event.

use super::error::{ErrorKind, column};
use super::node::{Node, Operator};
use super::value::{Outcome, Type, Value};

/// A doubt about an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Bytes of the text before the place.
    pub offset: usize,
    /// The character at the place, counted from 1.
    pub column: usize,
    /// What is doubtful, and how to write it beyond doubt.
    pub detail: String,
}

impl Warning {
    pub(super) fn at(text: &str, offset: usize, detail: String) -> Self {
        Self { offset, column: column(text, offset), detail }
    }
}

/// Adds what can be said of the whole, once all that no event can change was computed.
pub(super) fn of_whole(root: &Node, warnings: &mut Vec<Warning>) {
    let detail = match root {
        Node::Constant(Outcome { errors, .. }) if !errors.is_empty() => {
            let names: Vec<_> = errors.iter().map(ErrorKind::name).collect();
            format!("this fails for every event ({}): as a filter it lets nothing pass", names.join(", "))
        }
        Node::Constant(Outcome { value: Value::Boolean(true), .. }) => "this is true for every event".to_owned(),
        Node::Constant(Outcome { value: Value::Boolean(false), .. }) => {
            "this is false for every event: as a filter it lets nothing pass".to_owned()
        }
        node => match kind(node) {
            Some(Type::Integer) => never_passes("a number"),
            Some(Type::String) => never_passes("a text"),
            Some(Type::Boolean) | None => return,
        },
    };
    warnings.push(Warning { offset: 0, column: 1, detail });
}

fn never_passes(what: &str) -> String {
    format!("this gives {what} and a filter lets pass on true alone: compare it with something")
}

/// The type of what a tree gives, where that does not depend on the event.
fn kind(node: &Node) -> Option<Type> {
    match node {
        Node::Constant(outcome) => Some(outcome.value.kind()),
        Node::Attribute(_) => None,
        Node::Negate(_) => Some(Type::Integer),
        Node::Exists(_) | Node::Not(_) | Node::Like { .. } | Node::In { .. } => Some(Type::Boolean),
        Node::Call(function, _) => Some(function.kind()),
        Node::Binary(operator, _) => Some(match operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => Type::Integer,
            _ => Type::Boolean,
        }),
    }
}
