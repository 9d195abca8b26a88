//! The same producer and sink with a webhook server that runs already, its own or another's.

use crate::adapter::Call;
use crate::arguments::Other;
use crate::load::{post, wait_for};
use crate::process::{Server, request, role};
use crate::producer::Order;
use crate::sink::{self, Asked};
use crate::statistics::{real, real_size};
use crate::{Result, message};

/// Connections, requests a second (0: a closed loop) and events.
const LOADS: [(usize, u32, usize); 2] = [(64, 0, 6_000), (16, 200, 2_000)];

/// Events before the measuring begins.
const WARM_UP: usize = 500;

/// Measures the server and prints what came of it.
pub(crate) fn run(other: &Other) -> Result<()> {
    let total = WARM_UP + LOADS.iter().map(|(_, _, count)| count).sum::<usize>();
    let sink = Server::start(&mut role("sink", &[&(total + 1).to_string(), "1"])?)?;
    for set_up in other.adapter.set_up(&format!("http://{}/0", sink.address)) {
        call(other, &set_up)?;
    }
    post_and_look(other, total)?;
    wait_for(&sink, 1)?;
    let mut order = Order {
        adapter: other.adapter,
        addresses: vec![other.address.clone()],
        key: other.token.clone(),
        tenant: crate::api::TENANT.to_owned(),
        connections: 16,
        first: 0,
        count: WARM_UP,
        batch: 1,
        rate: 0,
        topics: 1,
    };
    post(&order)?;
    wait_for(&sink, 1 + WARM_UP)?;
    println!("| load | accepted/s | delivered/s | accept p50 / p99 | end to end p50 / p99 / p99.9 | twice / missing |");
    println!("|---|---|---|---|---|---|");
    for (connections, rate, count) in LOADS {
        order = Order { first: order.first + order.count, connections, rate, count, ..order };
        let (posted, _) = post(&order)?;
        wait_for(&sink, 1 + order.first + count)?;
        let arrived = sink::ask(&sink, &Asked { events: order.first..order.first + count, ..Asked::default() })?;
        let load = if rate == 0 { format!("{connections} connections") } else { format!("{rate} events/s") };
        let ms = |us: u32| f64::from(us) / 1000.0;
        println!(
            "| {load} | {:.0} | {:.0} | {:.1} / {:.1} | {:.1} / {:.1} / {:.1} | {} / {} |",
            posted.per_s(),
            real_size(arrived.arrived) * 1e6 / real(arrived.last_at - posted.first_at),
            ms(posted.latency.p50),
            ms(posted.latency.p99),
            ms(arrived.latency.p50),
            ms(arrived.latency.p99),
            ms(arrived.latency.p999),
            arrived.duplicates,
            arrived.missing,
        );
    }
    Ok(())
}

/// Posts one event and asks for it again, so that a server that answers 202 to everything is not measured.
fn post_and_look(other: &Other, number: usize) -> Result<()> {
    let event = message::event(number, message::now(), 1);
    let answer = call(other, &other.adapter.post(number, &message::topic(0), &event))?;
    let path = other.adapter.look_at(&serde_json::from_str(&answer)?).ok_or("the answer names no event")?;
    let looking = Call { method: "GET", path, content_type: "application/json", body: Vec::new() };
    call(other, &looking).map(|_| ())
}

/// Makes a call and gives the body of its answer.
fn call(other: &Other, call: &Call) -> Result<String> {
    let headers = format!("authorization: Bearer {}\r\ncontent-type: {}\r\n", other.token, call.content_type);
    match request(call.method, &other.address, &call.path, &headers, std::str::from_utf8(&call.body)?)? {
        (200..=299, answer) => Ok(answer),
        (status, answer) => Err(format!("{} was answered {status}: {answer}", call.path).into()),
    }
}
