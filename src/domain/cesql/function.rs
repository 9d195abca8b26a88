//! The functions of CESQL 3.5, with `INT`, `BOOL` and `STRING`, which its examples use and its test kit asks for (SPECS T-6).
//!
//! Positions and lengths count characters, not bytes.

use std::borrow::Cow;

use super::error::{ErrorKind, Errors};
use super::evaluate::{as_boolean, as_integer};
use super::value::{Outcome, Type, Value};

/// Bytes that a function that joins texts may give, at most: without a bound, calls of it in each other would multiply an
/// attribute's length. Beyond it the result is empty and an error.
pub const MAX_TEXT: usize = 64 * 1024;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Concat,
    ConcatWs,
    Lower,
    Upper,
    Trim,
    Left,
    Right,
    Substring,
    Abs,
    Int,
    Bool,
    String,
}

/// Names, and the least and most arguments.
const FUNCTIONS: [(&str, Function, usize, usize); 13] = [
    ("LENGTH", Function::Length, 1, 1),
    ("CONCAT", Function::Concat, 0, usize::MAX),
    ("CONCAT_WS", Function::ConcatWs, 1, usize::MAX),
    ("LOWER", Function::Lower, 1, 1),
    ("UPPER", Function::Upper, 1, 1),
    ("TRIM", Function::Trim, 1, 1),
    ("LEFT", Function::Left, 2, 2),
    ("RIGHT", Function::Right, 2, 2),
    ("SUBSTRING", Function::Substring, 2, 3),
    ("ABS", Function::Abs, 1, 1),
    ("INT", Function::Int, 1, 1),
    ("BOOL", Function::Bool, 1, 1),
    ("STRING", Function::String, 1, 1),
];

impl Function {
    /// The function of that name (in any case) that takes so many arguments.
    ///
    /// # Errors
    /// A sentence that says what there is instead.
    pub(super) fn find(name: &str, arguments: usize) -> Result<Self, String> {
        let Some((name, function, least, most)) = FUNCTIONS.into_iter().find(|(own, ..)| own.eq_ignore_ascii_case(name)) else {
            let names: Vec<_> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(format!("there is no function `{}`; there are {}", name.to_ascii_uppercase(), names.join(", ")));
        };
        if (least..=most).contains(&arguments) {
            return Ok(function);
        }
        let taken = match (least, most) {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        Err(format!("`{name}` is called with {arguments} arguments and takes {taken}"))
    }

    /// The type of what it gives.
    pub(super) const fn kind(self) -> Type {
        match self {
            Self::Length | Self::Abs | Self::Int => Type::Integer,
            Self::Bool => Type::Boolean,
            Self::Concat
            | Self::ConcatWs
            | Self::Lower
            | Self::Upper
            | Self::Trim
            | Self::Left
            | Self::Right
            | Self::Substring
            | Self::String => Type::String,
        }
    }

    /// Calls it with as many arguments as it takes.
    pub(super) fn call<'a, const FAIL_FAST: bool>(self, given: &mut dyn Iterator<Item = Outcome<'a>>) -> Outcome<'a> {
        let mut arguments = Arguments::<FAIL_FAST> { given, errors: Errors::NONE };
        let result = match self {
            Self::Concat => arguments.join(None),
            Self::ConcatWs => arguments.join(Some(())),
            _ => self.of_few(&mut arguments),
        };
        // The arguments come first: what was made of zero values in the place of bad ones is dropped.
        if arguments.errors.is_empty() { result } else { Outcome::zero(self.kind(), arguments.errors) }
    }

    fn of_few<'a, const FAIL_FAST: bool>(self, arguments: &mut Arguments<'_, 'a, FAIL_FAST>) -> Outcome<'a> {
        match self {
            Self::Int => Outcome::fine(Value::Integer(arguments.integer())),
            Self::Bool => Outcome::fine(Value::Boolean(arguments.boolean())),
            Self::Abs => match arguments.integer() {
                i32::MIN => Outcome { value: Value::Integer(i32::MAX), errors: Errors::of(ErrorKind::Math) },
                number => Outcome::fine(Value::Integer(number.abs())),
            },
            Self::Length => {
                let length = arguments.text().chars().count();
                i32::try_from(length).map_or_else(
                    |_| Outcome::failed(Type::Integer, ErrorKind::Math),
                    |length| Outcome::fine(Value::Integer(length)),
                )
            }
            Self::Lower => text(lower(arguments.text())),
            Self::Upper => text(upper(arguments.text())),
            Self::Trim => text(part(arguments.text(), str::trim)),
            Self::Left => {
                let whole = arguments.text();
                match usize::try_from(arguments.integer()) {
                    Ok(count) => text(part(whole, |whole| &whole[..start_of(whole, count)])),
                    Err(_) => refused(whole),
                }
            }
            Self::Right => {
                let whole = arguments.text();
                match usize::try_from(arguments.integer()) {
                    Ok(count) => text(part(whole, |whole| &whole[start_of_last(whole, count).unwrap_or(0)..])),
                    Err(_) => refused(whole),
                }
            }
            Self::Substring => {
                let (whole, position) = (arguments.text(), arguments.integer());
                substring(whole, position, arguments.another_integer())
            }
            Self::Concat | Self::ConcatWs | Self::String => text(arguments.text()),
        }
    }
}

