//! What a subscription can be filed under: clauses of which an event must meet one to match.
//!
//! A key is exact about the answer, faults included: an event that meets none of the keys gets a plain no from the subscription's
//! filters, so that nothing is lost by never asking them.

use crate::domain::filter::Filter;
use crate::domain::map::Map;
use crate::domain::subscription::Spec;

/// A clause that a look-up can find: how an attribute compares with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    pub(super) kind: Kind,
    pub(super) attribute: &'a str,
    pub(super) value: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Exact,
    Prefix,
    Suffix,
}

/// How many subscriptions a key would serve.
pub(super) type Counts<'a> = Map<Key<'a>, u32>;

/// Attributes that say the same of nearly all events.
const COMMON: [&str; 2] = ["specversion", "datacontenttype"];

impl<'a> Key<'a> {
    fn new(kind: Kind, attribute: &'a str, value: &'a str) -> Option<Self> {
        (!COMMON.contains(&attribute)).then_some(Self { kind, attribute, value })
    }

    /// How many subscriptions are likely to be looked at for an event that meets this key. A prefix is met by more events than a
    /// value.
    fn weight(&self, counts: &Counts<'_>) -> u64 {
        let count = u64::from(counts.get(self).copied().unwrap_or(1));
        if self.kind == Kind::Exact { count } else { 2 * count }
    }
}

/// Counts every key that a subscription might be filed under.
pub(super) fn count<'a>(spec: &'a Spec, counts: &mut Counts<'a>) {
    for keys in alternatives(spec, &|_| 0) {
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }
}

/// The keys to file a subscription under: those under which the fewest others may lie. `None` if it has no key.
pub(super) fn best<'a>(spec: &'a Spec, counts: &Counts<'a>) -> Option<Vec<Key<'a>>> {
    let weigh = |keys: &[Key<'_>]| keys.iter().map(|key| key.weight(counts)).sum();
    alternatives(spec, &weigh).into_iter().min_by_key(|keys| weigh(keys))
}

/// Every set of keys of which a matching event meets at least one. `weigh` decides where a filter offers several.
fn alternatives<'a>(spec: &'a Spec, weigh: &dyn Fn(&[Key<'a>]) -> u64) -> Vec<Vec<Key<'a>>> {
    let mut found = Vec::new();
    if !spec.types.is_empty() {
        found.extend(spec.types.iter().map(|value| Key::new(Kind::Exact, "type", value)).collect::<Option<Vec<_>>>());
    }
    if let Some(source) = &spec.source {
        found.extend(Key::new(Kind::Exact, "source", source).map(|key| vec![key]));
    }
    for filter in &spec.filters {
        add(filter, weigh, &mut found);
    }
    found
}

/// Adds what one filter offers.
fn add<'a>(filter: &'a Filter, weigh: &dyn Fn(&[Key<'a>]) -> u64, found: &mut Vec<Vec<Key<'a>>>) {
    match filter {
        Filter::Exact(wanted) => each(Kind::Exact, wanted, found),
        Filter::Prefix(wanted) => each(Kind::Prefix, wanted, found),
        Filter::Suffix(wanted) => each(Kind::Suffix, wanted, found),
        Filter::All(expressions) => {
            for expression in expressions {
                add(expression, weigh, found);
            }
        }
        Filter::Any(expressions) => {
            // Every one of them must offer something, or the event may match without meeting any key.
            let keys = expressions.iter().map(|expression| {
                let mut below = Vec::new();
                add(expression, weigh, &mut below);
                below.into_iter().min_by_key(|keys| weigh(keys))
            });
            found.extend(keys.collect::<Option<Vec<_>>>().map(|keys| keys.concat()));
        }
        Filter::Sql(expression) => found.extend(expression.necessary().into_iter().filter_map(|necessary| {
            let kind = if necessary.is_prefix { Kind::Prefix } else { Kind::Exact };
            necessary.texts.into_iter().map(|text| Key::new(kind, necessary.attribute, text)).collect::<Option<Vec<_>>>()
        })),
        Filter::Not(_) | Filter::Data(_) => {}
    }
}

fn each<'a>(kind: Kind, wanted: impl IntoIterator<Item = (&'a String, &'a String)>, found: &mut Vec<Vec<Key<'a>>>) {
    let keys = wanted.into_iter().filter_map(|(attribute, value)| Key::new(kind, attribute, value));
    found.extend(keys.map(|key| vec![key]));
}
