//! The orders that sessions and real time impose, in a hub a transaction instead of `n²` edges.
use super::{
    decode::Txns,
    graph::{Cursor, Graph, Kinds, NONE},
};
use crate::Kind;

/// An order beside what values show.
pub enum Order {
    /// None.
    Data,
    /// What one process did earlier comes first: each transaction's next one in its process.
    Process(Vec<u32>),
    /// What had completed before another was invoked comes first.
    Realtime(Realtime),
}

/// Completions in order: a hub each. It leads to what was invoked between it and the next.
pub struct Realtime {
    /// Which completion each transaction's is; [`NONE`] where it has none.
    ranks: Vec<u32>,
    /// The first transaction invoked after each completion, and at last how many there are.
    firsts: Vec<u32>,
}

impl Order {
    /// Of sessions.
    pub fn process(txns: &Txns<'_>) -> Order {
        let mut next = vec![NONE; txns.len()];
        let mut latest = rustc_hash::FxHashMap::default();
        for (txn, outline) in txns.outlines.iter().enumerate() {
            if outline.kind == Kind::Fail {
                continue;
            }
            if let Some(before) = latest.insert(outline.process, txn) {
                next[before] = txn as u32;
            }
        }
        Order::Process(next)
    }

    /// Of real time.
    pub fn realtime(txns: &Txns<'_>) -> Order {
        let done = txns.outlines.iter().enumerate().filter(|(_, o)| o.kind == Kind::Ok);
        let rows = done.clone().map(|(_, o)| o.completed as usize + 1).max().unwrap_or(0);
        let mut completes = vec![NONE; rows];
        for (txn, outline) in done {
            completes[outline.completed as usize] = txn as u32;
        }
        let mut ranks = vec![NONE; txns.len()];
        let mut firsts = Vec::with_capacity(txns.len() + 1);
        let mut invoked = 0;
        for (row, &txn) in completes.iter().enumerate() {
            if txn != NONE {
                while txns.outlines.get(invoked).is_some_and(|o| (o.invoked as usize) < row) {
                    invoked += 1;
                }
                ranks[txn as usize] = firsts.len() as u32;
                firsts.push(invoked as u32);
            }
        }
        firsts.push(txns.len() as u32);
        Order::Realtime(Realtime { ranks, firsts })
    }

    /// What its edges are called.
    pub fn kinds(&self) -> Kinds {
        match self {
            Order::Data => Kinds::GOES_ON,
            Order::Process(_) => Kinds::PROCESS,
            Order::Realtime(_) => Kinds::REALTIME,
        }
    }

    fn hubs(&self) -> u32 {
        match self {
            Order::Data => 0,
            Order::Process(next) => next.len() as u32,
            Order::Realtime(realtime) => realtime.firsts.len() as u32 - 1,
        }
    }

    /// The hub behind a transaction.
    fn hub(&self, txn: u32) -> Option<u32> {
        match self {
            Order::Data => None,
            Order::Process(next) => (next[txn as usize] != NONE).then_some(txn),
            Order::Realtime(realtime) => {
                Some(realtime.ranks[txn as usize]).filter(|rank| *rank != NONE)
            }
        }
    }

    /// A transaction that a hub leads to.
    fn txn(&self, hub: u32, step: u32) -> Option<u32> {
        match self {
            Order::Data => None,
            Order::Process(next) => {
                (step == 0).then(|| next[hub as usize]).filter(|next| *next != NONE)
            }
            Order::Realtime(realtime) => {
                let txn = realtime.firsts[hub as usize] + step;
                (txn < realtime.firsts[hub as usize + 1]).then_some(txn)
            }
        }
    }

    /// The hub that a hub leads to.
    fn hub_after(&self, hub: u32) -> Option<u32> {
        match self {
            Order::Data => None,
            Order::Process(_) => self.hub(self.txn(hub, 0)?),
            Order::Realtime(_) => Some(hub + 1).filter(|hub| *hub < self.hubs()),
        }
    }
}

/// Dependencies together with an order.
pub struct Ordered<'g, G> {
    /// What values show.
    pub data: &'g G,
    /// What is imposed.
    pub order: &'g Order,
}

/// In a cursor: the dependencies are through.
const IN_ORDER: u32 = u32::MAX;

impl<G: Graph> Graph for Ordered<'_, G> {
    fn nodes(&self) -> u32 {
        self.data.nodes() + self.order.hubs()
    }

    fn txns(&self) -> u32 {
        self.data.txns()
    }

    fn has_predicates(&self) -> bool {
        self.data.has_predicates()
    }

    fn next(&self, node: u32, at: &mut Cursor) -> Option<(u32, Kinds)> {
        let hubs = self.data.nodes();
        if node >= hubs {
            let hub = node - hubs;
            if at.0 == IN_ORDER {
                return None;
            }
            if let Some(txn) = self.order.txn(hub, at.0) {
                at.0 += 1;
                return Some((txn, Kinds::GOES_ON));
            }
            at.0 = IN_ORDER;
            return Some((hubs + self.order.hub_after(hub)?, Kinds::GOES_ON));
        }
        if at.0 != IN_ORDER {
            if let Some(found) = self.data.next(node, at) {
                return Some(found);
            }
            if node < self.txns() {
                *at = Cursor(IN_ORDER, 0);
            }
        }
        if at.0 != IN_ORDER || at.1 > 0 {
            return None;
        }
        at.1 = 1;
        Some((hubs + self.order.hub(node)?, self.order.kinds()))
    }
}
