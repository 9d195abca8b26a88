//! What a filter answers: Kleene's three-valued logic, in which a filter that could not be asked is neither true nor false.

use std::ops::Not;

/// What a filter says of an event. Only [`Answer::Yes`] matches, so that nothing is delivered because of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The event matches.
    Yes,
    /// It does not.
    No,
    /// That could not be found out: an expression failed, or data that says it is JSON is none. The negation of this is the same.
    Fault,
}

impl Answer {
    /// Whether every one says yes: one `No` decides, whatever the others say; else one `Fault` does. Asks until that is known.
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        Self::until(Self::No, answers, Self::Yes)
    }

    /// Whether at least one says yes: one `Yes` decides, whatever the others say; else one `Fault` does. Asks until that is known.
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        Self::until(Self::Yes, answers, Self::No)
    }

    fn until(decisive: Self, answers: impl IntoIterator<Item = Self>, otherwise: Self) -> Self {
        let mut found = otherwise;
        for answer in answers {
            if answer == decisive {
                return decisive;
            }
            if answer == Self::Fault {
                found = Self::Fault;
            }
        }
        found
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Fault => Self::Fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{self, Fault, No, Yes};

    #[test]
    fn a_fault_is_neither_yes_nor_no_unless_another_answer_decides() {
        for (answers, all, any) in [
            (&[][..], Yes, No),
            (&[Yes, Yes], Yes, Yes),
            (&[Yes, No], No, Yes),
            (&[Fault, Yes], Fault, Yes),
            (&[Yes, Fault], Fault, Yes),
            (&[Fault, No], No, Fault),
            (&[No, Fault], No, Fault),
            (&[Fault, Yes, No], No, Yes),
            (&[Fault], Fault, Fault),
        ] {
            assert_eq!(Answer::all(answers.iter().copied()), all, "all of {answers:?}");
            assert_eq!(Answer::any(answers.iter().copied()), any, "any of {answers:?}");
        }
        assert_eq!([!Yes, !No, !Fault], [No, Yes, Fault]);
    }

    #[test]
    fn nothing_is_asked_after_what_decides() {
        let first_then_panic = |first| std::iter::once(first).chain(std::iter::from_fn(|| panic!("asked on")));
        assert_eq!(Answer::all(first_then_panic(No)), No);
        assert_eq!(Answer::any(first_then_panic(Yes)), Yes);
    }
}
