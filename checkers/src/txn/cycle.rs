//! The shortest cycle of a certain pattern.
//!
//! Every cycle goes through an edge that a depth-first walk finds leading back to a node it is
//! still busy with. So it is enough to look, from each such edge, for the shortest way that closes
//! it: a breadth-first search over nodes and what was seen on the way. Edges into hubs count one,
//! edges out of them nothing.
//!
//! In a history full of anomalies cycles are short and everywhere, while a search that closes none
//! wanders through all of a tangle. So each edge gets a little patience at first, and those for
//! which it was not enough get more of it, round by round.
use std::collections::VecDeque;

use super::{
    graph::{Cursor, Graph, Kinds, NONE},
    pattern::{Pattern, SEEN, Seen},
    tangle::Tangle,
};
use crate::Budget;

/// A cycle: each transaction, and why the next one comes after it; the last leads to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<(u32, Kinds)>);

/// What a search came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The shortest of its pattern, or the shortest that was found when the work was too much.
    Cycle(Cycle),
    /// There is none.
    Nothing,
    /// There may be one: looking for it was too much work.
    GaveUp,
}

/// Edges that one search may look at in any case: in a small tangle, as often as it takes.
const WORK_LEAST: u64 = 1_000_000;

/// Edges that are looked at for a way to close one edge in the first round.
const PATIENCE: u64 = 1_000;

/// How much more patience each round has.
const MORE_PATIENCE: u64 = 16;

/// What looking for one pattern may cost, over all the tangles it is looked for in.
///
/// Whether there is a cycle at all decides, so that is worth much work in every tangle; once there
/// is one, it is about beauty: all shorter ones together are worth one more look at every edge.
pub struct Effort {
    beauty: u64,
    has_found: bool,
}

impl Effort {
    /// For tangles of so many edges.
    pub fn new(edges: usize) -> Effort {
        Effort { beauty: WORK_LEAST.max(edges as u64), has_found: false }
    }
}

/// Looks for the shortest cycle of a pattern in a tangle held together by the pattern's kinds.
/// `GaveUp`, too, where it would take more memory than the budget has.
pub fn shortest(tangle: &Tangle, pattern: &Pattern, effort: &mut Effort, budget: &Budget) -> Found {
    let places = tangle.nodes() as u64 * pattern.states().len() as u64;
    if places * size_of::<Came>() as u64 > budget.bytes_max || places >= u64::from(NONE) {
        return Found::GaveUp;
    }
    if effort.has_found && effort.beauty == 0 {
        return Found::GaveUp;
    }
    let mut search = Search::new(tangle, pattern);
    if effort.has_found {
        search.work = effort.beauty;
    }
    let found = search.round_by_round(effort, budget);
    if effort.has_found {
        effort.beauty = search.work;
    }
    found
}

/// The edges that a depth-first walk finds leading back to a node that it is still busy with.
fn back_edges(tangle: &Tangle) -> Vec<(u32, u32, Kinds)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Busy,
        Done,
    }
    let mut marks = vec![Mark::New; tangle.nodes() as usize];
    let mut back = Vec::new();
    let mut path: Vec<(u32, Cursor)> = Vec::new();
    for root in (0..tangle.nodes()).rev() {
        if marks[root as usize] != Mark::New {
            continue;
        }
        marks[root as usize] = Mark::Busy;
        path.push((root, Cursor::default()));
        while let Some((node, at)) = path.last_mut() {
            let node = *node;
            match tangle.next(node, at) {
                None => {
                    marks[node as usize] = Mark::Done;
                    path.pop();
                }
                Some((next, kinds)) => match marks[next as usize] {
                    Mark::New => {
                        marks[next as usize] = Mark::Busy;
                        path.push((next, Cursor::default()));
                    }
                    Mark::Busy => back.push((node, next, kinds)),
                    Mark::Done => (),
                },
            }
        }
    }
    back
}

/// How a place was reached, the shortest way so far.
#[derive(Clone, Copy)]
struct Came {
    place: u32,
    from: u32,
    length: u32,
    kinds: Kinds,
}

/// What looking for a way to close an edge came to.
enum Closed {
    By(Cycle),
    /// There is no way that is short enough.
    No,
    /// Patience ran out before.
    CutShort,
}

/// A breadth-first search over places: a node, and what was seen on the way to it.
struct Search<'t> {
    tangle: &'t Tangle,
    pattern: &'t Pattern,
    states: Vec<Seen>,
    numbers: [u8; SEEN],
    /// Behind which of `came` each place is; 0 where it was not reached. Large and mostly untouched.
    reached: Vec<u32>,
    came: Vec<Came>,
    /// Places at the distance that is looked at, and those one edge further.
    near: VecDeque<u32>,
    far: VecDeque<u32>,
    work: u64,
}

