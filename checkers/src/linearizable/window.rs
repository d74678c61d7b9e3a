//! Which calls are open at a layer, kept up to date as the search moves back and forth.
use super::problem::{NEVER, Problem};
use crate::model::Model;

/// The calls invoked before a layer's completion that had not completed before.
pub(super) struct Window {
    layer: usize,
    /// The bar in each slot, if any.
    slots: Vec<Option<u32>>,
    /// For each class, how many of its bars are open.
    open: Vec<usize>,
}

impl Window {
    /// The window at the first layer.
    pub(super) fn new<M: Model>(problem: &Problem<'_, M>) -> Window {
        let mut window = Window {
            layer: 0,
            slots: vec![None; problem.slots as usize],
            open: vec![0; problem.classes.len()],
        };
        window.open(problem, 0);
        window
    }

    /// The layer it stands at.
    pub(super) fn layer(&self) -> usize {
        self.layer
    }

    /// The completed bar that has this bit now.
    pub(super) fn slot(&self, slot: usize) -> Option<u32> {
        self.slots[slot]
    }

    /// The open bars that completed and leave every state as it is.
    pub(super) fn reads<'a, M: Model>(
        &'a self,
        problem: &'a Problem<'_, M>,
    ) -> impl Iterator<Item = u32> + 'a {
        let open = self.slots.iter().filter_map(|&bar| bar);
        open.filter(|&bar| problem.reads[bar as usize])
    }

    /// How many bars of a class are open.
    pub(super) fn open_of(&self, class: usize) -> usize {
        self.open[class]
    }

    /// Goes to the next layer: its predecessor's call has returned, later ones are open.
    pub(super) fn advance<M: Model>(&mut self, problem: &Problem<'_, M>) {
        let returned = problem.layers[self.layer];
        self.slots[problem.places[returned as usize] as usize] = None;
        self.layer += 1;
        if self.layer < problem.layers.len() {
            self.open(problem, problem.opened[self.layer - 1]);
        }
    }

    /// Goes back to an earlier layer.
    pub(super) fn rewind<M: Model>(&mut self, problem: &Problem<'_, M>, layer: usize) {
        while self.layer > layer {
            if self.layer < problem.layers.len() {
                for bar in problem.opened[self.layer - 1]..problem.opened[self.layer] {
                    let place = problem.places[bar as usize] as usize;
                    match problem.bars[bar as usize].completed {
                        NEVER => self.open[place] -= 1,
                        _ => self.slots[place] = None,
                    }
                }
            }
            self.layer -= 1;
            let returned = problem.layers[self.layer];
            self.slots[problem.places[returned as usize] as usize] = Some(returned);
        }
    }

    fn open<M: Model>(&mut self, problem: &Problem<'_, M>, from: u32) {
        let to = problem.opened.get(self.layer).copied().unwrap_or(from);
        for bar in from..to {
            let place = problem.places[bar as usize] as usize;
            match problem.bars[bar as usize].completed {
                NEVER => self.open[place] += 1,
                _ => self.slots[place] = Some(bar),
            }
        }
    }
}
