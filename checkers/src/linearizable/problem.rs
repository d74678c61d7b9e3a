//! What the search works on: the calls that count, the order of their ends, and how a
//! configuration is laid out in machine words.
use rustc_hash::FxHashMap;

use crate::{Call, Outcome, model::Known, model::Model};

/// The completion row of a call that crashed.
pub(super) const NEVER: u32 = u32::MAX;

/// A call as an interval: its input and output are in the list of calls it was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// Its place in the list of calls.
    pub(super) call: u32,
    /// Row of its invocation.
    pub(super) invoked: u32,
    /// Row of its completion, or [`NEVER`].
    pub(super) completed: u32,
}

pub(super) type CallOf<M> = Call<<M as Model>::Input, <M as Model>::Output>;

/// Calls of which an order is sought, from an initial state on.
pub(super) struct Problem<'a, M: Model> {
    pub(super) model: &'a M,
    pub(super) calls: &'a [CallOf<M>],
    pub(super) init: M::State,
    /// In order of invocation; crashed calls that cannot matter are left out.
    pub(super) bars: Vec<Bar>,
    /// For each bar, whether it leaves every state as it is.
    pub(super) reads: Vec<bool>,
    /// The completed bars, in order of completion. The n-th completion ends the n-th *layer*.
    pub(super) layers: Vec<u32>,
    /// For each layer, the number of bars invoked before its completion.
    pub(super) opened: Vec<u32>,
    /// For each bar: its bit where it completed, its class where it crashed.
    pub(super) places: Vec<u32>,
    /// Number of bits that the completed bars need: as many as were ever open at once.
    pub(super) slots: u32,
    /// Crashed calls that ask the same are interchangeable, so a configuration counts them.
    pub(super) classes: Vec<Class>,
    /// Words of a configuration beside its layer and state.
    pub(super) words: usize,
}

/// Crashed calls with one input. How many of them were placed is kept in a field of the words.
pub(super) struct Class {
    /// Its bars, in order of invocation, which is the order in which they are placed.
    pub(super) bars: Vec<u32>,
    word: usize,
    shift: u32,
    mask: u64,
}

impl Class {
    /// How many of it a configuration has placed.
    pub(super) fn used(&self, words: &[u64]) -> usize {
        ((words[self.word] >> self.shift) & self.mask) as usize
    }

    /// Places one more.
    pub(super) fn place(&self, words: &mut [u64]) {
        words[self.word] += 1 << self.shift;
    }
}

/// Every call that happened or may have, as a bar.
pub(super) fn bars<I, O>(calls: &[Call<I, O>]) -> Vec<Bar> {
    let bar = |(i, call): (usize, &Call<I, O>)| {
        let completed = match call.outcome {
            Outcome::Ok { completed, .. } => completed,
            Outcome::Info => NEVER,
            Outcome::Fail => return None,
        };
        Some(Bar { call: i as u32, invoked: call.invoked, completed })
    };
    calls.iter().enumerate().filter_map(bar).collect()
}

/// What is known of a bar's call: its answer only where the bar completed.
pub(super) fn known<'a, I, O>(calls: &'a [Call<I, O>], bar: &Bar) -> Known<'a, I, O> {
    let call = &calls[bar.call as usize];
    let output = match &call.outcome {
        Outcome::Ok { output, .. } if bar.completed != NEVER => Some(output),
        _ => None,
    };
    Known { input: &call.input, output }
}