/// Arguments that are taken one by one, cast to what is asked for.
struct Arguments<'i, 'a, const FAIL_FAST: bool> {
    given: &'i mut dyn Iterator<Item = Outcome<'a>>,
    errors: Errors,
}

impl<'a, const FAIL_FAST: bool> Arguments<'_, 'a, FAIL_FAST> {
    /// The next one; nothing more after the first error, if that is enough.
    fn next(&mut self) -> Option<Outcome<'a>> {
        if FAIL_FAST && !self.errors.is_empty() { None } else { self.given.next() }
    }

    fn text(&mut self) -> Cow<'a, str> {
        let Some(Outcome { value, errors }) = self.next() else { return Cow::Borrowed("") };
        self.errors = self.errors.and(errors);
        value.into_text()
    }

    fn another_integer(&mut self) -> Option<i32> {
        let number = as_integer(&self.next()?);
        Some(self.or_error(number))
    }

    fn integer(&mut self) -> i32 {
        self.another_integer().unwrap_or_default()
    }

    fn boolean(&mut self) -> bool {
        let truth = self.next().map_or(Ok(false), |argument| as_boolean(&argument));
        self.or_error(truth)
    }

    fn or_error<T: Default>(&mut self, found: Result<T, Errors>) -> T {
        found.unwrap_or_else(|errors| {
            self.errors = self.errors.and(errors);
            T::default()
        })
    }

    /// All that are left, one after the other; with a delimiter the first one between the others.
    fn join(&mut self, delimiter: Option<()>) -> Outcome<'a> {
        let delimiter = delimiter.map(|()| self.text()).unwrap_or_default();
        let mut joined = String::new();
        let (mut is_first, mut is_too_long) = (true, false);
        while let Some(Outcome { value, errors }) = self.next() {
            self.errors = self.errors.and(errors);
            let (between, next) = (if is_first { "" } else { &*delimiter }, value.into_text());
            is_first = false;
            is_too_long |= joined.len() + between.len() + next.len() > MAX_TEXT;
            if !is_too_long {
                joined.push_str(between);
                joined.push_str(&next);
            }
        }
        if is_too_long { Outcome::failed(Type::String, ErrorKind::FunctionEvaluation) } else { text(Cow::Owned(joined)) }
    }
}

const fn text(text: Cow<'_, str>) -> Outcome<'_> {
    Outcome::fine(Value::String(text))
}

/// The text itself, with an error.
const fn refused(text: Cow<'_, str>) -> Outcome<'_> {
    Outcome { value: Value::String(text), errors: Errors::of(ErrorKind::FunctionEvaluation) }
}

/// A part of a text, borrowed if the text is.
fn part(whole: Cow<'_, str>, of: impl Fn(&str) -> &str) -> Cow<'_, str> {
    match whole {
        Cow::Borrowed(whole) => Cow::Borrowed(of(whole)),
        Cow::Owned(whole) => Cow::Owned(of(&whole).to_owned()),
    }
}

fn lower(whole: Cow<'_, str>) -> Cow<'_, str> {
    let is_so = whole.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_so { whole } else { Cow::Owned(whole.to_lowercase()) }
}

fn upper(whole: Cow<'_, str>) -> Cow<'_, str> {
    let is_so = whole.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase());
    if is_so { whole } else { Cow::Owned(whole.to_uppercase()) }
}

/// The byte after the first `count` characters; the end if there are not so many.
fn start_of(whole: &str, count: usize) -> usize {
    whole.char_indices().nth(count).map_or(whole.len(), |(start, _)| start)
}

/// The byte before the last `count` characters, if there are so many.
fn start_of_last(whole: &str, count: usize) -> Option<usize> {
    match count.checked_sub(1) {
        None => Some(whole.len()),
        Some(before) => whole.char_indices().rev().nth(before).map(|(start, _)| start),
    }
}

/// `SUBSTRING`: from a position counted from 1, or from the end if it is negative, to the end or so many characters on.
fn substring(whole: Cow<'_, str>, position: i32, length: Option<i32>) -> Outcome<'_> {
    let failed = || Outcome::failed(Type::String, ErrorKind::FunctionEvaluation);
    let length = match length.map(usize::try_from) {
        Some(Err(_)) => return failed(),
        Some(Ok(length)) => length,
        None => usize::MAX,
    };
    let distance = position.unsigned_abs() as usize;
    let start = match position {
        0 => return text(Cow::Borrowed("")),
        // The character must be there: one after the last is beyond the end.
        1.. => whole.char_indices().nth(distance - 1).map(|(start, _)| start),
        _ => start_of_last(&whole, distance),
    };
    let Some(start) = start else { return failed() };
    text(part(whole, |whole| {
        let rest = &whole[start..];
        &rest[..start_of(rest, length)]
    }))
}
