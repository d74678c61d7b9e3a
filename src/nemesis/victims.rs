//! Whose data may be damaged: what no majority could survive proves nothing.
use std::sync::Arc;

use anyhow::{Result, bail};
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use workloads::generator::stream;

use super::target;
use crate::cluster::Cluster;

/// Every node, each with other chunks: each chunk stays whole on all nodes but one.
pub(super) const HELIX: &str = "helix";

/// The nodes whose data may be damaged: the same minority all through a run, whatever damages it.
pub(super) struct Victims {
    seed: u64,
}

impl Victims {
    pub(super) fn new(seed: u64) -> Victims {
        Victims { seed }
    }

    pub(super) fn words() -> Vec<String> {
        ["one", "minority"].map(str::to_owned).to_vec()
    }

    /// The nodes that a word means, or those it lists.
    pub(super) async fn resolve(
        &self,
        cluster: &Cluster,
        word: &str,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Arc<str>>> {
        let minority = self.minority(cluster.names());
        Ok(match word {
            "one" => minority.choose(rng).cloned().into_iter().collect(),
            "minority" => minority,
            HELIX => cluster.names(),
            "majority" | "all" | "primaries" => {
                bail!("data is damaged on a minority alone, always the same, or as a {HELIX}")
            }
            list => target::resolve(cluster, list, rng).await?,
        })
    }

    fn minority(&self, names: Vec<Arc<str>>) -> Vec<Arc<str>> {
        let mut drawn = names.clone();
        drawn.shuffle(&mut stream(self.seed, "victims"));
        drawn.truncate(target::minority(names.len()));
        names.into_iter().filter(|name| drawn.contains(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_minority_is_hurt_all_through_a_run() {
        let names: Vec<Arc<str>> = ["n1", "n2", "n3", "n4", "n5"].map(Arc::from).to_vec();
        let minority = |seed| Victims::new(seed).minority(names.clone());
        assert_eq!(minority(1).len(), 2);
        assert_eq!(minority(1), minority(1));
        assert!((2..20).any(|seed| minority(seed) != minority(1)));
    }
}
