//! Target words: how many nodes a fault hurts, and which.
use std::sync::Arc;

use anyhow::{Result, bail};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::cluster::Cluster;

/// The words for faults that hurt whole nodes.
pub(super) fn words(cluster: &Cluster) -> Vec<String> {
    let primaries = cluster.system.has_primaries().then_some("primaries");
    ["one", "minority", "majority", "all"].into_iter().chain(primaries).map(Into::into).collect()
}

/// The nodes that a word means, drawn now, in the cluster's order.
///
/// # Errors
/// An unknown word or node.
pub(super) async fn resolve(
    cluster: &Cluster,
    word: &str,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Arc<str>>> {
    let names = cluster.names();
    let chosen = match word {
        "primaries" => {
            let primaries = cluster.system.primaries(&cluster.nodes).await;
            // Nobody may lead just now; then anybody will do.
            if primaries.is_empty() { draw(&names, 1, rng) } else { primaries }
        }
        _ => match count(word, names.len()) {
            Some(count) => draw(&names, count, rng),
            None => listed(&names, word)?,
        },
    };
    Ok(names.into_iter().filter(|name| chosen.contains(name)).collect())
}

/// How many of `n` nodes never hold a quorum's majority, and never break one.
pub(super) fn minority(n: usize) -> usize {
    (n.saturating_sub(1) / 2).max(1)
}

/// How many nodes of `n` a word means.
fn count(word: &str, n: usize) -> Option<usize> {
    match word {
        "one" => Some(1.min(n)),
        "minority" => Some(minority(n)),
        "majority" => Some(n / 2 + 1),
        "all" => Some(n),
        _ => None,
    }
}

fn draw(names: &[Arc<str>], count: usize, rng: &mut ChaCha8Rng) -> Vec<Arc<str>> {
    let mut names = names.to_vec();
    names.shuffle(rng);
    names.truncate(count);
    names
}

/// `n1,n3`
fn listed(names: &[Arc<str>], list: &str) -> Result<Vec<Arc<str>>> {
    let wanted: Vec<Arc<str>> = list.split(',').map(|name| name.trim().into()).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        bail!("{unknown} is neither a target word nor a node");
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_minority_never_breaks_the_quorum() {
        for n in 2..10 {
            let (minority, majority) = (super::count("minority", n), super::count("majority", n));
            assert!(minority.unwrap() < majority.unwrap());
            assert!(n <= 2 || n - minority.unwrap() >= majority.unwrap(), "{n}");
        }
    }
}
