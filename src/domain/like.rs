//! Patterns of `LIKE` (CESQL 3.4.3), also those of the dialect `data`: `%` is any run of characters, `_` any one character, `\%` and `\_` are themselves.
//!
//! A pattern is cut at its `%` into pieces. The first and last are held to the ends; each between is taken where it first fits
//! after the one before, which is never wrong, so nothing is tried twice. A piece without `_` is found by the standard library's
//! linear search; one with `_` by following all its possible beginnings at once as bits, one step for each character.

use std::collections::BTreeMap;

/// Characters between two `%` that have a `_` among them, at most: so many beginnings are followed at once.
pub(in crate::domain) const MAX_WILD: usize = u64::BITS as usize;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain) struct Pattern {
    /// What the text must begin with; all of it if there is no `%`.
    first: Ends,
    /// What comes in between, in order.
    between: Box<[Between]>,
    /// What the text must end with, if there is a `%`.
    last: Option<Ends>,
}

/// A stretch at an end of the text: characters, `None` for `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ends {
    Plain(Box<str>),
    Wild(Box<[Option<char>]>),
}

/// A stretch anywhere in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Between {
    Plain(Box<str>),
    Wild(Wild),
}

impl Pattern {
    /// Compiles a pattern; `None` if it has a stretch that is longer than [`MAX_WILD`] and has a `_`.
    pub(in crate::domain) fn new(text: &str) -> Option<Self> {
        let mut pieces = vec![Vec::new()];
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let element = match character {
                '%' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' => None,
                '\\' => Some(characters.next_if(|next| matches!(next, '%' | '_')).unwrap_or('\\')),
                other => Some(other),
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(element);
            }
        }
        let mut pieces = pieces.into_iter();
        let first = Ends::new(pieces.next().unwrap_or_default());
        let last = pieces.next_back().map(Ends::new);
        // `%%` is `%`.
        let between = pieces.filter(|piece| !piece.is_empty()).map(|piece| Between::new(&piece)).collect::<Option<_>>()?;
        Some(Self { first, between, last })
    }

    /// What every text begins with that is as the pattern says, if that is plain and not empty.
    pub(in crate::domain) fn beginning(&self) -> Option<&str> {
        match &self.first {
            Ends::Plain(text) if !text.is_empty() => Some(text),
            Ends::Plain(_) | Ends::Wild(_) => None,
        }
    }

    /// Whether all of `text` is as the pattern says.
    pub(in crate::domain) fn matches(&self, text: &str) -> bool {
        let Some(rest) = self.first.strip_start(text) else { return false };
        let Some(last) = &self.last else { return rest.is_empty() };
        // The end is cut off first: what lies between may not reach into it.
        let Some(mut rest) = last.strip_end(rest) else { return false };
        self.between.iter().all(|piece| piece.skip_first(rest).map(|after| rest = after).is_some())
    }
}

/// The piece as a text, if it has no `_`.
fn plain(elements: &[Option<char>]) -> Option<Box<str>> {
    elements.iter().copied().collect::<Option<String>>().map(Into::into)
}

impl Ends {
    fn new(elements: Vec<Option<char>>) -> Self {
        plain(&elements).map_or_else(|| Self::Wild(elements.into()), Self::Plain)
    }

    /// What comes after it, if the text begins with it.
    fn strip_start<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Plain(plain) => text.strip_prefix(&**plain),
            Self::Wild(elements) => {
                let mut characters = text.chars();
                elements.iter().all(|element| fits(*element, characters.next())).then_some(characters.as_str())
            }
        }
    }

    /// What comes before it, if the text ends with it.
    fn strip_end<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Plain(plain) => text.strip_suffix(&**plain),
            Self::Wild(elements) => {
                let mut characters = text.chars();
                elements.iter().rev().all(|element| fits(*element, characters.next_back())).then_some(characters.as_str())
            }
        }
    }
}

fn fits(element: Option<char>, character: Option<char>) -> bool {
    character.is_some_and(|character| element.is_none_or(|wanted| wanted == character))
}

impl Between {
    fn new(elements: &[Option<char>]) -> Option<Self> {
        plain(elements).map(Self::Plain).or_else(|| Wild::new(elements).map(Self::Wild))
    }

    /// What comes after the first place where it stands.
    fn skip_first<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Plain(plain) => text.split_once(&**plain).map(|(_, after)| after),
            Self::Wild(wild) => wild.find_end(text).map(|end| &text[end..]),
        }
    }
}

/// Up to 64 characters with `_` among them, as bits: bit `n` stands for element `n`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wild {
    /// The elements that any character fits.
    any: u64,
    /// For each character in the piece, the elements it fits by itself; sorted.
    own: Box<[(char, u64)]>,
    /// The bit of the last element.
    last: u64,
}

impl Wild {
    fn new(elements: &[Option<char>]) -> Option<Self> {
        if elements.len() > MAX_WILD {
            return None;
        }
        let mut any = 0;
        let mut own = BTreeMap::new();
        let mut last = 0;
        for (index, element) in elements.iter().enumerate() {
            last = 1 << index;
            match element {
                None => any |= last,
                Some(character) => *own.entry(*character).or_default() |= last,
            }
        }
        Some(Self { any, own: own.into_iter().collect(), last })
    }

    /// Where the first stretch that fits ends. Bit `n` of the state says that the characters just read fit the first `n + 1`
    /// elements; each character moves all of them on at once, so none is read twice.
    fn find_end(&self, text: &str) -> Option<usize> {
        let mut state = 0;
        for (start, character) in text.char_indices() {
            let own = self.own.binary_search_by_key(&character, |(own, _)| *own).map_or(0, |found| self.own[found].1);
            state = (state << 1 | 1) & (self.any | own);
            if state & self.last != 0 {
                return Some(start + character.len_utf8());
            }
        }
        None
    }
}
