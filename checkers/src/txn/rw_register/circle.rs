//! A circle of versions, if their order has one.
use std::collections::VecDeque;

use super::super::{
    graph::{Csr, Graph, Kinds, NONE},
    tarjan,
};
use crate::Budget;

/// A shortest circle through some version of the smallest tangle of versions.
pub(super) fn find(pairs: &[(u32, u32)], versions: u32) -> Option<Vec<u32>> {
    let edges: Vec<_> = pairs.iter().map(|&(one, other)| (one, other, Kinds::WW)).collect();
    let graph = Csr::of(versions, versions, &edges);
    let tangles = tarjan::components(&graph, Kinds::WW, &Budget::unlimited())?;
    let smallest = tangles.iter().min_by_key(|tangle| tangle.len())?;
    Some(through(&graph, smallest[0]))
}

/// The shortest circle through a version that is in one.
fn through(graph: &Csr, start: u32) -> Vec<u32> {
    let mut came = vec![NONE; graph.nodes() as usize];
    let mut open = VecDeque::from([start]);
    while let Some(version) = open.pop_front() {
        for (next, _) in graph.successors(version) {
            if came[next as usize] != NONE {
                continue;
            }
            came[next as usize] = version;
            open.push_back(next);
        }
        if came[start as usize] != NONE {
            break;
        }
    }
    let mut circle = vec![start];
    let mut at = came[start as usize];
    while at != start && at != NONE {
        circle.push(at);
        at = came[at as usize];
    }
    circle.reverse();
    circle
}
