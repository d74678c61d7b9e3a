//! Disks that do not do what they are told.
use std::{path::Path, time::Duration};

use nix::errno::Errno;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use regex::Regex;

/// What a system asks of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Reading a file.
    Read,
    /// Writing one.
    Write,
    /// Bringing one to safety.
    Sync,
}

/// What may become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It fails.
    Error(Errno),
    /// It takes up to so long.
    Delay(Duration),
    /// Less is read or written than was asked for, as the kernel may do at any time, and says so.
    Short,
    /// A bit is not what it was.
    Flip,
    /// It is said to be done, and is not.
    Lie,
}

/// Which deeds come to harm.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The deeds.
    pub deeds: &'static [Deed],
    /// The files, by their paths.
    pub files: Regex,
    /// How many of the deeds, from 0 to 1.
    pub share: f64,
    /// What becomes of them.
    pub harm: Harm,
}

/// The rule in force, its chance, and how often it was applied.
pub(super) struct Rules {
    rule: Option<Rule>,
    pub(super) rng: ChaCha8Rng,
    pub(super) applied: u64,
}

impl Rules {
    pub(super) fn new(seed: u64) -> Rules {
        Rules { rule: None, rng: ChaCha8Rng::seed_from_u64(seed), applied: 0 }
    }

    /// Another rule from now on, or none.
    pub(super) fn set(&mut self, rule: Option<Rule>) {
        self.rule = rule;
    }

    /// What this deed comes to; the path is looked for only where it matters.
    pub(super) fn harm<P: AsRef<Path>>(
        &mut self,
        deed: Deed,
        path: impl FnOnce() -> P,
    ) -> Option<Harm> {
        let rule = self.rule.as_ref().filter(|rule| rule.deeds.contains(&deed))?;
        let is_hit = rule.files.is_match(&path().as_ref().to_string_lossy());
        if !is_hit || !self.rng.random_bool(rule.share) {
            return None;
        }
        self.applied += 1;
        Some(match rule.harm {
            Harm::Delay(most) => Harm::Delay(most.mul_f64(self.rng.random())),
            harm => harm,
        })
    }
}
