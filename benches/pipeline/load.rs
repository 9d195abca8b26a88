//! Posting events and waiting for them: what every kind of run does.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::process::{Server, TICK_US, request, role};
use crate::producer::Order;
use crate::{Result, producer};

/// The longest a run may take to deliver everything.
const LIMIT: Duration = Duration::from_mins(3);

/// Posts events and gives back what the producer measured and the CPU time it took, in microseconds.
pub(crate) fn post(order: &Order) -> Result<(producer::Report, i64)> {
    post_while(order, || Ok(()))
}

/// The same; does something else meanwhile.
pub(crate) fn post_while(order: &Order, meanwhile: impl FnOnce() -> Result<()>) -> Result<(producer::Report, i64)> {
    // The producer is the only child that is waited for meanwhile, so its CPU time is what the finished children gained.
    let order = serde_json::to_string(order)?;
    let child = role("producer", &[&order])?.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let outcome = meanwhile();
    let before = finished_children_us()?;
    let producer = child.wait_with_output()?;
    outcome?;
    if !producer.status.success() {
        return Err(format!("the producer failed with {order}").into());
    }
    Ok((serde_json::from_slice(&producer.stdout)?, finished_children_us()? - before))
}

fn finished_children_us() -> Result<i64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("not a stat line")?;
    let ticks: i64 = after_name.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<i64>().ok()).sum();
    Ok(ticks * TICK_US)
}

/// Waits until the sink has `expected` different deliveries.
pub(crate) fn wait_for(sink: &Server, expected: usize) -> Result<()> {
    let begun = Instant::now();
    loop {
        let arrived = count(sink, "/count")?;
        if arrived >= expected {
            return Ok(());
        }
        if begun.elapsed() > LIMIT {
            return Err(format!("only {arrived} of {expected} deliveries arrived within {} s", LIMIT.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the sink answers to a question for a number.
pub(crate) fn count(sink: &Server, path: &str) -> Result<usize> {
    Ok(request("GET", &sink.address, path, "", "")?.1.trim().parse()?)
}
