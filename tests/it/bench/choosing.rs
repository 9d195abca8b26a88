//! Which scenarios a run has.

use super::adapter::Adapter;
use super::arguments::{Other, Task, read};
use super::catalog::{ALL, Choice};
use super::scenario::{Scenario, Store};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn names(choice: &Choice) -> Vec<&'static str> {
    choice.scenarios().unwrap().iter().map(|scenario| scenario.name).collect()
}

#[test]
fn the_command_line_says_what_is_measured_and_how_often() {
    let measure = |choice, rounds| Ok(Task::Measure { choice, rounds });
    assert_eq!(read(&words("quick")), measure(Choice::Quick, None));
    assert_eq!(read(&words("full --rounds 5")), measure(Choice::Full, Some(5)));
    assert_eq!(read(&words("hang sqlite-64")), measure(Choice::Named(words("hang sqlite-64")), None));
    assert_eq!(read(&words("list")), Ok(Task::List));
}

#[test]
fn a_soak_is_an_hour_on_sqlite_unless_it_says_otherwise() {
    let soak = |seconds, store| Ok(Task::Soak { seconds, store });
    assert_eq!(read(&words("soak")), soak(3600, Store::Sqlite));
    assert_eq!(read(&words("soak 90s")), soak(90, Store::Sqlite));
    assert_eq!(read(&words("soak postgres 10m")), soak(600, Store::Postgres));
    assert_eq!(read(&words("soak 24h")), soak(86_400, Store::Sqlite));
    for wrong in ["soak 5", "soak 19s", "soak 169h", "soak mysql", "soak 99999999999999999999s", "soak 9999999999999999h"] {
        assert!(read(&words(wrong)).unwrap_err().contains("not a duration"), "{wrong}");
    }
}

#[test]
fn a_comparison_names_an_api_a_server_and_a_credential() {
    let other = Other { adapter: Adapter::Svix, address: "127.0.0.1:8071".to_owned(), token: "sk".to_owned() };
    assert_eq!(read(&words("compare svix 127.0.0.1:8071 sk")), Ok(Task::Compare(other)));
    for wrong in
        ["compare svix", "compare nobody a:1 sk", "compare svix http://a:1 sk", "compare svix localhost sk", "compare svix :1 sk"]
    {
        assert!(read(&words(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_in_words() {
    for (line, part) in
        [("", "usage"), ("quick --rounds", "from 1 up"), ("quick --rounds 0", "from 1 up"), ("--loud", "--loud is not known")]
    {
        let error = read(&words(line)).unwrap_err();
        assert!(error.contains(part), "{line:?} was answered {error:?}");
    }
}

#[test]
fn a_scenario_that_is_named_comes_with_its_ceiling() {
    assert_eq!(names(&Choice::Named(words("postgres-256"))), ["ceiling-256", "postgres-256"]);
    assert_eq!(names(&Choice::Named(words("rate"))), ["ceiling-200s", "sqlite-200s", "postgres-200s"]);
}

#[test]
fn a_name_that_there_is_not_is_refused_with_those_there_are() {
    let error = Choice::Named(words("sqlite-65")).scenarios().unwrap_err();
    assert!(error.contains("sqlite-65") && error.contains("sqlite-64"), "{error}");
}

#[test]
fn what_is_on_demand_is_measured_only_by_its_name() {
    for scenario in ALL.iter().filter(|scenario| scenario.is_on_demand) {
        assert!(!names(&Choice::Full).contains(&scenario.name), "{} is in a full run", scenario.name);
        assert!(!names(&Choice::Named(words(scenario.group))).contains(&scenario.name), "{} comes with its group", scenario.name);
        assert!(names(&Choice::Named(words(scenario.name))).contains(&scenario.name));
    }
}

#[test]
fn a_quick_run_has_less_to_do() {
    let events = |choice: Choice| -> usize { choice.scenarios().unwrap().iter().map(|scenario| scenario.count).sum() };
    assert!(events(Choice::Quick) * 4 < events(Choice::Full));
    assert!(Choice::Quick.rounds() < Choice::Full.rounds());
}

#[test]
fn every_scenario_can_be_told_apart_and_measured() {
    for (place, scenario) in ALL.iter().enumerate() {
        let Scenario { name, group, batch, count, quick, topics, fan_out, connections, ceiling, .. } = *scenario;
        assert!(!ALL[..place].iter().any(|other| other.name == name), "two scenarios are called {name}");
        assert!(!ALL.iter().any(|other| other.name == group), "{group} is a scenario and a group");
        assert!(batch * topics * fan_out * connections * count > 0, "{name} measures nothing");
        assert!(count % batch == 0 && quick % batch == 0 && scenario.warm_up() % batch == 0, "{name} ends within a batch");
        let before = ceiling.map(|ceiling| ALL[..place].iter().find(|other| other.name == ceiling));
        assert!(
            before.is_none_or(|found| found.is_some_and(|other| other.store == Store::None)),
            "{name} has no ceiling before it"
        );
    }
}
