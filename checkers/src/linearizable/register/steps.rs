//! From a configuration to those behind the next completion.
//!
//! Calls are placed only because the call that completes demands it (Lowe, "Testing for
//! linearizability", 2017, section 4), and most ways to do so are never tried:
//!
//! 1. A read that fits is placed at once: it changes nothing.
//! 2. An open write need not be placed for itself. Where another write is, just before it is a
//!    place where nobody notices. Such writes are *hidden*; when they complete they are gone.
//! 3. Of open calls that do the same, the one that completes first is placed first.
//! 4. A crashed call is placed only where the next step consumes what it wrote, ...
//! 5. ... and so is any write whose own completion is not the one at hand.
//! 6. A way that is no better than another one, up to this point, is not followed.
use super::{
    bags::Bags,
    layers::{Layer, Layers, NONE},
    mask::Mask,
    meter::Meter,
    seen::Config,
};
use crate::{Budget, model::Deed};

/// How freely crashed calls may be placed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Freedom {
    /// As often as they were called; in one step no more than so many.
    Counted(u32),
    /// As often as one likes. That is too often: only if even so there is no order, it is true.
    Unlimited,
}

/// A configuration behind the next completion, and what speaks against going there.
pub(super) struct Step<B> {
    pub(super) cost: u32,
    pub(super) config: Config<B>,
    /// [`Stepper::from`] when it was made.
    pub(super) from: u32,
    /// The last configuration on the way, by number.
    midway: u32,
}

/// A call that was placed where it could be noticed.
#[derive(Clone, Copy)]
pub(super) enum Placed {
    /// It completed.
    Call(u32),
    /// It crashed: one of a kind.
    Crashed(usize),
}

/// A configuration on the way there.
#[derive(Clone, Copy)]
struct Midway<B> {
    config: Config<B>,
    /// Whether what the register holds must be of use before anything else is written.
    must_serve: bool,
    placed: u32,
    crashed: u32,
    /// Its number, and that of the one before it.
    number: u32,
    before: u32,
}

impl<B> Midway<B> {
    fn first(config: Config<B>) -> Midway<B> {
        Midway { config, must_serve: false, placed: 0, crashed: 0, number: 0, before: 0 }
    }
}

/// A value's bit in a sketch: equal values have equal bits.
fn sketch(value: u32) -> u64 {
    1 << (value % 64)
}

/// Makes steps, and counts them.
pub(super) struct Stepper<'a, B> {
    pub(super) layers: &'a Layers<B>,
    pub(super) bags: Bags<'a>,
    pub(super) freedom: Freedom,
    pub(super) meter: Meter<'a>,
    /// A name for the configuration from which steps are made.
    pub(super) from: u32,
    midway: Vec<Midway<B>>,
    pub(super) steps: Vec<Step<B>>,
}

