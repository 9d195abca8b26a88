//! Why a filter answers what it answers: the clauses its answer rests on, each with what the event has and what was wanted.
//!
//! Asked by people, never by routing: it allocates what routing must not. It agrees with [`Filter::ask`] on every event.

use std::collections::BTreeMap;

use super::{Answer, Facts, Filter, data};
use crate::domain::cesql::{ErrorKind, Expression, Value};

/// Clauses of one explanation, at most; what else led to the answer is left out.
pub const MAX_CLAUSES: usize = 10;

/// Characters that are shown of a value, at most.
const MAX_SHOWN: usize = 256;

/// Values that are shown of what one pointer with `*` leads to, at most.
const MAX_VALUES: usize = 3;

/// An answer and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The answer.
    pub answer: Answer,
    /// What it rests on: of `all` the first expression that decides, of `any` that fails every one; at most [`MAX_CLAUSES`].
    pub clauses: Vec<Clause>,
}

/// The smallest part of a filter that decided something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Where it stands: a JSON Pointer (RFC 6901) into what was explained.
    pub pointer: String,
    /// What it looked at, as the event has it.
    pub seen: Vec<Seen>,
    /// What it wants, as a phrase that goes on from the name of what it looks at.
    pub wanted: String,
    /// Both in a sentence.
    pub detail: String,
}

/// Something that a clause looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// An attribute's name; or `data` and a JSON Pointer into it.
    pub name: String,
    /// Its canonical string, its beginning if it is long; none if the event does not have it.
    pub value: Option<String>,
}

/// How a text is compared with another.
#[derive(Debug, Clone, Copy)]
enum Comparison {
    Exact,
    Prefix,
    Suffix,
}

impl Filter {
    /// Why it answers what [`Filter::ask`] does.
    #[must_use]
    pub fn explain(&self, facts: &Facts<'_>) -> Explanation {
        Explainer { facts, is_negated: false }.explain(self, String::new())
    }
}

/// Walks a filter.
#[derive(Clone, Copy)]
struct Explainer<'f, 'e> {
    facts: &'f Facts<'e>,
    /// Whether an odd number of `not` is above: what holds then speaks against the event.
    is_negated: bool,
}

impl Explainer<'_, '_> {
    fn explain(self, filter: &Filter, at: String) -> Explanation {
        match filter {
            Filter::Exact(wanted) => self.attributes(Comparison::Exact, wanted, &at),
            Filter::Prefix(wanted) => self.attributes(Comparison::Prefix, wanted, &at),
            Filter::Suffix(wanted) => self.attributes(Comparison::Suffix, wanted, &at),
            Filter::Sql(expression) => self.sql(expression, format!("{at}/sql")),
            Filter::Data(expression) => self.data(filter, expression, &format!("{at}/data")),
            Filter::All(expressions) => {
                let answer = filter.ask(self.facts);
                self.several(expressions, answer, answer == Answer::Yes, &format!("{at}/all"))
            }
            Filter::Any(expressions) => {
                let answer = filter.ask(self.facts);
                self.several(expressions, answer, answer == Answer::No, &format!("{at}/any"))
            }
            Filter::Not(expression) => {
                let inner = Self { is_negated: !self.is_negated, ..self }.explain(expression, format!("{at}/not"));
                Explanation { answer: !inner.answer, ..inner }
            }
        }
    }

    /// The expressions of `all` or `any` that led to `answer`: each of them if it took `every` one, else the first that decided.
    fn several(self, expressions: &[Filter], answer: Answer, every: bool, at: &str) -> Explanation {
        let mut clauses = Vec::new();
        for (index, expression) in expressions.iter().enumerate() {
            if expression.ask(self.facts) != answer {
                continue;
            }
            clauses.extend(self.explain(expression, format!("{at}/{index}")).clauses);
            if !every || clauses.len() >= MAX_CLAUSES {
                break;
            }
        }
        clauses.truncate(MAX_CLAUSES);
        Explanation { answer, clauses }
    }

