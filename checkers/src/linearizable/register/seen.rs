//! Configurations that were met before, or are no better than one that was.
use rustc_hash::FxHashMap;

use super::{
    bags::Bags,
    layers::{Layer, Mask, NONE},
};

/// Where an order stands: before a completion, with this in the register and that behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// The completion it stands before.
    pub(super) layer: u32,
    /// What the register holds.
    pub(super) state: u32,
    /// The open calls that were placed.
    pub(super) placed: Mask,
    /// The open writes that may be placed where nobody notices: just before a write that was.
    pub(super) hidden: Mask,
    /// The crashed calls that were placed: a bag.
    pub(super) crashed: u32,
}

impl Config {
    /// Whether whatever can follow the other, of the same layer and state and with the same cas
    /// placed, can follow this: it placed more reads, and no more crashed calls; and each write it
    /// can place unnoticed, or it is as much placed or hidden as in the other.
    pub(super) fn is_as_good(&self, other: &Config, layer: &Layer, bags: &Bags) -> bool {
        let noticed = layer.writes & !self.hidden;
        other.placed & layer.reads & !self.placed == 0
            && (self.placed ^ other.placed) & noticed == 0
            && other.hidden & noticed == 0
            && bags.is_within(self.crashed, other.crashed)
    }
}

/// The configurations met, by what must be equal for one to be as good as another.
#[derive(Default)]
pub(super) struct Seen {
    /// The latest of each list.
    heads: FxHashMap<(u32, u32, Mask), u32>,
    /// Each with the one before it in its list.
    all: Vec<(Config, u32)>,
}

/// Longer lists are not looked through to the end. That costs time, never the answer.
const LIST_MAX: u32 = 4096;

impl Seen {
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.all.clear();
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.all.capacity() * size_of::<(Config, u32)>()
            + self.heads.capacity() * size_of::<((u32, u32, Mask), u32, u32)>()) as u64
    }

    /// Whether a configuration is there that is as good. With a beam, also whether so many are
    /// there that would be as good but for the crashed calls.
    pub(super) fn covers(
        &self,
        config: &Config,
        layer: &Layer,
        bags: &Bags,
        beam: Option<u32>,
    ) -> bool {
        let head = match self.all.is_empty() {
            true => None,
            false => self.heads.get(&Seen::key(config, layer)).copied(),
        };
        let (mut at, mut alike, mut length) = (head.unwrap_or(NONE), 0, 0);
        while at != NONE && length < LIST_MAX {
            let (other, before) = &self.all[at as usize];
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
        config: &Config,
        layer: &Layer,
        bags: &Bags,
        beam: Option<u32>,
    ) -> bool {
        if self.covers(config, layer, bags, beam) {
            return false;
        }
        let head = self.heads.entry(Seen::key(config, layer)).or_insert(NONE);
        self.all.push((*config, *head));
        *head = self.all.len() as u32 - 1;
        true
    }

    fn key(config: &Config, layer: &Layer) -> (u32, u32, Mask) {
        (config.layer, config.state, config.placed & layer.cas)
    }
}
