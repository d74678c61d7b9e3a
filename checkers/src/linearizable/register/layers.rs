//! What the search goes through: one layer a completion, with what is open at each.
use rustc_hash::FxHashMap;

use super::mask::Mask;
use crate::{
    linearizable::{
        plain::{Act, Numbered},
        problem::NEVER,
    },
    model::Deed,
};

/// An open call.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) deed: Numbered,
    /// The number of its bit.
    slot: u32,
}

impl Open {
    pub(super) fn bit<B: Mask>(self) -> B {
        B::bit(self.slot)
    }
}

/// A completion, and what is open when it comes.
pub(super) struct Layer<B> {
    /// The call that completes.
    pub(super) call: u32,
    /// Row of its completion.
    pub(super) row: u32,
    /// Where its open calls lie in [`Layers::open`].
    open: (u32, u32),
    /// How many calls were invoked until then: those that were not at the layer before are fresh.
    invoked: u32,
    /// The open calls that write, read, cas.
    pub(super) writes: B,
    pub(super) cas: B,
    pub(super) reads: B,
    /// What the first call that is invoked later and needs a value needs: a hint.
    pub(super) wanted: u32,
}

/// Crashed calls that do the same.
pub(super) struct Crash {
    pub(super) deed: Numbered,
    /// Rows of their invocations, in order.
    pub(super) rows: Vec<u32>,
}

/// A history of a register, laid out for the search.
pub(super) struct Layers<B> {
    /// In order of invocation.
    calls: Vec<Open>,
    all: Vec<Layer<B>>,
    /// For each layer its open calls, by number, those that complete first coming first.
    open: Vec<u32>,
    /// By kind, in order of the first invocation.
    pub(super) crashed: Vec<Crash>,
}

/// No value, no call.
pub(super) const NONE: u32 = u32::MAX;

impl<B: Mask> Layers<B> {
    /// How many calls are open at a time, at most.
    pub(super) fn width(&self) -> u32 {
        self.all.iter().map(|layer| layer.open.1 - layer.open.0).max().unwrap_or(0)
    }

    /// Lays out acts, which are in order of invocation; `None` where more are open at once than a
    /// mask has bits.
    pub(super) fn new(acts: &[Act]) -> Option<Layers<B>> {
        let mut layers = Layers {
            calls: Vec::with_capacity(acts.len()),
            all: Vec::with_capacity(acts.len()),
            open: Vec::with_capacity(acts.len() * 8),
            crashed: Vec::new(),
        };
        let mut kinds = FxHashMap::default();
        let mut now = Now::new(acts.len());
        for act in acts {
            now.complete_until(act.invoked, &mut layers);
            match act.completed {
                NEVER => layers.add_crashed(act, &mut kinds),
                _ => layers.calls.push(now.invoke(act)?),
            }
        }
        now.complete_until(NEVER, &mut layers);
        layers.foresee();
        Some(layers)
    }

    fn add_crashed(&mut self, act: &Act, kinds: &mut FxHashMap<Numbered, usize>) {
        let kind = *kinds.entry(act.deed).or_insert(self.crashed.len());
        if kind == self.crashed.len() {
            self.crashed.push(Crash { deed: act.deed, rows: Vec::new() });
        }
        self.crashed[kind].rows.push(act.invoked);
    }

    fn foresee(&mut self) {
        let (mut wanted, mut seen) = (NONE, self.calls.len());
        for layer in self.all.iter_mut().rev() {
            let later = &self.calls[layer.invoked as usize..seen];
            wanted = later.iter().find_map(Open::needs).unwrap_or(wanted);
            seen = layer.invoked as usize;
            layer.wanted = wanted;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn layer(&self, number: u32) -> Option<&Layer<B>> {
        self.all.get(number as usize)
    }

    pub(super) fn call(&self, number: u32) -> Open {
        self.calls[number as usize]
    }

    /// The open calls of a layer, by number.
    pub(super) fn open<'a>(
        &'a self,
        layer: &Layer<B>,
    ) -> impl Iterator<Item = (u32, Open)> + use<'a, B> {
        let (from, to) = layer.open;
        self.open[from as usize..to as usize].iter().map(|&call| (call, self.calls[call as usize]))
    }

