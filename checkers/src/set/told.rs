//! What an explanation tells of the ops that it names.
use std::sync::Arc;

use crate::{History, Nanos};

/// Index, time and node of every op, by row.
pub(super) trait Told {
    fn index(&self, row: u32) -> u32;
    fn time(&self, row: u32) -> Nanos;
    fn node(&self, row: u32) -> Option<&str>;
}

impl Told for History {
    fn index(&self, row: u32) -> u32 {
        self.op(row).index
    }
    fn time(&self, row: u32) -> Nanos {
        self.op(row).time
    }
    fn node(&self, row: u32) -> Option<&str> {
        self.op(row).node
    }
}

/// The same of a history that is gone.
#[derive(Default)]
pub(super) struct Kept {
    ops: Vec<Op>,
    nodes: Vec<Arc<str>>,
}

struct Op {
    time: Nanos,
    index: u32,
    /// Its place among the nodes, from 1.
    node: u16,
}

impl Kept {
    /// Notes the ops that follow those noted before.
    pub(super) fn note(&mut self, part: &History) {
        for op in part.ops() {
            let node = op.node.map_or(0, |name| self.node_number(name));
            self.ops.push(Op { time: op.time, index: op.index, node });
        }
    }

    fn node_number(&mut self, name: &str) -> u16 {
        let known = self.nodes.iter().position(|node| **node == *name);
        let place = known.unwrap_or_else(|| {
            self.nodes.push(name.into());
            self.nodes.len() - 1
        });
        // A history has no more than 65,534 names.
        place as u16 + 1
    }
}

impl Told for Kept {
    fn index(&self, row: u32) -> u32 {
        self.ops[row as usize].index
    }
    fn time(&self, row: u32) -> Nanos {
        self.ops[row as usize].time
    }
    fn node(&self, row: u32) -> Option<&str> {
        let place = self.ops[row as usize].node.checked_sub(1)?;
        self.nodes.get(usize::from(place)).map(|node| &**node)
    }
}
