//! Two ways through the layers: depth first, and all of a layer before the next.
use super::{
    layers::Layers,
    meter::Why,
    seen::{Config, Seen},
    steps::{Freedom, Step, Stepper},
};
use crate::Budget;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It came to the end of the history.
    Through,
    /// No configuration passes this layer's completion.
    Stuck(usize),
    /// It was given up: why, and the furthest layer.
    GaveUp(Why, usize),
}

/// A search, with what it has seen.
pub(super) struct Search<'a> {
    stepper: Stepper<'a>,
    seen: Seen,
    start: u32,
    deepest: usize,
}

/// What is tried to get on from a configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// To place nothing but the call that completes.
    Direct,
    /// Anything, with as many crashed calls as [`LEVELS`] says.
    Level(usize),
}

/// The steps behind a configuration are made with no crashed call first, then with one, two, any.
const LEVELS: [u32; 4] = [0, 1, 2, u32::MAX];

impl<'a> Search<'a> {
    pub(super) fn new(layers: &'a Layers, start: u32, budget: &'a Budget) -> Search<'a> {
        let stepper = Stepper::new(layers, budget);
        Search { stepper, seen: Seen::default(), start, deepest: 0 }
    }

    /// Configurations explored so far, by all the searches.
    pub(super) fn explored(&self) -> u64 {
        self.stepper.meter.explored
    }

    /// From now on, gives up after so many more.
    pub(super) fn bounded(&mut self, more: u64) {
        self.stepper.meter.allow(more);
    }

    /// Depth first. With a beam, being stuck proves nothing.
    ///
    /// What is behind a configuration is made bit by bit: first the steps that place nothing but
    /// the completing call, which mostly will do; the others when these led nowhere. Only then is
    /// it worth remembering: before, nothing that comes to it again can have been looked at.
    pub(super) fn depth_first(&mut self, beam: Option<u32>) -> Ended {
        self.seen.clear();
        self.deepest = 0;
        let mut stack = vec![(self.stepper.start(self.start), Effort::Direct)];
        while let Some((mut config, mut effort)) = stack.pop() {
            if effort == Effort::Direct {
                config = self.forced(config);
            }
            let Some(layer) = self.stepper.layers.layer(config.layer) else {
                return Ended::Through;
            };
            self.deepest = self.deepest.max(config.layer as usize);
            if let Some(why) = self.over(stack.capacity() * size_of::<(Config, Effort)>()) {
                return Ended::GaveUp(why, self.deepest);
            }
            if effort == Effort::Direct {
                if self.seen.covers(&config, layer, &self.stepper.bags, beam) {
                    continue;
                }
                self.stepper.step_directly(&config);
                if self.stepper.steps.is_empty() {
                    effort = Effort::Level(0);
                } else {
                    stack.push((config, Effort::Level(0)));
                }
            }
            if let Effort::Level(level) = effort {
                if level == 0 && !self.seen.insert(&config, layer, &self.stepper.bags, beam) {
                    continue;
                }
                let is_last = level + 1 == LEVELS.len() || !self.stepper.has_crashed(layer);
                let most = if is_last { u32::MAX } else { LEVELS[level] };
                self.stepper.freedom = Freedom::Counted(most);
                self.stepper.step(&config);
                if !is_last {
                    stack.push((config, Effort::Level(level + 1)));
                }
            }
            let steps = &mut self.stepper.steps;
            steps.sort_by_key(|step| std::cmp::Reverse(step.cost));
            stack.extend(steps.drain(..).map(|step| (step.config, Effort::Direct)));
        }
        // Where the meter was over in the middle of a step, some ways were not seen.
        match self.over(0) {
            Some(why) => Ended::GaveUp(why, self.deepest),
            None => Ended::Stuck(self.deepest),
        }
    }

    /// Past all completions whose calls are placed already.
    fn forced(&self, mut config: Config) -> Config {
        while self.stepper.is_forced(&config) {
            config = self.stepper.pass(&config);
        }
        config
    }

    /// Layer by layer. If `relaxed`, crashed calls are placed as often as one likes, and coming
    /// through proves nothing.
    pub(super) fn breadth_first(&mut self, relaxed: bool) -> Ended {
        self.stepper.freedom =
            if relaxed { Freedom::Unlimited } else { Freedom::Counted(u32::MAX) };
        self.deepest = 0;
        let mut frontier = vec![self.stepper.start(self.start)];
        for layer in 0..self.stepper.layers.len() {
            self.deepest = layer;
            for config in &frontier {
                self.stepper.step(config);
                if let Some(why) = self.over(self.stepper.steps.len() * size_of::<Step>()) {
                    self.stepper.steps.clear();
                    return Ended::GaveUp(why, layer);
                }
            }
            let mut steps = std::mem::take(&mut self.stepper.steps);
            frontier.clear();
            if steps.len() > 1 {
                steps.sort_by_key(|step| step.cost);
                self.best_of(&steps, &mut frontier);
            } else {
                frontier.extend(steps.iter().map(|step| step.config));
            }
            steps.clear();
            self.stepper.steps = steps;
            if frontier.is_empty() {
                return Ended::Stuck(layer);
            }
        }
        Ended::Through
    }

    /// Those that are better than all others, looking from both ends.
    fn best_of(&mut self, steps: &[Step], frontier: &mut Vec<Config>) {
        self.seen.clear();
        frontier.extend(steps.iter().map(|step| step.config));
        frontier.retain(|config| self.is_new(config));
        if frontier.len() > 1 {
            self.seen.clear();
            frontier.reverse();
            frontier.retain(|config| self.is_new(config));
            frontier.reverse();
        }
    }

    fn is_new(&mut self, config: &Config) -> bool {
        match self.stepper.layers.layer(config.layer) {
            Some(layer) => self.seen.insert(config, layer, &self.stepper.bags, None),
            None => true,
        }
    }

    /// Why the search must end here, if it must.
    fn over(&mut self, bytes: usize) -> Option<Why> {
        let Stepper { meter, bags, layers, .. } = &mut self.stepper;
        meter.over(|| self.seen.bytes() + bags.bytes() + layers.bytes() + bytes as u64)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{
        linearizable::{plain::Act, problem::NEVER},
        model::Deed,
    };

    /// Calls one after the other or not, which need not fit together.
    fn acts(random: &mut ChaCha8Rng) -> Vec<Act> {
        let (mut row, mut acts) = (0, Vec::<Act>::new());
        let mut open: Vec<usize> = Vec::new();
        let values = random.random_range(2..5);
        for _ in 0..random.random_range(4..60) {
            if random.random_bool(0.5) && open.len() < 6 {
                let mut value = || random.random_range(0..values);
                let (old, new) = (value(), value());
                let deed = match random.random_range(0..3) {
                    0 => Deed::Read(old),
                    1 if old != new => Deed::Cas(old, new),
                    _ => Deed::Write(new),
                };
                open.push(acts.len());
                acts.push(Act { deed, invoked: row, completed: NEVER });
            } else if !open.is_empty() {
                let act = &mut acts[open.swap_remove(random.random_range(0..open.len()))];
                if random.random_bool(0.8) || matches!(act.deed, Deed::Read(_)) {
                    act.completed = row;
                }
            }
            row += 1;
        }
        acts.retain(|act| act.completed != NEVER || !matches!(act.deed, Deed::Read(_)));
        acts
    }

    #[test]
    fn every_search_is_sound_for_the_answer_it_gives() {
        let budget = Budget::unlimited();
        let (mut proofs, mut orders) = ([0, 0], [0, 0]);
        for seed in 0..40_000 {
            let acts = acts(&mut ChaCha8Rng::seed_from_u64(seed));
            let layers = Layers::new(&acts).unwrap();
            let mut search = Search::new(&layers, 0, &budget);
            let exact = search.breadth_first(false);
            assert_eq!(search.depth_first(None), exact, "{acts:?}");
            let (relaxed, beam) = (search.breadth_first(true), search.depth_first(Some(1)));
            match exact {
                Ended::Through => assert_eq!(relaxed, Ended::Through, "{acts:?}"),
                _ => assert_ne!(beam, Ended::Through, "{acts:?}"),
            }
            proofs[usize::from(exact == Ended::Through)] += 1;
            orders[0] += u32::from(relaxed != Ended::Through);
            orders[1] += u32::from(beam == Ended::Through);
        }
        assert!(proofs.iter().chain(&orders).all(|&count| count > 2_000), "{proofs:?} {orders:?}");
    }

    #[test]
    fn a_search_that_is_cut_short_says_so() {
        for seed in 0..2_000 {
            let acts = acts(&mut ChaCha8Rng::seed_from_u64(seed));
            let layers = Layers::new(&acts).unwrap();
            let budget = Budget::unlimited();
            let exact = Search::new(&layers, 0, &budget).breadth_first(false);
            for most in [1, 2, 5, 20] {
                let mut search = Search::new(&layers, 0, &budget);
                search.bounded(most);
                let ended = search.depth_first(None);
                let is_cut = matches!(ended, Ended::GaveUp(Why::Steps, _));
                assert!(is_cut || ended == exact, "{ended:?} {exact:?} {acts:?}");
            }
        }
    }
}
