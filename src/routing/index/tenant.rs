//! One tenant's routes, filed so that an event finds those it may match.

use super::Route;
use super::key::{self, Counts, Kind};
use super::prefixes::Prefixes;
use crate::domain::event::Event;
use crate::domain::filter::data::Plan;
use crate::domain::filter::{Answer, Facts};
use crate::domain::map::Map;

/// Routes and where they are filed, each by its place in `routes`.
#[derive(Debug)]
pub(super) struct Tenant {
    routes: Vec<Route>,
    attributes: Map<Box<str>, Attribute>,
    /// Routes that every event may match.
    unfiled: Vec<usize>,
    /// Everything that any route asks of data.
    plan: Plan,
}

/// Routes by what they want of one attribute.
#[derive(Debug, Default)]
struct Attribute {
    exact: Map<Box<str>, Vec<usize>>,
    prefixes: Prefixes,
    /// Of values read from their end.
    suffixes: Prefixes,
}

/// The same, as it is gathered.
#[derive(Default)]
struct Filing {
    exact: Map<Box<str>, Vec<usize>>,
    prefixes: Vec<(Box<[u8]>, usize)>,
    suffixes: Vec<(Box<[u8]>, usize)>,
}

impl Tenant {
    /// Files routes.
    pub(super) fn new(mut routes: Vec<Route>) -> Self {
        let mut pointers = Vec::new();
        let mut filings: Map<&str, Filing> = Map::default();
        let mut unfiled = Vec::new();
        let mut overlapping = Vec::new();
        let mut counts = Counts::default();
        for route in &routes {
            key::count(&route.subscription.spec, &mut counts);
        }
        for (place, route) in routes.iter().enumerate() {
            let spec = &route.subscription.spec;
            for filter in &spec.filters {
                filter.each_pointer(&mut |pointer| pointers.push(pointer));
            }
            let Some(mut keys) = key::best(spec, &counts) else {
                unfiled.push(place);
                continue;
            };
            keys.sort_unstable_by_key(|key| (key.attribute, key.value));
            keys.dedup();
            let is_one_value = |key: &key::Key<'_>| key.kind == Kind::Exact && key.attribute == keys[0].attribute;
            if keys.len() > 1 && !keys.iter().all(is_one_value) {
                overlapping.push(place);
            }
            for key in keys {
                let filing = filings.entry(key.attribute).or_default();
                match key.kind {
                    Kind::Exact => filing.exact.entry(key.value.into()).or_default().push(place),
                    Kind::Prefix => filing.prefixes.push((key.value.as_bytes().into(), place)),
                    Kind::Suffix => filing.suffixes.push((reversed(key.value), place)),
                }
            }
        }
        let attributes = filings.into_iter().map(|(attribute, filing)| (attribute.into(), filing.into())).collect();
        let plan = Plan::new(pointers);
        for place in overlapping {
            routes[place].is_filed_twice = true;
        }
        Self { routes, attributes, unfiled, plan }
    }

    /// See [`super::Index::matches`].
    pub(super) fn matches<'a>(&'a self, event: &Event, mut found: impl FnMut(&'a Route, Answer)) {
        let facts = Facts::planned(event, &self.plan);
        let mut ask = |place: usize| {
            let route = &self.routes[place];
            match route.ask(&facts) {
                Answer::No => {}
                answer => found(route, answer),
            }
        };
        // Those that an event may find in more than one place, to be asked once.
        let mut again = Vec::new();
        self.candidates(event, |place| if self.routes[place].is_filed_twice { again.push(place) } else { ask(place) });
        again.sort_unstable();
        again.dedup();
        again.into_iter().for_each(ask);
    }

    /// How many routes are asked about `event`.
    #[cfg(test)]
    pub(super) fn candidate_count(&self, event: &Event) -> usize {
        let mut count = 0;
        self.candidates(event, |_| count += 1);
        count
    }

    /// The places of all routes that `event` may match; those filed under several keys may come several times.
    fn candidates(&self, event: &Event, mut candidate: impl FnMut(usize)) {
        for (name, value, _) in event.attributes() {
            let Some(attribute) = self.attributes.get(name) else { continue };
            attribute.exact.get(value).into_iter().flatten().copied().for_each(&mut candidate);
            attribute.prefixes.of(value.as_bytes()).for_each(&mut candidate);
            if !attribute.suffixes.is_empty() {
                attribute.suffixes.of(&reversed(value)).for_each(&mut candidate);
            }
        }
        self.unfiled.iter().copied().for_each(candidate);
    }
}

impl From<Filing> for Attribute {
    fn from(Filing { exact, prefixes, suffixes }: Filing) -> Self {
        Self { exact, prefixes: Prefixes::new(prefixes), suffixes: Prefixes::new(suffixes) }
    }
}

fn reversed(text: &str) -> Box<[u8]> {
    text.bytes().rev().collect()
}
