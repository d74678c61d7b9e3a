//! Texts that grow, as registers: an append is a compare-and-set whose old value the reads reveal.
//!
//! Let no token be appended twice, and none be the end of another or of a text that was put. Then
//! a text is one that was put, followed by tokens, in one way at most: its last token is the only
//! one that it ends with, and so on until none fits. So whoever saw a token saw all that was there
//! when it was appended, and all who saw it must have seen the same. An append that was seen is
//! `cas [what was there, that and the token]`; one that nobody saw leaves a text that nobody saw,
//! whatever was there: it is the write of a value of its own. What was seen, but cannot be put
//! together so, or not as others saw it, is the value of no write.
//!
//! The state after an append is known by its token, so no text is ever put together.
use rustc_hash::{FxHashMap, FxHashSet};

use super::{numbers::Numbers, plain::Act, problem::NEVER};
use crate::model::Deed;

/// A text that was put (by its number), or one that ends with a token (by its node, from
/// [`Texts::values`] on); [`NEVER`] for what cannot come to be.
type Place = u32;

/// The texts of a history with appends, taken apart.
#[derive(Debug)]
pub(super) struct Texts {
    /// The numbers of values are below this.
    values: u32,
    /// For each value that is appended, which token it is.
    tokens: FxHashMap<u32, u32>,
    /// What stands before a token, and the token.
    nodes: Vec<(Place, u32)>,
    /// For each value, its place.
    places: Vec<Place>,
}

/// The same acts, on a register.
pub(super) struct AsRegister {
    /// One for each act.
    pub(super) acts: Vec<Act>,
    /// What the register holds at first.
    pub(super) init: u32,
    /// All values are below this.
    pub(super) values: u32,
}

impl Texts {
    /// Takes the texts of these acts apart, `None` where that can be done in several ways. The
    /// object holds `init` at first; some act is an append.
    pub(super) fn read(acts: &[Act], init: u32, numbers: &Numbers) -> Option<Texts> {
        let texts = numbers.texts()?;
        let (mut tokens, mut put) = (FxHashMap::default(), FxHashSet::from_iter([init]));
        for act in acts {
            match act.deed {
                Deed::Extend(value) => {
                    let token = tokens.len() as u32;
                    if tokens.insert(value, token).is_some() {
                        return None;
                    }
                }
                Deed::Write(value) | Deed::Cas(_, value) => drop(put.insert(value)),
                _ => (),
            }
        }
        let endings = Endings::of(tokens.iter().map(|(&value, &t)| (texts[value as usize], t)));
        let pieces = tokens.keys().chain(&put).map(|&value| texts[value as usize]);
        let is_token = |piece| endings.of_piece(piece).count();
        // A token ends with itself, and with no other.
        if pieces.map(is_token).sum::<usize>() > tokens.len() {
            return None;
        }
        let put = put.iter().map(|&value| (texts[value as usize], value)).collect();
        let mut taken =
            Texts { values: texts.len() as u32, tokens, nodes: Vec::new(), places: Vec::new() };
        taken.place(&texts, &endings, &put);
        Some(taken)
    }

    /// Finds the place of each text.
    fn place(&mut self, texts: &[&[u8]], endings: &Endings<'_>, put: &FxHashMap<&[u8], u32>) {
        let mut known: FxHashMap<(Place, u32), Place> = FxHashMap::default();
        for &text in texts {
            let (mut rest, mut tokens) = (text, Vec::new());
            while let Some((before, token)) = endings.of_piece(rest).next() {
                tokens.push(token);
                rest = before;
            }
            let Some(&start) = put.get(rest) else {
                self.places.push(NEVER);
                continue;
            };
            let follow = |before: Place, &token: &u32| {
                *known.entry((before, token)).or_insert_with(|| {
                    self.nodes.push((before, token));
                    self.values + self.nodes.len() as u32 - 1
                })
            };
            let place = tokens.iter().rev().fold(start, follow);
            self.places.push(place);
        }
    }

