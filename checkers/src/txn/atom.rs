//! Keys and elements as numbers: equal JSON is the same number, however it is spelt.
use std::fmt;

use rustc_hash::FxHashMap;

use crate::Datum;

/// A JSON value by number. Whole numbers are themselves; all else is numbered by [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Atom(u64);

impl Atom {
    /// A whole number, as most keys and elements are.
    fn number(text: &str) -> Option<Atom> {
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        let is_canonical = digits.len() < 18
            && digits.iter().all(u8::is_ascii_digit)
            && (digits.first().is_some_and(|&first| first != b'0') || text == "0");
        let number: i64 = is_canonical.then(|| text.parse().ok()).flatten()?;
        Some(Atom((number as u64) << 1))
    }

    fn named(number: u32) -> Atom {
        Atom(u64::from(number) << 1 | 1)
    }

    /// The number it has in [`Names`], if it is no whole number.
    fn name(self) -> Option<u32> {
        (self.0 & 1 == 1).then_some((self.0 >> 1) as u32)
    }

    /// The whole number it is.
    pub(super) fn as_number(self) -> Option<i64> {
        (self.0 & 1 == 0).then_some((self.0 as i64) >> 1)
    }
}

/// The JSON values that are no whole numbers, numbered.
#[derive(Clone, Debug, Default)]
pub struct Names {
    numbers: FxHashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// The atom of a JSON text, which gets a number if it has none.
    pub fn atom(&mut self, text: &str) -> Atom {
        Atom::number(text).unwrap_or_else(|| {
            let text = canonical(text);
            if let Some(atom) = self.known(&text) {
                return atom;
            }
            let number = self.texts.len() as u32;
            self.texts.push(text.clone());
            self.numbers.insert(text, number);
            Atom::named(number)
        })
    }

    fn known(&self, canonical: &str) -> Option<Atom> {
        let named = || self.numbers.get(canonical).map(|&number| Atom::named(number));
        Atom::number(canonical).or_else(named)
    }

    /// The atom of a JSON text, if it has one.
    pub fn find(&self, text: &str) -> Option<Atom> {
        Atom::number(text).or_else(|| self.known(&canonical(text)))
    }

    /// Takes in the names of others: what each atom of theirs is called here.
    pub(super) fn merge(&mut self, others: &Names) -> Renamed {
        Renamed(others.texts.iter().map(|text| self.atom(text)).collect())
    }

    /// An atom for people to read, as JSON.
    pub fn show(&self, atom: Atom) -> impl fmt::Display + '_ {
        Shown { names: self, atom }
    }
}

/// What atoms of one set of names are called in another.
pub(super) struct Renamed(Vec<Atom>);

impl Renamed {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, atom: Atom) -> Atom {
        atom.name().map_or(atom, |number| self.0[number as usize])
    }
}

struct Shown<'n> {
    names: &'n Names,
    atom: Atom,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.atom.as_number(), self.atom.name()) {
            (Some(number), _) => write!(f, "{number}"),
            (None, number) => f.write_str(&self.names.texts[number.unwrap_or_default() as usize]),
        }
    }
}

/// The same text for the same value.
fn canonical(text: &str) -> Box<str> {
    Datum::from_word(text).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_json_is_one_atom() {
        let mut names = Names::default();
        for (one, other) in
            [("1", "1.0"), ("\"a\"", "\"\\u0061\""), ("{\"a\":1,\"b\":2}", "{ \"b\":2, \"a\":1 }")]
        {
            assert_eq!(names.atom(one), names.atom(other), "{one}");
        }
        for (one, other) in [("1", "\"1\""), ("1", "1.5"), ("null", "\"null\"")] {
            assert_ne!(names.atom(one), names.atom(other), "{one}");
        }
    }

    #[test]
    fn atoms_are_shown_as_json() {
        let mut names = Names::default();
        for text in ["-7", "12345678901234567", "123456789012345678901", "\"x\"", "[1,\"y\"]"] {
            let atom = names.atom(text);
            assert_eq!(names.show(atom).to_string(), text);
            assert_eq!(names.find(text), Some(atom));
        }
        assert_eq!(names.find("\"nobody\""), None);
    }
}
