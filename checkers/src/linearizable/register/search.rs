//! Two ways through the layers: depth first, and all of a layer before the next.
use super::{
    layers::Layers,
    seen::{Config, Seen},
    steps::{Freedom, Step, Stepper},
};
use crate::Budget;

/// Why a search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::linearizable) enum Why {
    Steps,
    Memory,
    Time,
}

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
    budget: &'a Budget,
    deepest: usize,
    polled: u64,
    /// Explores no more than this.
    explored_max: u64,
}

/// What is tried to get on from a configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// To place nothing but the call that completes.
    Direct,
    /// Anything, with as many crashed calls as [`LEVELS`] says.
    Level(usize),
}

/// How many configurations are explored between two looks at the budget.
const EXPLORED_A_POLL: u64 = 1024;
/// The steps behind a configuration are made with no crashed call first, then with one, two, any.
const LEVELS: [u32; 4] = [0, 1, 2, u32::MAX];

impl<'a> Search<'a> {
    pub(super) fn new(layers: &'a Layers, start: u32, budget: &'a Budget) -> Search<'a> {
        let stepper = Stepper::new(layers);
        let seen = Seen::default();
        Search { stepper, seen, start, budget, deepest: 0, polled: 0, explored_max: u64::MAX }
    }

    /// Configurations explored so far, by all the searches.
    pub(super) fn explored(&self) -> u64 {
        self.stepper.explored
    }

    /// From now on, gives up after so many more.
    pub(super) fn bounded(&mut self, more: u64) {
        self.explored_max = self.stepper.explored.saturating_add(more);
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
        Ended::Stuck(self.deepest)
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
        frontier.retain(|config| self.is_new(config, None));
        if frontier.len() > 1 {
            self.seen.clear();
            frontier.reverse();
            frontier.retain(|config| self.is_new(config, None));
            frontier.reverse();
        }
    }

    fn is_new(&mut self, config: &Config, beam: Option<u32>) -> bool {
        match self.stepper.layers.layer(config.layer) {
            Some(layer) => self.seen.insert(config, layer, &self.stepper.bags, beam),
            None => true,
        }
    }

    /// Why the search must end here, if it must.
    fn over(&mut self, bytes: usize) -> Option<Why> {
        let explored = self.stepper.explored;
        if explored > self.explored_max {
            return Some(Why::Steps);
        }
        if explored < self.polled + EXPLORED_A_POLL {
            return None;
        }
        self.polled = explored;
        let held = self.seen.bytes() + self.stepper.bags.bytes() + bytes as u64;
        if held + self.stepper.layers.bytes() > self.budget.bytes_max {
            return Some(Why::Memory);
        }
        self.budget.is_over().then_some(Why::Time)
    }
}
