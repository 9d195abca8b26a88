//! What an event must have for an expression to be anything but plainly false: by that, a subscription can be found without asking.
//!
//! Only what is exact counts. `AND` is asked from left to right and stops at a false left operand, so that a comparison decides if
//! nothing to its left can bring an error; and only attributes that every event has can be compared without one.

use super::node::{Node, Operator};
use super::{Expression, Value};

/// Attributes that every event has, always as strings.
const ALWAYS: [&str; 3] = ["type", "source", "id"];

/// A comparison without which the expression is false and has no errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Necessary<'a> {
    /// The attribute.
    pub attribute: &'a str,
    /// What it must be, or begin with: one of these.
    pub texts: Vec<&'a str>,
    /// Whether beginning with it is enough.
    pub is_prefix: bool,
}

impl Expression {
    /// Every comparison that is necessary and could be found; each by itself is.
    #[must_use]
    pub fn necessary(&self) -> Vec<Necessary<'_>> {
        let mut found = Vec::new();
        walk(&self.root, &mut found);
        found
    }
}

/// Whether the node can never bring an error, so that what stands to its right counts as well. As deep as the tree, which is bounded.
fn walk<'a>(node: &'a Node, found: &mut Vec<Necessary<'a>>) -> bool {
    let mut add = |attribute, texts, is_prefix| found.push(Necessary { attribute, texts, is_prefix });
    match node {
        Node::Exists(_) => true,
        Node::Binary(Operator::And, operands) => walk(&operands.0, found) && walk(&operands.1, found),
        Node::Binary(Operator::Equal, operands) => match &**operands {
            (Node::Attribute(name), Node::Constant(constant)) | (Node::Constant(constant), Node::Attribute(name)) => {
                match &constant.value {
                    Value::String(text) if constant.errors.is_empty() && is_always(name) => {
                        add(name, vec![text], false);
                        true
                    }
                    _ => false,
                }
            }
            _ => false,
        },
        Node::Like { operand, pattern, is_negated } => {
            let Some(name) = always(operand) else { return false };
            if let Some(first) = pattern.beginning().filter(|_| !is_negated) {
                add(name, vec![first], true);
            }
            true
        }
        Node::In { operand, constants: Some(constants), elements, is_negated } if elements.is_empty() => {
            let Some(name) = always(operand) else { return false };
            if !is_negated {
                add(name, constants.texts().collect(), false);
            }
            true
        }
        _ => false,
    }
}

fn always(node: &Node) -> Option<&str> {
    match node {
        Node::Attribute(name) if is_always(name) => Some(name),
        _ => None,
    }
}

fn is_always(name: &str) -> bool {
    ALWAYS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_necessary_as_far_as_nothing_before_them_can_fail() {
        for (text, expected) in [
            ("type = 'a'", "type=a"),
            ("'a' = type", "type=a"),
            ("type = 'a' AND source = '/s' AND subject = 'x' AND id = '1'", "type=a source=/s"),
            ("subject = 'x' AND type = 'a'", ""),
            ("EXISTS subject AND NOT EXISTS x AND type = 'a'", ""),
            ("EXISTS subject AND type = 'a'", "type=a"),
            ("type LIKE 'com.%' AND source = '/s'", "type=com.% source=/s"),
            ("type NOT LIKE 'com.%' AND source = '/s'", "source=/s"),
            ("type LIKE '%.com' AND source LIKE '_x'", ""),
            ("type IN ('b', 'a') AND n > 1", "type=a|b"),
            ("type NOT IN ('b', 'a') AND id = '1'", "id=1"),
            ("type IN ('b', subject)", ""),
            ("type = 'a' OR source = '/s'", ""),
            ("type != 'a'", ""),
            ("NOT (type = 'a')", ""),
            ("type = 1", ""),
            ("specversion = '1.0'", ""),
        ] {
            let expression = Expression::parse(text).unwrap();
            let necessary = expression.necessary();
            let found = necessary.iter().map(|one| {
                let suffix = if one.is_prefix { "%" } else { "" };
                format!("{}={}{suffix}", one.attribute, one.texts.join("|"))
            });
            assert_eq!(found.collect::<Vec<_>>().join(" "), expected, "{text}");
        }
    }
}
