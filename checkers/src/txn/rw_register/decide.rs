//! Whether there is an order of versions under which nothing is wrong, by search.
//!
//! Of a key, who overwrote what he read stands right behind whose write he read: such writes are
//! links of a line, and which link comes first is to be chosen. A circle decides for
//! serializability. For snapshot isolation a transaction is two nodes, where it begins and where
//! it commits: then exactly the cycles in which no two anti-dependencies meet are circles, which
//! is what snapshot isolation forbids (Cerone & Gotsman 2016, §4).
use rustc_hash::FxHashMap;

use super::{
    super::{
        graph::{Graph, Kinds, NONE},
        judge::Decided,
        order::{Order, Ordered},
        polygraph::{Answer, Choice, Edge, Head, Link, Polygraph},
        writer::Writer,
    },
    explain::Registers,
    key::{KeyView, NOTHING, Touch},
};
use crate::{Budget, Figure, OpsFigure};

/// Decides whether there is a serial order, or one of snapshots.
pub(super) fn decide(
    registers: &Registers<'_>,
    is_snapshot: bool,
    order: &Order,
    budget: &Budget,
) -> Decided {
    let mut lines = Lines { nodes: Nodes { is_snapshot }, ..Lines::default() };
    lines.add_known(registers, order);
    for view in &registers.views {
        if !lines.add_key(registers, view) {
            let key = registers.txns.key(view.number);
            return Decided::Unknown(format!("several values of {key} were written by nobody"));
        }
    }
    let (nodes, keys) = (lines.nodes, std::mem::take(&mut lines.keys));
    let polygraph = lines.graph;
    match polygraph.decide(budget) {
        Answer::Yes => Decided::Holds,
        Answer::GaveUp => {
            Decided::Unknown("searching for an order of versions was too much work".into())
        }
        Answer::No(choice, circles) => {
            let told = Told { registers, nodes, keys: &keys, circles: &circles };
            told.broken(choice)
        }
    }
}

/// Which nodes stand for what.
#[derive(Clone, Copy, Default)]
struct Nodes {
    is_snapshot: bool,
}

impl Nodes {
    /// Where a transaction begins, or, of a hub, where dependencies lead to.
    fn begin(self, node: u32) -> u32 {
        if self.is_snapshot { 2 * node } else { node }
    }

    /// Where a transaction commits, or, of a hub, where anti-dependencies lead to.
    fn commit(self, node: u32) -> u32 {
        if self.is_snapshot { 2 * node + 1 } else { node }
    }

    /// The transaction, or the hub, that a node is of.
    fn of(self, node: u32) -> u32 {
        if self.is_snapshot { node / 2 } else { node }
    }

    /// What an edge from a transaction becomes.
    fn edge(self, from: u32, to: u32, kinds: Kinds) -> Edge {
        match kinds {
            Kinds::RW => (self.begin(from), self.commit(to)),
            _ => (self.commit(from), self.begin(to)),
        }
    }
}

#[derive(Default)]
struct Lines {
    nodes: Nodes,
    graph: Polygraph,
    /// The key of each line, and the version that each of its links begins with.
    keys: Vec<(u32, Vec<u32>)>,
}

impl Lines {
    /// Adds what is known already.
    fn add_known(&mut self, registers: &Registers<'_>, order: &Order) {
        let (graph, nodes) = (Ordered { data: &registers.versions, order }, self.nodes);
        let txns = graph.txns();
        for node in 0..graph.nodes() {
            for (next, kinds) in graph.successors(node) {
                if node < txns {
                    self.graph.known.push(nodes.edge(node, next, kinds));
                    continue;
                }
                self.graph.known.push((nodes.begin(node), nodes.begin(next)));
                if nodes.is_snapshot {
                    self.graph.known.push((nodes.commit(node), nodes.commit(next)));
                }
            }
            if nodes.is_snapshot && node < txns {
                self.graph.known.push((nodes.begin(node), nodes.commit(node)));
            }
        }
        for node in 0..graph.nodes() {
            let outline = registers.txns.outlines.get(node as usize);
            let (began, ended) = outline.map_or((0, 0), |o| (o.invoked, o.completed));
            if nodes.is_snapshot {
                self.graph.preference.push(began);
            }
            self.graph.preference.push(ended);
        }
        self.graph.nodes = self.graph.preference.len() as u32;
    }