impl<'t> Search<'t> {
    fn new(tangle: &'t Tangle, pattern: &'t Pattern) -> Search<'t> {
        let states = pattern.states();
        let mut numbers = [0; SEEN];
        for (number, &seen) in states.iter().enumerate() {
            numbers[usize::from(seen)] = number as u8;
        }
        Search {
            tangle,
            pattern,
            reached: vec![0; tangle.nodes() as usize * states.len()],
            work: WORK_LEAST.max(tangle.edge_count() as u64 * states.len() as u64),
            states,
            numbers,
            came: Vec::new(),
            near: VecDeque::new(),
            far: VecDeque::new(),
        }
    }

    fn place(&self, node: u32, seen: Seen) -> u32 {
        node * self.states.len() as u32 + u32::from(self.numbers[usize::from(seen)])
    }

    fn node(&self, place: u32) -> u32 {
        place / self.states.len() as u32
    }

    fn seen(&self, place: u32) -> Seen {
        self.states[place as usize % self.states.len()]
    }

    /// Tries to close every edge that leads back, with more patience where it was not enough.
    fn round_by_round(&mut self, effort: &mut Effort, budget: &Budget) -> Found {
        let mut best: Option<Cycle> = None;
        let starts = self.pattern.starts();
        let with_starts = |edge| starts.iter().map(move |&start| (edge, start));
        let mut open: Vec<_> = back_edges(self.tangle).into_iter().flat_map(with_starts).collect();
        let mut patience = PATIENCE;
        while !open.is_empty() {
            let mut cut_short = Vec::new();
            for (edge, start) in open {
                let length_max =
                    best.as_ref().map_or(u32::MAX >> 8, |best| best.0.len() as u32 - 1);
                if length_max < 2 {
                    return best.map_or(Found::Nothing, Found::Cycle);
                }
                match self.close(edge, start, length_max, patience) {
                    Closed::No => (),
                    Closed::CutShort => cut_short.push((edge, start)),
                    Closed::By(cycle) => {
                        if !effort.has_found {
                            effort.has_found = true;
                            self.work = self.work.min(effort.beauty);
                        }
                        best = Some(cycle);
                    }
                }
                if self.work == 0 || budget.is_over() {
                    return best.map_or(Found::GaveUp, Found::Cycle);
                }
            }
            open = cut_short;
            patience *= MORE_PATIENCE;
        }
        best.map_or(Found::Nothing, Found::Cycle)
    }

    /// The shortest cycle of at most so many edges that goes through this edge first.
    fn close(
        &mut self,
        edge: (u32, u32, Kinds),
        start: Seen,
        length_max: u32,
        patience: u64,
    ) -> Closed {
        let (from, to, kinds) = edge;
        let Some(first) = self.pattern.step(start, kinds) else { return Closed::No };
        self.forget();
        let enough = self.work.saturating_sub(patience);
        let begun = self.place(to, first);
        let mut length = cost(kinds);
        self.reach(Came { place: begun, from: begun, length, kinds }, length);
        loop {
            let Some(here) = self.near.pop_front() else {
                if self.far.is_empty() {
                    return Closed::No;
                }
                std::mem::swap(&mut self.near, &mut self.far);
                length += 1;
                continue;
            };
            if self.length(here) < length {
                continue;
            }
            let (node, seen) = (self.node(here), self.seen(here));
            if node == from && self.pattern.is_closed(start, seen) {
                let cycle = self.trace(from, kinds, begun, here);
                if let Some(cycle) = cycle {
                    return Closed::By(cycle);
                }
            }
            if self.work <= enough {
                return Closed::CutShort;
            }
            self.go_on(here, length, length_max);
        }
    }

    /// Reaches every place one step behind this one.
    fn go_on(&mut self, here: u32, now: u32, length_max: u32) {
        let (node, seen) = (self.node(here), self.seen(here));
        self.work = self.work.saturating_sub(1);
        let tangle = self.tangle;
        for (next, kinds) in tangle.successors(node) {
            self.work = self.work.saturating_sub(1);
            let length = now + cost(kinds);
            let Some(seen) = self.pattern.step(seen, kinds) else { continue };
            let place = self.place(next, seen);
            if length <= length_max && length < self.length(place) {
                self.reach(Came { place, from: here, length, kinds }, now);
            }
        }
    }

    fn forget(&mut self) {
        for came in self.came.drain(..) {
            self.reached[came.place as usize] = 0;
        }
        self.near.clear();
        self.far.clear();
    }

    /// How far away a place is, as far as is known.
    fn length(&self, place: u32) -> u32 {
        self.came(place).map_or(u32::MAX, |came| came.length)
    }

    fn came(&self, place: u32) -> Option<Came> {
        let behind = self.reached[place as usize] as usize;
        behind.checked_sub(1).map(|at| self.came[at])
    }

    fn reach(&mut self, came: Came, now: u32) {
        self.came.push(came);
        self.reached[came.place as usize] = self.came.len() as u32;
        // First come, first served: from one station after the other, not to the last at once.
        if came.length == now {
            self.near.push_back(came.place);
        } else {
            self.far.push_back(came.place);
        }
    }

    /// The cycle that was walked from `begun` to `end`, unless it meets a transaction twice.
    fn trace(&self, from: u32, first: Kinds, begun: u32, end: u32) -> Option<Cycle> {
        let mut edges = Vec::new();
        let mut here = end;
        while here != begun
            && let Some(came) = self.came(here)
        {
            edges.push((self.node(came.from), came.kinds));
            here = came.from;
        }
        edges.push((from, first));
        edges.reverse();
        // What leaves a transaction has a kind; stations in between have none of their own.
        let is_txn = |node: u32| node < self.tangle.txns();
        let steps = edges.iter().filter(|(node, _)| is_txn(*node));
        let cycle: Vec<_> = steps.map(|&(node, kinds)| (self.tangle.name(node), kinds)).collect();
        let mut members: Vec<u32> = cycle.iter().map(|step| step.0).collect();
        members.sort_unstable();
        members.dedup();
        (members.len() == cycle.len()).then_some(Cycle(cycle))
    }
}

/// Stations are not counted: only the edge that leads to the first of them is.
fn cost(kinds: Kinds) -> u32 {
    u32::from(kinds != Kinds::GOES_ON)
}
