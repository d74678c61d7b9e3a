//! All of a layer before the next, over as many threads as there are.
//!
//! What comes out does not depend on their number: a layer is divided into parts of a fixed size,
//! and put together in their order.
use std::hash::BuildHasher as _;

use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::{
    mask::Mask,
    meter::Why,
    search::{Ended, Search},
    seen::{Config, Seen},
    steps::{Freedom, Step, Stepper},
};

/// A layer of no more configurations than this is not worth dividing.
const PART: usize = 128;
/// How many parts are done between two looks at the memory they take.
const PARTS_A_WAVE: usize = 64;
/// Into how many groups the configurations behind a large layer are sorted.
const GROUPS: u64 = 64;

/// A configuration, and the number of the one before it, or then its own.
pub(super) type Named<B> = (Config<B>, u32);

/// What a part of a layer leads to.
struct Reached<B> {
    steps: Vec<Step<B>>,
    /// How many bags were known before.
    known: u32,
    /// Those that were not, which its steps may hold by number.
    bags: Vec<Box<[u32]>>,
    reading: (u64, u64, Option<Why>),
}

impl<B: Mask> Search<'_, B> {
    /// Layer by layer. If `relaxed`, crashed calls are placed as often as one likes, and coming
    /// through proves nothing.
    pub(super) fn breadth_first(&mut self, relaxed: bool) -> Ended {
        let start = self.stepper.start(self.start);
        self.breadth_from(vec![start], relaxed, self.stepper.layers.len())
    }

    /// Layer by layer from a frontier of one layer until another layer is reached.
    pub(super) fn breadth_from(
        &mut self,
        frontier: Vec<Config<B>>,
        relaxed: bool,
        until: usize,
    ) -> Ended {
        self.stepper.freedom =
            if relaxed { Freedom::Unlimited } else { Freedom::Counted(u32::MAX) };
        self.clear();
        let first = frontier.first().map_or(until, |config| config.layer as usize);
        let mut frontier: Vec<Named<B>> = frontier.into_iter().map(|config| (config, 0)).collect();
        for layer in first..until {
            self.deepest = layer;
            if let Err(why) = self.next_frontier(&mut frontier, None) {
                return Ended::GaveUp(why, layer);
            }
            if frontier.is_empty() {
                return Ended::Stuck(layer);
            }
        }
        if let Some(&(config, before)) = frontier.first() {
            self.note(config, before);
        }
        Ended::Through
    }

    /// Goes from one layer to the next. If only so many configurations are to be kept that differ
    /// in crashed calls alone, then those with the fewest.
    pub(super) fn next_frontier(
        &mut self,
        frontier: &mut Vec<Named<B>>,
        alike: Option<u32>,
    ) -> Result<(), Why> {
        for (config, name) in &mut *frontier {
            *name = self.note(*config, *name);
        }
        if let Some(why) = self.step_all(frontier) {
            self.stepper.steps.clear();
            return Err(why);
        }
        let mut steps = std::mem::take(&mut self.stepper.steps);
        frontier.clear();
        if steps.len() > 1 {
            let bags = &self.stepper.bags;
            let spent = |step: &Step<B>| alike.map_or(0, |_| bags.len(step.config.crashed));
            steps.sort_by_key(|step| (spent(step), step.cost));
        }
        frontier.extend(steps.iter().map(|step| (step.config, step.from)));
        if steps.len() > 1 {
            self.best_of(frontier, alike);
        }
        steps.clear();
        self.stepper.steps = steps;
        Ok(())
    }

    /// Collects what is behind a whole frontier. Why it was given up, if it was.
    fn step_all(&mut self, frontier: &[Named<B>]) -> Option<Why> {
        if frontier.len() <= PART {
            for (config, name) in frontier {
                self.stepper.from = *name;
                self.stepper.step(config);
                let why = self.over(self.stepper.steps.len() * size_of::<Step<B>>());
                if why.is_some() {
                    return why;
                }
            }
            return None;
        }
        for wave in frontier.chunks(PART * PARTS_A_WAVE) {
            let reached: Vec<_> =
                wave.par_chunks(PART).map(|part| reach(self.stepper.fork(), part)).collect();
            for reached in reached {
                self.adopt(reached);
            }
            let held = self.stepper.steps.len() * size_of::<Step<B>>() + size_of_val(frontier);
            let why = self.over(held);
            if why.is_some() {
                return why;
            }
        }
        None
    }

    /// Takes over what a fork has reached: its new bags get numbers here.
    fn adopt(&mut self, reached: Reached<B>) {
        let (explored, work, over) = reached.reading;
        self.stepper.meter.join(explored, work, over);
        let bags = &mut self.stepper.bags;
        let known = reached.known;
        let numbers: Vec<u32> = reached.bags.into_iter().map(|bag| bags.number(bag)).collect();
        let renumbered = reached.steps.into_iter().map(|mut step| {
            if let Some(new) = step.config.crashed.checked_sub(known) {
                step.config.crashed = numbers[new as usize];
            }
            step
        });
        self.stepper.steps.extend(renumbered);
    }

    /// Keeps those that are better than all others, looking from both ends.
    fn best_of(&mut self, frontier: &mut Vec<Named<B>>, alike: Option<u32>) {
        if frontier.len() <= PART {
            sift(frontier, &mut self.seen, &self.stepper, alike, |(config, _)| config);
            self.stepper.meter.toil(self.seen.toil());
            return;
        }
        let Some(layer) = self.stepper.layers.layer(frontier[0].0.layer) else { return };
        // Configurations of different keys have nothing to do with each other.
        let mut groups: Vec<Vec<(u32, Named<B>)>> = (0..GROUPS).map(|_| Vec::new()).collect();
        for (place, named) in frontier.iter().enumerate() {
            let group = FxBuildHasher.hash_one(named.0.key(layer)) % GROUPS;
            groups[group as usize].push((place as u32, *named));
        }
        let stepper = &self.stepper;
        let sift = |group: &mut Vec<(u32, Named<B>)>| {
            let mut seen = Seen::new();
            sift(group, &mut seen, stepper, alike, |(_, (config, _))| config);
            seen.toil()
        };
        let work = groups.par_iter_mut().map(sift).sum();
        self.stepper.meter.toil(work);
        let mut best: Vec<_> = groups.concat();
        best.sort_unstable_by_key(|&(place, _)| place);
        frontier.clear();
        frontier.extend(best.into_iter().map(|(_, named)| named));
    }
}

