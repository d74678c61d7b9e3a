//! What is left to choose, tried one by one.
use std::collections::BTreeSet;

use super::{Answer, Choice, Polygraph, topology::Topology};
use crate::Budget;

/// How many choices are made between two looks at the budget.
const POLL: u64 = 1 << 8;

/// A choice that was made.
struct Made {
    /// Where the graph was before.
    mark: usize,
    /// The alternative, as long as it was not tried.
    alternative: Option<Choice>,
    /// Earlier choices, counted from 1, that have a part in what was wrong with others.
    blamed: BTreeSet<u32>,
}

/// Tries to make every choice, until so many have turned out wrong.
pub(super) fn search(
    polygraph: &Polygraph,
    topology: &mut Topology,
    open: &[Choice],
    mut patience: u64,
    budget: &Budget,
) -> Answer {
    let mut made: Vec<Made> = Vec::new();
    let mut steps = 0_u64;
    while let Some(&choice) = open.get(made.len()) {
        steps += 1;
        if steps.is_multiple_of(POLL) && budget.is_over() {
            return Answer::GaveUp;
        }
        let head = |link: u32| {
            topology.place(polygraph.lines[choice.line as usize][link as usize].heads[0])
        };
        let lies = if head(choice.one) <= head(choice.other) { choice } else { choice.turned() };
        let mark = topology.mark();
        made.push(Made { mark, alternative: Some(lies.turned()), blamed: BTreeSet::new() });
        let mut next = lies;
        loop {
            match make(polygraph, topology, next, made.len() as u32) {
                Ok(()) => break,
                Err(_) if patience == 0 => return Answer::GaveUp,
                Err(blamed) => {
                    patience -= 1;
                    match back(topology, &mut made, blamed) {
                        Some(alternative) => next = alternative,
                        None => return Answer::No(Some(choice), Vec::new()),
                    }
                }
            }
        }
    }
    Answer::Yes
}

/// Adds the edges of a choice, or none: then says which earlier choices they contradict.
fn make(
    polygraph: &Polygraph,
    topology: &mut Topology,
    choice: Choice,
    number: u32,
) -> Result<(), BTreeSet<u32>> {
    let mark = topology.mark();
    for edge in polygraph.edges(choice) {
        if let Err(circle) = topology.add(edge, number) {
            topology.undo(mark);
            return Err(circle.choices.into_iter().filter(|by| *by != number).collect());
        }
    }
    Ok(())
}

/// Goes back to the latest choice that has an alternative left and a part in what is wrong, and
/// gives that alternative; `None` where there is none.
fn back(topology: &mut Topology, made: &mut Vec<Made>, blamed: BTreeSet<u32>) -> Option<Choice> {
    let mut blamed = blamed;
    loop {
        let last = made.last_mut()?;
        last.blamed.append(&mut blamed);
        topology.undo(last.mark);
        if let Some(alternative) = last.alternative.take() {
            return Some(alternative);
        }
        blamed = std::mem::take(&mut last.blamed);
        let latest = *blamed.last()?;
        made.truncate(latest as usize);
        blamed.remove(&latest);
    }
}
