//! The whole run, its medians, and how they are shown.

use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::machine::Machine;
use crate::measure::{self, Measurement};
use crate::scenario::{self, Scenario, Size};
use crate::statistics::{median, real_size};
use crate::system::postgres_url;

/// A scenario with all its runs and what stands in the table.
#[derive(Serialize)]
struct Summary {
    scenario: Scenario,
    runs: Vec<Measurement>,
    delivered_per_s: f64,
    /// Of the delivered per second of the scenario without a store.
    ratio_to_ceiling: Option<f64>,
}

/// What is written to `target/bench/pipeline.json`.
#[derive(Serialize)]
struct Document {
    machine: Machine,
    results: Vec<Summary>,
}

/// Measures, prints and stores.
pub(crate) fn run(size: Size) -> Result<()> {
    let has_postgres = postgres_url().is_some();
    if !has_postgres {
        println!("WAYPOST_TEST_POSTGRES names no Postgres: measuring SQLite only");
    }
    let scenarios = scenario::of(size, has_postgres);
    let mut runs: Vec<Vec<Measurement>> = scenarios.iter().map(|_| Vec::new()).collect();
    for round in 1..=size.rounds() {
        for (scenario, measured) in scenarios.iter().zip(&mut runs) {
            let measurement = measure::run(scenario)?;
            println!("round {round}  {:<18} {:>8.0} delivered/s", scenario.name, measurement.delivered_per_s);
            measured.push(measurement);
        }
    }
    let document = Document { machine: Machine::this(), results: sum_up(&scenarios, runs) };
    print_table(&document);
    store(&document)
}

fn sum_up(scenarios: &[Scenario], runs: Vec<Vec<Measurement>>) -> Vec<Summary> {
    let medians: Vec<f64> = runs.iter().map(|runs| of(runs, |run| run.delivered_per_s)).collect();
    let by_name = |name: &str| scenarios.iter().position(|scenario| scenario.name == name).map(|index| medians[index]);
    let results = scenarios.iter().zip(runs).zip(&medians).map(|((scenario, runs), delivered_per_s)| Summary {
        scenario: *scenario,
        runs,
        delivered_per_s: *delivered_per_s,
        ratio_to_ceiling: scenario.ceiling.and_then(by_name).map(|ceiling| delivered_per_s / ceiling),
    });
    results.collect()
}

fn of(runs: &[Measurement], value: impl Fn(&Measurement) -> f64) -> f64 {
    median(runs.iter().map(value).collect())
}

fn print_table(document: &Document) {
    let machine = &document.machine;
    println!("\n{} cores of {}, {} GiB, Linux {}", machine.cores, machine.processor, machine.memory_gib, machine.kernel);
    println!("medians; CPU in µs per delivery; latencies in ms\n");
    println!(
        "| scenario | accepted/s | delivered/s | of ceiling | accept p50 / p99 | end to end p50 / p90 / p99 / p99.9 | CPU server / Postgres / sink / producer | peak MiB | twice / missing |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for result in &document.results {
        println!("{}", row(result));
    }
}

fn row(result: &Summary) -> String {
    let runs = &result.runs;
    let ms = |value: fn(&Measurement) -> u32| of(runs, |run| f64::from(value(run)) / 1000.0);
    let cpu = [
        of(runs, |run| run.server_cpu_us),
        of(runs, |run| run.postgres_cpu_us),
        of(runs, |run| run.sink_cpu_us),
        of(runs, |run| run.producer_cpu_us),
    ]
    .map(|value| format!("{value:.0}"))
    .join(" / ");
    format!(
        "| {} | {:.0} | {:.0} | {} | {:.1} / {:.1} | {:.1} / {:.1} / {:.1} / {:.1} | {cpu} | {:.0} | {} / {} |",
        result.scenario.name,
        of(runs, |run| run.accepted_per_s),
        result.delivered_per_s,
        result.ratio_to_ceiling.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ms(|run| run.accept.p50),
        ms(|run| run.accept.p99),
        ms(|run| run.end_to_end.p50),
        ms(|run| run.end_to_end.p90),
        ms(|run| run.end_to_end.p99),
        ms(|run| run.end_to_end.p999),
        runs.iter().map(|run| real_size(run.server_peak_kib) / 1024.0).fold(0.0, f64::max),
        runs.iter().map(|run| run.duplicates).sum::<usize>(),
        runs.iter().map(|run| run.missing).sum::<usize>(),
    )
}

fn store(document: &Document) -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("target")).join("bench");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("pipeline.json");
    std::fs::write(&path, serde_json::to_string_pretty(document)?)?;
    println!("\nstored in {}", path.display());
    Ok(())
}