/// Makes the steps behind a part of a layer.
fn reach<B: Mask>(mut stepper: Stepper<'_, B>, part: &[Named<B>]) -> Reached<B> {
    let known = stepper.bags.count();
    for (config, name) in part {
        stepper.from = *name;
        stepper.step(config);
        if stepper.meter.reading().2.is_some() {
            break;
        }
    }
    let reading = stepper.meter.reading();
    Reached { steps: stepper.steps, known, bags: stepper.bags.news(), reading }
}

/// Keeps the best of a list of configurations of one layer, in their order: none that is no better
/// than one before it, nor than one behind it; and of those that would be as good but for crashed
/// calls no more than so many, the first.
fn sift<T, B: Mask>(
    list: &mut Vec<T>,
    seen: &mut Seen<B>,
    stepper: &Stepper<'_, B>,
    alike: Option<u32>,
    config: impl Fn(&T) -> &Config<B>,
) {
    for alike in [alike, None] {
        seen.clear();
        list.retain(|item| match stepper.layers.layer(config(item).layer) {
            Some(layer) => seen.insert(config(item), layer, &stepper.bags, alike),
            None => true,
        });
        list.reverse();
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::{super::layers::Layers, *};
    use crate::{
        Budget,
        linearizable::{plain::Act, problem::NEVER},
        model::Deed,
    };

    /// Many calls at a time on a register, each done when it completes, or never; then a read.
    fn crowd(random: &mut ChaCha8Rng) -> Vec<Act> {
        let (mut row, mut state, mut open) = (1, 0, Vec::new());
        let mut acts = Vec::<Act>::new();
        while row < 90 {
            if open.len() < 18 && row < 70 {
                let [old, new] = [0; 2].map(|_| random.random_range(0..5));
                let deed =
                    if random.random_bool(0.5) { Deed::Write(new) } else { Deed::Cas(old, new) };
                open.push(acts.len());
                acts.push(Act { deed, invoked: row, completed: NEVER });
            } else if !open.is_empty() {
                let act = &mut acts[open.swap_remove(random.random_range(0..open.len()))];
                match act.deed {
                    Deed::Write(new) => state = new,
                    Deed::Cas(old, new) if old == state => state = new,
                    _ => act.deed = Deed::Read(state),
                }
                if random.random_bool(0.9) || matches!(act.deed, Deed::Read(_)) {
                    act.completed = row;
                }
            }
            row += 1;
        }
        acts.retain(|act| act.completed != NEVER || !matches!(act.deed, Deed::Read(_)));
        let deed = Deed::Read(random.random_range(0..6));
        acts.push(Act { deed, invoked: row, completed: row + 1 });
        acts
    }

    #[test]
    fn a_layer_divided_leads_where_it_leads_undivided() {
        let (mut through, mut divided, mut spared) = (0, 0, 0);
        let budget = Budget::unlimited();
        for seed in 0..60 {
            let acts = crowd(&mut ChaCha8Rng::seed_from_u64(seed));
            let layers = Layers::<u64>::new(&acts).unwrap();
            let judge = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut search = Search::new(&layers, 0, &budget);
                    (search.breadth_first(false), search.explored(), search.work())
                })
            };
            let (ended, explored, work) = judge(1);
            for threads in [2, 4] {
                assert_eq!(judge(threads), (ended, explored, work), "{seed}");
            }
            assert_eq!(Search::new(&layers, 0, &budget).depth_first(None), ended, "{seed}");
            let thrifty = Search::new(&layers, 0, &budget).thrifty();
            assert!(thrifty != Ended::Through || ended == Ended::Through, "{seed}");
            spared += usize::from(thrifty == Ended::Through);
            through += usize::from(ended == Ended::Through);
            // Some layer was divided if they have more in the mean than one part holds.
            divided += usize::from(explored > (layers.len() * PART) as u64);
        }
        assert!((10..50).contains(&through) && divided > 10, "{through} {divided}");
        assert!(spared > through / 2, "{spared} of {through}");
    }
}
