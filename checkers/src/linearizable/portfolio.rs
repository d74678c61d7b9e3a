//! The search for an order of calls on any object: the ways to search, one after the other.
//!
//! Depth first for a while, which mostly will do; then breadth first, by all threads; then, where
//! even that has seen too much, depth first again from where it was. All are exhaustive, so the
//! verdict does not depend on which of them has it.
use super::{
    breadth::Breadth,
    problem::Problem,
    search::{Outcome, Search},
};
use crate::{Budget, model::Model};

/// Steps, depth first, that it takes to be hard.
const STEPS_MIN: u64 = 1 << 19;
/// Configurations, breadth first, after which depth first is the better bet.
const CONFIGURATIONS_MAX: usize = 1 << 24;

/// What a search came to, and how.
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    /// Configurations entered, by all ways.
    pub(super) configurations: usize,
    /// The work that it was: steps, depth first, and configurations, breadth first.
    pub(super) steps: u64,
    /// The way that decided it.
    pub(super) path: &'static str,
}

/// Searches for an order until there is one, or certainly none, or the budget is over.
pub(super) fn decide<M: Model>(problem: &Problem<'_, M>, budget: &Budget) -> Decided {
    decide_within(problem, budget, STEPS_MIN, CONFIGURATIONS_MAX)
}

fn decide_within<M: Model>(
    problem: &Problem<'_, M>,
    budget: &Budget,
    steps_min: u64,
    configurations_max: usize,
) -> Decided {
    let mut depth = Search::new(problem, budget).bounded(steps_min);
    let mut outcome = depth.run();
    let (mut entered, mut path) = (0, "search");
    if matches!(outcome, Outcome::GaveUp(..)) && depth.steps() > steps_min {
        let mut breadth = Breadth::new(problem, budget, configurations_max, depth.bytes());
        outcome = breadth.run();
        (entered, path) = (breadth.configurations(), "search of layers");
        drop(breadth);
        if matches!(outcome, Outcome::GaveUp(..)) {
            (outcome, path) = (depth.resume(), "search");
        }
    }
    let configurations = depth.configurations() + entered;
    Decided { outcome, configurations, steps: depth.steps() + entered as u64, path }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{
        Call, Process,
        linearizable::{certificate, problem::bars},
    };

    /// A dial of seven numbers, which the dice turn on by one or two.
    struct Dial;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
    enum Turn {
        Look,
        By(u8),
        Dice,
    }

    impl Dial {
        fn after(state: u8, turn: Turn) -> Vec<u8> {
            match turn {
                Turn::Look => vec![state],
                Turn::By(step) => vec![(state + step) % 7],
                Turn::Dice => vec![(state + 1) % 7, (state + 2) % 7],
            }
        }
    }

    impl Model for Dial {
        type Input = Turn;
        type Output = u8;
        type State = u8;

        fn init(&self) -> u8 {
            0
        }

        fn step(&self, state: &u8, turn: &Turn, seen: Option<&u8>) -> Option<u8> {
            self.steps(state, turn, seen).next()
        }

        fn steps(&self, state: &u8, turn: &Turn, seen: Option<&u8>) -> impl Iterator<Item = u8> {
            let seen = seen.copied();
            let after = Dial::after(*state, *turn).into_iter();
            after.filter(move |state| seen.is_none_or(|seen| seen == *state))
        }

        fn describe(&self, turn: &Turn, seen: Option<&u8>) -> String {
            format!("{turn:?} {seen:?}")
        }

        fn is_read(&self, turn: &Turn) -> bool {
            *turn == Turn::Look
        }
    }

    /// Turns of a dial by several at a time, some of which crash, and now and then a wrong answer.
    fn turns(random: &mut ChaCha8Rng) -> Vec<Call<Turn, u8>> {
        let (mut state, mut open) = (0, Vec::new());
        let mut calls: Vec<Call<Turn, u8>> = Vec::new();
        for row in 0..random.random_range(20..120) {
            if open.len() < 7 && random.random_bool(0.55) {
                let kinds = [Turn::Look, Turn::Dice, Turn::By(1), Turn::By(3), Turn::By(0)];
                let input = kinds[random.random_range(0..kinds.len())];
                let process = Process::Client(row);
                open.push(calls.len());
                calls.push(Call { invoked: row, process, input, outcome: crate::Outcome::Info });
            } else if !open.is_empty() {
                let call = &mut calls[open.swap_remove(random.random_range(0..open.len()))];
                let after = Dial::after(state, call.input);
                state = after[random.random_range(0..after.len())];
                let lie = u8::from(random.random_bool(0.03));
                if random.random_bool(0.9) {
                    call.outcome = crate::Outcome::Ok { completed: row, output: (state + lie) % 7 };
                }
            }
        }
        calls
    }

    /// What became of a search; where it found an order, that holds.
    fn ended(problem: &Problem<'_, Dial>, outcome: &Outcome) -> Option<usize> {
        match outcome {
            Outcome::Order(order) => {
                assert!(certificate::holds(problem, order));
                None
            }
            Outcome::Stuck(layer) => Some(*layer),
            Outcome::GaveUp(why, layer) => panic!("{why} at {layer}"),
        }
    }

    #[test]
    fn every_way_comes_to_the_same() {
        let budget = Budget::unlimited();
        let (mut valid, mut paths) = (0, [0; 2]);
        for seed in 0..400 {
            let calls = turns(&mut ChaCha8Rng::seed_from_u64(seed));
            let problem = Problem::new(&Dial, &calls, &bars(&calls), 0);
            let depth = ended(&problem, &Search::new(&problem, &budget).run());
            valid += usize::from(depth.is_none());
            let breadth = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut search = Breadth::new(&problem, &budget, usize::MAX, 0);
                    let outcome = search.run();
                    (ended(&problem, &outcome), outcome, search.configurations())
                })
            };
            let (alone, order, configurations) = breadth(1);
            assert_eq!(alone, depth, "{seed}");
            for threads in [2, 4] {
                let (ended, same, entered) = breadth(threads);
                assert_eq!((ended, entered), (alone, configurations), "{seed}");
                assert_eq!(format!("{same:?}"), format!("{order:?}"), "{seed}");
            }
            for (steps, most) in [(5, usize::MAX), (5, 3), (50, 10)] {
                let decided = decide_within(&problem, &budget, steps, most);
                assert_eq!(ended(&problem, &decided.outcome), depth, "{seed}");
                paths[usize::from(decided.path == "search")] += 1;
            }
        }
        assert!((100..300).contains(&valid), "{valid}");
        assert!(paths.iter().all(|&times| times > 200), "{paths:?}");
    }
}
