//! Which of the wanted cycles a graph has.
use rayon::prelude::*;

use super::{
    anomalies::Name,
    cycle::{self, Cycle, Effort, Found},
    graph::{Graph, Kinds},
    pattern::{Pattern, Rw},
    tangle::{self, Tangle},
};
use crate::Budget;

/// How many cycles of each name are kept: the shortest.
const KEPT: usize = 3;

/// What was found.
#[derive(Debug, Default)]
pub struct Cycles {
    /// The shortest cycles of each name, gravest name first.
    pub found: Vec<(Name, Cycle)>,
    /// Names that may or may not be there: looking for them was too much work.
    pub undecided: Vec<Name>,
}

/// Looks for cycles of the wanted names; `None` when the budget is over.
pub fn cycles(graph: &impl Graph, wanted: &[Name], budget: &Budget) -> Option<Cycles> {
    let has_predicates = graph.has_predicates();
    let cycles = wanted.iter().filter_map(|name| Some((*name, name.entry().cycle?)));
    let patterns: Vec<(Name, Pattern)> =
        cycles.filter(|(_, pattern)| has_predicates || !pattern.needed.meets(Kinds::RWP)).collect();
    let allowed = patterns.iter().fold(Kinds::GOES_ON, |all, (_, p)| all.and(p.allowed));
    let tangles = tangle::tangles(graph, allowed, budget)?;
    let searched = in_tangles(&tangles, allowed, &patterns, budget)?;
    let mut cycles = Cycles::default();
    for &(name, _) in &patterns {
        let here = searched.iter().filter(|(found, _)| *found == name);
        let mut found: Vec<&Cycle> = Vec::new();
        let mut is_undecided = false;
        for (_, result) in here {
            match result {
                Found::Cycle(cycle) => found.push(cycle),
                Found::GaveUp => is_undecided = true,
                Found::Nothing => (),
            }
        }
        if is_undecided && found.is_empty() {
            cycles.undecided.push(name);
        }
        found.sort_by_key(|cycle| cycle.0.len());
        cycles.found.extend(found.into_iter().take(KEPT).map(|cycle| (name, cycle.clone())));
    }
    Some(cycles)
}

/// Looks in tangles held together by `all` kinds, under each set of kinds that some pattern allows.
fn in_tangles(
    tangles: &[Tangle],
    all: Kinds,
    patterns: &[(Name, Pattern)],
    budget: &Budget,
) -> Option<Vec<(Name, Found)>> {
    let mut sets: Vec<Kinds> = patterns.iter().map(|(_, pattern)| pattern.allowed).collect();
    sets.sort_unstable();
    sets.dedup();
    let found: Option<Vec<Vec<(Name, Found)>>> = sets
        .into_par_iter()
        .map(|allowed| {
            let mut inner = Vec::new();
            if allowed != all {
                for tangle in tangles {
                    inner.extend(tangle.within(allowed, budget)?);
                }
            }
            let parts = if allowed == all { tangles } else { &inner };
            let mut found = Vec::new();
            for (name, pattern) in patterns.iter().filter(|(_, p)| p.allowed == allowed) {
                let edges = parts.iter().map(Tangle::edge_count).sum();
                let mut effort = Effort::new(edges);
                for part in parts {
                    let here = in_part(part, pattern, &mut effort, budget)?;
                    found.extend(here.into_iter().map(|found| (*name, found)));
                }
            }
            Some(found)
        })
        .collect();
    Some(found?.into_iter().flatten().collect())
}

/// Looks for one pattern in a tangle held together by its kinds.
fn in_part(
    part: &Tangle,
    pattern: &Pattern,
    effort: &mut Effort,
    budget: &Budget,
) -> Option<Vec<Found>> {
    if !matches!(pattern.rw, Rw::One | Rw::Apart) {
        return Some(vec![cycle::shortest(part, pattern, effort, budget)]);
    }
    let parts = part.where_rw_are_apart(budget)?;
    Some(parts.iter().map(|part| cycle::shortest(part, pattern, effort, budget)).collect())
}
