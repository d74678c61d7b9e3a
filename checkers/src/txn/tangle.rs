//! A strongly connected part of a graph, small and stored, in which cycles are looked for.
use super::{
    graph::{Csr, Cursor, Graph, Kinds, NONE},
    tarjan,
};
use crate::Budget;

/// A component under edges of certain kinds: every node reaches every other by them alone.
pub struct Tangle {
    graph: Csr,
    /// What each node is called in the graph that all of it came from.
    names: Vec<u32>,
    allowed: Kinds,
}

impl Tangle {
    /// What a node is called in the graph that all of it came from.
    pub fn name(&self, node: u32) -> u32 {
        self.names[node as usize]
    }

    /// How many edges it has.
    pub fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }

    /// The tangles inside this one that are held together by fewer kinds.
    pub fn within(&self, allowed: Kinds, budget: &Budget) -> Option<Vec<Tangle>> {
        let mut inner = tangles(self, allowed, budget)?;
        for tangle in &mut inner {
            for name in &mut tangle.names {
                *name = self.names[*name as usize];
            }
        }
        Some(inner)
    }
}

impl Graph for Tangle {
    fn nodes(&self) -> u32 {
        self.graph.nodes()
    }

    fn txns(&self) -> u32 {
        self.graph.txns()
    }

    fn next(&self, node: u32, at: &mut Cursor) -> Option<(u32, Kinds)> {
        self.graph.next(node, at)
    }
}

impl Tangle {
    /// The parts of this one in which there is a circle, not always a simple one, with at least one
    /// anti-dependency and no two of them next to each other: only there can snapshot isolation
    /// be violated by anti-dependencies.
    ///
    /// They are the components of the graph whose nodes also remember whether they were entered by
    /// an anti-dependency, and then do not leave by one.
    pub fn where_rw_are_apart(&self, budget: &Budget) -> Option<Vec<Tangle>> {
        let apart = Apart(self);
        let components = tarjan::components(&apart, self.allowed, budget)?;
        let mut places = vec![NONE; self.nodes() as usize];
        let mut parts = Vec::new();
        for component in components {
            // What was entered so from inside closes the circle.
            if component.iter().any(|node| node % 2 == 1) {
                let mut names: Vec<u32> = component.iter().map(|node| node / 2).collect();
                names.dedup();
                let mut part = place_and_cut(self, names, self.allowed, &mut places);
                for name in &mut part.names {
                    *name = self.names[*name as usize];
                }
                parts.push(part);
            }
        }
        Some(parts)
    }
}

/// A tangle whose nodes remember whether they were entered by an anti-dependency.
struct Apart<'t>(&'t Tangle);

impl Graph for Apart<'_> {
    fn nodes(&self) -> u32 {
        self.0.nodes() * 2
    }

    fn txns(&self) -> u32 {
        self.0.txns() * 2
    }

    fn next(&self, node: u32, at: &mut Cursor) -> Option<(u32, Kinds)> {
        let came_by_rw = node % 2;
        loop {
            let (next, kinds) = self.0.next(node / 2, at)?;
            let comes_by_rw = match kinds {
                Kinds::GOES_ON => came_by_rw,
                kinds if came_by_rw == 1 && kinds.meets(Kinds::ANTI) => continue,
                kinds => u32::from(kinds.meets(Kinds::ANTI)),
            };
            return Some((next * 2 + comes_by_rw, kinds));
        }
    }
}

/// Every tangle of a graph under edges of the allowed kinds; `None` when the budget is over.
pub fn tangles(graph: &impl Graph, allowed: Kinds, budget: &Budget) -> Option<Vec<Tangle>> {
    let components = tarjan::components(graph, allowed, budget)?;
    if components.is_empty() {
        return Some(Vec::new());
    }
    let mut places = vec![NONE; graph.nodes() as usize];
    let cut = |names| place_and_cut(graph, names, allowed, &mut places);
    Some(components.into_iter().map(cut).collect())
}

/// Cuts a part out; `places` is blank before and after.
fn place_and_cut(
    graph: &impl Graph,
    names: Vec<u32>,
    allowed: Kinds,
    places: &mut [u32],
) -> Tangle {
    for (place, &name) in names.iter().enumerate() {
        places[name as usize] = place as u32;
    }
    let tangle = cut_out(graph, names, allowed, places);
    for &name in &tangle.names {
        places[name as usize] = NONE;
    }
    tangle
}

/// The part of a graph with these nodes and allowed edges. Hubs have the greatest names, so
/// transactions stay first.
fn cut_out(graph: &impl Graph, names: Vec<u32>, allowed: Kinds, places: &[u32]) -> Tangle {
    let txns = names.partition_point(|&name| name < graph.txns());
    let mut csr = Csr::new(txns as u32);
    for &name in &names {
        let successors = graph.successors(name);
        let inside = successors.filter(|(_, kinds)| kinds.is_within(allowed));
        let placed = inside.map(|(to, kinds)| (places[to as usize], kinds));
        csr.push(placed.filter(|(to, _)| *to != NONE));
    }
    Tangle { graph: csr, names, allowed }
}
