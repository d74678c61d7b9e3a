//! The search: what it has seen, and the way through the layers depth first.
use super::{
    layers::Layers,
    mask::Mask,
    meter::Why,
    seen::{Config, Seen},
    steps::{Freedom, Placed, Step, Stepper},
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
pub(super) struct Search<'a, B> {
    pub(super) stepper: Stepper<'a, B>,
    pub(super) seen: Seen<B>,
    pub(super) start: u32,
    pub(super) deepest: usize,
    /// The configurations gone on from, each with the number of the one before it, the last one
    /// being that at the end; only where asked for.
    trail: Option<Vec<(Config<B>, u32)>>,
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

impl<'a, B: Mask> Search<'a, B> {
    pub(super) fn new(layers: &'a Layers<B>, start: u32, budget: &'a Budget) -> Search<'a, B> {
        let stepper = Stepper::new(layers, budget);
        Search { stepper, seen: Seen::new(), start, deepest: 0, trail: None }
    }

    /// Configurations explored so far, by all the searches.
    pub(super) fn explored(&self) -> u64 {
        self.stepper.meter.explored
    }

    /// The work that it was.
    pub(super) fn work(&self) -> u64 {
        self.stepper.meter.work
    }

    /// From now on, gives up after so much more work.
    pub(super) fn bounded(&mut self, more: u64) {
        self.stepper.meter.allow(more);
    }

    /// Depth first. With a beam, being stuck proves nothing.
    ///
    /// What is behind a configuration is made bit by bit: first the steps that place nothing but
    /// the completing call, which mostly will do; the others when these led nowhere. Only then is
    /// it worth remembering: before, nothing that comes to it again can have been looked at.
    pub(super) fn depth_first(&mut self, beam: Option<u32>) -> Ended {
        self.clear();
        let mut stack = Vec::with_capacity(self.stepper.layers.len());
        stack.push((self.stepper.start(self.start), Effort::Direct, 0));
        while let Some((mut config, mut effort, before)) = stack.pop() {
            if effort == Effort::Direct {
                config = self.stepper.forced(config);
            }
            let Some(layer) = self.stepper.layers.layer(config.layer) else {
                self.note(config, before);
                return Ended::Through;
            };
            self.deepest = self.deepest.max(config.layer as usize);
            if let Some(why) = self.over(stack.capacity() * size_of::<(Config<B>, Effort, u32)>()) {
                return Ended::GaveUp(why, self.deepest);
            }
            if effort == Effort::Direct {
                let is_covered = self.seen.covers(&config, layer, &self.stepper.bags, beam);
                self.stepper.meter.toil(self.seen.toil());
                if is_covered {
                    continue;
                }
                self.stepper.step_directly(&config);
                if self.stepper.steps.is_empty() {
                    effort = Effort::Level(0);
                } else {
                    stack.push((config, Effort::Level(0), before));
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
                    stack.push((config, Effort::Level(level + 1), before));
                }
            }
            let before = self.note(config, before);
            let steps = &mut self.stepper.steps;
            steps.sort_by_key(|step| std::cmp::Reverse(step.cost));
            stack.extend(steps.drain(..).map(|step| (step.config, Effort::Direct, before)));
        }
        // Where the meter was over in the middle of a step, some ways were not seen.
        match self.over(0) {
            Some(why) => Ended::GaveUp(why, self.deepest),
            None => Ended::Stuck(self.deepest),
        }
    }

    /// From now on, keeps what [`Search::way`] needs.
    pub(super) fn recording(&mut self) {
        self.trail = Some(Vec::new());
    }

    /// The configurations, each behind the one before it, by which a search came through.
    pub(super) fn way(&self) -> Vec<Config<B>> {
        let trail = self.trail.as_deref().unwrap_or_default();
        let mut way = Vec::new();
        let mut at = trail.len().checked_sub(1);
        while let Some((config, before)) = at.map(|at| trail[at]) {
            way.push(config);
            at = at.filter(|&at| at > 0).map(|_| before as usize);
        }
        way.reverse();
        way
    }

    /// What was placed, one after the other, on the way from a configuration to the next of
    /// [`Search::way`].
    pub(super) fn placed(&mut self, from: &Config<B>, to: &Config<B>) -> Vec<Placed> {
        for most in LEVELS {
            self.stepper.freedom = Freedom::Counted(most);
            self.stepper.step(from);
            let steps = std::mem::take(&mut self.stepper.steps);
            let reaches =
                |step: &&Step<B>| step.config == *to || self.stepper.forced(step.config) == *to;
            if let Some(step) = steps.iter().find(reaches) {
                return self.stepper.placed(step);
            }
        }
        Vec::new()
    }

    pub(super) fn clear(&mut self) {
        self.seen.clear();
        self.deepest = 0;
        self.trail.iter_mut().for_each(Vec::clear);
    }

    /// The number of a configuration in the trail, if there is one.
    pub(super) fn note(&mut self, config: Config<B>, before: u32) -> u32 {
        let Some(trail) = &mut self.trail else { return 0 };
        trail.push((config, before));
        trail.len() as u32 - 1
    }

    /// Why the search must end here, if it must.
    pub(super) fn over(&mut self, bytes: usize) -> Option<Why> {
        let Stepper { meter, bags, layers, .. } = &mut self.stepper;
        let trail =
            self.trail.as_ref().map_or(0, |trail| trail.capacity() * size_of::<(Config<B>, u32)>());
        meter.over(|| self.seen.bytes() + bags.bytes() + layers.bytes() + (bytes + trail) as u64)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{
        linearizable::{plain::Act, problem::NEVER, register::mask::Wide},
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
        let (mut proofs, mut orders, mut lates) = ([0, 0], [0, 0], [0, 0]);
        for seed in 0..40_000 {
            let acts = acts(&mut ChaCha8Rng::seed_from_u64(seed));
            let layers = Layers::<u64>::new(&acts).unwrap();
            let mut search = Search::new(&layers, 0, &budget);
            let exact = search.breadth_first(false);
            assert_eq!(search.depth_first(None), exact, "{acts:?}");
            let wide = Layers::<Wide<4>>::new(&acts).unwrap();
            assert_eq!(Search::new(&wide, 0, &budget).depth_first(None), exact, "{acts:?}");
            lates[usize::from(prove_late(&mut search, exact))] += 1;
            let (relaxed, beam) = (search.breadth_first(true), search.depth_first(Some(1)));
            match exact {
                Ended::Through => assert_eq!(relaxed, Ended::Through, "{acts:?}"),
                _ => assert_ne!(beam, Ended::Through, "{acts:?}"),
            }
            proofs[usize::from(exact == Ended::Through)] += 1;
            orders[0] += u32::from(relaxed != Ended::Through);
            orders[1] += u32::from(beam == Ended::Through);
        }
        let counts = [proofs, orders, lates];
        assert!(counts.as_flattened().iter().all(|&count| count > 2_000), "{counts:?}");
    }

    /// What begins late proves only what is true, from wherever it begins. Whether it proves it.
    fn prove_late(search: &mut Search<'_, u64>, exact: Ended) -> bool {
        for layer in 0..search.stepper.layers.len() {
            search.deepest = layer;
            if search.is_stuck_at_deepest() {
                assert!(
                    matches!(exact, Ended::Stuck(stuck) if stuck <= layer),
                    "{exact:?} {layer}"
                );
                return true;
            }
        }
        false
    }

    /// Whether these acts, in this order, go together.
    fn is_order(acts: &[Act], order: &[u32]) -> bool {
        let completed = (0..acts.len() as u32).filter(|&act| acts[act as usize].completed != NEVER);
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let is_whole = completed.into_iter().all(|act| sorted.binary_search(&act).is_ok());
        let (mut now, mut state) = (0, 0);
        let mut fits = |&act: &u32| {
            let act = &acts[act as usize];
            now = act.invoked.max(now);
            let (needed, next) = match act.deed {
                Deed::Read(value) => (value, value),
                Deed::Cas(old, new) => (old, new),
                Deed::Write(value) => (state, value),
                _ => return false,
            };
            let fits = needed == state && now <= act.completed;
            state = next;
            fits
        };
        is_whole && sorted.len() == order.len() && order.iter().all(&mut fits)
    }

    #[test]
    fn the_way_of_every_search_leads_to_an_order() {
        let budget = Budget::unlimited();
        let mut orders = [0; 4];
        for seed in 0..20_000 {
            let acts = acts(&mut ChaCha8Rng::seed_from_u64(seed));
            let layers = Layers::<u64>::new(&acts).unwrap();
            let mut search = Search::new(&layers, 0, &budget);
            search.recording();
            for (way, count) in orders.iter_mut().enumerate() {
                let ended = match way {
                    0 => search.depth_first(None),
                    1 => search.depth_first(Some(1)),
                    2 => search.thrifty(),
                    _ => search.breadth_first(false),
                };
                if ended == Ended::Through {
                    let order = super::super::order::order(&acts, &layers, 0, &mut search);
                    assert!(is_order(&acts, &order), "{way} {seed}: {acts:?} {order:?}");
                    *count += 1;
                }
            }
        }
        assert!(orders.iter().all(|&count| count > 1_000), "{orders:?}");
    }

    #[test]
    fn a_search_that_is_cut_short_says_so() {
        for seed in 0..2_000 {
            let acts = acts(&mut ChaCha8Rng::seed_from_u64(seed));
            let layers = Layers::<u64>::new(&acts).unwrap();
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
