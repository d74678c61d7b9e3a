//! Which nodes have wrong clocks: what is started on them has to have the same.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;

use super::Node;
use crate::{clock::Skew, remote::Program};

/// The wrong clocks of a cluster, by node.
#[derive(Default)]
pub struct Clocks {
    skews: Mutex<BTreeMap<Arc<str>, Skew>>,
}

impl Clocks {
    /// The node's clock is wrong from now on, or right.
    pub fn set(&self, node: &Node, skew: Option<Skew>) {
        match skew {
            Some(skew) => drop(self.lock().insert(node.name.clone(), skew)),
            None => drop(self.lock().remove(&node.name)),
        }
    }

    /// How the node's clock is wrong, if it is.
    pub fn of(&self, node: &Node) -> Option<Skew> {
        self.lock().get(&node.name).copied()
    }

    /// Makes a program that is about to be started on the node see what others there see.
    ///
    /// # Errors
    /// When the skew cannot be told.
    pub(super) fn wrap(&self, node: &Node, program: &mut Program) -> Result<()> {
        let Some(skew) = self.of(node) else { return Ok(()) };
        let netsplit = node.netsplit.display().to_string();
        let skew = serde_json::to_string(&skew)?;
        let words = [&*netsplit, "clock", "run", &skew, "--"].map(str::to_owned);
        program.argv.splice(0..0, words);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Skew>> {
        self.skews.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
