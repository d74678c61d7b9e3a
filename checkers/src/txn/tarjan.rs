//! Strongly connected components, without recursion (Tarjan 1972).
use super::graph::{Cursor, Graph, Kinds};
use crate::Budget;

/// How many nodes are visited between two looks at the budget.
const POLL: u32 = 1 << 16;
const NEW: u32 = 0;
const DONE: u32 = u32::MAX;

/// A node on the path of the walk.
struct Step {
    node: u32,
    low: u32,
    at: Cursor,
}

/// The components that hold a cycle of edges of the allowed kinds: each its nodes, in order.
/// `None` when the budget is over.
///
/// Roots are tried from the last transaction to the first. Successors are mostly later
/// transactions, which are done by then, so the walk stays shallow and close to where it was.
pub fn components(graph: &impl Graph, allowed: Kinds, budget: &Budget) -> Option<Vec<Vec<u32>>> {
    let mut found = Vec::new();
    let mut walk = Walk {
        graph,
        allowed,
        index: vec![NEW; graph.nodes() as usize],
        clock: NEW,
        open: Vec::new(),
        path: Vec::new(),
    };
    for root in (0..graph.txns()).rev() {
        if root % POLL == 0 && budget.is_over() {
            return None;
        }
        walk.from(root, &mut found);
    }
    Some(found)
}

struct Walk<'g, G> {
    graph: &'g G,
    allowed: Kinds,
    /// When a node was first seen; `NEW` before, `DONE` once its component is known.
    index: Vec<u32>,
    clock: u32,
    /// Nodes whose component is not known yet.
    open: Vec<u32>,
    path: Vec<Step>,
}

impl<G: Graph> Walk<'_, G> {
    fn from(&mut self, root: u32, found: &mut Vec<Vec<u32>>) {
        if self.index[root as usize] != NEW {
            return;
        }
        self.enter(root);
        while let Some(step) = self.path.last_mut() {
            let Some((next, kinds)) = self.graph.next(step.node, &mut step.at) else {
                self.leave(found);
                continue;
            };
            if !kinds.is_within(self.allowed) {
                continue;
            }
            match self.index[next as usize] {
                NEW => self.enter(next),
                DONE => (),
                seen => step.low = step.low.min(seen),
            }
        }
    }

    fn enter(&mut self, node: u32) {
        self.clock += 1;
        self.index[node as usize] = self.clock;
        self.open.push(node);
        self.path.push(Step { node, low: self.clock, at: Cursor::default() });
    }

    fn leave(&mut self, found: &mut Vec<Vec<u32>>) {
        let Some(Step { node, low, .. }) = self.path.pop() else { return };
        if let Some(before) = self.path.last_mut() {
            before.low = before.low.min(low);
        }
        if low < self.index[node as usize] {
            return;
        }
        let from = self.open.iter().rposition(|&open| open == node).unwrap_or(0);
        for &member in &self.open[from..] {
            self.index[member as usize] = DONE;
        }
        if self.open.len() - from > 1 {
            let mut members = self.open[from..].to_vec();
            members.sort_unstable();
            found.push(members);
        }
        self.open.truncate(from);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::graph::Csr, *};

    fn components_of(nodes: u32, edges: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let edges: Vec<_> = edges.iter().map(|&(from, to)| (from, to, Kinds::WW)).collect();
        let graph = Csr::of(nodes, nodes, &edges);
        let mut found = components(&graph, Kinds::WW, &Budget::unlimited()).unwrap();
        found.sort();
        found
    }

    #[test]
    fn components_with_a_cycle_are_found() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (4, 5)];
        assert_eq!(components_of(6, &edges), [vec![0, 1, 2], vec![3, 4]]);
        assert!(components_of(3, &[(0, 1), (1, 2), (0, 2)]).is_empty());
    }

    #[test]
    fn other_kinds_are_not_walked() {
        let graph = Csr::of(2, 2, &[(0, 1, Kinds::WW), (1, 0, Kinds::RW)]);
        let count = |kinds| components(&graph, kinds, &Budget::unlimited()).unwrap().len();
        assert_eq!((count(Kinds::WW), count(Kinds::DATA)), (0, 1));
    }

    #[test]
    fn a_long_path_needs_no_stack() {
        let edges: Vec<_> = (0..1_000_000).map(|node| (node, node + 1)).collect();
        assert!(components_of(1_000_001, &edges).is_empty());
    }

    #[test]
    fn a_budget_that_is_over_ends_the_walk() {
        let graph = Csr::of(1, 1, &[]);
        assert!(components(&graph, Kinds::WW, &Budget::new(0, || true)).is_none());
    }
}
