//! Texts that grow, as registers: an append is a compare-and-set whose old value the reads reveal.
//!
//! Let no token be the end of another, or of a longer text that was put. Then a text is one that
//! was put, followed by tokens, in one way: its last token is the only one that it ends with, and
//! so on until it is what was put. So whoever saw a token saw all that was there when it was
//! appended. If it was appended once, all who saw it must have seen the same before it; the append
//! is `cas [what was there, that and the token]`, and what was not seen so is the value of no
//! write. An append that nobody saw leaves a text that nobody saw, whatever was there: it is the
//! write of a value of its own.
//!
//! Where the same token was appended several times, or put as well, every way to say which append
//! was which is tried, within reason. That an append which might have been seen writes what nobody
//! saw is never wrong: until the next put, nothing that is seen can follow either.
//!
//! The state after an append is known by its place, so no text is ever put together.
use rustc_hash::{FxHashMap, FxHashSet};

use super::{choices::Choices, numbers::Numbers, plain::Act, problem::NEVER};
use crate::model::Deed;

/// A text that was put (by its number), or one that ends with a token (by its node, from
/// [`Texts::values`] on); [`NEVER`] for what cannot come to be.
type Place = u32;

/// The texts of a history with appends, taken apart.
#[derive(Debug)]
pub(super) struct Texts {
    /// The numbers of values are below this.
    values: u32,
    /// The tokens, and for each value that is appended, which one it is.
    tokens: Vec<Token>,
    token_of: FxHashMap<u32, u32>,
    /// What stands before a token, and the token.
    nodes: Vec<(Place, u32)>,
    /// For each value, its place.
    places: Vec<Place>,
}

/// A text that is appended.
#[derive(Clone, Copy, Debug)]
struct Token {
    /// Its number.
    value: u32,
    /// How often.
    appends: u32,
    /// If it is put as well: the empty text, where there is one, and itself.
    put: Option<(Place, Place)>,
}

impl Token {
    /// Whether an append of it is not the only way to what ends with it.
    fn is_common(&self) -> bool {
        self.appends > 1 || self.put.is_some()
    }
}

