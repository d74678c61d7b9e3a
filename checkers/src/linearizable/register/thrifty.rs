//! To spend crashed calls only where there is no other way.
//!
//! Depth first, a wrong turn is mended with a crashed call rather than taken back, since the search
//! goes on where it stands: of many crashed calls none may be left when one is needed. Here all
//! configurations of a layer go on together, without crashed calls, until none gets further. Then
//! the search goes back a few layers, and on from there with as few crashed calls as will do;
//! of configurations that differ in crashed calls only, the most thrifty are kept.
use std::collections::VecDeque;

use super::{
    breadth::Named,
    mask::Mask,
    meter::Why,
    search::{Ended, Search},
    steps::Freedom,
};

/// How many crashed calls may be placed in a layer where there is no other way, and how many layers
/// before it.
const MOST: [u32; 2] = [1, 3];
const BACK: [usize; 6] = [0, 1, 3, 8, 20, 50];
/// So many configurations are kept that differ in crashed calls only.
const ALIKE: u32 = 4;

/// What stands before each of the last layers.
type Last<B> = VecDeque<Vec<Named<B>>>;

impl<B: Mask> Search<'_, B> {
    /// Layer by layer, sparing crashed calls. Being stuck proves nothing.
    pub(super) fn thrifty(&mut self) -> Ended {
        self.clear();
        let start = self.stepper.start(self.start);
        let mut last = Last::from([vec![(start, 0)]]);
        for layer in 0..self.stepper.layers.len() {
            self.deepest = layer;
            match self.go_on(&mut last) {
                Ok(true) => (),
                Ok(false) => return Ended::Stuck(layer),
                Err(why) => return Ended::GaveUp(why, layer),
            }
            while last.len() > BACK[BACK.len() - 1] + 1 {
                last.pop_front();
            }
        }
        if let Some(&(config, before)) = last.back().and_then(|frontier| frontier.first()) {
            self.note(config, before);
        }
        Ended::Through
    }

    /// Passes one layer more; false where no way was found.
    fn go_on(&mut self, last: &mut Last<B>) -> Result<bool, Why> {
        if self.pass(last, 0, 0)? {
            return Ok(true);
        }
        let known = last.len();
        for most in MOST {
            for back in BACK.into_iter().take_while(|&back| back < known) {
                if self.pass(last, back, most)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Passes one layer more, from so many layers back, with so many crashed calls in each.
    fn pass(&mut self, last: &mut Last<B>, back: usize, most: u32) -> Result<bool, Why> {
        let from = last.len() - 1 - back;
        self.stepper.freedom = Freedom::Counted(most);
        let mut anew = Vec::with_capacity(back + 1);
        for _ in 0..=back {
            let mut frontier = anew.last().unwrap_or(&last[from]).clone();
            self.next_frontier(&mut frontier, Some(ALIKE))?;
            if frontier.is_empty() {
                return Ok(false);
            }
            anew.push(frontier);
        }
        last.truncate(from + 1);
        last.extend(anew);
        Ok(true)
    }
}
