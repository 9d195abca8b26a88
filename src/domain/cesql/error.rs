//! What can go wrong: when an expression is read ([`ParseError`]), and when it is evaluated ([`Errors`]).

use std::fmt;

/// An expression that can't be read, with the place where that shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {column}: {detail}")]
pub struct ParseError {
    /// Bytes of the text before the place.
    pub offset: usize,
    /// The character at the place, counted from 1; one more than there are for the end.
    pub column: usize,
    /// What was expected or is not allowed.
    pub detail: String,
}

impl ParseError {
    /// At a byte of `text`, which must begin a character.
    pub(super) fn at(text: &str, offset: usize, detail: impl Into<String>) -> Self {
        Self { offset, column: column(text, offset), detail: detail.into() }
    }
}

/// The character that begins at that byte, counted from 1.
pub(super) fn column(text: &str, offset: usize) -> usize {
    text.char_indices().take_while(|(start, _)| *start < offset).count() + 1
}

/// What can go wrong in an evaluation (CESQL 3.3; SPECS SQ-10). What can't be parsed is never evaluated, and nothing raises a
/// `GenericError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A division by zero, or a result that is no integer of 32 bits.
    Math,
    /// A value that can't be read as the type an operator or function takes.
    Cast,
    /// The event does not have the attribute.
    MissingAttribute,
    /// There is no function of that name with that many arguments.
    MissingFunction,
    /// A function that can't make sense of its arguments.
    FunctionEvaluation,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Math, Self::Cast, Self::MissingAttribute, Self::MissingFunction, Self::FunctionEvaluation];

    /// Its name as answers show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Math => "math",
            Self::Cast => "cast",
            Self::MissingAttribute => "missing_attribute",
            Self::MissingFunction => "missing_function",
            Self::FunctionEvaluation => "function_evaluation",
        }
    }
}

/// A set of kinds of errors.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Errors(u8);

impl Errors {
    /// No error.
    pub const NONE: Self = Self(0);

    /// The set of that one.
    #[must_use]
    pub const fn of(kind: ErrorKind) -> Self {
        Self(1 << kind as u8)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds, in the order of [`ErrorKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = ErrorKind> {
        ErrorKind::ALL.into_iter().filter(move |kind| self.0 & Self::of(*kind).0 != 0)
    }
}

impl fmt::Debug for Errors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}