    /// The calls that are open at a layer and were not at the one before.
    pub(super) fn fresh(&self, layer: u32) -> &[Open] {
        let before = match layer.checked_sub(1) {
            Some(before) => self.all[before as usize].invoked,
            None => 0,
        };
        let Some(layer) = self.all.get(layer as usize) else { return &[] };
        &self.calls[before as usize..layer.invoked as usize]
    }

    /// The calls that are open at some layer of these.
    pub(super) fn open_within(&self, from: usize, to: usize) -> impl Iterator<Item = Open> + '_ {
        let fresh = (from + 1..=to).flat_map(|layer| self.fresh(layer as u32).iter().copied());
        let first = self.all.get(from).into_iter();
        first.flat_map(|layer| self.open(layer).map(|(_, open)| open)).chain(fresh)
    }

    /// How many crashed calls are open at a layer.
    pub(super) fn crashed_before(&self, layer: usize) -> usize {
        let Some(layer) = self.all.get(layer) else { return 0 };
        self.crashed.iter().map(|crash| crash.rows.partition_point(|&row| row < layer.row)).sum()
    }

    /// Bytes it occupies, about.
    pub(super) fn bytes(&self) -> u64 {
        (self.open.len() * size_of::<u32>()
            + self.all.len() * size_of::<Layer<B>>()
            + self.calls.len() * size_of::<Open>()) as u64
    }
}

impl Open {
    /// The value that it needs, if it needs one.
    pub(super) fn needs(&self) -> Option<u32> {
        match self.deed {
            Deed::Read(value) | Deed::Cas(value, _) => Some(value),
            _ => None,
        }
    }
}

/// What is open at an instant, while layers are laid out.
struct Now<B> {
    /// Numbers of the open calls, the first to complete first.
    open: Vec<u32>,
    /// Completions of all calls so far, by number.
    completed: Vec<u32>,
    /// Slots that were used and are free again.
    free: Vec<u32>,
    slots: u32,
    writes: B,
    cas: B,
    reads: B,
}

impl<B: Mask> Now<B> {
    fn new(calls: usize) -> Now<B> {
        let [writes, cas, reads] = [B::NONE; 3];
        let completed = Vec::with_capacity(calls);
        Now { open: Vec::new(), completed, free: Vec::new(), slots: 0, writes, cas, reads }
    }

    /// Opens one more call, if there is a slot for it.
    fn invoke(&mut self, act: &Act) -> Option<Open> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots == B::BITS => return None,
            None => {
                self.slots += 1;
                self.slots - 1
            }
        };
        let later = |&other: &u32| self.completed[other as usize] < act.completed;
        let place = self.open.partition_point(later);
        self.open.insert(place, self.completed.len() as u32);
        self.completed.push(act.completed);
        let set = self.set_of(act.deed);
        *set = *set | B::bit(slot);
        Some(Open { deed: act.deed, slot })
    }

    fn set_of(&mut self, deed: Numbered) -> &mut B {
        match deed {
            Deed::Write(_) => &mut self.writes,
            Deed::Cas(..) => &mut self.cas,
            _ => &mut self.reads,
        }
    }

    /// Makes a layer of each completion before a row.
    fn complete_until(&mut self, row: u32, layers: &mut Layers<B>) {
        while let Some(&call) = self.open.first() {
            let completed = self.completed[call as usize];
            if completed >= row {
                break;
            }
            let from = layers.open.len() as u32;
            layers.open.extend_from_slice(&self.open);
            layers.all.push(Layer {
                call,
                row: completed,
                open: (from, layers.open.len() as u32),
                invoked: layers.calls.len() as u32,
                writes: self.writes,
                cas: self.cas,
                reads: self.reads,
                wanted: NONE,
            });
            let Open { deed, slot } = layers.calls[call as usize];
            let set = self.set_of(deed);
            *set = set.without(B::bit(slot));
            self.free.push(slot);
            self.open.remove(0);
        }
    }
}
