//! A guess that is mostly right: everything one by one, and nothing put in a line before all that
//! its predecessor there must have before it.
//!
//! Who overwrites a value while there are readers of it to come is wrong for certain. Who is not
//! may still be wrong, so this may get stuck; but of what really happened in some order it seldom
//! does.
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{Head, Polygraph, topology::Topology};

/// What a node is in a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    node: u32,
    line: u32,
    link: u32,
    /// Which head it is, or, of a tail, which head it leads to.
    head: usize,
    is_tail: bool,
}

/// A line as far as it is put.
#[derive(Clone, Default)]
struct Line {
    latest: Option<u32>,
    /// The one before.
    previous: Option<u32>,
    /// How many tails of each link are to come.
    left: Vec<[u32; 2]>,
    waiting: Vec<u32>,
}

/// A place for every node; those it got stuck on come last.
pub(super) fn schedule(polygraph: &Polygraph, topology: &Topology) -> Vec<u32> {
    let mut schedule = Schedule::new(polygraph, topology);
    let mut places = vec![polygraph.nodes; polygraph.nodes as usize];
    let mut next = 0;
    while let Some(Reverse((_, node))) = schedule.ready.pop() {
        if let Some(line) = schedule.obstacle(node) {
            schedule.lines[line as usize].waiting.push(node);
            continue;
        }
        places[node as usize] = next;
        next += 1;
        schedule.put(node);
        for to in topology.after(node) {
            schedule.missing[to as usize] -= 1;
            if schedule.missing[to as usize] == 0 {
                schedule.make_ready(to);
            }
        }
    }
    places
}

struct Schedule<'p> {
    polygraph: &'p Polygraph,
    /// How many known edges lead to each node from what is to come.
    missing: Vec<u32>,
    ready: BinaryHeap<Reverse<(u32, u32)>>,
    /// By node.
    parts: Vec<Part>,
    lines: Vec<Line>,
}

impl<'p> Schedule<'p> {
    fn new(polygraph: &'p Polygraph, topology: &Topology) -> Schedule<'p> {
        let mut missing = vec![0; polygraph.nodes as usize];
        for node in 0..polygraph.nodes {
            topology.after(node).for_each(|to| missing[to as usize] += 1);
        }
        let mut parts = Vec::new();
        let mut lines = Vec::with_capacity(polygraph.lines.len());
        for (line, links) in polygraph.lines.iter().enumerate() {
            let line = line as u32;
            let mut left = vec![[0; 2]; links.len()];
            for (number, link) in links.iter().enumerate() {
                let part =
                    |node, head, is_tail| Part { node, line, link: number as u32, head, is_tail };
                let heads = [Head::First, Head::Second].into_iter().zip(link.heads);
                parts.extend(heads.map(|(head, node)| part(node, head as usize, false)));
                for &(node, head) in &link.tails {
                    parts.push(part(node, head as usize, true));
                    left[number][head as usize] += 1;
                }
            }
            lines.push(Line { left, ..Line::default() });
        }
        parts.sort_unstable();
        let mut schedule = Schedule { polygraph, missing, ready: BinaryHeap::new(), parts, lines };
        for node in 0..polygraph.nodes {
            if schedule.missing[node as usize] == 0 {
                schedule.make_ready(node);
            }
        }
        schedule
    }

    fn make_ready(&mut self, node: u32) {
        self.ready.push(Reverse((self.polygraph.preference[node as usize], node)));
    }

    fn parts_of(&self, node: u32) -> std::ops::Range<usize> {
        let first = self.parts.partition_point(|part| part.node < node);
        let count = self.parts[first..].iter().take_while(|part| part.node == node).count();
        first..first + count
    }

    /// A line in which a node would be too early.
    fn obstacle(&self, node: u32) -> Option<u32> {
        let heads = self.parts[self.parts_of(node)].iter().filter(|part| !part.is_tail);
        let mut too_early = heads.filter(|part| {
            let line = &self.lines[part.line as usize];
            let is_begun = line.latest == Some(part.link);
            let before = if is_begun { line.previous } else { line.latest };
            before.is_some_and(|before| line.left[before as usize][part.head] > 0)
        });
        too_early.next().map(|part| part.line)
    }

    fn put(&mut self, node: u32) {
        for at in self.parts_of(node) {
            let part = self.parts[at];
            let line = &mut self.lines[part.line as usize];
            if !part.is_tail {
                if line.latest != Some(part.link) {
                    line.previous = line.latest.replace(part.link);
                }
                continue;
            }
            let left = &mut line.left[part.link as usize][part.head];
            *left -= 1;
            if *left == 0 {
                for waiting in std::mem::take(&mut line.waiting) {
                    self.make_ready(waiting);
                }
            }
        }
    }
}
