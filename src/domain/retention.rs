//! Retention: how long events are kept, by tenant and by type.
//!
//! The server's settings say it for everybody, a tenant's [`Retention`] for that tenant, and its `types` for some of its events: what
//! is said closest wins. A [`Plan`] is all that for one tenant. An event of any age is judged by the plan of now.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The shortest time that anything may be kept, and the longest; 0 is for ever.
const MIN_MS: u64 = 1000;
const MAX_MS: u64 = 3650 * 24 * 60 * 60 * 1000;

/// Types that a tenant may say something of.
const MAX_TYPES: usize = 64;

/// Characters of a type.
const MAX_TYPE: usize = 1024;

/// How long a tenant's events are kept. What is left out is as the server's settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// For how many milliseconds events are kept after they were accepted, with everything that belongs to them. 0 keeps them for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 315_360_000_000_u64)]
    pub keep_ms: Option<u64>,
    /// For how many milliseconds their data is kept; 0 is for as long as the events. After that an event is its attributes alone: it is
    /// shown, and can't be sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 315_360_000_000_u64)]
    pub data_ms: Option<u64>,
    /// What holds for some types instead; of several that fit the first one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 64)]
    pub types: Vec<TypeRetention>,
}

/// How long events of some types are kept. What is left out is as the tenant says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeRetention {
    /// A type, or the beginning of types, with `*` at its end.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 1024, example = "com.example.order.*")]
    pub event_type: String,
    /// For how many milliseconds these are kept; 0 keeps them for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 315_360_000_000_u64)]
    pub keep_ms: Option<u64>,
    /// For how many milliseconds their data is kept; 0 is for as long as the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 315_360_000_000_u64)]
    pub data_ms: Option<u64>,
}

impl TypeRetention {
    fn fits(&self, event_type: &str) -> bool {
        match self.event_type.strip_suffix('*') {
            Some(beginning) => event_type.starts_with(beginning),
            None => event_type == self.event_type,
        }
    }
}

impl Retention {
    /// What is wrong with it: the JSON Pointer of each member at fault, and a sentence that has it as its subject.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        check_time(self.keep_ms, "/keep_ms", &mut faults);
        check_time(self.data_ms, "/data_ms", &mut faults);
        if self.types.len() > MAX_TYPES {
            faults.push(("/types".to_owned(), format!("must have at most {MAX_TYPES} entries")));
        }
        let mut known = BTreeSet::new();
        for (number, rule) in self.types.iter().enumerate() {
            if let Err(detail) = check_type(&rule.event_type) {
                faults.push((format!("/types/{number}/type"), detail));
            } else if !known.insert(&rule.event_type) {
                faults.push((format!("/types/{number}/type"), "stands in an earlier entry already, which counts".to_owned()));
            }
            check_time(rule.keep_ms, &format!("/types/{number}/keep_ms"), &mut faults);
            check_time(rule.data_ms, &format!("/types/{number}/data_ms"), &mut faults);
        }
        faults
    }
}

fn check_time(value: Option<u64>, pointer: &str, faults: &mut Vec<(String, String)>) {
    if value.is_some_and(|value| value != 0 && !(MIN_MS..=MAX_MS).contains(&value)) {
        faults.push((pointer.to_owned(), format!("must be 0, for no limit, or between {MIN_MS} and {MAX_MS}")));
    }
}

fn check_type(pattern: &str) -> Result<(), String> {
    let beginning = pattern.strip_suffix('*').unwrap_or(pattern);
    if pattern.is_empty() || pattern.chars().count() > MAX_TYPE {
        return Err(format!("must have between 1 and {MAX_TYPE} characters"));
    }
    if beginning.contains('*') {
        return Err("may have a `*` at its end only".to_owned());
    }
    Ok(())
}

/// How long events are kept; `None` is for ever.
pub type Keep = Option<Duration>;

/// What becomes of an event that is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// It goes, with everything that belongs to it.
    Whole,
    /// Its data goes; the rest stays for the record.
    Data,
}

/// How long an event is kept, and how long its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    whole: Keep,
    data: Keep,
}

impl Terms {
    fn new(keep_ms: u64, data_ms: u64) -> Self {
        let (whole, data) = (keep(keep_ms), keep(data_ms));
        // Data that is to stay as long as its event, or longer, goes with it.
        Self { whole, data: data.filter(|data| whole.is_none_or(|whole| *data < whole)) }
    }

    const fn until(self, end: End) -> Keep {
        match end {
            End::Whole => self.whole,
            End::Data => self.data,
        }
    }
}

/// What holds for the events of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    types: Vec<(TypeRetention, Terms)>,
    rest: Terms,
}

