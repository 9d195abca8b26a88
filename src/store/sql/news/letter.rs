//! How news lies in the payload of a notification: JSON, in as many letters as its bound of 8,000 bytes takes.

use serde::{Deserialize, Serialize};

use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::store::News;

/// Subscriptions named in one letter: 30 characters of identifier and 16 of time each, in 8,000 bytes with room to spare.
const LANES_PER_LETTER: usize = 128;

/// One letter. What a later version adds is passed over, and what an earlier one leaves out is nothing.
#[derive(Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "what there is to tell is a list of facts, each of its own")]
struct Letter {
    from: NodeId,
    #[serde(default, skip_serializing_if = "is_false")]
    routing: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    jobs: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    crew: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    anywhere: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lanes: Vec<(SubscriptionId, i64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The letters that say it.
pub(super) fn write(node: NodeId, news: &News) -> Vec<String> {
    let lanes: Vec<_> = news.lanes.iter().map(|(id, due_at)| (*id, due_at.as_micros())).collect();
    let blank = || Letter { from: node, routing: false, jobs: false, crew: false, anywhere: false, lanes: Vec::new() };
    let mut letters: Vec<Letter> =
        lanes.chunks(LANES_PER_LETTER).map(|lanes| Letter { lanes: lanes.to_vec(), ..blank() }).collect();
    if letters.is_empty() {
        letters.push(blank());
    }
    if let Some(first) = letters.first_mut() {
        (first.routing, first.jobs, first.crew, first.anywhere) = (news.routing, news.jobs, news.crew, news.anywhere);
    }
    letters.iter().filter_map(|letter| serde_json::to_string(letter).ok()).collect()
}

/// What a letter says; nothing if it is this node's own, or cannot be read.
pub(super) fn read(node: NodeId, text: &str) -> Option<News> {
    let letter: Letter = serde_json::from_str(text).ok()?;
    (letter.from != node).then(|| News {
        routing: letter.routing,
        jobs: letter.jobs,
        crew: letter.crew,
        anywhere: letter.anywhere,
        lanes: letter.lanes.into_iter().map(|(id, due_at)| (id, Timestamp::from_micros(due_at))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// The most that Postgres takes in one payload.
    const MAX_PAYLOAD: usize = 7999;

    fn node(number: u128) -> NodeId {
        NodeId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn letters_fit_and_say_together_what_was_told() {
        let id = |number: u64| SubscriptionId::from_uuid(Uuid::from_u64_pair(u64::MAX, number));
        let lanes = (0..1024).map(|number| (id(number), Timestamp::from_micros(9_999_999_999_999_999))).collect();
        let told = News { routing: true, jobs: true, crew: true, anywhere: false, lanes };
        let letters = write(node(1), &told);
        assert!(letters.iter().all(|letter| letter.len() <= MAX_PAYLOAD), "{}", letters[0].len());
        let mut heard = News::default();
        for letter in &letters {
            heard.merge(read(node(2), letter).unwrap());
        }
        assert_eq!(heard, told);
        assert!(letters.iter().all(|letter| read(node(1), letter).is_none()), "a node does not hear itself");
    }

    #[test]
    fn foreign_letters_are_passed_over_and_later_ones_understood() {
        assert_eq!(read(node(2), "hello"), None);
        let later = serde_json::json!({ "from": node(1), "jobs": true, "weather": "fine" }).to_string();
        assert_eq!(read(node(2), &later), Some(News { jobs: true, ..News::default() }));
    }
}
