//! Topologies: who drops whose packets. Pure.
//!
//! The names are Jepsen's. Departures: the ring is one rule for any number of nodes (each node sees
//! its nearest neighbours on a shuffled ring, at least a majority, and all views differ), and a
//! partition of primaries leaves no primary connected to everybody.
use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use anyhow::{Result, bail};
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::net::Grudge;

/// A way to cut a net in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Two components of equal size, or nearly; drawn at random.
    Halves,
    /// One random node alone, the others together.
    One,
    /// A random majority in one component, the rest in another.
    Majority,
    /// A random minority of about a third in one component, the rest in another.
    MinorityThird,
    /// Two halves, and one node that sees both.
    Bridge,
    /// Every node sees a majority, and no two see the same one. At least four nodes.
    MajoritiesRing,
    /// The nodes that lead, each alone; all others together.
    Primaries,
    /// One side of a random cut hears the other, which hears nothing of it.
    OneWay,
    /// Components as the user wrote them: `n1,n2|n3,n4,n5`.
    Components(Vec<BTreeSet<Arc<str>>>),
    /// Links as the user wrote them: `n1>n2;n3>n2` cuts what `n1` and `n3` send to `n2`.
    Links(BTreeSet<(Arc<str>, Arc<str>)>),
}

const NAMED: [(Topology, &str); 8] = [
    (Topology::Halves, "halves"),
    (Topology::One, "one"),
    (Topology::Majority, "majority"),
    (Topology::MinorityThird, "minority-third"),
    (Topology::Bridge, "bridge"),
    (Topology::MajoritiesRing, "majorities-ring"),
    (Topology::Primaries, "primaries"),
    (Topology::OneWay, "one-way"),
];

impl Topology {
    /// The names of those that are drawn.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(_, name)| *name)
    }

    /// Those that cut something in a cluster of `n` nodes, without the user's own.
    pub fn fitting(n: usize, has_primaries: bool) -> Vec<Topology> {
        let all = NAMED.iter().map(|(topology, _)| topology);
        all.filter(|t| t.fits(n, has_primaries).is_ok()).cloned().collect()
    }

    /// Whether it can be cut in this cluster.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(&self, nodes: &[Arc<str>], has_primaries: bool) -> Result<()> {
        self.fits(nodes.len(), has_primaries)?;
        let named: Vec<&Arc<str>> = match self {
            Topology::Components(components) => components.iter().flatten().collect(),
            Topology::Links(links) => links.iter().flat_map(|(from, to)| [from, to]).collect(),
            _ => Vec::new(),
        };
        match named.into_iter().find(|name| !nodes.contains(name)) {
            Some(unknown) => bail!("the partition {self} names {unknown}, which is no node"),
            None => Ok(()),
        }
    }

    fn fits(&self, n: usize, has_primaries: bool) -> Result<()> {
        let least = match self {
            Topology::MajoritiesRing | Topology::MinorityThird => 4,
            Topology::Bridge | Topology::Majority => 3,
            _ => 2,
        };
        if n < least {
            bail!("the partition {self} needs at least {least} nodes, and there are {n}");
        }
        if *self == Topology::Primaries && !has_primaries {
            bail!("the partition primaries needs a system whose nodes lead or follow");
        }
        Ok(())
    }

    /// Who drops whose packets, drawn now.
    pub fn grudge(
        &self,
        nodes: &[Arc<str>],
        primaries: &[Arc<str>],
        rng: &mut ChaCha8Rng,
    ) -> Grudge {
        let mut shuffled = nodes.to_vec();
        shuffled.shuffle(rng);
        let n = shuffled.len();
        match self {
            Topology::Halves => split(&shuffled, n / 2),
            Topology::One => split(&shuffled, 1),
            Topology::Majority => split(&shuffled, n / 2 + 1),
            Topology::MinorityThird => split(&shuffled, (n - 1) / 3),
            Topology::Bridge => bridge(&shuffled),
            Topology::MajoritiesRing => majorities_ring(&shuffled),
            // Where nobody leads, a random node stands for those who would.
            Topology::Primaries if primaries.is_empty() => split(&shuffled, 1),
            Topology::Primaries => alone(nodes, &set(primaries)),
            Topology::OneWay => one_way(&shuffled, rng),
            Topology::Components(components) => complete(nodes, components),
            Topology::Links(links) => of_links(links),
        }
    }
}

