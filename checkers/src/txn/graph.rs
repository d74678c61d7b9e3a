//! Graphs of what came before what: dense numbers for nodes, a set of reasons on every edge.
use std::fmt;

/// No node, no transaction, no version.
pub const NONE: u32 = u32::MAX;

/// Why one transaction comes before another; several reasons are a set of them.
///
/// `ww`, `wr` and `rw` are the write, read and anti-dependencies of Adya's thesis (1999, §3.1),
/// `wrp` and `rwp` the two latter on predicates;
/// `process` and `realtime` are what sessions and clocks impose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Kinds(pub u8);

impl Kinds {
    /// No reason of its own: an edge that leaves a hub goes on for the reason it was entered.
    pub const GOES_ON: Kinds = Kinds(0);
    /// It wrote the version that the other overwrote.
    pub const WW: Kinds = Kinds(1);
    /// It wrote the version that the other read.
    pub const WR: Kinds = Kinds(2);
    /// It read the version that the other overwrote.
    pub const RW: Kinds = Kinds(4);
    /// The same process ran it earlier.
    pub const PROCESS: Kinds = Kinds(8);
    /// It had completed before the other was invoked.
    pub const REALTIME: Kinds = Kinds(16);
    /// It made an object match, or no longer match, a predicate that the other asked by later.
    pub const WRP: Kinds = Kinds(32);
    /// It asked by a predicate that the other made an object match, or no longer match.
    pub const RWP: Kinds = Kinds(64);
    /// Each of them.
    pub const ALL: [Kinds; 7] =
        [Kinds::WW, Kinds::WR, Kinds::RW, Kinds::PROCESS, Kinds::REALTIME, Kinds::WRP, Kinds::RWP];
    /// The anti-dependencies.
    pub const ANTI: Kinds = Kinds::RW.and(Kinds::RWP);
    /// The read dependencies.
    pub const READS: Kinds = Kinds::WR.and(Kinds::WRP);
    /// Every dependency that values show, but for anti-dependencies on predicates.
    pub const ITEMS: Kinds = Kinds::WW.and(Kinds::READS).and(Kinds::RW);
    /// Every dependency that values show.
    pub const DATA: Kinds = Kinds::ITEMS.and(Kinds::RWP);

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether there is one among these that is among those.
    pub const fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether an edge of this kind may be walked where only those may.
    pub const fn is_within(self, allowed: Kinds) -> bool {
        self.0 & !allowed.0 == 0
    }

    /// As the field writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Kinds::WW => "ww",
            Kinds::WR => "wr",
            Kinds::RW => "rw",
            Kinds::PROCESS => "process",
            Kinds::REALTIME => "realtime",
            Kinds::WRP => "wrp",
            Kinds::RWP => "rwp",
            _ => "",
        }
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = Kinds::ALL.into_iter().filter(|kind| self.meets(*kind));
        f.debug_set().entries(there.map(Kinds::name)).finish()
    }
}

/// How far the walk over a node's successors has come; what it means is the graph's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u32, pub u32);

/// A graph whose successors are enumerated one by one, so that none need be stored.
///
/// Nodes below [`Graph::txns`] are transactions. The rest are **hubs**: stations that keep a
/// relation of `n²` pairs ("completed before") in `n` edges. An edge into a hub has a kind; edges
/// out of hubs are [`Kinds::GOES_ON`]. A transaction comes before another if an edge leads there,
/// directly or through hubs alone.
pub trait Graph: Sync {
    /// How many nodes there are, hubs included.
    fn nodes(&self) -> u32;

    /// How many of them are transactions: the first ones.
    fn txns(&self) -> u32;

    /// The next successor of a node, and why it comes later. The walk begins with the default cursor.
    fn next(&self, node: u32, at: &mut Cursor) -> Option<(u32, Kinds)>;

    /// Whether there is an anti-dependency on a predicate.
    fn has_predicates(&self) -> bool {
        false
    }

    /// The successors of a node.
    fn successors(&self, node: u32) -> impl Iterator<Item = (u32, Kinds)>
    where
        Self: Sized,
    {
        let mut at = Cursor::default();
        std::iter::from_fn(move || self.next(node, &mut at))
    }
}

/// A stored graph, in compressed rows.
#[derive(Clone, Debug, Default)]
pub struct Csr {
    txns: u32,
    starts: Vec<u32>,
    edges: Vec<(u32, Kinds)>,
}

impl Csr {
    /// A graph whose nodes are added one after the other, the first `txns` of them transactions.
    pub fn new(txns: u32) -> Csr {
        Csr { txns, starts: vec![0], edges: Vec::new() }
    }

    /// Adds the next node with its successors.
    pub fn push(&mut self, successors: impl Iterator<Item = (u32, Kinds)>) {
        self.edges.extend(successors);
        self.starts.push(self.edges.len() as u32);
    }

    /// The graph with these edges.
    pub fn of(nodes: u32, txns: u32, edges: &[(u32, u32, Kinds)]) -> Csr {
        let mut sorted = edges.to_vec();
        sorted.sort_unstable_by_key(|edge| edge.0);
        let mut csr = Csr::new(txns);
        let mut rest = sorted.iter().peekable();
        for node in 0..nodes {
            while let Some((_, to, kinds)) = rest.next_if(|edge| edge.0 == node) {
                csr.edges.push((*to, *kinds));
            }
            csr.starts.push(csr.edges.len() as u32);
        }
        csr
    }

    /// How many edges there are.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }
}

impl Graph for Csr {
    fn nodes(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    fn txns(&self) -> u32 {
        self.txns
    }

    fn next(&self, node: u32, at: &mut Cursor) -> Option<(u32, Kinds)> {
        let place = self.starts[node as usize] + at.0;
        (place < self.starts[node as usize + 1]).then(|| {
            at.0 += 1;
            self.edges[place as usize]
        })
    }

    fn has_predicates(&self) -> bool {
        self.edges.iter().any(|(_, kinds)| kinds.meets(Kinds::RWP))
    }
}
