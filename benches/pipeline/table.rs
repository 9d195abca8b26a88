//! How results are shown: Markdown tables, as `docs/benchmarks.md` has them.

use crate::backlog::Behind;
use crate::death::Death;
use crate::goals;
use crate::measure::Measurement;
use crate::report::{Document, Summary, by_name};
use crate::scenario::{Scenario, Store};
use crate::spent::PerEvent;
use crate::statistics::real_size;

/// Prints everything that was measured.
pub(crate) fn print(document: &Document) {
    let machine = &document.machine;
    println!("\n{} cores of {}, {} GiB, Linux {}", machine.cores, machine.processor, machine.memory_gib, machine.kernel);
    println!("medians; CPU in µs per delivery; latencies in ms\n");
    println!(
        "| scenario | accepted/s | delivered/s | of ceiling | accept p50 / p99 | end to end p50 / p90 / p99 / p99.9 | CPU server / Postgres / sink / producer | peak MiB | aside | twice / missing |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for result in &document.results {
        println!("{}", row(result, ratio(result, &document.results)));
    }
    println!(
        "\n| per event | bytes written | transactions: accept / record / claim | other calls of the store |\n|---|---|---|---|"
    );
    for result in document.results.iter().filter(|result| result.scenario.store != Store::None && !result.scenario.is_one_killed)
    {
        println!("{}", cost_row(result));
    }
    let deaths: Vec<String> = document.results.iter().filter_map(death_row).collect();
    if !deaths.is_empty() {
        println!("\n| a node killed | leases back at work | came again | other nodes' p50 / p99 before | after |");
        println!("|---|---|---|---|---|\n{}", deaths.join("\n"));
    }
    let behind: Vec<String> = document.results.iter().filter_map(backlog_row).collect();
    if !behind.is_empty() {
        println!(
            "\n| with a backlog | filled/s | database MiB | accept p50 / p99 | end to end p50 / p99 | over 256 connections: accepted/s, p50 / p99 | peak MiB | sweep ms, count ms | claim µs | worked off/s |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|\n{}", behind.join("\n"));
    }
    if !document.goals.is_empty() {
        println!("\n{}", goals::table(&document.goals));
    }
}

/// Prints the names of scenarios with their groups.
pub(crate) fn list(scenarios: &[Scenario]) {
    for scenario in scenarios {
        let when = if scenario.is_on_demand { "only by its name" } else { "" };
        println!("{:<10} {:<24} {when}", scenario.group, scenario.name);
    }
}

/// Of the deliveries a second of the scenario without a store, where the rate is not given.
fn ratio(result: &Summary, results: &[Summary]) -> Option<f64> {
    if result.scenario.rate > 0 {
        return None;
    }
    let ceiling = by_name(results, result.scenario.ceiling?)?;
    Some(result.of(|run| run.delivered_per_s) / ceiling.of(|run| run.delivered_per_s))
}

fn cost_row(result: &Summary) -> String {
    let of = |value: fn(&PerEvent) -> f64| result.of(|run| value(&run.per_event));
    format!(
        "| {} | {:.0} | {:.3} / {:.3} / {:.3} | {:.3} |",
        result.scenario.name,
        of(|cost| cost.written_bytes),
        of(|cost| cost.accepts),
        of(|cost| cost.records),
        of(|cost| cost.claims),
        of(|cost| cost.others),
    )
}

fn death_row(result: &Summary) -> Option<String> {
    result.runs.iter().find(|run| run.death.is_some())?;
    let of = |value: fn(&Death) -> f64| result.of(|run| run.death.as_ref().map_or(0.0, value));
    Some(format!(
        "| {} | {:.1} s | {:.0} | {:.1} / {:.1} | {:.1} / {:.1} |",
        result.scenario.name,
        of(|death| death.recovered_s),
        of(|death| real_size(death.repeated)),
        of(|death| f64::from(death.others_before.p50) / 1000.0),
        of(|death| f64::from(death.others_before.p99) / 1000.0),
        of(|death| f64::from(death.others_after.p50) / 1000.0),
        of(|death| f64::from(death.others_after.p99) / 1000.0),
    ))
}

fn backlog_row(result: &Summary) -> Option<String> {
    result.runs.iter().find(|run| run.backlog.is_some())?;
    let of = |value: fn(&Behind) -> f64| result.of(|run| run.backlog.as_ref().map_or(0.0, value));
    let ms = |value: fn(&Measurement) -> u32| result.of(|run| f64::from(value(run)) / 1000.0);
    Some(format!(
        "| {} | {:.0} | {:.0} | {:.1} / {:.1} | {:.1} / {:.1} | {:.0}, {:.1} / {:.1} | {:.0} | {:.1}, {:.1} | {:.1} | {:.0} |",
        result.scenario.name,
        of(|behind| behind.filled_per_s),
        of(|behind| behind.database_mib),
        ms(|run| run.accept.p50),
        ms(|run| run.accept.p99),
        ms(|run| run.end_to_end.p50),
        ms(|run| run.end_to_end.p99),
        of(|behind| behind.rush_per_s),
        of(|behind| f64::from(behind.rush_accept.p50) / 1000.0),
        of(|behind| f64::from(behind.rush_accept.p99) / 1000.0),
        result.of(|run| real_size(run.server_peak_kib) / 1024.0),
        of(|behind| behind.sweep_ms),
        of(|behind| behind.count_ms),
        of(|behind| behind.claim_us),
        of(|behind| behind.worked_off_per_s),
    ))
}

fn row(result: &Summary, ratio: Option<f64>) -> String {
    let runs = &result.runs;
    let ms = |value: fn(&Measurement) -> u32| result.of(|run| f64::from(value(run)) / 1000.0);
    let cpu = [
        result.of(|run| run.cpu_us.server),
        result.of(|run| run.cpu_us.postgres),
        result.of(|run| run.cpu_us.sink),
        result.of(|run| run.cpu_us.producer),
    ]
    .map(|value| format!("{value:.0}"))
    .join(" / ");
    format!(
        "| {} | {:.0} | {:.0} | {} | {:.1} / {:.1} | {:.1} / {:.1} / {:.1} / {:.1} | {cpu} | {:.0} | {:.0} | {} / {} |",
        result.scenario.name,
        result.of(|run| run.accepted_per_s),
        result.of(|run| run.delivered_per_s),
        ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ms(|run| run.accept.p50),
        ms(|run| run.accept.p99),
        ms(|run| run.end_to_end.p50),
        ms(|run| run.end_to_end.p90),
        ms(|run| run.end_to_end.p99),
        ms(|run| run.end_to_end.p999),
        runs.iter().map(|run| real_size(run.server_peak_kib) / 1024.0).fold(0.0, f64::max),
        result.of(|run| real_size(run.aside)),
        runs.iter().map(|run| run.duplicates).sum::<usize>(),
        runs.iter().map(|run| run.missing).sum::<usize>(),
    )
}
