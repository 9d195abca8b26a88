//! What a tree gives for an event.
//!
//! One rule holds for all operators and functions: if an operand brought an error, or can't be cast, the result is the zero value of
//! the operator's type, and the errors of all operands. It contains what CESQL 3.2 says of missing attributes, and makes the value
//! the same whether evaluation stops at the first error or not.

use super::Attributes;
use super::error::{ErrorKind, Errors};
use super::node::{Node, Operator};
use super::value::{Outcome, Type, Value};
use crate::domain::event::Kind;

/// Evaluates a tree. With `FAIL_FAST`, what comes after the first error is not evaluated and the value is of no meaning.
pub(super) fn evaluate<'a, const FAIL_FAST: bool, E: Attributes + ?Sized>(node: &'a Node, event: &'a E) -> Outcome<'a> {
    match node {
        Node::Constant(outcome) => borrow(outcome),
        Node::Attribute(name) => attribute(event.attribute(name)),
        Node::Exists(name) => Outcome::truth(event.attribute(name).is_some()),
        Node::Not(operand) => not(&evaluate::<FAIL_FAST, E>(operand, event)),
        Node::Negate(operand) => negate(&evaluate::<FAIL_FAST, E>(operand, event)),
        Node::Binary(operator, operands) => {
            let left = evaluate::<FAIL_FAST, E>(&operands.0, event);
            if FAIL_FAST && !left.errors.is_empty() {
                return left;
            }
            if let Some(settled) = settled(*operator, &left) {
                return settled;
            }
            binary(*operator, &left, &evaluate::<FAIL_FAST, E>(&operands.1, event))
        }
        Node::Like { operand, pattern, is_negated } => {
            let Outcome { value, errors } = evaluate::<FAIL_FAST, E>(operand, event);
            if !errors.is_empty() {
                return Outcome::zero(Type::Boolean, errors);
            }
            Outcome::truth(pattern.matches(&value.into_text()) != *is_negated)
        }
        Node::In { operand, constants, elements, is_negated } => {
            let wanted = evaluate::<FAIL_FAST, E>(operand, event);
            let found = match constants {
                Some(constants) if wanted.errors.is_empty() => constants.contains(&wanted.value),
                _ => Ok(false),
            };
            let mut answer = found.map_err(|error| error.and(wanted.errors));
            for element in elements {
                if FAIL_FAST && (!wanted.errors.is_empty() || answer.is_err()) {
                    break;
                }
                let is_equal = equal(&evaluate::<FAIL_FAST, E>(element, event), &wanted);
                answer = both(answer, is_equal).map(|(found, is_equal)| found || is_equal);
            }
            let answer = both(answer, if wanted.errors.is_empty() { Ok(true) } else { Err(wanted.errors) });
            boolean(answer.map(|(found, _)| found != *is_negated))
        }
        Node::Call(function, arguments) => {
            let mut values = arguments.iter().map(|argument| evaluate::<FAIL_FAST, E>(argument, event));
            function.call::<FAIL_FAST>(&mut values)
        }
    }
}

/// The same, without a copy of its text.
fn borrow<'a>(outcome: &'a Outcome<'static>) -> Outcome<'a> {
    let value = match &outcome.value {
        Value::String(text) => Value::String((&**text).into()),
        Value::Integer(number) => Value::Integer(*number),
        Value::Boolean(truth) => Value::Boolean(*truth),
    };
    Outcome { value, errors: outcome.errors }
}

/// An attribute's value in the type it was written with (CESQL 3.2); all but integers and booleans are strings.
fn attribute(found: Option<(&str, Kind)>) -> Outcome<'_> {
    let Some((text, kind)) = found else { return Outcome::failed(Type::Boolean, ErrorKind::MissingAttribute) };
    let value = match kind {
        Kind::String => None,
        Kind::Integer => text.parse().ok().map(Value::Integer),
        Kind::Boolean => text.parse().ok().map(Value::Boolean),
    };
    Outcome::fine(value.unwrap_or_else(|| Value::String(text.into())))
}