/// Every node drops everything from outside its component; a node in no component is alone.
fn complete(nodes: &[Arc<str>], components: &[BTreeSet<Arc<str>>]) -> Grudge {
    let together = |a: &Arc<str>, b: &Arc<str>| {
        a == b || components.iter().any(|c| c.contains(a) && c.contains(b))
    };
    let drops = |node: &Arc<str>| -> BTreeSet<Arc<str>> {
        nodes.iter().filter(|other| !together(node, other)).cloned().collect()
    };
    let all = nodes.iter().map(|node| (node.clone(), drops(node)));
    all.filter(|(_, drops)| !drops.is_empty()).collect()
}

/// The first `at` nodes in one component, the rest in another.
fn split(nodes: &[Arc<str>], at: usize) -> Grudge {
    let (a, b) = nodes.split_at(at);
    complete(nodes, &[set(a), set(b)])
}

fn bridge(nodes: &[Arc<str>]) -> Grudge {
    let (a, b) = nodes.split_at(nodes.len() / 2);
    let mut joined = set(a);
    joined.extend(b.first().cloned());
    // The first of the second half belongs to both components.
    complete(nodes, &[joined, set(b)])
}

fn majorities_ring(nodes: &[Arc<str>]) -> Grudge {
    let n = nodes.len();
    let reach = (n / 2).div_ceil(2);
    let distance = |i: usize, j: usize| i.abs_diff(j).min(n - i.abs_diff(j));
    let drops = |i: usize| -> BTreeSet<Arc<str>> {
        (0..n).filter(|&j| distance(i, j) > reach).map(|j| nodes[j].clone()).collect()
    };
    (0..n).map(|i| (nodes[i].clone(), drops(i))).collect()
}

/// Each of these alone, the others together.
pub(super) fn alone(nodes: &[Arc<str>], alone: &BTreeSet<Arc<str>>) -> Grudge {
    let others = nodes.iter().filter(|node| !alone.contains(*node)).cloned().collect();
    complete(nodes, &[others])
}

fn one_way(shuffled: &[Arc<str>], rng: &mut ChaCha8Rng) -> Grudge {
    let (deaf, heard) = shuffled.split_at(rng.random_range(1..shuffled.len()));
    deaf.iter().map(|node| (node.clone(), set(heard))).collect()
}

fn of_links(links: &BTreeSet<(Arc<str>, Arc<str>)>) -> Grudge {
    let mut grudge = Grudge::new();
    for (from, to) in links {
        grudge.entry(to.clone()).or_default().insert(from.clone());
    }
    grudge
}

fn set(nodes: &[Arc<str>]) -> BTreeSet<Arc<str>> {
    nodes.iter().cloned().collect()
}

