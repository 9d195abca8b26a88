//! One pass over a JSON text that finds the values of all pointers of a plan, and builds no tree of it.
//!
//! What no pointer leads to is passed over by the scanner that has passed whole events. The pass reads the text to its end, so
//! that whether it is JSON never depends on where the values lie. It goes as deep as the pointers are long, no deeper.

use std::ops::Range;

use super::Plan;
use super::value::{Kind, Value};
use crate::domain::event::escape::unescape;
use crate::domain::event::json::{Scanner, SyntaxError, ValueKind};

/// Values that one look-up finds, at most.
pub const MAX_VALUES: usize = 65_536;

/// Why a look-up found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The text is no JSON, or nested too deep.
    Syntax,
    /// The pointers meet more than [`MAX_VALUES`], or are too many together for a text like this.
    TooMuch,
}

/// How many nodes of a plan may be followed for each byte of a text, before it is better to look for fewer pointers at once.
/// No filter by itself comes near: that is as many as it may have pointers.
const MAX_STEPS_PER_BYTE: usize = 64;

/// What a look-up found.
#[derive(Debug, Default)]
pub(in crate::domain::filter) struct Found {
    /// Sorted by slot.
    hits: Vec<Hit>,
}

#[derive(Debug, Clone, Copy)]
struct Hit {
    /// `DEAD` if the member was given again.
    slot: usize,
    kind: Kind,
    start: usize,
    end: usize,
}

const DEAD: usize = usize::MAX;

impl Found {
    /// Looks for everything in `plan`.
    pub(super) fn in_text(text: &str, plan: &Plan) -> Result<Self, Failure> {
        let mut pass = Pass {
            plan,
            text,
            scanner: Scanner::new(text),
            active: vec![0],
            seen: vec![Seen::default(); plan.node_count()],
            hits: Vec::new(),
            steps_left: text.len().saturating_mul(MAX_STEPS_PER_BYTE),
        };
        pass.value(0, 0)?;
        pass.scanner.finish()?;
        let mut hits = pass.hits;
        hits.retain(|hit| hit.slot != DEAD);
        hits.sort_unstable_by_key(|hit| hit.slot);
        Ok(Self { hits })
    }

    /// The values in a slot; `text` is what was looked through.
    pub(super) fn values<'t>(&'t self, slot: usize, text: &'t str) -> impl Iterator<Item = Value<'t>> + use<'t> {
        let first = self.hits.partition_point(|hit| hit.slot < slot);
        let hits = self.hits[first..].iter().take_while(move |hit| hit.slot == slot);
        hits.map(|hit| Value::new(hit.kind, &text[hit.start..hit.end]))
    }
}

impl From<SyntaxError> for Failure {
    fn from(_: SyntaxError) -> Self {
        Self::Syntax
    }
}

/// When an object's member was met that a node stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Where the object begins, counted from 1; 0 if there was none.
    object: usize,
    /// How many hits there were before.
    hits: usize,
}

struct Pass<'p, 't> {
    plan: &'p Plan,
    text: &'t str,
    scanner: Scanner<'t>,
    /// The nodes that the values around the scanner's place are at, those of the innermost last.
    active: Vec<usize>,
    /// By node.
    seen: Vec<Seen>,
    hits: Vec<Hit>,
    steps_left: usize,
}

impl Pass<'_, '_> {
    /// Takes the value here, which is at the nodes from `first` on.
    fn value(&mut self, first: usize, depth: usize) -> Result<(), Failure> {
        let nodes = first..self.active.len();
        self.steps_left = self.steps_left.checked_sub(nodes.len()).ok_or(Failure::TooMuch)?;
        let goes_on = self.active[nodes.clone()].iter().any(|&node| self.plan.node(node).goes_on());
        let bracket = self.scanner.peek();
        let (start, hits) = (self.scanner.at, self.hits.len());
        match bracket {
            Some(b'{') if goes_on => {
                self.hit(nodes, Kind::Object, start)?;
                let own = hits..self.hits.len();
                self.object(first, depth)?;
                self.end(own);
            }
            Some(b'[') if goes_on => {
                self.hit(nodes, Kind::Array, start)?;
                let own = hits..self.hits.len();
                self.array(first, depth)?;
                self.end(own);
            }
            _ => {
                let value = self.scanner.value(depth)?;
                self.hit(nodes, Kind::of(value.kind, bracket), start)?;
                self.end(hits..self.hits.len());
            }
        }
        Ok(())
    }

    /// Notes that a value begins at `start`, for each of its nodes that has a slot.
    fn hit(&mut self, nodes: Range<usize>, kind: Kind, start: usize) -> Result<(), Failure> {
        for &node in &self.active[nodes] {
            if let Some(slot) = self.plan.node(node).slot {
                if self.hits.len() == MAX_VALUES {
                    return Err(Failure::TooMuch);
                }
                self.hits.push(Hit { slot, kind, start, end: start });
            }
        }
        Ok(())
    }

    /// Notes that the value of these hits ends here.
    fn end(&mut self, own: Range<usize>) {
        for hit in &mut self.hits[own] {
            hit.end = self.scanner.at;
        }
    }

    /// Takes the object that begins here, with its brackets.
    fn object(&mut self, first: usize, depth: usize) -> Result<(), Failure> {
        let start = self.scanner.at;
        let last = self.active.len();
        self.scanner.at += 1;
        if self.scanner.peek() == Some(b'}') {
            self.scanner.at += 1;
            return Ok(());
        }
        loop {
            let name = self.scanner.name()?;
            let raw = &self.text[name.start + 1..name.end - 1];
            let is_escaped = matches!(name.kind, ValueKind::Text { is_escaped: true });
            // Half of a surrogate pair is no text, so that no pointer names it.
            let unescaped = if is_escaped { unescape(raw).ok() } else { None };
            if let Some(name) = if is_escaped { unescaped.as_deref() } else { Some(raw) } {
                for at in first..last {
                    if let Some(node) = self.plan.node(self.active[at]).member(name) {
                        self.forget_earlier(node, start);
                        self.active.push(node);
                    }
                }
            }
            self.value(last, depth + 1)?;
            self.active.truncate(last);
            if !self.scanner.goes_on(b'}')? {
                return Ok(());
            }
        }
    }

    /// If a member is given more than once in the object that begins at `start`, only the last one is there.
    fn forget_earlier(&mut self, node: usize, start: usize) {
        let seen = std::mem::replace(&mut self.seen[node], Seen { object: start + 1, hits: self.hits.len() });
        if seen.object == start + 1 {
            let slots = self.plan.node(node).slots.clone();
            for hit in self.hits[seen.hits..].iter_mut().filter(|hit| slots.contains(&hit.slot)) {
                hit.slot = DEAD;
            }
        }
    }

    /// Takes the array that begins here, with its brackets.
    fn array(&mut self, first: usize, depth: usize) -> Result<(), Failure> {
        let last = self.active.len();
        self.scanner.at += 1;
        if self.scanner.peek() == Some(b']') {
            self.scanner.at += 1;
            return Ok(());
        }
        for position in 0.. {
            for at in first..last {
                let node = self.plan.node(self.active[at]);
                self.active.extend(node.element(position));
            }
            self.value(last, depth + 1)?;
            self.active.truncate(last);
            if !self.scanner.goes_on(b']')? {
                break;
            }
        }
        Ok(())
    }
}
