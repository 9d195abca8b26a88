//! The command line of the benchmark.

use super::adapter::Adapter;
use super::catalog::Choice;
use super::scenario::Store;

/// What it is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// To say which scenarios there are.
    List,
    /// To measure a server that runs already.
    Compare(Other),
    /// To run for long.
    Soak {
        /// How long.
        seconds: u64,
        /// On what.
        store: Store,
    },
    /// To measure.
    Measure {
        choice: Choice,
        /// Rounds of each scenario, if not as many as the choice has.
        rounds: Option<usize>,
    },
}

/// A server that runs already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Other {
    /// What API it has.
    pub(crate) adapter: Adapter,
    /// Host and port; plain HTTP.
    pub(crate) address: String,
    /// Its credential.
    pub(crate) token: String,
}

/// How it is called.
pub(crate) const USAGE: &str = "usage: scripts/bench.sh quick | full | list | NAME… [--rounds N]\n       scripts/bench.sh soak [DURATION] [sqlite|postgres]\n       scripts/bench.sh compare waypost|svix|outpost HOST:PORT TOKEN";

/// Reads the arguments.
///
/// # Errors
///
/// Says what is wrong with them.
pub(crate) fn read(arguments: &[String]) -> Result<Task, String> {
    let (mut words, mut rounds) = (Vec::new(), None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rounds" => rounds = Some(positive("--rounds", rest.next())?),
            option if option.starts_with('-') => return Err(format!("{option} is not known\n{USAGE}")),
            word => words.push(word.to_owned()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let choice = match words.as_slice() {
        [] => return Err(USAGE.to_owned()),
        ["list"] => return Ok(Task::List),
        ["compare", rest @ ..] => return compare(rest),
        ["soak", rest @ ..] => return soak(rest),
        ["quick"] => Choice::Quick,
        ["full"] => Choice::Full,
        names => Choice::Named(names.iter().map(|&name| name.to_owned()).collect()),
    };
    Ok(Task::Measure { choice, rounds })
}

fn compare(words: &[&str]) -> Result<Task, String> {
    let &[name, address, token] = words else { return Err(USAGE.to_owned()) };
    let adapter = Adapter::ALL.iter().find(|(known, _)| *known == name).map(|(_, adapter)| *adapter);
    let adapter = adapter.ok_or_else(|| format!("there is no adapter {name}\n{USAGE}"))?;
    let port = address.rsplit_once(':').and_then(|(host, port)| port.parse::<u16>().ok().filter(|_| !host.is_empty()));
    if port.is_none() || address.contains('/') {
        return Err(format!("{address} is not HOST:PORT"));
    }
    Ok(Task::Compare(Other { adapter, address: address.to_owned(), token: token.to_owned() }))
}

fn soak(words: &[&str]) -> Result<Task, String> {
    let (mut seconds, mut store) = (3600, Store::Sqlite);
    for word in words {
        match *word {
            "sqlite" => store = Store::Sqlite,
            "postgres" => store = Store::Postgres,
            duration => seconds = read_duration(duration)?,
        }
    }
    Ok(Task::Soak { seconds, store })
}

/// Seconds of a text such as `90s`, `10m` or `1h`.
fn read_duration(text: &str) -> Result<u64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let found = units.iter().find_map(|(unit, seconds)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*seconds));
    let bounded = found.filter(|seconds| (20..=7 * 86_400).contains(seconds));
    bounded.ok_or_else(|| format!("{text} is not a duration from 20s to 168h, such as 90s, 10m or 1h"))
}

fn positive(option: &str, value: Option<&String>) -> Result<usize, String> {
    let number = value.and_then(|value| value.parse().ok()).filter(|&number: &usize| number > 0);
    number.ok_or_else(|| format!("{option} asks for a number from 1 up"))
}