    /// What the acts do to a register that stands for the text; `None` where a crashed
    /// compare-and-set may have seen what nobody else did.
    pub(super) fn as_register(&self, acts: &[Act], start: u32) -> Option<AsRegister> {
        let mut seen = Seen { texts: self, of: vec![NEVER; self.tokens.len()] };
        let place = |value: u32| self.places.get(value as usize).copied().unwrap_or(NEVER);
        let init = place(start);
        if !seen.add(init) {
            return None;
        }
        let was_seen = |act: &Act| match act.deed {
            Deed::Read(value) => seen.add(place(value)),
            Deed::Cas(old, _) if act.completed != NEVER => seen.add(place(old)),
            _ => true,
        };
        let can_be: Vec<bool> = acts.iter().map(was_seen).collect();
        let nobody = self.values + self.tokens.len() as u32;
        let state = |value, can_be| if can_be { self.state(place(value)) } else { nobody };
        let deed = |(act, &can_be): (&Act, &bool)| {
            let deed = match act.deed {
                Deed::Read(value) => Deed::Read(state(value, can_be)),
                Deed::Cas(old, new) if act.completed == NEVER => {
                    Deed::Cas(state(old, seen.has(place(old))?), new)
                }
                Deed::Cas(old, new) => Deed::Cas(state(old, can_be), new),
                Deed::Extend(value) => self.extend(&seen, value)?,
                deed => deed,
            };
            Some(Act { deed, ..*act })
        };
        let acts = acts.iter().zip(&can_be).map(deed).collect::<Option<_>>()?;
        Some(AsRegister { acts, init: self.state(init), values: nobody + 1 })
    }

    /// What an append is.
    fn extend(&self, seen: &Seen<'_>, value: u32) -> Option<Deed<u32, u32>> {
        let token = *self.tokens.get(&value)?;
        let after = self.values + token;
        Some(match seen.of[token as usize] {
            NEVER => Deed::Write(after),
            place => Deed::Cas(self.state(self.node(place).0), after),
        })
    }

    /// The number of what a register holds where the text is at this place.
    fn state(&self, place: Place) -> u32 {
        if place < self.values { place } else { self.values + self.node(place).1 }
    }

    fn node(&self, place: Place) -> (Place, u32) {
        self.nodes[(place - self.values) as usize]
    }
}

/// Where each token stands, as far as it was seen.
struct Seen<'t> {
    texts: &'t Texts,
    of: Vec<Place>,
}

impl Seen<'_> {
    /// Notes a text that was there; false if there can be none, or not beside the others.
    fn add(&mut self, mut place: Place) -> bool {
        while place != NEVER && place >= self.texts.values {
            let (before, token) = self.texts.node(place);
            match std::mem::replace(&mut self.of[token as usize], place) {
                NEVER => place = before,
                same if same == place => return true,
                other => {
                    self.of[token as usize] = other;
                    return false;
                }
            }
        }
        place != NEVER
    }

    /// Whether a text can be there; `None` where only whoever asks might know.
    fn has(&self, place: Place) -> Option<bool> {
        if place == NEVER || place < self.texts.values {
            return Some(place != NEVER);
        }
        match self.of[self.texts.node(place).1 as usize] {
            NEVER => None,
            seen => Some(seen == place),
        }
    }
}

/// The tokens, by what a text ends with.
struct Endings<'t> {
    tokens: FxHashMap<&'t [u8], u32>,
    lengths: Vec<usize>,
}

impl<'t> Endings<'t> {
    fn of(tokens: impl Iterator<Item = (&'t [u8], u32)>) -> Endings<'t> {
        let tokens: FxHashMap<&[u8], u32> = tokens.collect();
        let mut lengths: Vec<usize> = tokens.keys().map(|token| token.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Endings { tokens, lengths }
    }

    /// The tokens that a text ends with, each with what stands before it.
    fn of_piece<'a>(&self, text: &'a [u8]) -> impl Iterator<Item = (&'a [u8], u32)> {
        let fitting = self.lengths.iter().take_while(|&&length| length <= text.len());
        fitting.filter_map(|length| {
            let (before, end) = text.split_at(text.len() - length);
            Some((before, *self.tokens.get(end)?))
        })
    }
}
