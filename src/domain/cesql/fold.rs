//! Computes what no event can change, once: an expression that was folded gives the same value and the same errors as before.

use super::evaluate::{evaluate, settled};
use super::node::Node;
use super::set::Constants;
use super::value::Outcome;
use super::{Attributes, Kind};

/// An event that is never asked: constants have no attributes.
struct Nothing;

impl Attributes for Nothing {
    fn attribute(&self, _name: &str) -> Option<(&str, Kind)> {
        None
    }
}

/// Folds a tree from its leaves.
pub(super) fn fold(node: Node) -> Node {
    match node {
        Node::Constant(_) | Node::Attribute(_) => node,
        Node::Exists(ref name) => match &**name {
            // An event without them was never accepted (CESQL 3.4.4).
            "specversion" | "id" | "source" | "type" => Node::Constant(Outcome::truth(true)),
            _ => node,
        },
        Node::Not(operand) => computed(Node::Not(Box::new(fold(*operand)))),
        Node::Negate(operand) => computed(Node::Negate(Box::new(fold(*operand)))),
        Node::Like { operand, pattern, is_negated } => {
            computed(Node::Like { operand: Box::new(fold(*operand)), pattern, is_negated })
        }
        Node::Binary(operator, mut operands) => {
            operands.0 = fold(operands.0);
            operands.1 = fold(operands.1);
            match constant(&operands.0).and_then(|left| settled(operator, left)) {
                Some(settled) => Node::Constant(settled),
                None => computed(Node::Binary(operator, operands)),
            }
        }
        Node::In { operand, constants, elements, is_negated } => {
            let elements = elements.into_iter().map(fold).collect();
            let (constants, elements) = prepared(constants, elements);
            computed(Node::In { operand: Box::new(fold(*operand)), constants, elements, is_negated })
        }
        Node::Call(function, arguments) => computed(Node::Call(function, arguments.into_iter().map(fold).collect())),
    }
}

fn constant(node: &Node) -> Option<&Outcome<'static>> {
    match node {
        Node::Constant(outcome) => Some(outcome),
        _ => None,
    }
}

/// The node as a constant, if all below it are constants.
fn computed(node: Node) -> Node {
    let is_constant = |node: &Node| matches!(node, Node::Constant(_));
    let is_computable = match &node {
        Node::Constant(_) | Node::Attribute(_) | Node::Exists(_) => false,
        Node::Not(operand) | Node::Negate(operand) | Node::Like { operand, .. } => is_constant(operand),
        Node::Binary(_, operands) => is_constant(&operands.0) && is_constant(&operands.1),
        Node::In { operand, elements, .. } => is_constant(operand) && elements.iter().all(is_constant),
        Node::Call(_, arguments) => arguments.iter().all(is_constant),
    };
    if !is_computable {
        return node;
    }
    let Outcome { value, errors } = evaluate::<false, _>(&node, &Nothing);
    Node::Constant(Outcome { value: value.into_owned(), errors })
}

/// Puts the constants of a list together. One that brought an error stays an element: its error belongs to the result.
fn prepared(constants: Option<Box<Constants>>, elements: Vec<Node>) -> (Option<Box<Constants>>, Box<[Node]>) {
    let is_plain = |node: &Node| constant(node).is_some_and(|outcome| outcome.errors.is_empty());
    let (plain, others): (Vec<_>, Vec<_>) = elements.into_iter().partition(is_plain);
    if plain.is_empty() {
        return (constants, others.into());
    }
    let values = plain.into_iter().filter_map(|node| match node {
        Node::Constant(outcome) => Some(outcome.value),
        _ => None,
    });
    (Some(Box::new(Constants::new(values.collect()))), others.into())
}