impl FromStr for Topology {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Topology> {
        if let Some((topology, _)) = NAMED.iter().find(|(_, name)| *name == text) {
            return Ok(topology.clone());
        }
        if text.contains('>') {
            let link = |part: &str| {
                let (from, to) = part.split_once('>')?;
                (!from.is_empty() && !to.is_empty()).then(|| (from.into(), to.into()))
            };
            if let Some(links) = text.split(';').map(link).collect() {
                return Ok(Topology::Links(links));
            }
        }
        if text.contains('|') {
            let component = |part: &str| part.split(',').map(|name| name.trim().into()).collect();
            return Ok(Topology::Components(text.split('|').map(component).collect()));
        }
        let names: Vec<&str> = Topology::names().collect();
        bail!(
            "{text} is no partition: it is one of {}, or components like n1,n2|n3,n4,n5, or cut \
             links like n1>n2;n1>n3",
            names.join(", ")
        )
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |names: &BTreeSet<Arc<str>>| {
            names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(",")
        };
        match self {
            Topology::Components(components) => {
                f.write_str(&components.iter().map(join).collect::<Vec<_>>().join("|"))
            }
            Topology::Links(links) => {
                let links: Vec<String> = links.iter().map(|(a, b)| format!("{a}>{b}")).collect();
                f.write_str(&links.join(";"))
            }
            named => {
                let name = NAMED.iter().find(|(t, _)| t == named).map(|(_, name)| *name);
                f.write_str(name.unwrap_or("custom"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::links;
    use rand::SeedableRng;

    fn nodes(n: usize) -> Vec<Arc<str>> {
        (1..=n).map(|i| format!("n{i}").into()).collect()
    }

    fn draws(topology: &Topology, n: usize) -> impl Iterator<Item = Grudge> {
        let nodes = nodes(n);
        (0..50).map(move |seed| {
            topology.grudge(&nodes, &nodes[..1], &mut ChaCha8Rng::seed_from_u64(seed))
        })
    }

    fn sees(grudge: &Grudge, node: &Arc<str>, n: usize) -> usize {
        n - grudge.get(node).map_or(0, BTreeSet::len)
    }

    fn is_symmetric(grudge: &Grudge) -> bool {
        let cut = |a: &Arc<str>, b: &Arc<str>| grudge.get(a).is_some_and(|d| d.contains(b));
        grudge.iter().all(|(a, drops)| drops.iter().all(|b| cut(b, a)))
    }

    #[test]
    fn components_have_the_sizes_their_names_say() {
        for n in 2..=9 {
            let sizes = |t: Topology| -> BTreeSet<usize> {
                let all = draws(&t, n).collect::<Vec<_>>();
                assert!(all.iter().all(is_symmetric));
                nodes(n).iter().map(|node| sees(&all[0], node, n)).collect()
            };
            assert_eq!(sizes(Topology::Halves), BTreeSet::from([n / 2, n - n / 2]));
            assert_eq!(sizes(Topology::One), BTreeSet::from([1, n - 1]));
            if n > 2 {
                assert_eq!(sizes(Topology::Majority), BTreeSet::from([n / 2 + 1, n - n / 2 - 1]));
            }
        }
    }

    #[test]
    fn a_bridge_sees_all_and_the_halves_do_not_see_each_other() {
        for grudge in draws(&Topology::Bridge, 5) {
            assert_eq!(grudge.len(), 4, "the bridge drops nothing");
            assert_eq!(links(&grudge).len(), 8);
        }
    }

    #[test]
    fn on_a_ring_every_node_sees_a_majority_and_no_two_the_same() {
        for n in 4..=9 {
            for grudge in draws(&Topology::MajoritiesRing, n) {
                assert!(is_symmetric(&grudge));
                assert!(nodes(n).iter().all(|node| sees(&grudge, node, n) > n / 2));
                let views: BTreeSet<_> = grudge.values().collect();
                assert_eq!(views.len(), n);
            }
        }
    }

    #[test]
    fn one_way_is_one_way() {
        for grudge in draws(&Topology::OneWay, 5) {
            assert!(!grudge.is_empty() && !is_symmetric(&grudge));
        }
    }

    #[test]
    fn a_primary_is_left_alone() {
        for grudge in draws(&Topology::Primaries, 5) {
            assert_eq!(sees(&grudge, &"n1".into(), 5), 1);
            assert_eq!(sees(&grudge, &"n2".into(), 5), 4);
        }
    }

    #[test]
    fn what_the_user_wrote_is_cut_exactly() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let parse = |text: &str| text.parse::<Topology>().unwrap();
        let grudge = parse("n1>n2;n3>n2").grudge(&nodes(3), &[], &mut rng);
        assert_eq!(links(&grudge), BTreeSet::from(["n1>n2".into(), "n3>n2".into()]));
        let grudge = parse("n1,n2|n3").grudge(&nodes(3), &[], &mut rng);
        assert_eq!(links(&grudge).len(), 4);
        for text in ["halves", "n1>n2;n3>n2", "n1,n2|n3"] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert!("quarters".parse::<Topology>().unwrap_err().to_string().contains("halves"));
    }

    #[test]
    fn whatever_fits_cuts_something() {
        for n in 2..=9 {
            for topology in Topology::fitting(n, true) {
                assert!(draws(&topology, n).all(|g| !links(&g).is_empty()), "{topology} of {n}");
            }
        }
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let check = |t: &str, n| t.parse::<Topology>().unwrap().check(&nodes(n), false);
        assert!(check("majorities-ring", 3).is_err());
        assert!(check("primaries", 5).is_err());
        assert!(check("n1|n7", 5).is_err());
        assert!(check("bridge", 3).is_ok());
    }
}