impl<'a, M: Model> Problem<'a, M> {
    /// Lays out these bars, which must be in order of invocation, from a state on.
    pub(super) fn new(
        model: &'a M,
        calls: &'a [CallOf<M>],
        bars: &[Bar],
        init: M::State,
    ) -> Problem<'a, M> {
        let bars = relevant(model, calls, bars);
        let is_read = |bar: &Bar| model.is_read(&calls[bar.call as usize].input);
        let reads = bars.iter().map(is_read).collect();
        let completed = |&bar: &u32| bars[bar as usize].completed;
        let mut layers: Vec<u32> = (0..bars.len() as u32).collect();
        layers.retain(|bar| completed(bar) != NEVER);
        layers.sort_unstable_by_key(completed);
        let before = |bar: &u32| bars.partition_point(|b| b.invoked < completed(bar)) as u32;
        let opened = layers.iter().map(before).collect();
        let mut problem = Problem {
            model,
            calls,
            init,
            reads,
            layers,
            opened,
            places: vec![0; bars.len()],
            bars,
            slots: 0,
            classes: Vec::new(),
            words: 0,
        };
        problem.assign_slots();
        problem.assign_classes();
        problem
    }

    /// Gives each completed bar a bit that no other bar has while it is open.
    fn assign_slots(&mut self) {
        let mut free = Vec::new();
        let mut next = 0;
        for (layer, &returning) in self.layers.iter().enumerate() {
            for bar in next..self.opened[layer] {
                if self.bars[bar as usize].completed != NEVER {
                    self.places[bar as usize] = free.pop().unwrap_or_else(|| {
                        self.slots += 1;
                        self.slots - 1
                    });
                }
            }
            next = self.opened[layer];
            free.push(self.places[returning as usize]);
        }
    }

    /// Groups crashed bars by input, and packs one counter a group behind the bits.
    fn assign_classes(&mut self) {
        let mut numbers: FxHashMap<&M::Input, u32> = FxHashMap::default();
        let mut members: Vec<Vec<u32>> = Vec::new();
        for (i, bar) in self.bars.iter().enumerate().filter(|(_, bar)| bar.completed == NEVER) {
            let new = members.len() as u32;
            let class = *numbers.entry(&self.calls[bar.call as usize].input).or_insert(new);
            if class == new {
                members.push(Vec::new());
            }
            members[class as usize].push(i as u32);
            self.places[i] = class;
        }
        let mut bit = self.slots;
        for bars in members {
            let width = usize::BITS - bars.len().leading_zeros();
            if bit % 64 + width > 64 {
                bit = bit.next_multiple_of(64);
            }
            let (word, shift) = ((bit / 64) as usize, bit % 64);
            self.classes.push(Class { bars, word, shift, mask: (1 << width) - 1 });
            bit += width;
        }
        self.words = bit.div_ceil(64) as usize;
    }

    /// Whether a configuration has placed a bar that completed.
    pub(super) fn is_placed(&self, words: &[u64], bar: u32) -> bool {
        let place = self.places[bar as usize];
        words[place as usize / 64] >> (place % 64) & 1 == 1
    }

    /// Places a bar that completed.
    pub(super) fn place(&self, words: &mut [u64], bar: u32) {
        let place = self.places[bar as usize];
        words[place as usize / 64] |= 1 << (place % 64);
    }

    /// Gives the bit of a bar that returns to whoever is next.
    pub(super) fn free(&self, words: &mut [u64], bar: u32) {
        let place = self.places[bar as usize];
        words[place as usize / 64] &= !(1 << (place % 64));
    }

    /// How many crashed calls are open at a layer.
    pub(super) fn crashed_before(&self, layer: usize) -> usize {
        let Some(&opened) = self.opened.get(layer) else { return 0 };
        self.bars[..opened as usize].iter().filter(|bar| bar.completed == NEVER).count()
    }

    /// What is known of a bar's call.
    pub(super) fn known(&self, bar: u32) -> Known<'a, M::Input, M::Output> {
        known(self.calls, &self.bars[bar as usize])
    }
}

/// Leaves out the crashed calls that cannot matter: reads, and what the model says.
pub(super) fn relevant<M: Model>(model: &M, calls: &[CallOf<M>], bars: &[Bar]) -> Vec<Bar> {
    let all: Vec<_> = bars.iter().map(|bar| known(calls, bar)).collect();
    let matter = model.matter(&all);
    let counts = |(i, bar): (usize, &Bar)| {
        let counts = bar.completed != NEVER || (matter[i] && !model.is_read(all[i].input));
        counts.then_some(*bar)
    };
    bars.iter().enumerate().filter_map(counts).collect()
}