    /// The first attribute that is not as wanted, or all of them if all are.
    fn attributes(self, comparison: Comparison, wanted: &BTreeMap<String, String>, at: &str) -> Explanation {
        let holds =
            |(name, value): (&String, &String)| self.facts.attribute(name).is_some_and(|actual| comparison.holds(actual, value));
        let clause = |(name, value): (&String, &String), holds| {
            // Names of attributes are letters and digits: nothing to escape.
            let place = format!("{at}/{}/{name}", comparison.dialect());
            self.clause(place, name, &comparison.wanted(value), holds, comparison.hint(self.facts.attribute(name), value))
        };
        if let Some(pair) = wanted.iter().find(|&pair| !holds(pair)) {
            return Explanation { answer: Answer::No, clauses: vec![clause(pair, false)] };
        }
        let clauses = wanted.iter().take(MAX_CLAUSES).map(|pair| clause(pair, true)).collect();
        Explanation { answer: Answer::Yes, clauses }
    }

    /// An expression as a whole, with every attribute that it may ask for.
    fn sql(self, expression: &Expression, pointer: String) -> Explanation {
        let event = self.facts.event();
        let answer = expression.passes(event).map_or(Answer::Fault, Answer::from);
        let found = expression.evaluate(event);
        let said = match (answer, &found.value) {
            (Answer::Fault, _) => {
                let faults: Vec<_> = found.errors.iter().map(fault).collect();
                format!("the expression failed: {}", faults.join(", "))
            }
            (Answer::Yes, _) if self.is_negated => "the expression is true, and `not` rules that out".to_owned(),
            (Answer::Yes, _) => "the expression is true".to_owned(),
            (Answer::No, Value::Boolean(_)) => "the expression is false".to_owned(),
            (Answer::No, Value::Integer(_)) => "the expression gives a number, and only true matches".to_owned(),
            (Answer::No, Value::String(_)) => "the expression gives a text, and only true matches".to_owned(),
        };
        let names = expression.attributes();
        let seen: Vec<_> = names.iter().take(MAX_CLAUSES).map(|name| Seen::attribute(self.facts, name)).collect();
        let attributes: Vec<_> = seen.iter().map(Seen::in_words).collect();
        let detail = if attributes.is_empty() { said } else { format!("{said}; {}", attributes.join(", ")) };
        let wanted = format!("makes `{}` true", shown(expression.text()));
        Explanation { answer, clauses: vec![Clause { pointer, seen, wanted, detail }] }
    }

    /// The pointers into data that say no; or all of them, if all say yes.
    fn data(self, filter: &Filter, expression: &data::Expression, at: &str) -> Explanation {
        let answer = expression.ask(self.facts);
        let Some(found) = expression.answers(self.facts, MAX_VALUES) else {
            let detail = "the data says that it is JSON and can't be read as such".to_owned();
            let seen = vec![Seen { name: "data".to_owned(), value: None }];
            let clause = Clause { pointer: at.to_owned(), seen, wanted: "is JSON".to_owned(), detail };
            return Explanation { answer, clauses: vec![clause] };
        };
        // As it is written: an object of pointers, each with its conditions.
        let written = serde_json::to_value(filter).unwrap_or_default();
        let clauses = found.into_iter().filter(|(_, said, _)| *said == answer).take(MAX_CLAUSES).map(|(clause, _, values)| {
            let place = clause.pointer.as_str();
            let conditions = written["data"].get(place).map(ToString::to_string).unwrap_or_default();
            let (name, wanted) = (format!("data{place}"), format!("is as `{}` says", shown(&conditions)));
            let seen: Vec<_> = if values.is_empty() {
                vec![Seen { name: name.clone(), value: None }]
            } else {
                values.iter().map(|value| Seen { name: name.clone(), value: Some(shown(value)) }).collect()
            };
            let has = match values.as_slice() {
                [] => format!("the event has nothing at `{name}`"),
                [value] => format!("`{name}` is `{}`", shown(value)),
                [value, ..] => format!("`{name}` is `{}` and others", shown(value)),
            };
            let detail = match answer {
                Answer::Yes if self.is_negated => format!("{has}, and `not` rules out what {wanted}"),
                Answer::Yes => format!("{has}, which {wanted}"),
                Answer::No => format!("{has}; wanted was one that {wanted}"),
                Answer::Fault => format!("{has}, which can't be compared as `{}` asks", shown(&conditions)),
            };
            Clause { pointer: format!("{at}/{}", escape(place)), seen, wanted, detail }
        });
        Explanation { answer, clauses: clauses.collect() }
    }