pub(super) fn not(operand: &Outcome<'_>) -> Outcome<'static> {
    as_boolean(operand).map_or_else(|errors| Outcome::zero(Type::Boolean, errors), |truth| Outcome::truth(!truth))
}

pub(super) fn negate(operand: &Outcome<'_>) -> Outcome<'static> {
    integer(as_integer(operand).and_then(|number| number.checked_neg().ok_or(Errors::of(ErrorKind::Math))))
}

/// The result of `AND` or `OR`, if the left operand alone decides it. An operand with an error counts as false.
pub(super) fn settled(operator: Operator, left: &Outcome<'_>) -> Option<Outcome<'static>> {
    match (operator, as_boolean(left)) {
        (Operator::And, Ok(false)) => Some(Outcome::truth(false)),
        (Operator::And, Err(errors)) => Some(Outcome::zero(Type::Boolean, errors)),
        (Operator::Or, Ok(true)) => Some(Outcome::truth(true)),
        _ => None,
    }
}

/// What an operator makes of its operands.
pub(super) fn binary(operator: Operator, left: &Outcome<'_>, right: &Outcome<'_>) -> Outcome<'static> {
    match operator {
        Operator::Add => arithmetic(left, right, i32::checked_add),
        Operator::Subtract => arithmetic(left, right, i32::checked_sub),
        Operator::Multiply => arithmetic(left, right, i32::checked_mul),
        // Zero as divisor, and the one quotient that is too large: the remainder too can't be had of that by the machine.
        Operator::Divide => arithmetic(left, right, i32::checked_div),
        Operator::Remainder => arithmetic(left, right, i32::checked_rem),
        Operator::Equal => boolean(equal(left, right)),
        Operator::NotEqual => boolean(equal(left, right).map(|is_equal| !is_equal)),
        Operator::Less => compared(left, right, |left, right| left < right),
        Operator::LessOrEqual => compared(left, right, |left, right| left <= right),
        Operator::Greater => compared(left, right, |left, right| left > right),
        Operator::GreaterOrEqual => compared(left, right, |left, right| left >= right),
        Operator::And => logic(left, right, |left, right| left && right),
        Operator::Or => logic(left, right, |left, right| left || right),
        Operator::Xor => logic(left, right, |left, right| left != right),
    }
}

/// Whether `cast`, cast to the type of `value`, equals it. Where either brought errors there is nothing to cast to.
fn equal(cast: &Outcome<'_>, value: &Outcome<'_>) -> Result<bool, Errors> {
    let errors = cast.errors.and(value.errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    match (&value.value, &cast.value) {
        (Value::String(value), Value::String(cast)) => Ok(value == cast),
        (Value::String(value), other) => Ok(*value == other.clone().into_text()),
        (Value::Integer(value), _) => as_integer(cast).map(|cast| *value == cast),
        (Value::Boolean(value), _) => as_boolean(cast).map(|cast| *value == cast),
    }
}

/// The operand as an integer, or its errors.
pub(super) fn as_integer(operand: &Outcome<'_>) -> Result<i32, Errors> {
    if operand.errors.is_empty() { operand.value.to_integer().ok_or(Errors::of(ErrorKind::Cast)) } else { Err(operand.errors) }
}

/// The operand as a truth, or its errors.
pub(super) fn as_boolean(operand: &Outcome<'_>) -> Result<bool, Errors> {
    if operand.errors.is_empty() { operand.value.to_boolean().ok_or(Errors::of(ErrorKind::Cast)) } else { Err(operand.errors) }
}

fn arithmetic(left: &Outcome<'_>, right: &Outcome<'_>, compute: fn(i32, i32) -> Option<i32>) -> Outcome<'static> {
    let operands = both(as_integer(left), as_integer(right));
    integer(operands.and_then(|(left, right)| compute(left, right).ok_or(Errors::of(ErrorKind::Math))))
}

fn compared(left: &Outcome<'_>, right: &Outcome<'_>, holds: fn(i32, i32) -> bool) -> Outcome<'static> {
    boolean(both(as_integer(left), as_integer(right)).map(|(left, right)| holds(left, right)))
}

fn logic(left: &Outcome<'_>, right: &Outcome<'_>, join: fn(bool, bool) -> bool) -> Outcome<'static> {
    boolean(both(as_boolean(left), as_boolean(right)).map(|(left, right)| join(left, right)))
}

/// Both, or the errors of both.
fn both<T>(left: Result<T, Errors>, right: Result<T, Errors>) -> Result<(T, T), Errors> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (left, right) => Err(left.err().unwrap_or_default().and(right.err().unwrap_or_default())),
    }
}

fn integer(found: Result<i32, Errors>) -> Outcome<'static> {
    found.map_or_else(|errors| Outcome::zero(Type::Integer, errors), |number| Outcome::fine(Value::Integer(number)))
}

fn boolean(found: Result<bool, Errors>) -> Outcome<'static> {
    found.map_or_else(|errors| Outcome::zero(Type::Boolean, errors), Outcome::truth)
}
