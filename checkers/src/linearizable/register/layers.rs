//! What the search goes through: one layer a completion, with what is open at each.
use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::{
    linearizable::{plain::Act, problem::NEVER},
    model::Deed,
};

/// A set of open calls; each has a bit of its own while it is open.
pub(super) type Mask = u64;

/// An open call.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) deed: Deed<u32>,
    pub(super) bit: Mask,
}

/// A completion, and what is open when it comes.
pub(super) struct Layer {
    /// The call that completes.
    pub(super) call: u32,
    /// Row of its completion.
    pub(super) row: u32,
    /// Where its open calls lie in [`Layers::open`].
    open: (u32, u32),
    /// The open calls that write, read, cas.
    pub(super) writes: Mask,
    pub(super) cas: Mask,
    pub(super) reads: Mask,
    /// What the first call that is invoked later needs, if it needs anything: a hint.
    pub(super) wanted: u32,
}

/// Crashed calls that do the same.
pub(super) struct Crash {
    pub(super) deed: Deed<u32>,
    /// Rows of their invocations, in order.
    pub(super) rows: Vec<u32>,
}

/// A history of a register, laid out for the search.
pub(super) struct Layers {
    calls: Vec<Open>,
    all: Vec<Layer>,
    /// For each layer its open calls, by number, those that complete first coming first.
    open: Vec<u32>,
    /// By kind, in order of the first invocation.
    pub(super) crashed: Vec<Crash>,
}

/// No value, no call.
pub(super) const NONE: u32 = u32::MAX;
/// How many layers are looked at for what is wanted next.
const FORESIGHT: usize = 64;

impl Layers {
    /// Lays out acts, which are in order of invocation; `None` where more are open at once than a
    /// mask has bits.
    pub(super) fn new(acts: &[Act]) -> Option<Layers> {
        let mut layers = Layers {
            calls: Vec::with_capacity(acts.len()),
            all: Vec::with_capacity(acts.len()),
            open: Vec::with_capacity(acts.len() * 8),
            crashed: Vec::new(),
        };
        let mut kinds = FxHashMap::default();
        let mut invoked = Vec::with_capacity(acts.len());
        let mut now = Now { open: VecDeque::new(), free: !0 };
        for act in acts {
            now.complete_until(act.invoked, &mut layers);
            if act.completed == NEVER {
                layers.add_crashed(act, &mut kinds);
                continue;
            }
            let bit = now.take_bit()?;
            let place = now.open.partition_point(|&(completed, _)| completed < act.completed);
            now.open.insert(place, (act.completed, layers.calls.len() as u32));
            layers.calls.push(Open { deed: act.deed, bit });
            invoked.push(act.invoked);
        }
        now.complete_until(NEVER, &mut layers);
        layers.foresee(&invoked);
        Some(layers)
    }

    fn add_crashed(&mut self, act: &Act, kinds: &mut FxHashMap<Deed<u32>, usize>) {
        let kind = *kinds.entry(act.deed).or_insert(self.crashed.len());
        if kind == self.crashed.len() {
            self.crashed.push(Crash { deed: act.deed, rows: Vec::new() });
        }
        self.crashed[kind].rows.push(act.invoked);
    }

    fn foresee(&mut self, invoked: &[u32]) {
        for at in 0..self.all.len() {
            let row = self.all[at].row;
            let later = self.all[at + 1..].iter().take(FORESIGHT);
            let later = later.filter(|layer| invoked[layer.call as usize] > row);
            let mut wanted = later.filter_map(|layer| self.needs(layer.call));
            self.all[at].wanted = wanted.next().unwrap_or(NONE);
        }
    }

    /// The value that a call needs, if it needs one.
    fn needs(&self, call: u32) -> Option<u32> {
        match self.calls[call as usize].deed {
            Deed::Read(value) | Deed::Cas(value, _) => Some(value),
            _ => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn layer(&self, number: u32) -> Option<&Layer> {
        self.all.get(number as usize)
    }

    pub(super) fn call(&self, number: u32) -> Open {
        self.calls[number as usize]
    }

    /// The open calls of a layer, by number.
    pub(super) fn open<'a>(&'a self, layer: &Layer) -> impl Iterator<Item = (u32, Open)> + 'a {
        let (from, to) = layer.open;
        self.open[from as usize..to as usize].iter().map(|&call| (call, self.calls[call as usize]))
    }

    /// How many crashed calls are open at a layer.
    pub(super) fn crashed_before(&self, layer: usize) -> usize {
        let Some(layer) = self.all.get(layer) else { return 0 };
        self.crashed.iter().map(|crash| crash.rows.partition_point(|&row| row < layer.row)).sum()
    }

    /// Bytes it occupies, about.
    pub(super) fn bytes(&self) -> u64 {
        (self.open.len() * size_of::<u32>()
            + self.all.len() * size_of::<Layer>()
            + self.calls.len() * size_of::<Open>()) as u64
    }
}

/// What is open at an instant, while layers are laid out.
struct Now {
    /// Completion and number of the open calls, the first to complete first.
    open: VecDeque<(u32, u32)>,
    free: Mask,
}

impl Now {
    fn take_bit(&mut self) -> Option<Mask> {
        let bit = self.free & self.free.wrapping_neg();
        self.free &= !bit;
        (bit != 0).then_some(bit)
    }

    /// Makes a layer of each completion before a row.
    fn complete_until(&mut self, row: u32, layers: &mut Layers) {
        while let Some(&(completed, call)) = self.open.front().filter(|open| open.0 < row) {
            let from = layers.open.len() as u32;
            let [mut writes, mut cas, mut reads] = [0; 3];
            for &(_, number) in &self.open {
                let Open { deed, bit } = layers.calls[number as usize];
                *match deed {
                    Deed::Write(_) => &mut writes,
                    Deed::Cas(..) => &mut cas,
                    _ => &mut reads,
                } |= bit;
                layers.open.push(number);
            }
            let open = (from, layers.open.len() as u32);
            layers.all.push(Layer { call, row: completed, open, writes, cas, reads, wanted: NONE });
            self.free |= layers.calls[call as usize].bit;
            self.open.pop_front();
        }
    }
}