    fn clause(self, pointer: String, name: &str, wanted: &str, holds: bool, hint: &str) -> Clause {
        let actual = self.facts.attribute(name);
        let detail = match (actual, holds) {
            (None, _) => format!("the event has no `{name}`; wanted was one that {wanted}"),
            (Some(actual), true) if self.is_negated => {
                format!("`{name}` is `{}`, and `not` rules out what {wanted}", shown(actual))
            }
            (Some(actual), true) => format!("`{name}` is `{}`, which {wanted}", shown(actual)),
            (Some(actual), false) => format!("`{name}` is `{}`; wanted was one that {wanted}{hint}", shown(actual)),
        };
        Clause { pointer, seen: vec![Seen::attribute(self.facts, name)], wanted: wanted.to_owned(), detail }
    }
}

impl Comparison {
    const fn dialect(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
        }
    }

    fn holds(self, actual: &str, wanted: &str) -> bool {
        match self {
            Self::Exact => actual == wanted,
            Self::Prefix => actual.starts_with(wanted),
            Self::Suffix => actual.ends_with(wanted),
        }
    }

    fn wanted(self, value: &str) -> String {
        match self {
            Self::Exact => format!("is `{}`", shown(value)),
            Self::Prefix => format!("begins with `{}`", shown(value)),
            Self::Suffix => format!("ends with `{}`", shown(value)),
        }
    }

    /// A word on a near miss.
    fn hint(self, actual: Option<&str>, wanted: &str) -> &'static str {
        let Some(actual) = actual else { return "" };
        if self.holds(&actual.to_lowercase(), &wanted.to_lowercase()) {
            " (upper and lower case differ)"
        } else if self.holds(actual.trim(), wanted.trim()) {
            " (white space differs)"
        } else {
            ""
        }
    }
}

impl Clause {
    /// The clause as it is named from further up.
    #[must_use]
    pub fn below(self, pointer: &str) -> Self {
        Self { pointer: format!("{pointer}{}", self.pointer), ..self }
    }
}

impl Seen {
    /// An attribute as the event has it.
    #[must_use]
    pub fn attribute(facts: &Facts<'_>, name: &str) -> Self {
        Self { name: name.to_owned(), value: facts.attribute(name).map(shown) }
    }

    fn in_words(&self) -> String {
        match &self.value {
            Some(value) => format!("`{}` is `{value}`", self.name),
            None => format!("the event has no `{}`", self.name),
        }
    }
}

/// Why an attribute that has to be one of `wanted` is none of them: the clause at `pointer`.
#[must_use]
pub fn none_of(facts: &Facts<'_>, name: &str, wanted: &[&str], pointer: &str) -> Clause {
    let actual = facts.attribute(name);
    let hint = wanted.iter().map(|value| Comparison::Exact.hint(actual, value)).find(|hint| !hint.is_empty());
    let phrase = match wanted {
        [only] => Comparison::Exact.wanted(only),
        several => {
            let named: Vec<_> = several.iter().take(MAX_CLAUSES).map(|value| format!("`{}`", shown(value))).collect();
            let rest = several.len() - named.len();
            let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
            format!("is one of {}{more}", named.join(", "))
        }
    };
    let explainer = Explainer { facts, is_negated: false };
    explainer.clause(pointer.to_owned(), name, &phrase, false, hint.unwrap_or_default())
}

/// A reference token of a JSON Pointer (RFC 6901 section 3).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// An error of an expression in words.
fn fault(kind: ErrorKind) -> String {
    let words = match kind {
        ErrorKind::Math => "a division by zero, or a number beyond 32 bits",
        ErrorKind::Cast => "a value can't be read as the type that was needed",
        ErrorKind::MissingAttribute => "the event does not have an attribute",
        ErrorKind::MissingFunction => "there is no such function",
        ErrorKind::FunctionEvaluation => "a function could make nothing of what it was given",
    };
    format!("{words} (`{}`)", kind.name())
}

/// A value, or the beginning of a long one.
fn shown(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}

#[cfg(test)]
mod tests;
