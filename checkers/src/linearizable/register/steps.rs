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
    layers::{Layer, Layers, Mask},
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
pub(super) struct Step {
    pub(super) cost: u32,
    pub(super) config: Config,
}

/// A configuration on the way there.
#[derive(Clone, Copy)]
struct Midway {
    config: Config,
    /// Whether what the register holds must be of use before anything else is written.
    must_serve: bool,
    placed: u32,
    crashed: u32,
}

/// A value's bit in a sketch: equal values have equal bits.
fn sketch(value: u32) -> u64 {
    1 << (value % 64)
}

/// Makes steps, and counts them.
pub(super) struct Stepper<'a> {
    pub(super) layers: &'a Layers,
    pub(super) bags: Bags,
    pub(super) freedom: Freedom,
    pub(super) meter: Meter<'a>,
    midway: Vec<Midway>,
    pub(super) steps: Vec<Step>,
}

impl<'a> Stepper<'a> {
    pub(super) fn new(layers: &'a Layers, budget: &'a Budget) -> Stepper<'a> {
        Stepper {
            layers,
            bags: Bags::new(),
            freedom: Freedom::Counted(u32::MAX),
            meter: Meter::new(budget),
            midway: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Where every order begins.
    pub(super) fn start(&self, state: u32) -> Config {
        let config = Config { layer: 0, state, placed: 0, hidden: 0, crashed: super::bags::EMPTY };
        self.settle(config)
    }

    /// Whether any crashed call is open at a layer.
    pub(super) fn has_crashed(&self, layer: &Layer) -> bool {
        self.layers.crashed.first().is_some_and(|first| first.rows[0] < layer.row)
    }

    /// Whether the call that completes was placed.
    pub(super) fn is_forced(&self, config: &Config) -> bool {
        let call = |layer: &Layer| self.layers.call(layer.call).bit & config.placed != 0;
        self.layers.layer(config.layer).is_some_and(call)
    }

    /// The configuration behind a completion whose call was placed.
    pub(super) fn pass(&self, config: &Config) -> Config {
        let layer = self.layers.layer(config.layer);
        let bit = layer.map_or(0, |layer| self.layers.call(layer.call).bit);
        let (placed, hidden) = (config.placed & !bit, config.hidden & !bit);
        self.settle(Config { layer: config.layer + 1, placed, hidden, ..*config })
    }

    /// Places the reads that fit, and hides the writes that would change nothing.
    fn settle(&self, mut config: Config) -> Config {
        let Some(layer) = self.layers.layer(config.layer) else { return config };
        let mut idle = 0;
        for (_, open) in self.layers.open(layer) {
            match open.deed {
                Deed::Read(value) if value == config.state => config.placed |= open.bit,
                Deed::Write(value) if value == config.state => idle |= open.bit,
                _ => (),
            }
        }
        config.hidden = (config.hidden | idle) & !config.placed;
        config
    }

    /// Collects in [`Stepper::steps`] what is behind the next completion: all of it, unless the
    /// meter is over.
    pub(super) fn step(&mut self, from: &Config) {
        let Some(layer) = self.layers.layer(from.layer) else { return };
        if self.is_forced(from) {
            self.arrive(layer, from, 0);
            return;
        }
        self.midway.clear();
        self.midway.push(Midway { config: *from, must_serve: false, placed: 0, crashed: 0 });
        let mut at = 0;
        while let Some(&midway) = self.midway.get(at) {
            at += 1;
            // Each is compared with all others, so many of them are more work.
            if self.meter.count(1 + self.midway.len() as u64 / 64).is_some() {
                return;
            }
            let returning = self.layers.call(layer.call);
            if midway.config.placed & returning.bit != 0 {
                // A read, placed on the way; or a write or cas that served.
                if !midway.must_serve {
                    self.arrive(layer, &midway.config, midway.placed);
                }
                continue;
            }
            self.complete(layer, &midway);
            self.place_open(layer, &midway);
            self.place_crashed(layer, &midway);
        }
    }

    /// Of what [`Stepper::step`] collects, that for which nothing else need be placed.
    pub(super) fn step_directly(&mut self, from: &Config) {
        if let Some(layer) = self.layers.layer(from.layer) {
            self.meter.count(1);
            let config = *from;
            self.complete(layer, &Midway { config, must_serve: false, placed: 0, crashed: 0 });
        }
    }

    /// Goes past the completion, whose call is placed or gone.
    fn arrive(&mut self, layer: &Layer, config: &Config, placed: u32) {
        let config = self.pass(config);
        let is_unwanted = layer.wanted != super::layers::NONE && layer.wanted != config.state;
        let crashed = self.bags.len(config.crashed) as u32;
        let cost = placed * 4 + crashed * 2 + u32::from(is_unwanted);
        self.steps.push(Step { cost, config });
    }

    /// Places the call that completes, last of all.
    fn complete(&mut self, layer: &Layer, midway: &Midway) {
        let open = self.layers.call(layer.call);
        let Midway { config, must_serve, placed, .. } = *midway;
        match open.deed {
            Deed::Write(value) if !must_serve => {
                if config.hidden & open.bit != 0 {
                    self.arrive(layer, &config, placed);
                }
                if Self::changes(layer, &config, value, open.bit) {
                    let config = self.write(layer, &config, value, open.bit);
                    self.arrive(layer, &config, placed);
                }
            }
            Deed::Cas(old, new) if old == config.state => {
                let config = self.swap(&config, new, open.bit);
                self.arrive(layer, &config, placed);
            }
            _ => (),
        }
    }

    /// Whether a write would change anything: what is there, or what else is hidden.
    fn changes(layer: &Layer, config: &Config, value: u32, bit: Mask) -> bool {
        value != config.state || layer.writes & !config.placed & !config.hidden & !bit != 0
    }

    /// After a write every other open write can have been just before it.
    fn write(&self, layer: &Layer, config: &Config, value: u32, bit: Mask) -> Config {
        let placed = config.placed | bit;
        self.settle(Config { state: value, placed, hidden: layer.writes & !placed, ..*config })
    }

    fn swap(&self, config: &Config, new: u32, bit: Mask) -> Config {
        self.settle(Config { state: new, placed: config.placed | bit, ..*config })
    }

    fn place_open(&mut self, layer: &Layer, midway: &Midway) {
        let layers = self.layers;
        let config = &midway.config;
        let demand = self.demand(layer, config);
        for (number, open) in layers.open(layer) {
            if number == layer.call || config.placed & open.bit != 0 {
                continue;
            }
            let fits = match open.deed {
                Deed::Cas(old, _) => old == config.state,
                Deed::Write(value) => {
                    !midway.must_serve
                        && demand & sketch(value) != 0
                        && Self::changes(layer, config, value, open.bit)
                }
                _ => false,
            };
            if !fits || self.has_earlier_twin(layer, config, number) {
                continue;
            }
            let next = match open.deed {
                Deed::Cas(_, new) => self.swap(config, new, open.bit),
                Deed::Write(value) => self.write(layer, config, value, open.bit),
                _ => continue,
            };
            let placed = config.placed | open.bit;
            self.follow(layer, midway, next, placed, !matches!(open.deed, Deed::Cas(..)));
        }
    }

    /// A sketch of the values that open calls, or any crashed ones, would read or replace: a write
    /// of any other cannot serve.
    fn demand(&self, layer: &Layer, config: &Config) -> u64 {
        if self.has_crashed(layer) {
            return !0;
        }
        let unplaced = self.layers.open(layer).filter(|(_, open)| open.bit & config.placed == 0);
        unplaced.fold(0, |demand, (_, open)| match open.deed {
            Deed::Read(value) | Deed::Cas(value, _) => demand | sketch(value),
            _ => demand,
        })
    }

    /// Whether a call that does the same, is not placed either, and is not the one that completes
    /// now, completes before this one.
    fn has_earlier_twin(&self, layer: &Layer, config: &Config, number: u32) -> bool {
        let deed = self.layers.call(number).deed;
        let earlier = self.layers.open(layer).take_while(|&(other, _)| other != number);
        let mut earlier = earlier.filter(|&(other, _)| other != layer.call);
        earlier.any(|(_, other)| other.deed == deed && other.bit & config.placed == 0)
    }

    fn place_crashed(&mut self, layer: &Layer, midway: &Midway) {
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
                Deed::Write(value) => !midway.must_serve && Self::changes(layer, config, value, 0),
                _ => false,
            };
            if !fits || !self.is_left(layer, config, kind) {
                continue;
            }
            let next = match crash.deed {
                Deed::Cas(_, new) => self.swap(config, new, 0),
                Deed::Write(value) => self.write(layer, config, value, 0),
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
    fn is_left(&self, layer: &Layer, config: &Config, kind: usize) -> bool {
        let used = match self.freedom {
            Freedom::Counted(_) => self.bags.count(config.crashed, kind as u32),
            Freedom::Unlimited => 0,
        };
        self.layers.crashed[kind].rows.get(used).is_some_and(|&row| row < layer.row)
    }

    /// Goes on from a configuration in which one more call was placed. If it `must_serve` then
    /// what it wrote must be read, replaced, or what the completing call needs.
    fn follow(
        &mut self,
        layer: &Layer,
        from: &Midway,
        config: Config,
        placed: Mask,
        must_serve: bool,
    ) {
        let must_serve = must_serve && config.placed == placed;
        if must_serve && !self.is_needed(layer, &config) {
            return;
        }
        let is_as_good = |other: &Midway| {
            other.config.state == config.state
                && (other.config.placed ^ config.placed) & layer.cas == 0
                && (!other.must_serve || must_serve)
                && other.config.is_as_good(&config, layer, &self.bags)
        };
        if !self.midway.iter().any(is_as_good) {
            let Midway { placed, crashed, .. } = *from;
            self.midway.push(Midway { config, must_serve, placed: placed + 1, crashed });
        }
    }

    /// Whether a cas is open that would replace what the register holds.
    fn is_needed(&self, layer: &Layer, config: &Config) -> bool {
        let replaces = |deed| matches!(deed, Deed::Cas(old, _) if old == config.state);
        self.layers
            .open(layer)
            .any(|(_, open)| config.placed & open.bit == 0 && replaces(open.deed))
            || (0..self.layers.crashed.len()).any(|kind| {
                replaces(self.layers.crashed[kind].deed) && self.is_left(layer, config, kind)
            })
    }
}