    fn add_node(&mut self) -> u32 {
        self.graph.preference.push(0);
        self.graph.nodes += 1;
        self.graph.nodes - 1
    }

    /// Adds the line of a key; `false` if nobody knows what was there at the start.
    fn add_key(&mut self, registers: &Registers<'_>, view: &KeyView) -> bool {
        let Some(chains) = Chains::of(view, &registers.happened) else { return false };
        let mut link_starts = Vec::new();
        let mut links = Vec::new();
        for (version, chain) in &chains.all {
            for pair in chain.windows(2) {
                for reader in chains.readers(pair[0].write) {
                    self.graph.known.push(self.nodes.edge(*reader, pair[1].txn, Kinds::RW));
                }
            }
            let Some(first) = chain.first() else { continue };
            if *version == chains.start {
                for reader in chains.readers(*version) {
                    self.graph.known.push(self.nodes.edge(*reader, first.txn, Kinds::RW));
                }
                continue;
            }
            let heads = [self.nodes.begin(first.txn), self.nodes.commit(first.txn)];
            link_starts.push(first.write);
            links.push(Link { tails: self.tails(&chains, chain, *version), heads });
        }
        let start = chains.all.iter().find(|(version, _)| *version == chains.start);
        let chain = start.map_or(&[][..], |(_, chain)| &chain[..]);
        let tails = self.tails(&chains, chain, chains.start);
        self.put_first(&tails, &links);
        self.graph.lines.push(links);
        self.keys.push((view.number, link_starts));
        true
    }

    /// What comes before whatever comes later than a chain in its line.
    fn tails(&self, chains: &Chains<'_>, chain: &[&Touch], start: u32) -> Vec<(u32, Head)> {
        let last = chain.last();
        let version = last.map_or(start, |last| last.write);
        let writer = last.map(|last| (self.nodes.commit(last.txn), Head::First));
        let readers = chains.readers(version).iter();
        writer
            .into_iter()
            .chain(readers.map(|reader| (self.nodes.begin(*reader), Head::Second)))
            .collect()
    }

    /// What was there at the start comes before every link.
    fn put_first(&mut self, tails: &[(u32, Head)], links: &[Link]) {
        if tails.is_empty() || links.is_empty() {
            return;
        }
        let hubs = [self.add_node(), self.add_node()];
        for &(tail, head) in tails {
            self.graph.known.push((tail, hubs[head as usize]));
        }
        for link in links {
            for (hub, head) in hubs.into_iter().zip(link.heads) {
                self.graph.known.push((hub, head));
            }
        }
    }
}

/// Writes of a key that are known to follow right upon each other.
struct Chains<'v> {
    /// By what each began with: the version that was overwritten, or, where nobody knows which it
    /// was, its own first.
    all: Vec<(u32, Vec<&'v Touch>)>,
    /// What was there at the start.
    start: u32,
    readers: FxHashMap<u32, Vec<u32>>,
}

