//! The dashboard and the alert rules in `helm/`: what they ask for is there, and they fire when they should.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use waypost::metrics::catalog::{Definition, Kind, Values};

use super::documents::definitions;
use super::promtool::promtool;

const DASHBOARD: &str = include_str!("../../../helm/grafana/waypost.json");
const RULES: &str = include_str!("../../../helm/alerts/waypost.rules.yaml");
const RULE_TESTS: &str = include_str!("../../../helm/alerts/waypost.test.yaml");

/// Labels that Prometheus adds to whatever it looks at.
const OF_THE_TARGET: [&str; 3] = ["job", "instance", "le"];

fn alerts() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/helm/alerts"))
}

fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).expect("the dashboard is JSON")
}

/// Everything the dashboard's panels and variables ask for.
fn asked_by_the_dashboard() -> Vec<String> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

fn rules() -> Vec<Value> {
    let file: Value = serde_yaml_ng::from_str(RULES).expect("the rules are YAML");
    file["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn asked_by_the_rules() -> Vec<String> {
    rules().iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect()
}

/// A metric as a query names it.
struct Selector {
    name: String,
    matchers: Vec<Matcher>,
}

/// What a query wants of a label.
struct Matcher {
    label: String,
    is_pattern: bool,
    value: String,
}

/// The metrics that a query names.
fn selectors(query: &str) -> Vec<Selector> {
    let is_word = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    let mut found = Vec::new();
    for start in ["waypost_", "process_"].iter().flat_map(|prefix| query.match_indices(prefix)).map(|(start, _)| start) {
        if query[..start].ends_with(|letter| is_word(letter) || letter == '"') {
            continue;
        }
        let name: String = query[start..].chars().take_while(|letter| is_word(*letter)).collect();
        let rest = &query[start + name.len()..];
        let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
        let matchers = inside.split("\",").filter(|matcher| !matcher.trim().is_empty()).map(|matcher| {
            let (_, value) = matcher.split_once('"').unwrap();
            Matcher {
                label: matcher.trim().chars().take_while(|letter| is_word(*letter)).collect(),
                is_pattern: matcher.contains('~'),
                value: value.trim_end_matches('"').to_owned(),
            }
        });
        found.push(Selector { matchers: matchers.collect(), name });
    }
    found
}

/// The definition that a name in a query stands for.
fn definition<'d>(known: &'d BTreeMap<&str, &Definition>, name: &str) -> Option<&'d Definition> {
    let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending));
    let histogram = of_histogram.and_then(|name| known.get(name)).filter(|found| found.kind == Kind::Histogram);
    histogram.or_else(|| known.get(name)).copied()
}

/// What the queries ask for and is not there.
fn unknown(queries: &[String]) -> Vec<String> {
    let definitions = definitions();
    let known: BTreeMap<_, _> = definitions.iter().map(|one| (one.name, one)).collect();
    let mut offenders = Vec::new();
    for Selector { name, matchers } in queries.iter().flat_map(|query| selectors(query)) {
        let Some(found) = definition(&known, &name) else {
            offenders.push(name);
            continue;
        };
        for Matcher { label, is_pattern, value } in matchers {
            if OF_THE_TARGET.contains(&label.as_str()) {
                continue;
            }
            match found.labels.iter().find(|known| known.name == label).map(|known| &known.values) {
                None => offenders.push(format!("{name} has no label {label}")),
                Some(Values::Listed(values)) => {
                    let alternatives = if is_pattern { value.split('|').collect() } else { vec![value.as_str()] };
                    let wrong = alternatives.into_iter().filter(|value| !values.contains(value));
                    offenders.extend(wrong.map(|value| format!("{name}: {label} is never {value}")));
                }
                Some(Values::Described(_)) => {}
            }
        }
    }
    offenders
}

