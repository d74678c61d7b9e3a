//! A graph without circles that grows edge by edge, and shrinks again, with its nodes in an order
//! that every edge keeps to (Pearce & Kelly 2006, "A dynamic topological sort algorithm").
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{super::graph::NONE, Edge};

/// The graph. Each edge knows the choice that brought it; 0 is none.
pub(super) struct Topology {
    after: Vec<Vec<(u32, u32)>>,
    before: Vec<Vec<u32>>,
    place: Vec<u32>,
    /// How each node was come to in the latest walk: when, from where, by which choice's edge.
    came: Vec<(u32, u32, u32)>,
    walks: u32,
    trail: Vec<Edge>,
}

/// The circle that an edge would close.
pub(super) struct Circle {
    pub(super) nodes: Vec<u32>,
    /// The choices that brought its other edges.
    pub(super) choices: Vec<u32>,
}

impl Topology {
    /// The graph of these edges, preferred nodes first where edges do not tell; or a circle.
    pub(super) fn new(
        nodes: u32,
        edges: &[Edge],
        preference: &[u32],
    ) -> Result<Topology, Vec<u32>> {
        let mut graph = Topology {
            after: vec![Vec::new(); nodes as usize],
            before: vec![Vec::new(); nodes as usize],
            place: vec![NONE; nodes as usize],
            came: vec![(0, NONE, 0); nodes as usize],
            walks: 0,
            trail: Vec::new(),
        };
        for &(from, to) in edges {
            graph.after[from as usize].push((to, 0));
            graph.before[to as usize].push(from);
        }
        let mut missing: Vec<usize> = graph.before.iter().map(Vec::len).collect();
        let ready = (0..nodes).filter(|&node| missing[node as usize] == 0);
        let mut ready: BinaryHeap<_> =
            ready.map(|node| Reverse((preference[node as usize], node))).collect();
        let mut next = 0;
        while let Some(Reverse((_, node))) = ready.pop() {
            graph.place[node as usize] = next;
            next += 1;
            for &(to, _) in &graph.after[node as usize] {
                missing[to as usize] -= 1;
                if missing[to as usize] == 0 {
                    ready.push(Reverse((preference[to as usize], to)));
                }
            }
        }
        if next == nodes { Ok(graph) } else { Err(graph.circle()) }
    }

    /// A circle among nodes that have no place: each has another one before it.
    fn circle(&self) -> Vec<u32> {
        let has_none = |node: &u32| self.place[*node as usize] == NONE;
        let Some(mut node) = (0..self.place.len() as u32).find(has_none) else { return Vec::new() };
        let mut seen = vec![NONE; self.place.len()];
        let mut path = Vec::new();
        while seen[node as usize] == NONE {
            seen[node as usize] = path.len() as u32;
            path.push(node);
            let before = self.before[node as usize].iter().copied().find(has_none);
            node = before.unwrap_or(node);
        }
        path.drain(..seen[node as usize] as usize);
        path.reverse();
        path
    }

    pub(super) fn place(&self, node: u32) -> u32 {
        self.place[node as usize]
    }

    pub(super) fn after(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.after[node as usize].iter().map(|(to, _)| *to)
    }

    /// Every node, in order.
    pub(super) fn nodes(&self) -> Vec<u32> {
        let mut nodes = vec![0; self.place.len()];
        for (node, &place) in self.place.iter().enumerate() {
            nodes[place as usize] = node as u32;
        }
        nodes
    }

    /// Where to come back to with [`Topology::undo`].
    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Takes back every edge since a mark. The order stays: it fits fewer edges as well.
    pub(super) fn undo(&mut self, mark: usize) {
        for (from, to) in self.trail.drain(mark..).rev() {
            self.after[from as usize].pop();
            self.before[to as usize].pop();
        }
    }

    /// Adds an edge that a choice brings, unless it would close a circle.
    pub(super) fn add(&mut self, (from, to): Edge, choice: u32) -> Result<(), Circle> {
        if self.place(from) >= self.place(to) {
            let later = self.walk(to, from).ok_or_else(|| self.came_along(to, from))?;
            let earlier = self.walk_back(from, to);
            self.rearrange(earlier, later);
        }
        self.after[from as usize].push((to, choice));
        self.before[to as usize].push(from);
        self.trail.push((from, to));
        Ok(())
    }

    /// What can be reached from a node, not beyond the place of another; `None` if that one can.
    fn walk(&mut self, from: u32, end: u32) -> Option<Vec<u32>> {
        self.walks += 1;
        self.came[from as usize] = (self.walks, NONE, 0);
        let mut reached = vec![from];
        let mut at = 0;
        while let Some(&node) = reached.get(at) {
            if node == end {
                return None;
            }
            at += 1;
            for &(next, choice) in &self.after[node as usize] {
                let is_new = self.came[next as usize].0 != self.walks;
                if is_new && self.place[next as usize] <= self.place[end as usize] {
                    self.came[next as usize] = (self.walks, node, choice);
                    reached.push(next);
                }
            }
        }
        Some(reached)
    }

    /// What leads to a node, not from before the place of another.
    fn walk_back(&mut self, from: u32, end: u32) -> Vec<u32> {
        self.walks += 1;
        self.came[from as usize].0 = self.walks;
        let mut reached = vec![from];
        let mut at = 0;
        while let Some(&node) = reached.get(at) {
            at += 1;
            for &next in &self.before[node as usize] {
                let is_new = self.came[next as usize].0 != self.walks;
                if is_new && self.place[next as usize] >= self.place[end as usize] {
                    self.came[next as usize].0 = self.walks;
                    reached.push(next);
                }
            }
        }
        reached
    }

    /// Puts what must be earlier before what must be later, in the places they have together.
    fn rearrange(&mut self, mut earlier: Vec<u32>, mut later: Vec<u32>) {
        earlier.sort_unstable_by_key(|&node| self.place(node));
        later.sort_unstable_by_key(|&node| self.place(node));
        earlier.extend(later);
        let mut places: Vec<u32> = earlier.iter().map(|&node| self.place(node)).collect();
        places.sort_unstable();
        for (node, place) in earlier.into_iter().zip(places) {
            self.place[node as usize] = place;
        }
    }

    /// The way the latest walk came.
    fn came_along(&self, start: u32, end: u32) -> Circle {
        let (mut nodes, mut choices) = (vec![end], Vec::new());
        let mut node = end;
        while node != start {
            let (_, from, choice) = self.came[node as usize];
            nodes.push(from);
            choices.push(choice);
            node = from;
        }
        nodes.reverse();
        choices.retain(|choice| *choice != 0);
        Circle { nodes, choices }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_closes_a_circle_is_refused_and_all_else_is_kept_to() {
        let mut graph = Topology::new(4, &[(0, 1), (1, 2)], &[0; 4]).ok().unwrap();
        assert!(graph.add((2, 3), 1).is_ok());
        let circle = graph.add((3, 0), 2).err().unwrap();
        assert_eq!((circle.nodes, circle.choices), (vec![0, 1, 2, 3], vec![1]));
        graph.undo(0);
        assert!(graph.add((3, 0), 2).is_ok());
        let nodes = graph.nodes();
        assert_eq!(nodes, [3, 0, 1, 2]);
    }

    #[test]
    fn a_circle_of_known_edges_is_shown() {
        let circle = Topology::new(4, &[(0, 1), (1, 2), (2, 1), (2, 3)], &[0; 4]).err().unwrap();
        assert_eq!(circle.len(), 2);
        assert!(circle.contains(&1) && circle.contains(&2));
    }
}
