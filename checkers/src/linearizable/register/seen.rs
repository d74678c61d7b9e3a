//! Configurations that were met before, or are no better than one that was.
use rustc_hash::FxHashMap;

use super::{
    bags::Bags,
    layers::{Layer, NONE, Open},
    mask::Mask,
};

/// Where an order stands: before a completion, with this in the register and that behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config<B> {
    /// The completion it stands before.
    pub(super) layer: u32,
    /// What the register holds.
    pub(super) state: u32,
    /// The open calls that were placed.
    pub(super) placed: B,
    /// The open writes that may be placed where nobody notices: just before a write that was.
    pub(super) hidden: B,
    /// The crashed calls that were placed: a bag.
    pub(super) crashed: u32,
}

impl<B: Mask> Config<B> {
    /// Whether an open call was placed.
    pub(super) fn has_placed(&self, open: Open) -> bool {
        !(self.placed & open.bit()).is_none()
    }

    /// Whether whatever can follow the other, of the same layer and state and with the same cas
    /// placed, can follow this: it placed more reads, and no more crashed calls; and each write it
    /// can place unnoticed, or it is as much placed or hidden as in the other.
    pub(super) fn is_as_good(&self, other: &Config<B>, layer: &Layer<B>, bags: &Bags<'_>) -> bool {
        let noticed = layer.writes.without(self.hidden);
        (other.placed & layer.reads).without(self.placed).is_none()
            && ((self.placed ^ other.placed) & noticed).is_none()
            && (other.hidden & noticed).is_none()
            && bags.is_within(self.crashed, other.crashed)
    }

    /// What must be equal for one configuration to be as good as another.
    pub(super) fn key(&self, layer: &Layer<B>) -> Key<B> {
        (self.layer, self.state, self.placed & layer.cas)
    }
}

pub(super) type Key<B> = (u32, u32, B);

/// The configurations met, by what must be equal for one to be as good as another.
pub(super) struct Seen<B> {
    /// The latest of each list.
    heads: FxHashMap<Key<B>, u32>,
    /// Each with the one before it in its list.
    all: Vec<(Config<B>, u32)>,
    /// How many configurations were compared, not yet charged.
    compared: u64,
}

/// So many comparisons are as much work as to make a configuration.
const COMPARISONS_A_UNIT: u64 = 16;

/// Longer lists are not looked through to the end. That costs time, never the answer.
const LIST_MAX: u32 = 4096;

impl<B: Mask> Seen<B> {
    pub(super) fn new() -> Seen<B> {
        Seen { heads: FxHashMap::default(), all: Vec::new(), compared: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.all.clear();
    }

    /// The work of the comparisons made since this was last asked.
    pub(super) fn toil(&mut self) -> u64 {
        let work = self.compared / COMPARISONS_A_UNIT;
        self.compared %= COMPARISONS_A_UNIT;
        work
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.all.capacity() * size_of::<(Config<B>, u32)>()
            + self.heads.capacity() * size_of::<(Key<B>, u32, u32)>()) as u64
    }

    /// Whether a configuration is there that is as good. With a beam, also whether so many are
    /// there that would be as good but for the crashed calls.
    pub(super) fn covers(
        &mut self,
        config: &Config<B>,
        layer: &Layer<B>,
        bags: &Bags<'_>,
        beam: Option<u32>,
    ) -> bool {
        let head = match self.all.is_empty() {
            true => None,
            false => self.heads.get(&config.key(layer)).copied(),
        };
        let (mut at, mut alike, mut length) = (head.unwrap_or(NONE), 0, 0);
        while at != NONE && length < LIST_MAX {
            let (other, before) = &self.all[at as usize];
            self.compared += 1;
            if other.is_as_good(config, layer, bags) {
                return true;
            }
            let twin = Config { crashed: other.crashed, ..*config };
            if beam.is_some() && other.is_as_good(&twin, layer, bags) {
                alike += 1;
                if beam == Some(alike) {
                    return true;
                }
            }
            length += 1;
            at = *before;
        }
        false
    }

    /// Adds a configuration, unless it is covered.
    pub(super) fn insert(
        &mut self,
        config: &Config<B>,
        layer: &Layer<B>,
        bags: &Bags<'_>,
        beam: Option<u32>,
    ) -> bool {
        if self.covers(config, layer, bags, beam) {
            return false;
        }
        let head = self.heads.entry(config.key(layer)).or_insert(NONE);
        self.all.push((*config, *head));
        *head = self.all.len() as u32 - 1;
        true
    }
}