impl<'a, B: Mask> Stepper<'a, B> {
    pub(super) fn new(layers: &'a Layers<B>, budget: &'a Budget) -> Stepper<'a, B> {
        Stepper {
            layers,
            bags: Bags::new(),
            freedom: Freedom::Counted(u32::MAX),
            meter: Meter::new(budget),
            from: 0,
            midway: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Another that goes on from here, on another thread.
    pub(super) fn fork(&self) -> Stepper<'_, B> {
        Stepper {
            layers: self.layers,
            bags: self.bags.fork(),
            freedom: self.freedom,
            meter: self.meter.fork(),
            from: 0,
            midway: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Where every order begins.
    pub(super) fn start(&self, state: u32) -> Config<B> {
        let (placed, hidden) = (B::NONE, B::NONE);
        let config = Config { layer: 0, state, placed, hidden, crashed: super::bags::EMPTY };
        match self.layers.layer(0) {
            Some(layer) => self.settle(layer, config),
            None => config,
        }
    }

    /// Whether any crashed call is open at a layer.
    pub(super) fn has_crashed(&self, layer: &Layer<B>) -> bool {
        self.layers.crashed.first().is_some_and(|first| first.rows[0] < layer.row)
    }

    /// Past all completions whose calls are placed already.
    pub(super) fn forced(&self, mut config: Config<B>) -> Config<B> {
        while let Some(layer) = self.layers.layer(config.layer)
            && config.has_placed(self.layers.call(layer.call))
        {
            config = self.pass(layer, &config);
        }
        config
    }

    /// The configuration behind a completion whose call is placed or gone. Of what is open there,
    /// only what was invoked since can be news.
    fn pass(&self, layer: &Layer<B>, config: &Config<B>) -> Config<B> {
        let bit = self.layers.call(layer.call).bit();
        let (mut placed, mut hidden) = (config.placed.without(bit), config.hidden.without(bit));
        for open in self.layers.fresh(config.layer + 1) {
            match open.deed {
                Deed::Read(value) if value == config.state => placed = placed | open.bit(),
                Deed::Write(value) if value == config.state => hidden = hidden | open.bit(),
                _ => (),
            }
        }
        Config { layer: config.layer + 1, placed, hidden, ..*config }
    }

    /// Places the reads that fit, and hides the writes that would change nothing.
    fn settle(&self, layer: &Layer<B>, mut config: Config<B>) -> Config<B> {
        let mut idle = B::NONE;
        for (_, open) in self.layers.open(layer) {
            match open.deed {
                Deed::Read(value) if value == config.state => {
                    config.placed = config.placed | open.bit();
                }
                Deed::Write(value) if value == config.state => idle = idle | open.bit(),
                _ => (),
            }
        }
        config.hidden = (config.hidden | idle).without(config.placed);
        config
    }

    /// Collects in [`Stepper::steps`] what is behind the next completion: all of it, unless the
    /// meter is over.
    pub(super) fn step(&mut self, from: &Config<B>) {
        let Some(layer) = self.layers.layer(from.layer) else { return };
        self.midway.clear();
        self.midway.push(Midway::first(*from));
        let returning = self.layers.call(layer.call);
        if from.has_placed(returning) {
            self.arrive(layer, from, &Midway::first(*from));
            return;
        }
        let mut at = 0;
        while let Some(&midway) = self.midway.get(at) {
            at += 1;
            // Each is compared with all others, so many of them are more work.
            if self.meter.count(1 + self.midway.len() as u64 / 64).is_some() {
                return;
            }
            if midway.config.has_placed(returning) {
                // A read, placed on the way; or a write or cas that served.
                if !midway.must_serve {
                    self.arrive(layer, &midway.config, &midway);
                }
                continue;
            }
            self.complete(layer, &midway);
            self.place_open(layer, &midway);
            self.place_crashed(layer, &midway);
        }
    }

    /// Of what [`Stepper::step`] collects, that for which nothing else need be placed.
    pub(super) fn step_directly(&mut self, from: &Config<B>) {
        if let Some(layer) = self.layers.layer(from.layer) {
            self.meter.count(1);
            self.complete(layer, &Midway::first(*from));
        }
    }

    /// What was placed, in turn, for one of the steps that were made last.
    pub(super) fn placed(&self, step: &Step<B>) -> Vec<Placed> {
        let mut placed = Vec::new();
        let mut midway = &self.midway[step.midway as usize];
        let Some(layer) = self.layers.layer(midway.config.layer) else { return placed };
        let bit: B = self.layers.call(layer.call).bit();
        let is_noticed = !(bit & (layer.writes | layer.cas)).is_none();
        if is_noticed && self.pass(layer, &midway.config) != step.config {
            placed.push(Placed::Call(layer.call));
        }
        while midway.number != 0 {
            let before = &self.midway[midway.before as usize];
            placed.push(self.difference(layer, &before.config, &midway.config));
            midway = before;
        }
        placed.reverse();
        placed
    }

    /// The one call that was placed between two configurations, beside reads.
    fn difference(&self, layer: &Layer<B>, before: &Config<B>, after: &Config<B>) -> Placed {
        let bit = (before.placed ^ after.placed) & (layer.writes | layer.cas);
        let is_more = |&kind: &usize| {
            let count = |config: &Config<B>| self.bags.count_of(config.crashed, kind as u32);
            count(after) > count(before)
        };
        let call = self.layers.open(layer).find(|(_, open)| !(open.bit::<B>() & bit).is_none());
        match call {
            Some((number, _)) => Placed::Call(number),
            None => Placed::Crashed((0..self.layers.crashed.len()).find(is_more).unwrap_or(0)),
        }
    }

    /// Goes past the completion, whose call is placed or gone.
    fn arrive(&mut self, layer: &Layer<B>, config: &Config<B>, midway: &Midway<B>) {
        let config = self.pass(layer, config);
        let is_unwanted = layer.wanted != NONE && layer.wanted != config.state;
        let crashed = self.bags.len(config.crashed) as u32;
        let cost = midway.placed * 4 + crashed * 2 + u32::from(is_unwanted);
        self.steps.push(Step { cost, config, from: self.from, midway: midway.number });
    }

    /// Places the call that completes, last of all.
    fn complete(&mut self, layer: &Layer<B>, midway: &Midway<B>) {
        let open = self.layers.call(layer.call);
        let Midway { config, must_serve, .. } = *midway;
        match open.deed {
            Deed::Write(value) if !must_serve => {
                if !(config.hidden & open.bit()).is_none() {
                    self.arrive(layer, &config, midway);
                }
                if Self::changes(layer, &config, value, open.bit()) {
                    let config = self.write(layer, &config, value, open.bit());
                    self.arrive(layer, &config, midway);
                }
            }
            Deed::Cas(old, new) if old == config.state => {
                let config = self.swap(layer, &config, new, open.bit());
                self.arrive(layer, &config, midway);
            }
            _ => (),
        }
    }

    /// Whether a write would change anything: what is there, or what else is hidden.
    fn changes(layer: &Layer<B>, config: &Config<B>, value: u32, bit: B) -> bool {
        let hidable = || layer.writes.without(config.placed | config.hidden | bit);
        value != config.state || !hidable().is_none()
    }

    /// After a write every other open write can have been just before it.
    fn write(&self, layer: &Layer<B>, config: &Config<B>, value: u32, bit: B) -> Config<B> {
        let placed = config.placed | bit;
        let hidden = layer.writes.without(placed);
        self.settle(layer, Config { state: value, placed, hidden, ..*config })
    }

    fn swap(&self, layer: &Layer<B>, config: &Config<B>, new: u32, bit: B) -> Config<B> {
        self.settle(layer, Config { state: new, placed: config.placed | bit, ..*config })
    }

    fn place_open(&mut self, layer: &Layer<B>, midway: &Midway<B>) {
        let layers = self.layers;
        let config = &midway.config;
        let demand = self.demand(layer, config);
        for (number, open) in layers.open(layer) {
            if number == layer.call || config.has_placed(open) {
                continue;
            }
            let fits = match open.deed {
                Deed::Cas(old, _) => old == config.state,
                Deed::Write(value) => {
                    !midway.must_serve
                        && demand & sketch(value) != 0
                        && Self::changes(layer, config, value, open.bit())
                }
                _ => false,
            };
            if !fits || self.has_earlier_twin(layer, config, number) {
                continue;
            }
            let next = match open.deed {
                Deed::Cas(_, new) => self.swap(layer, config, new, open.bit()),
                Deed::Write(value) => self.write(layer, config, value, open.bit()),
                _ => continue,
            };
            let placed = config.placed | open.bit();
            self.follow(layer, midway, next, placed, !matches!(open.deed, Deed::Cas(..)));
        }
    }

    /// A sketch of the values that open calls, or any crashed ones, would read or replace: a write
    /// of any other cannot serve.
    fn demand(&self, layer: &Layer<B>, config: &Config<B>) -> u64 {
        if self.has_crashed(layer) {
            return !0;
        }
        let unplaced = self.layers.open(layer).filter(|&(_, open)| !config.has_placed(open));
        unplaced
            .filter_map(|(_, open)| open.needs())
            .fold(0, |demand, value| demand | sketch(value))
    }

    /// Whether a call that does the same, is not placed either, and is not the one that completes
    /// now, completes before this one.
    fn has_earlier_twin(&self, layer: &Layer<B>, config: &Config<B>, number: u32) -> bool {
        let deed = self.layers.call(number).deed;
        let earlier = self.layers.open(layer).take_while(|&(other, _)| other != number);
        let mut earlier = earlier.filter(|&(other, _)| other != layer.call);
        earlier.any(|(_, other)| other.deed == deed && !config.has_placed(other))
    }

    fn place_crashed(&mut self, layer: &Layer<B>, midway: &Midway<B>) {
        let layers = self.layers;
        let config = &midway.config;
        if let Freedom::Counted(most) = self.freedom
            && midway.crashed >= most
        {
            return;
        }
        for (kind, crash) in layers.crashed.iter().enumerate() {
            if crash.rows[0] > layer.row {
                break;
            }
            let fits = match crash.deed {
                Deed::Cas(old, _) => old == config.state,
                Deed::Write(value) => {
                    !midway.must_serve && Self::changes(layer, config, value, B::NONE)
                }
                _ => false,
            };
            if !fits || !self.is_left(layer, config, kind) {
                continue;
            }
            let next = match crash.deed {
                Deed::Cas(_, new) => self.swap(layer, config, new, B::NONE),
                Deed::Write(value) => self.write(layer, config, value, B::NONE),
                _ => continue,
            };
            let crashed = match self.freedom {
                Freedom::Counted(_) => self.bags.with(config.crashed, kind as u32),
                Freedom::Unlimited => config.crashed,
            };
            let midway = Midway { crashed: midway.crashed + 1, ..*midway };
            self.follow(layer, &midway, Config { crashed, ..next }, config.placed, true);
        }
    }

    /// Whether a crashed call of a kind is open and was not placed.
    fn is_left(&self, layer: &Layer<B>, config: &Config<B>, kind: usize) -> bool {
        let used = match self.freedom {
            Freedom::Counted(_) => self.bags.count_of(config.crashed, kind as u32),
            Freedom::Unlimited => 0,
        };
        self.layers.crashed[kind].rows.get(used).is_some_and(|&row| row < layer.row)
    }

    /// Goes on from a configuration in which one more call was placed. If it `must_serve` then
    /// what it wrote must be read, replaced, or what the completing call needs.
    fn follow(
        &mut self,
        layer: &Layer<B>,
        from: &Midway<B>,
        config: Config<B>,
        placed: B,
        must_serve: bool,
    ) {
        let must_serve = must_serve && config.placed == placed;
        if must_serve && !self.is_needed(layer, &config) {
            return;
        }
        let is_as_good = |other: &Midway<B>| {
            other.config.state == config.state
                && ((other.config.placed ^ config.placed) & layer.cas).is_none()
                && (!other.must_serve || must_serve)
                && other.config.is_as_good(&config, layer, &self.bags)
        };
        if !self.midway.iter().any(is_as_good) {
            let Midway { placed, crashed, number: before, .. } = *from;
            let (placed, number) = (placed + 1, self.midway.len() as u32);
            self.midway.push(Midway { config, must_serve, placed, crashed, number, before });
        }
    }

    /// Whether a cas is open that would replace what the register holds.
    fn is_needed(&self, layer: &Layer<B>, config: &Config<B>) -> bool {
        let replaces = |deed| matches!(deed, Deed::Cas(old, _) if old == config.state);
        self.layers.open(layer).any(|(_, open)| !config.has_placed(open) && replaces(open.deed))
            || (0..self.layers.crashed.len()).any(|kind| {
                replaces(self.layers.crashed[kind].deed) && self.is_left(layer, config, kind)
            })
    }
}
