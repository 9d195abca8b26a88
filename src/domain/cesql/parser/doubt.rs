//! Warnings about how an expression is read (SPECS T-4).

use super::{LOGIC, Parser, Part};
use crate::domain::cesql::node::Operator;
use crate::domain::cesql::warning::Warning;

/// How a part is written, if that matters to what follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In parentheses, or anything not named below.
    Other,
    /// `NOT` and its operand.
    Not,
    /// A chain of one of `AND`, `OR` and `XOR`.
    Chain(Operator),
    /// A chain of several of them, which has its warning.
    Mixed,
}

impl Parser<'_> {
    /// Warns where `NOT` takes less than its author may have meant, and where operators of logic are mixed.
    pub(super) fn doubt_operator(&mut self, left: &Part, name: &str, operator: Operator, level: u8) -> Shape {
        if level != LOGIC {
            self.doubt_not(left, name, self.start);
            return Shape::Other;
        }
        match left.shape {
            Shape::Chain(other) if other != operator => {
                let detail = format!(
                    "`AND`, `OR` and `XOR` are mixed without parentheses: they bind alike, from left to right, so this is \
                     `({}) {name} \u{2026}`, which other programs read otherwise; set parentheses",
                    self.text[left.start..self.end].trim()
                );
                self.warnings.push(Warning::at(self.text, self.start, detail));
                Shape::Mixed
            }
            Shape::Mixed => Shape::Mixed,
            _ => Shape::Chain(operator),
        }
    }

    pub(super) fn doubt_not(&mut self, left: &Part, name: &str, at: usize) {
        if left.shape == Shape::Not {
            let operand = self.text[left.start..self.end].trim();
            let detail = format!(
                "`NOT` binds more tightly than `{name}`: this is `({operand}) {name} \u{2026}`; to negate the whole, set it in \
                 parentheses behind `NOT`"
            );
            self.warnings.push(Warning::at(self.text, at, detail));
        }
    }
}
