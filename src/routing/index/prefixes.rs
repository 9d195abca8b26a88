//! Which of many texts a text begins with, found without looking at all of them.

/// Texts, each with the routes that are filed under it.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    /// Sorted by text, each once.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    text: Box<[u8]>,
    /// The longest other entry that this one begins with.
    parent: Option<usize>,
    routes: Vec<usize>,
}

impl Prefixes {
    /// Compiles texts and routes.
    pub(super) fn new(mut filed: Vec<(Box<[u8]>, usize)>) -> Self {
        filed.sort_unstable();
        let mut entries: Vec<Entry> = Vec::new();
        // The entries that the newest one begins with, and itself.
        let mut open: Vec<usize> = Vec::new();
        for (text, route) in filed {
            if let Some(entry) = entries.last_mut().filter(|entry| entry.text == text) {
                entry.routes.push(route);
                continue;
            }
            while open.last().is_some_and(|&last| !text.starts_with(&entries[last].text)) {
                open.pop();
            }
            let parent = open.last().copied();
            open.push(entries.len());
            entries.push(Entry { text, parent, routes: vec![route] });
        }
        Self { entries }
    }

    /// Whether nothing is filed here.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The routes filed under texts that `text` begins with.
    pub(super) fn of<'a>(&'a self, text: &[u8]) -> impl Iterator<Item = usize> + use<'a> {
        // Between the longest one that `text` begins with and `text` itself lie only texts that begin with that one: it is the
        // nearest one before `text`, or what that begins with.
        let nearest = self.entries.partition_point(|entry| *entry.text <= *text).checked_sub(1);
        let shared =
            nearest.map_or(0, |at| self.entries[at].text.iter().zip(text).take_while(|(left, right)| left == right).count());
        std::iter::successors(nearest, |&at| self.entries[at].parent)
            .map(|at| &self.entries[at])
            .filter(move |entry| entry.text.len() <= shared)
            .flat_map(|entry| entry.routes.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_comparing_with_each_finds(texts in prop::collection::vec("[ab]{1,5}", 0..20), text in "[ab]{0,7}") {
            let filed = texts.iter().enumerate().map(|(route, text)| (text.as_bytes().into(), route)).collect();
            let mut found: Vec<_> = Prefixes::new(filed).of(text.as_bytes()).collect();
            found.sort_unstable();
            let expected: Vec<_> = (0..texts.len()).filter(|&route| text.starts_with(&texts[route])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
