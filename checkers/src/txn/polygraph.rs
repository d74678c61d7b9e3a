//! Is there a way to choose, of each of several alternatives, one, so that no circle arises?
//!
//! A polygraph (Papadimitriou 1979) is a graph with edges that are known, and choices between sets
//! of edges. Which version of a key came first is such a choice, where nothing tells. Three steps,
//! each of which may decide:
//!
//! 1. a guess: one by one, nothing overwritten that is to be read;
//! 2. pruning: what would close a circle is not chosen, so the alternative is (Tan et al. 2020,
//!    "Cobra", §4.2; Huang et al. 2023, "PolySI", §4.3), until nothing follows any more;
//! 3. a search that, when both alternatives of a choice close circles, goes back to the latest
//!    choice that has a part in them (Prosser 1993, conflict-directed backjumping).
mod prune;
mod schedule;
mod search;
mod topology;

use crate::Budget;
use topology::Topology;

/// Choices that may turn out wrong before pruning is tried.
const PATIENCE: u64 = 1_000;

/// An edge from one node to another.
pub type Edge = (u32, u32);

/// Known edges, and the sets that are to be put in some order.
#[derive(Default)]
pub struct Polygraph {
    /// How many nodes there are.
    pub nodes: u32,
    /// What is known.
    pub known: Vec<Edge>,
    /// For each node, where to put it rather than later; small numbers first.
    pub preference: Vec<u32>,
    /// Sets of which each is to be put in a line.
    pub lines: Vec<Vec<Link>>,
}

/// One of those that are to be put in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Nodes of it that come before the `heads` of whatever comes later in the line, each with
    /// which of the heads.
    pub tails: Vec<(u32, Head)>,
    /// The nodes that later ones lead to.
    pub heads: [u32; 2],
}

/// Which head of a later link is led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// The first.
    First,
    /// The second.
    Second,
}

/// A choice: which of two links of a line comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The line.
    pub line: u32,
    /// One of its links.
    pub one: u32,
    /// The other.
    pub other: u32,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is a way.
    Yes,
    /// There is none: the choice of which either alternative closes a circle, and these circles;
    /// without a choice, one circle of known edges.
    No(Option<Choice>, Vec<Vec<u32>>),
    /// It was too much work.
    GaveUp,
}

impl Polygraph {
    /// The edges that putting one link before the other brings.
    fn edges(&self, choice: Choice) -> impl Iterator<Item = Edge> + '_ {
        let line = &self.lines[choice.line as usize];
        let (one, other) = (&line[choice.one as usize], &line[choice.other as usize]);
        one.tails.iter().map(|&(tail, head)| (tail, other.heads[head as usize]))
    }

    /// Every choice there is; `None` where there are more than so many.
    fn choices(&self, most: u64) -> Option<Vec<Choice>> {
        let pairs = |line: &Vec<Link>| (line.len() * line.len().saturating_sub(1) / 2) as u64;
        if self.lines.iter().map(pairs).sum::<u64>() > most {
            return None;
        }
        let mut choices = Vec::new();
        for (line, links) in self.lines.iter().enumerate() {
            for other in 1..links.len() as u32 {
                choices.extend((0..other).map(|one| Choice { line: line as u32, one, other }));
            }
        }
        Some(choices)
    }

    /// Decides.
    pub fn decide(&self, budget: &Budget) -> Answer {
        let mut topology = match Topology::new(self.nodes, &self.known, &self.preference) {
            Ok(topology) => topology,
            Err(circle) => return Answer::No(None, vec![circle]),
        };
        let places = schedule::schedule(self, &topology);
        match Topology::new(self.nodes, &self.known, &places) {
            Ok(scheduled) => topology = scheduled,
            Err(circle) => return Answer::No(None, vec![circle]),
        }
        if self.guess(&mut topology) {
            return Answer::Yes;
        }
        let Some(mut open) = self.choices(budget.bytes_max / 64) else { return Answer::GaveUp };
        let start = topology.mark();
        if search::search(self, &mut topology, &open, PATIENCE, budget) == Answer::Yes {
            return Answer::Yes;
        }
        topology.undo(start);
        match prune::prune(self, &mut topology, &mut open, budget) {
            None => search::search(self, &mut topology, &open, u64::MAX, budget),
            Some(answer) => answer,
        }
    }

    /// Whether every line can be left as it lies.
    fn guess(&self, topology: &mut Topology) -> bool {
        let start = topology.mark();
        for (number, line) in self.lines.iter().enumerate() {
            let mut places: Vec<u32> = (0..line.len() as u32).collect();
            places.sort_by_key(|&link| topology.place(line[link as usize].heads[0]));
            for pair in places.windows(2) {
                let choice = Choice { line: number as u32, one: pair[0], other: pair[1] };
                if !self.edges(choice).all(|edge| topology.add(edge, 0).is_ok()) {
                    topology.undo(start);
                    return false;
                }
            }
        }
        true
    }
}