#[test]
fn dashboard_and_rules_ask_only_for_what_is_there() {
    let (dashboard, rules) = (asked_by_the_dashboard(), asked_by_the_rules());
    assert!(dashboard.len() > 50 && rules.len() > 15);
    assert_eq!(unknown(&dashboard), Vec::<String>::new());
    assert_eq!(unknown(&rules), Vec::<String>::new());
    let tested: Vec<String> = RULE_TESTS.lines().filter(|line| line.contains("{ series:")).map(str::to_owned).collect();
    let tested = tested.iter().map(|line| line.split('\'').nth(1).unwrap().to_owned());
    let without_info = tested.filter(|series| !series.starts_with("waypost_build_info"));
    assert_eq!(unknown(&without_info.collect::<Vec<_>>()), Vec::<String>::new());
}

#[test]
fn reader_of_queries_sees_metrics_labels_and_values() {
    let query = r#"sum(rate(waypost_attempts_total{job="x", class=~"dns|no"}[5m])) / waypost_nothing + waypost_accept_seconds_sum{le="1"}
        + waypost_deliveries{state="lost"} + waypost_retries_total{why="x"} + waypost_retries_total_count"#;
    assert_eq!(
        unknown(&[query.to_owned()]),
        [
            "waypost_attempts_total: class is never no",
            "waypost_nothing",
            "waypost_deliveries: state is never lost",
            "waypost_retries_total has no label why",
            "waypost_retries_total_count"
        ]
    );
}

#[test]
fn dashboard_asks_in_queries_that_prometheus_understands() {
    let rules: Vec<_> = asked_by_the_dashboard()
        .into_iter()
        .enumerate()
        .map(|(number, query)| {
            let query = query.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*");
            assert!(!query.contains('$'), "{query}");
            json!({ "record": format!("dashboard:query{number}"), "expr": query })
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.json"), json!({ "groups": [{ "name": "all", "rules": rules }] }).to_string())
        .unwrap();
    promtool(&["check", "rules", "rules.json"], folder.path(), "");
}

#[test]
fn panels_are_described_and_take_their_data_from_the_chosen_source() {
    let dashboard = dashboard();
    let variables: Vec<_> =
        dashboard["templating"]["list"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["datasource", "job", "instance"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut ids, mut places, mut rows) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for panel in panels {
        let (title, at) = (panel["title"].as_str().unwrap(), &panel["gridPos"]);
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its number is there twice");
        assert!(places.insert((at["y"].as_u64().unwrap(), at["x"].as_u64().unwrap())), "{title}: it lies upon another");
        assert!(at["x"].as_u64().unwrap() + at["w"].as_u64().unwrap() <= 24, "{title}: too wide");
        if panel["type"] == "row" {
            rows.push(title);
            continue;
        }
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        for target in panel["targets"].as_array().unwrap() {
            assert!(target["expr"].as_str().unwrap().contains("job=~\"$job\", instance=~\"$instance\""), "{title}: of all nodes");
        }
    }
    assert_eq!(rows, ["At a glance", "Accept", "Deliver", "Backlog", "Database", "HTTP server", "Process"]);
}

#[test]
fn alerts_say_what_it_is_what_to_do_and_how_urgent() {
    let rules = rules();
    let names: BTreeSet<_> = rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect();
    assert_eq!(names.len(), rules.len(), "each has a name of its own");
    for rule in &rules {
        let name = rule["alert"].as_str().unwrap();
        assert!(name.starts_with("Waypost"), "{name}");
        for annotation in ["summary", "description", "runbook"] {
            assert!(rule["annotations"][annotation].as_str().is_some_and(|text| text.len() > 10), "{name}: {annotation}");
        }
        assert!(["critical", "warning", "info"].iter().any(|level| rule["labels"]["severity"] == *level), "{name}");
        assert!(RULE_TESTS.contains(&format!("alertname=\"{name}\"")), "{name} has no test in which it fires");
    }
}

#[test]
fn rules_are_as_prometheus_wants_them_and_fire_when_they_should() {
    promtool(&["check", "rules", "waypost.rules.yaml"], alerts(), "");
    promtool(&["test", "rules", "waypost.test.yaml"], alerts(), "");
}
