//! The command line of the benchmark.

use super::catalog::Choice;

/// What it is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// To say which scenarios there are.
    List,
    /// To measure.
    Measure {
        choice: Choice,
        /// Rounds of each scenario, if not as many as the choice has.
        rounds: Option<usize>,
    },
}

/// How it is called.
pub(crate) const USAGE: &str = "usage: scripts/bench.sh quick | full | list | NAME… [--rounds N]";

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
        ["quick"] => Choice::Quick,
        ["full"] => Choice::Full,
        names => Choice::Named(names.iter().map(|&name| name.to_owned()).collect()),
    };
    Ok(Task::Measure { choice, rounds })
}

fn positive(option: &str, value: Option<&String>) -> Result<usize, String> {
    let number = value.and_then(|value| value.parse().ok()).filter(|&number: &usize| number > 0);
    number.ok_or_else(|| format!("{option} asks for a number from 1 up"))
}
