//! The whole run, its medians, what they are held against, and where they are kept.

use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::catalog::Choice;
use crate::database::postgres_url;
use crate::goals::{self, Figure, Judged};
use crate::machine::Machine;
use crate::measure::{self, Measurement};
use crate::scenario::{Scenario, Store};
use crate::statistics::{median, real_size};
use crate::{table, targets};

/// A scenario with all its runs.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) scenario: Scenario,
    pub(crate) runs: Vec<Measurement>,
}

impl Summary {
    /// The median of a number over the runs.
    pub(crate) fn of(&self, value: impl Fn(&Measurement) -> f64) -> f64 {
        median(self.runs.iter().map(value).collect())
    }

    fn figure(&self, figure: Figure) -> f64 {
        self.of(|run| match figure {
            Figure::Accepted => run.accepted_per_s,
            Figure::Delivered => run.delivered_per_s,
            Figure::P50 => f64::from(run.end_to_end.p50) / 1000.0,
            Figure::P99 => f64::from(run.end_to_end.p99) / 1000.0,
            Figure::Cpu => run.cpu_us.server,
            Figure::RecoveredS => run.death.as_ref().map_or(f64::NAN, |death| death.recovered_s),
            Figure::Missing => real_size(run.missing),
            Figure::OthersBefore => run.death.as_ref().map_or(f64::NAN, |death| f64::from(death.others_before.p99)),
            Figure::OthersAfter => run.death.as_ref().map_or(f64::NAN, |death| f64::from(death.others_after.p99)),
            Figure::AcceptP50 => f64::from(run.accept.p50) / 1000.0,
            Figure::WorkedOff => run.backlog.as_ref().map_or(0.0, |behind| behind.worked_off_per_s),
            Figure::Deleted => run.deleted,
            Figure::Dropped => run.dropped,
            Figure::Peak => real_size(run.server_peak_kib) / 1024.0,
        })
    }
}

/// What is written to `target/bench/pipeline.json`.
#[derive(Serialize)]
pub(crate) struct Document {
    pub(crate) machine: Machine,
    pub(crate) results: Vec<Summary>,
    pub(crate) goals: Vec<Judged>,
}

/// Measures, prints and stores.
pub(crate) fn run(choice: &Choice, rounds: Option<usize>) -> Result<()> {
    let mut results = summaries(choice)?;
    let rounds = rounds.unwrap_or(choice.rounds());
    for round in 1..=rounds {
        for summary in results.iter_mut().filter(|summary| round <= summary.scenario.rounds) {
            let measurement = measure::run(&summary.scenario).map_err(|error| format!("{}: {error}", summary.scenario.name))?;
            println!("round {round}  {:<22} {:>8.0} delivered/s", summary.scenario.name, measurement.delivered_per_s);
            summary.runs.push(measurement);
        }
    }
    let goals = goals::judge(targets::ALL, |figure, name| by_name(&results, name).map(|summary| summary.figure(figure)));
    let document = Document { machine: Machine::this(), results, goals };
    table::print(&document);
    store("pipeline.json", &document)
}

fn summaries(choice: &Choice) -> Result<Vec<Summary>> {
    let mut scenarios = choice.scenarios()?;
    if postgres_url().is_none() {
        println!("WAYPOST_TEST_POSTGRES names no Postgres: measuring SQLite only");
        scenarios.retain(|scenario| scenario.store != Store::Postgres);
    }
    Ok(scenarios.into_iter().map(|scenario| Summary { scenario, runs: Vec::new() }).collect())
}

/// The results of the scenario of that name.
pub(crate) fn by_name<'a>(results: &'a [Summary], name: &str) -> Option<&'a Summary> {
    results.iter().find(|summary| summary.scenario.name == name)
}

/// Writes results to a file in `target/bench`.
pub(crate) fn store(name: &str, document: &impl Serialize) -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("target")).join("bench");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    std::fs::write(&path, serde_json::to_string_pretty(document)?)?;
    println!("\nstored in {}", path.display());
    Ok(())
}