/// What each append of a token is: the number of the act, and what it does.
type Way = Vec<(usize, Deed<u32, u32>)>;

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
        let mut taken = Texts {
            values: texts.len() as u32,
            tokens: Vec::new(),
            token_of: FxHashMap::default(),
            nodes: Vec::new(),
            places: Vec::new(),
        };
        let mut put = FxHashSet::from_iter([init]);
        for act in acts {
            match act.deed {
                Deed::Extend(value) => taken.append(value),
                Deed::Write(value) | Deed::Cas(_, value) => drop(put.insert(value)),
                _ => (),
            }
        }
        let text = |value: u32| texts[value as usize];
        let tokens = taken.tokens.iter().map(|token| text(token.value));
        let endings = Endings::of(tokens.clone().zip(0..));
        let mut pieces = tokens.chain(put.iter().map(|&value| text(value)));
        let ends_with_another =
            |piece| endings.of_piece(piece).any(|(before, _)| !before.is_empty());
        if pieces.any(ends_with_another) {
            return None;
        }
        let put: FxHashMap<&[u8], u32> = put.iter().map(|&value| (text(value), value)).collect();
        let nothing = put.get(&[][..]).copied().unwrap_or(NEVER);
        for token in &mut taken.tokens {
            token.put = put.get(text(token.value)).map(|&place| (nothing, place));
        }
        taken.place(&texts, &endings, &put);
        Some(taken)
    }

    fn append(&mut self, value: u32) {
        let new = self.tokens.len() as u32;
        let token = *self.token_of.entry(value).or_insert(new);
        if token == new {
            self.tokens.push(Token { value, appends: 0, put: None });
        }
        self.tokens[token as usize].appends += 1;
    }

    /// Finds the place of each text.
    fn place(&mut self, texts: &[&[u8]], endings: &Endings<'_>, put: &FxHashMap<&[u8], u32>) {
        let mut known: FxHashMap<(Place, u32), Place> = FxHashMap::default();
        for &text in texts {
            let (mut rest, mut tokens) = (text, Vec::new());
            while !put.contains_key(rest)
                && let Some((before, token)) = endings.of_piece(rest).next()
            {
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

    /// What the acts may do to a register that stands for the text: the text has an order where
    /// one of these has one. `None` where they are too many, or a crashed compare-and-set may have
    /// seen what nobody else did.
    pub(super) fn as_registers(
        &self,
        acts: &[Act],
        start: u32,
    ) -> Option<impl Iterator<Item = AsRegister>> {
        let mut seen = Seen { texts: self, of: vec![Vec::new(); self.tokens.len()] };
        let place = |value: u32| self.places.get(value as usize).copied().unwrap_or(NEVER);
        let init = place(start);
        if !seen.add(init) {
            return None;
        }
        // What is there at first needs nobody to make it.
        let given: Vec<usize> = seen.of.iter().map(Vec::len).collect();
        let was_seen = |act: &Act| match act.deed {
            Deed::Read(value) => seen.add(place(value)),
            Deed::Cas(old, _) if act.completed != NEVER => seen.add(place(old)),
            _ => true,
        };
        let can_be: Vec<bool> = acts.iter().map(was_seen).collect();
        let nobody = self.unseen(self.tokens.len() as u32);
        let state = |value, can_be| if can_be { place(value) } else { nobody };
        let mut appends = vec![Vec::new(); self.tokens.len()];
        let deed = |(i, act): (usize, &Act)| {
            let deed = match act.deed {
                Deed::Read(value) => Deed::Read(state(value, can_be[i])),
                Deed::Cas(old, new) if act.completed == NEVER => {
                    Deed::Cas(state(old, seen.has(place(old))?), new)
                }
                Deed::Cas(old, new) => Deed::Cas(state(old, can_be[i]), new),
                Deed::Extend(value) => {
                    let token = *self.token_of.get(&value)?;
                    appends[token as usize].push(i);
                    act.deed
                }
                deed => deed,
            };
            Some(Act { deed, ..*act })
        };
        let acts: Vec<Act> = acts.iter().enumerate().map(deed).collect::<Option<_>>()?;
        let each = appends.iter().zip(0..).filter(|(appends, _)| !appends.is_empty());
        let ways = |(appends, token): (&Vec<usize>, u32)| {
            self.ways(token, &seen.of[token as usize], given[token as usize], appends)
        };
        let ways: Vec<_> = each.map(ways).collect::<Option<_>>()?;
        let choices = Choices::new(ways.iter().map(Vec::len).collect())?;
        Some(choices.map(move |choice| {
            let mut acts = acts.clone();
            for (ways, way) in ways.iter().zip(choice) {
                ways[way].iter().for_each(|&(act, deed)| acts[act].deed = deed);
            }
            AsRegister { acts, init, values: nobody + 1 }
        }))
    }

    /// What the appends of a token may be. Somebody made each text that was seen to end with it,
    /// but for those that were given.
    fn ways(
        &self,
        token: u32,
        places: &[Place],
        given: usize,
        appends: &[usize],
    ) -> Option<Vec<Way>> {
        let mut deeds: Vec<_> =
            places.iter().map(|&place| Deed::Cas(self.node(place).0, place)).collect();
        let put = self.tokens[token as usize].put;
        deeds.extend(put.filter(|&(empty, _)| empty != NEVER).map(|(e, own)| Deed::Cas(e, own)));
        deeds.push(Deed::Write(self.unseen(token)));
        let choices = Choices::new(vec![deeds.len(); appends.len()])?;
        let makes_all =
            |choice: &Vec<usize>| (given..places.len()).all(|seen| choice.contains(&seen));
        let way = |choice: Vec<usize>| -> Way {
            appends.iter().copied().zip(choice.into_iter().map(|deed| deeds[deed])).collect()
        };
        let mut ways: Vec<Way> = choices.filter(makes_all).map(way).collect();
        if ways.is_empty() {
            // More was seen than was made: nothing explains it, whatever the appends did.
            ways.push(way(vec![deeds.len() - 1; appends.len()]));
        }
        Some(ways)
    }

    /// The number of a text that ends with a token and that nobody saw.
    fn unseen(&self, token: u32) -> u32 {
        self.values + self.nodes.len() as u32 + token
    }

    fn node(&self, place: Place) -> (Place, u32) {
        self.nodes[(place - self.values) as usize]
    }
}

/// Where each token stands, as far as it was seen.
struct Seen<'t> {
    texts: &'t Texts,
    of: Vec<Vec<Place>>,
}

impl Seen<'_> {
    /// Notes a text that was there; false if there can be none, or not beside the others.
    fn add(&mut self, mut place: Place) -> bool {
        while place != NEVER && place >= self.texts.values {
            let (before, token) = self.texts.node(place);
            let (known, token) = (&mut self.of[token as usize], &self.texts.tokens[token as usize]);
            if known.contains(&place) {
                return true;
            }
            if !known.is_empty() && !token.is_common() {
                return false;
            }
            known.push(place);
            place = before;
        }
        place != NEVER
    }

    /// Whether a text can be there; `None` where only whoever asks might know.
    fn has(&self, place: Place) -> Option<bool> {
        if place == NEVER || place < self.texts.values {
            return Some(place != NEVER);
        }
        let token = self.texts.node(place).1 as usize;
        match &self.of[token] {
            known if known.contains(&place) => Some(true),
            known if known.is_empty() || self.texts.tokens[token].is_common() => None,
            _ => Some(false),
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

#[cfg(test)]
mod tests {
    use super::super::{
        familiar::{Found, judge},
        plain::Plain,
    };
    use crate::{
        Budget,
        model::{Kv, Model},
        notation,
    };

    /// Whether the last acts of a picture have an order where they begin with this text.
    fn has_order(picture: &str, begin: &str, acts: usize) -> bool {
        let (model, history) = (Kv::default(), notation::history(picture));
        let plain = Plain::read(&model, &model.init(), &history).unwrap().unwrap();
        let start = plain.start_at(&model, &begin.into()).unwrap();
        let last = &plain.acts[plain.acts.len() - acts..];
        let answer = judge(last, start, &plain, u64::MAX, &Budget::unlimited()).unwrap();
        matches!(answer.found, Found::Order)
    }

    #[test]
    fn what_was_there_at_first_was_made_by_nobody() {
        let twice = r#"|- append "a" -| |- get -> "a" -| |- append "a" -| |- get -> "aa" -|"#;
        assert!(has_order(&format!("0: {twice}"), "", 4));
        assert!(has_order(&format!("0: {twice}"), "a", 2));
        assert!(!has_order(&format!("0: {twice}"), "", 2));
    }
}
