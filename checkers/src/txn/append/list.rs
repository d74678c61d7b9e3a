//! The longest list that anybody read of a key, and what other lists are beside it.
use super::super::{
    atom::{Atom, Names},
    decode::Act,
    scan::items,
};

/// A read list, as text; where there was nothing, an empty one.
pub(super) fn text<'h>(act: &Act<'h>) -> Option<&'h str> {
    match act {
        Act::Read("null") => Some("[]"),
        Act::Read(list) => Some(list),
        Act::Write(_) => None,
    }
}

/// The elements of a list; `None` stands for what nobody ever appended.
pub(super) fn elements<'n>(
    list: &'n str,
    names: &'n Names,
) -> impl Iterator<Item = Option<Atom>> + 'n {
    items(list).map(|element| names.find(element))
}

/// The longest list of a key.
#[derive(Default)]
pub(super) struct Longest<'h> {
    text: &'h str,
    /// Its elements.
    pub(super) elements: Vec<Option<Atom>>,
    /// Where each element ends in the text.
    ends: Vec<u32>,
}

/// What a list is beside the longest.
pub(super) enum Prefix {
    /// Its first so many elements.
    Of(usize),
    /// Another list altogether.
    Not,
}

impl<'h> Longest<'h> {
    /// Takes this list for the longest.
    pub(super) fn set(&mut self, text: &'h str, names: &Names) {
        self.text = text;
        self.elements.clear();
        self.ends.clear();
        for item in items(text) {
            let end = item.as_ptr() as usize + item.len() - text.as_ptr() as usize;
            self.elements.push(names.find(item));
            self.ends.push(end as u32);
        }
    }

    /// Compares a list with it: as text, and where that differs, element by element.
    pub(super) fn compare(&self, text: &str, names: &Names) -> Prefix {
        let body = text.strip_suffix(']').unwrap_or(text);
        if self.text.as_bytes().starts_with(body.as_bytes()) {
            if let Ok(place) = self.ends.binary_search(&(body.len() as u32)) {
                return Prefix::Of(place + 1);
            }
            if body == "[" {
                return Prefix::Of(0);
            }
        }
        let mut count = 0;
        for element in items(text) {
            let here = self.elements.get(count);
            // Two different strangers would pass for one: compare what they look like.
            let is_same = match (here, names.find(element)) {
                (Some(Some(one)), Some(other)) => *one == other,
                (Some(None), None) => self.spelt(count) == element,
                _ => false,
            };
            if !is_same {
                return Prefix::Not;
            }
            count += 1;
        }
        Prefix::Of(count)
    }

    /// An element as the text has it.
    pub(super) fn spelt(&self, place: usize) -> &'h str {
        let start = if place == 0 { 1 } else { self.ends[place - 1] as usize + 1 };
        self.text[start..self.ends[place] as usize].trim_start_matches([' ', ','])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(longest: &str, other: &str) -> Option<usize> {
        let mut names = Names::default();
        for element in items("[1,2,3,12,\"a\",\"b\"]") {
            names.atom(element);
        }
        let mut list = Longest::default();
        list.set(longest, &names);
        match list.compare(other, &names) {
            Prefix::Of(count) => Some(count),
            Prefix::Not => None,
        }
    }

    #[test]
    fn prefixes_are_told_however_they_are_spelt() {
        for (other, count) in [
            ("[]", Some(0)),
            ("[ ]", Some(0)),
            ("[1]", Some(1)),
            ("[1, 2]", Some(2)),
            ("[1,2]", Some(2)),
            ("[1,2,12]", Some(3)),
            ("[1,2,1]", None),
            ("[2]", None),
            ("[1,2,12,\"a\"]", Some(4)),
            ("[1,2,12,\"\\u0061\"]", Some(4)),
            ("[1,2,12,\"a\",3]", None),
        ] {
            assert_eq!(compare("[1,2,12,\"a\"]", other), count, "{other}");
        }
        assert_eq!(compare("[]", "[]"), Some(0));
        assert_eq!(compare("[\"x\"]", "[\"y\"]"), None);
    }
}
