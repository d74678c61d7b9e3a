//! Routing: which node the next op of a thread goes to.
use std::sync::Arc;

use checkers::Kind;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use workloads::generator::stream;

/// A policy, as `--route` takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Thread `i` asks node `i mod nodes`, always.
    #[default]
    Pinned,
    /// One node after another, over all threads.
    RoundRobin,
    /// A random node each time.
    Random,
    /// One node until a call does not end `ok`, then the next.
    Sticky,
    /// The node that leads, as far as it is known.
    Leader,
    /// Pinned, and of the threads at a key one writes and the others read.
    Roles,
}

/// The names of the nodes that lead now; where several believe it, the one that was chosen last comes
/// first.
pub type Leaders = watch::Receiver<Vec<Arc<str>>>;

/// Routes the ops of a run.
pub struct Route {
    policy: Policy,
    nodes: Vec<Arc<str>>,
    /// By thread, the node it stays with.
    own: Vec<usize>,
    next: usize,
    leaders: Option<Leaders>,
    rng: ChaCha8Rng,
}

impl Route {
    /// Routes by a policy; chance comes from the seed, and who leads from `leaders`.
    pub fn new(
        policy: Policy,
        nodes: Vec<Arc<str>>,
        threads: usize,
        leaders: Option<Leaders>,
        seed: u64,
    ) -> Route {
        let own = (0..threads).map(|thread| thread % nodes.len().max(1)).collect();
        Route { policy, nodes, own, next: 0, leaders, rng: stream(seed, "route") }
    }

    /// The node that the next op of this thread goes to.
    pub fn choose(&mut self, thread: u32) -> Option<Arc<str>> {
        let count = self.nodes.len();
        if count == 0 {
            return None;
        }
        let own = self.own[thread as usize];
        let node = match self.policy {
            Policy::Pinned | Policy::Roles | Policy::Sticky => own,
            Policy::Random => self.rng.random_range(0..count),
            Policy::Leader => self.leader().unwrap_or(own),
            Policy::RoundRobin => {
                self.next += 1;
                (self.next - 1) % count
            }
        };
        Some(self.nodes[node].clone())
    }

    fn leader(&self) -> Option<usize> {
        let leaders = self.leaders.as_ref()?.borrow();
        leaders.iter().find_map(|leader| self.nodes.iter().position(|node| node == leader))
    }

    /// A call of this thread has ended so.
    pub fn learn(&mut self, thread: u32, kind: Kind) {
        if self.policy == Policy::Sticky && kind != Kind::Ok {
            let own = &mut self.own[thread as usize];
            *own = (*own + 1) % self.nodes.len().max(1);
        }
    }

    /// From now on every thread asks the node that is its own from the start: the reads after
    /// healing are to ask them all.
    pub fn pin(&mut self) {
        let policy = Policy::Pinned;
        let (nodes, threads) = (std::mem::take(&mut self.nodes), self.own.len());
        *self = Route::new(policy, nodes, threads, None, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn route(policy: Policy, leaders: Option<Leaders>) -> Route {
        let nodes = ["n1", "n2", "n3"].map(Arc::from).to_vec();
        Route::new(policy, nodes, 4, leaders, 7)
    }

    fn chosen(route: &mut Route, threads: &[u32]) -> Vec<String> {
        threads.iter().map(|&i| route.choose(i).unwrap().to_string()).collect()
    }

    #[test]
    fn pinned_threads_stay_where_they_are_whatever_happens() {
        let mut route = route(Policy::Pinned, None);
        route.learn(1, Kind::Info);
        assert_eq!(chosen(&mut route, &[0, 1, 1, 3]), ["n1", "n2", "n2", "n1"]);
    }

    #[test]
    fn a_round_goes_over_all_threads() {
        let mut route = route(Policy::RoundRobin, None);
        assert_eq!(chosen(&mut route, &[0, 0, 2, 0]), ["n1", "n2", "n3", "n1"]);
    }

    #[test]
    fn chance_is_fair_and_comes_from_the_seed() {
        let draw = || chosen(&mut route(Policy::Random, None), &[0; 3000]);
        let mut counts = BTreeMap::new();
        for node in draw() {
            *counts.entry(node).or_insert(0_u32) += 1;
        }
        assert!(counts.values().all(|n| n.abs_diff(1000) < 150), "{counts:?}");
        assert_eq!(draw(), draw());
    }

    #[test]
    fn who_is_sticky_moves_after_an_error_alone() {
        let mut route = route(Policy::Sticky, None);
        route.learn(1, Kind::Ok);
        assert_eq!(chosen(&mut route, &[1]), ["n2"]);
        route.learn(1, Kind::Info);
        assert_eq!(chosen(&mut route, &[1, 0]), ["n3", "n1"], "the other threads stay");
        route.learn(1, Kind::Fail);
        assert_eq!(chosen(&mut route, &[1]), ["n1"]);
    }

    #[test]
    fn the_leader_is_followed_where_one_is_known() {
        let (sender, leaders) = watch::channel(Vec::new());
        let mut route = route(Policy::Leader, Some(leaders));
        assert_eq!(chosen(&mut route, &[1]), ["n2"], "nobody leads: its own");
        sender.send(vec!["n3".into()]).unwrap();
        assert_eq!(chosen(&mut route, &[0, 1]), ["n3", "n3"]);
    }

    #[test]
    fn in_the_end_every_node_is_asked() {
        let mut route = route(Policy::Sticky, None);
        route.learn(0, Kind::Info);
        route.pin();
        assert_eq!(chosen(&mut route, &[0, 1, 2]), ["n1", "n2", "n3"]);
    }
}