impl Choice {
    /// The alternative.
    fn turned(self) -> Choice {
        Choice { one: self.other, other: self.one, ..self }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// A random polygraph of few nodes; a link is one node, or two of which one reads.
    fn random(chance: &mut ChaCha8Rng) -> Polygraph {
        let nodes = chance.random_range(3..=9);
        let mut graph = Polygraph { nodes, ..Polygraph::default() };
        graph.preference = (0..nodes).map(|_| chance.random_range(0..nodes)).collect();
        for _ in 0..chance.random_range(0..=nodes) {
            let (from, to) = (chance.random_range(0..nodes), chance.random_range(0..nodes));
            if from != to {
                graph.known.push((from, to));
            }
        }
        for _ in 0..chance.random_range(1..=3) {
            let mut line: Vec<Link> = Vec::new();
            let members: Vec<u32> = (0..nodes).filter(|_| chance.random_bool(0.5)).collect();
            for node in members.into_iter().take(4) {
                let reader = chance.random_range(0..nodes);
                let mut tails = vec![(node, Head::First)];
                if reader != node {
                    graph.known.push((node, reader));
                    tails.push((reader, Head::Second));
                }
                line.push(Link { tails, heads: [node, node] });
            }
            // Who reads one link of a line is no link of it.
            let heads: Vec<u32> = line.iter().map(|link| link.heads[0]).collect();
            for link in &mut line {
                let own = link.heads[0];
                link.tails.retain(|(node, _)| *node == own || !heads.contains(node));
            }
            graph.lines.push(line);
        }
        graph
    }

    /// Tries every way to make every choice.
    fn is_possible(graph: &Polygraph) -> bool {
        let choices = graph.choices(u64::MAX).unwrap();
        (0..1_u64 << choices.len()).any(|turned| {
            let mut edges = graph.known.clone();
            for (place, &choice) in choices.iter().enumerate() {
                let choice = if turned >> place & 1 == 1 { choice.turned() } else { choice };
                edges.extend(graph.edges(choice));
            }
            Topology::new(graph.nodes, &edges, &graph.preference).is_ok()
        })
    }

    #[test]
    fn an_answer_is_what_trying_everything_gives() {
        let budget = Budget::unlimited();
        let mut tally = [0; 3];
        for seed in 0..3_000 {
            let graph = random(&mut ChaCha8Rng::seed_from_u64(seed));
            let choices = graph.choices(u64::MAX).unwrap();
            if choices.len() > 14 {
                continue;
            }
            let expected = is_possible(&graph);
            assert_eq!(graph.decide(&budget) == Answer::Yes, expected, "seed {seed}");
            let Ok(mut topology) = Topology::new(graph.nodes, &graph.known, &graph.preference)
            else {
                tally[2] += 1;
                continue;
            };
            let searched = search::search(&graph, &mut topology, &choices, u64::MAX, &budget);
            assert_eq!(searched == Answer::Yes, expected, "seed {seed}, searched alone");
            tally[usize::from(expected)] += 1;
        }
        assert!(tally.iter().all(|count| *count > 100), "{tally:?}");
    }
}