impl Plan {
    /// The plan of a tenant that says this, or nothing, where the settings say `keep_ms` and `data_ms`.
    #[must_use]
    pub fn new(keep_ms: u64, data_ms: u64, tenant: Option<&Retention>) -> Self {
        let keep_ms = tenant.and_then(|tenant| tenant.keep_ms).unwrap_or(keep_ms);
        let data_ms = tenant.and_then(|tenant| tenant.data_ms).unwrap_or(data_ms);
        let types = tenant.map(|tenant| tenant.types.as_slice()).unwrap_or_default();
        let terms = |rule: &TypeRetention| Terms::new(rule.keep_ms.unwrap_or(keep_ms), rule.data_ms.unwrap_or(data_ms));
        let types = types.iter().map(|rule| (rule.clone(), terms(rule))).collect();
        Self { types, rest: Terms::new(keep_ms, data_ms) }
    }

    /// How long events of this type are kept, whole or with their data.
    #[must_use]
    pub fn keep(&self, event_type: &str, end: End) -> Keep {
        let rule = self.types.iter().find(|(rule, _)| rule.fits(event_type));
        rule.map_or(self.rest, |(_, terms)| *terms).until(end)
    }

    /// All limits there are in it, each once.
    #[must_use]
    pub fn limits(&self) -> BTreeSet<(End, Duration)> {
        let terms = self.types.iter().map(|(_, terms)| *terms).chain([self.rest]);
        let limits = |terms: Terms| [End::Whole, End::Data].map(|end| terms.until(end).map(|limit| (end, limit)));
        terms.flat_map(limits).flatten().collect()
    }

    /// The longest that any event of the tenant may be kept.
    #[must_use]
    pub fn longest(&self) -> Keep {
        let mut wholes = self.types.iter().map(|(_, terms)| terms.whole).chain([self.rest.whole]);
        wholes.try_fold(Duration::ZERO, |most, keep| Some(most.max(keep?)))
    }
}

fn keep(milliseconds: u64) -> Keep {
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retention(text: &str) -> Retention {
        serde_json::from_str(text).unwrap()
    }

    const fn days(count: u64) -> Duration {
        Duration::from_hours(24 * count)
    }

    #[test]
    fn what_is_said_closest_wins_and_the_first_type_that_fits() {
        let said = retention(
            r#"{"keep_ms": 172800000, "types": [{"type": "a.b", "keep_ms": 86400000}, {"type": "a.*", "keep_ms": 0}, {"type": "a.bc"},
                {"type": "c*"}]}"#,
        );
        let plan = Plan::new(259_200_000, 0, Some(&said));
        let kept = ["a.b", "a.bc", "a.", "a", "c", "d"].map(|event_type| plan.keep(event_type, End::Whole));
        assert_eq!(kept, [Some(days(1)), None, None, Some(days(2)), Some(days(2)), Some(days(2))]);
        assert_eq!(plan.limits().into_iter().collect::<Vec<_>>(), [(End::Whole, days(1)), (End::Whole, days(2))]);
        assert_eq!(plan.longest(), None);
    }

    #[test]
    fn data_goes_before_its_event_or_with_it() {
        let said = retention(
            r#"{"keep_ms": 172800000, "data_ms": 86400000, "types": [{"type": "a", "data_ms": 0}, {"type": "b", "keep_ms": 86400000},
                {"type": "c", "keep_ms": 0}]}"#,
        );
        let plan = Plan::new(259_200_000, 3_600_000, Some(&said));
        let kept = ["a", "b", "c", "d"].map(|event_type| plan.keep(event_type, End::Data));
        assert_eq!(
            kept,
            [None, None, Some(days(1)), Some(days(1))],
            "not at all, with its event, though that stays, and by the tenant"
        );
        assert!(plan.limits().contains(&(End::Data, days(1))));
        assert_eq!(Plan::new(0, 3_600_000, None).keep("a", End::Data), Some(Duration::from_hours(1)));
        assert_eq!(retention(r#"{"data_ms": 5, "types": [{"type": "a", "data_ms": 5}]}"#).faults().len(), 2);
    }

    #[test]
    fn who_says_nothing_has_what_the_settings_say() {
        for tenant in [None, Some(&Retention::default())] {
            assert_eq!(Plan::new(259_200_000, 0, tenant).keep("a", End::Whole), Some(days(3)));
            assert_eq!(Plan::new(259_200_000, 0, tenant).longest(), Some(days(3)));
            assert_eq!(Plan::new(0, 0, tenant).longest(), None);
            assert!(Plan::new(0, 0, tenant).limits().is_empty());
        }
    }

    #[test]
    fn faults_name_their_place() {
        let bad = retention(
            r#"{"keep_ms": 999, "types": [{"type": ""}, {"type": "a*b"}, {"type": "x", "keep_ms": 999999999999999}, {"type": "x"}, {"type": "*"}]}"#,
        );
        let places: Vec<String> = bad.faults().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(places, ["/keep_ms", "/types/0/type", "/types/1/type", "/types/2/keep_ms", "/types/3/type"]);
        assert!(retention(r#"{"keep_ms": 0, "types": [{"type": "*", "keep_ms": 1000}]}"#).faults().is_empty());
        let many = Retention {
            types: (0..65).map(|number| TypeRetention { event_type: number.to_string(), keep_ms: None, data_ms: None }).collect(),
            ..Retention::default()
        };
        assert_eq!(many.faults()[0].0, "/types");
    }
}
