//! From the way of a search to an order: what it hides and what it takes for granted is put back.
//!
//! The search places a write where it is noticed, or never. One that it never places was open when
//! another write was placed, just before which it goes unnoticed, or when the register held its
//! value anyhow. Reads go where they fit.
use super::{
    layers::{Layer, Layers},
    mask::Mask,
    search::Search,
    steps::Placed,
};
use crate::{
    linearizable::{plain::Act, problem::NEVER},
    model::Deed,
};

/// The numbers of the acts in the order that a search found, which was recording.
pub(super) fn order<B: Mask>(
    acts: &[Act],
    layers: &Layers<B>,
    init: u32,
    search: &mut Search<'_, B>,
) -> Vec<u32> {
    let mut way = search.way();
    way.dedup();
    let mut noticed = vec![Vec::new(); layers.len()];
    for pair in way.windows(2) {
        noticed[pair[0].layer as usize] = search.placed(&pair[0], &pair[1]);
    }
    let completed = (0..acts.len() as u32).filter(|&act| acts[act as usize].completed != NEVER);
    let mut order = Order {
        acts,
        layers,
        calls: completed.collect(),
        is_placed: vec![false; acts.len()],
        is_noticed: vec![false; acts.len()],
        crashed: vec![0; layers.crashed.len()],
        state: init,
        order: Vec::with_capacity(acts.len()),
    };
    for placed in noticed.iter().flatten() {
        if let Placed::Call(call) = placed {
            order.is_noticed[order.calls[*call as usize] as usize] = true;
        }
    }
    for (number, placed) in noticed.iter().enumerate() {
        if let Some(layer) = layers.layer(number as u32) {
            order.pass(layer, placed);
        }
    }
    order.order
}

/// An order in the making.
struct Order<'a, B> {
    acts: &'a [Act],
    layers: &'a Layers<B>,
    /// The act of each completed call.
    calls: Vec<u32>,
    is_placed: Vec<bool>,
    /// Whether the search placed it.
    is_noticed: Vec<bool>,
    /// How many of each kind of crashed calls were placed.
    crashed: Vec<usize>,
    state: u32,
    order: Vec<u32>,
}

impl<B: Mask> Order<'_, B> {
    fn pass(&mut self, layer: &Layer<B>, placed: &[Placed]) {
        self.settle(layer);
        for &placed in placed {
            let act = self.act(placed);
            if let Deed::Write(value) | Deed::Cas(_, value) = self.acts[act as usize].deed {
                if matches!(self.acts[act as usize].deed, Deed::Write(_)) {
                    self.place_open(layer, |order, act| order.is_unnoticed_write(act));
                }
                self.place(act);
                self.state = value;
            }
            self.settle(layer);
        }
    }

    fn act(&mut self, placed: Placed) -> u32 {
        match placed {
            Placed::Call(call) => self.calls[call as usize],
            Placed::Crashed(kind) => {
                let row = self.layers.crashed[kind].rows[self.crashed[kind]];
                self.crashed[kind] += 1;
                self.acts.partition_point(|act| act.invoked < row) as u32
            }
        }
    }

    /// Places what changes nothing now.
    fn settle(&mut self, layer: &Layer<B>) {
        self.place_open(layer, |order, act| match order.acts[act as usize].deed {
            Deed::Read(value) => value == order.state,
            Deed::Write(value) => value == order.state && order.is_unnoticed_write(act),
            _ => false,
        });
    }

    fn is_unnoticed_write(&self, act: u32) -> bool {
        !self.is_noticed[act as usize] && matches!(self.acts[act as usize].deed, Deed::Write(_))
    }

    fn place_open(&mut self, layer: &Layer<B>, is_wanted: impl Fn(&Self, u32) -> bool) {
        for (call, _) in self.layers.open(layer) {
            let act = self.calls[call as usize];
            if !self.is_placed[act as usize] && is_wanted(self, act) {
                self.place(act);
            }
        }
    }

    fn place(&mut self, act: u32) {
        self.is_placed[act as usize] = true;
        self.order.push(act);
    }
}