impl<'v> Chains<'v> {
    fn of(view: &'v KeyView, happened: &[bool]) -> Option<Chains<'v>> {
        let touches = || view.touches.iter().filter(|touch| happened[touch.txn as usize]);
        let mut readers: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut next: FxHashMap<u32, &Touch> = FxHashMap::default();
        for touch in touches().filter(|touch| touch.read != NONE) {
            if touch.write == NONE {
                readers.entry(touch.read).or_default().push(touch.txn);
            } else {
                next.insert(touch.read, touch);
            }
        }
        let is_unwritten = |version: &u32| view.writers[*version as usize] == Writer::Nobody;
        let mut unwritten = (1..view.values.len() as u32).filter(is_unwritten);
        let start = unwritten.next().unwrap_or(NOTHING);
        if unwritten.next().is_some() {
            return None;
        }
        let mut chains = Chains { all: Vec::new(), start, readers };
        let follow = |mut touch: &'v Touch, chain: &mut Vec<&'v Touch>| loop {
            chain.push(touch);
            match next.get(&touch.write) {
                // Writes that overwrite each other in a circle are a cycle of dependencies.
                Some(after) if chain.len() <= next.len() => touch = after,
                _ => break,
            }
        };
        let mut chain = Vec::new();
        if let Some(first) = next.get(&start) {
            follow(first, &mut chain);
        }
        chains.all.push((start, chain));
        for touch in touches().filter(|touch| touch.write != NONE && touch.read == NONE) {
            let mut chain = Vec::new();
            follow(touch, &mut chain);
            chains.all.push((touch.write, chain));
        }
        Some(chains)
    }

    fn readers(&self, version: u32) -> &[u32] {
        self.readers.get(&version).map_or(&[], Vec::as_slice)
    }
}

/// Why there is no order.
struct Told<'a, 'h> {
    registers: &'a Registers<'h>,
    nodes: Nodes,
    keys: &'a [(u32, Vec<u32>)],
    circles: &'a [Vec<u32>],
}

impl Told<'_, '_> {
    fn broken(&self, choice: Option<Choice>) -> Decided {
        let circles: Vec<Vec<u32>> = self.circles.iter().map(|c| self.txns(c)).collect();
        let shown: Vec<String> = circles.iter().map(|circle| self.circle(circle)).collect();
        let mut txns: Vec<u32> = circles.into_iter().flatten().collect();
        let why = match (choice, &shown[..]) {
            (None, _) => shown.join("; "),
            (Some(choice), []) => {
                let (text, writers) = self.choice(choice);
                txns.extend(writers);
                format!("every way to order versions was tried, up to {text}")
            }
            (Some(choice), _) => {
                let (text, writers) = self.choice(choice);
                txns.extend(writers);
                format!("{text}: either closes a circle, {}", shown.join(", or "))
            }
        };
        let mut calls: Vec<u32> = txns.iter().map(|txn| self.registers.txns.op(*txn)).collect();
        calls.sort_unstable();
        calls.dedup();
        let culprit = calls.last().copied().unwrap_or_default();
        Decided::Broken(why, Figure::Ops(OpsFigure { calls, culprit, ..OpsFigure::default() }))
    }

    /// The transactions of a circle, hubs left out.
    fn txns(&self, circle: &[u32]) -> Vec<u32> {
        let of = circle.iter().map(|node| self.nodes.of(*node));
        let mut txns: Vec<u32> =
            of.filter(|node| (*node as usize) < self.registers.txns.len()).collect();
        txns.dedup();
        txns
    }

    fn circle(&self, txns: &[u32]) -> String {
        let ops: Vec<String> =
            txns.iter().map(|txn| format!("op {}", self.registers.txns.op(*txn))).collect();
        let first = ops.first().cloned().unwrap_or_default();
        format!("{} before {first}", ops.join(" before "))
    }

    /// A choice in words, and whose writes it is about.
    fn choice(&self, choice: Choice) -> (String, Vec<u32>) {
        let (key, starts) = &self.keys[choice.line as usize];
        let view = &self.registers.views[*key as usize];
        let written = |link: u32| {
            let version = starts[link as usize];
            let value = self.registers.txns.names.show(view.values[version as usize]).to_string();
            (value, view.writers[version as usize].committed())
        };
        let ((one, by), (other, by_other)) = (written(choice.one), written(choice.other));
        let key = self.registers.txns.key(*key);
        let text = format!("{one} was written to {key} before {other}, or after it");
        (text, by.into_iter().chain(by_other).collect())
    }
}
