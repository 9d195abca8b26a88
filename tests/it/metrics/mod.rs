//! Metrics: what a node counts while it works, as Prometheus would read it.

mod counting;
mod depth;
mod documents;
mod nodes;
mod promtool;
mod serving;
mod watching;

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a number may take to become what it should be.
const PATIENCE: Duration = Duration::from_secs(20);

/// The series of one scrape: each line's name with its labels, and its value.
#[derive(Debug)]
pub(crate) struct Scrape {
    text: String,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Looks at a node, which must be open.
    pub(crate) async fn of(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let answer = http.get(format!("{base}/metrics")).send().await.expect("the node answers");
        assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &CONTENT_TYPE.parse().unwrap()));
        Self::read(answer.text().await.expect("the answer is text"))
    }

    fn read(text: String) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self { series: series.collect(), text }
    }

    /// The value of a series, spelled as it lies in the text; one that is not there is a fault of the test.
    #[track_caller]
    pub(crate) fn value(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("there is no {series}:\n{}", self.text))
    }

    /// Asserts the values of several series.
    #[track_caller]
    fn assert(&self, expected: &[(&str, f64)]) {
        let wrong: Vec<_> = expected
            .iter()
            .filter(|(series, value)| (self.value(series) - value).abs() > f64::EPSILON)
            .map(|(series, value)| format!("{series} is {}, not {value}", self.value(series)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// The media type of the text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Waits until a series has a value, and gives the scrape in which it has.
pub(crate) async fn wait_for(base: &str, series: &str, value: f64) -> Scrape {
    wait_until(base, &format!("{series} is {value}"), |scrape| (scrape.value(series) - value).abs() < f64::EPSILON).await
}

/// Waits until something holds of a scrape.
async fn wait_until(base: &str, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
    let looking = async {
        loop {
            let scrape = Scrape::of(base).await;
            if holds(&scrape) {
                return scrape;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let Ok(found) = tokio::time::timeout(PATIENCE, looking).await else {
        panic!("it never came true that {what}:\n{}", Scrape::of(base).await.text)
    };
    found
}
