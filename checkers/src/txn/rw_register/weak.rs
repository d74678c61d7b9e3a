//! Read committed, read atomic and causal consistency, decided whatever the order of versions.
//!
//! Who saw a write and yet reads what another transaction wrote to the same key shows that the
//! first write was committed before the second. An order of commits exists exactly if these
//! inferences and who read from whom have no circle (Biswas & Enea 2019, "On the Complexity of
//! Checking Transactional Consistency", §3). What counts as seen is the level: what was read from
//! earlier, what was read from, or all that stands behind that. Of what was read and what was
//! written the shorter list is walked (Møldrup & Pavlogiannis 2025, "AWDIT", §3).
use rustc_hash::FxHashMap;

use super::{
    super::{
        anomalies::Question,
        cycle::{self, Effort, Found},
        decode::Act,
        graph::{Csr, Graph, Kinds, NONE},
        judge::{Decided, Evidence},
        pattern::{Pattern, Rw},
        tangle,
        writer::Writer,
    },
    explain::Registers,
};
use crate::{Budget, Edge, Figure};

/// What one transaction wrote came before what another did, as the reads of a third show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Inferred {
    from: u32,
    to: u32,
    key: u32,
    reader: u32,
}

/// A read of another transaction's write, or of what was there at the start.
#[derive(Clone, Copy)]
struct Read {
    mop: usize,
    key: u32,
    source: u32,
}

/// What was there at the start.
const START: u32 = NONE;

/// A table of what stands behind what may take so much memory.
const TABLE_BYTES_MAX: u64 = 4 << 30;

/// Decides by one of the three levels.
pub(super) fn decide(registers: &Registers<'_>, question: Question, budget: &Budget) -> Decided {
    let look = Look::new(registers, question);
    let Some(inferred) = look.infer(budget) else {
        return Decided::Unknown(
            "what saw what is too much for the memory or time there is".into(),
        );
    };
    let txns = registers.txns.len() as u32;
    let mut edges: Vec<(u32, u32, Kinds)> =
        inferred.iter().map(|one| (one.from, one.to, Kinds::WW)).collect();
    edges.dedup();
    for txn in 0..txns {
        let sources = look.reads_of(txn).iter().map(|read| read.source);
        edges.extend(sources.filter(|by| *by != START).map(|by| (by, txn, Kinds::WR)));
    }
    let allowed = Kinds::WW.and(Kinds::WR);
    let graph = Csr::of(txns, txns, &edges);
    let Some(tangles) = tangle::tangles(&graph, allowed, budget) else {
        return Decided::Unknown("out of time".into());
    };
    let Some(smallest) = tangles.iter().min_by_key(|tangle| tangle.nodes()) else {
        return Decided::Holds;
    };
    let pattern = Pattern { allowed, needed: Kinds::GOES_ON, rw: Rw::None };
    let mut effort = Effort::new(smallest.edge_count());
    match cycle::shortest(smallest, &pattern, &mut effort, budget) {
        Found::Cycle(cycle) => look.broken(&cycle.0, &inferred),
        _ => Decided::Unknown("there is a circle, but showing it was too much work".into()),
    }
}

struct Look<'a, 'h> {
    registers: &'a Registers<'h>,
    question: Question,
    /// Where the reads of each transaction begin, and at last where they all end.
    starts: Vec<u32>,
    reads: Vec<Read>,
    /// The same for the keys it wrote.
    write_starts: Vec<u32>,
    writes: Vec<u32>,
}

impl<'a, 'h> Look<'a, 'h> {
    fn new(registers: &'a Registers<'h>, question: Question) -> Look<'a, 'h> {
        let txns = &registers.txns;
        let mut sources = vec![None; txns.acts.len()];
        for view in &registers.views {
            for read in &view.reads {
                sources[read.mop as usize] = match view.writers[read.version as usize] {
                    Writer::Committed(by) if by != read.txn => Some(by),
                    Writer::Nobody => Some(START),
                    _ => None,
                };
            }
        }
        let mut look = Look {
            registers,
            question,
            starts: vec![0],
            reads: Vec::new(),
            write_starts: vec![0],
            writes: Vec::new(),
        };
        for txn in 0..txns.len() as u32 {
            let mops = txns.mops(txn);
            let read = |mop| Some(Read { mop, key: txns.keys[mop], source: sources[mop]? });
            look.reads.extend(mops.clone().filter_map(read));
            look.starts.push(look.reads.len() as u32);
            let mut keys: Vec<u32> = mops
                .filter(|&mop| matches!(txns.acts[mop], Act::Write(_)))
                .map(|mop| txns.keys[mop])
                .collect();
            keys.sort_unstable();
            keys.dedup();
            if registers.happened[txn as usize] {
                look.writes.extend(keys);
            }
            look.write_starts.push(look.writes.len() as u32);
        }
        look
    }

    fn reads_of(&self, txn: u32) -> &[Read] {
        &self.reads[self.starts[txn as usize] as usize..self.starts[txn as usize + 1] as usize]
    }

    fn writes_of(&self, txn: u32) -> &[u32] {
        let (start, end) = (self.write_starts[txn as usize], self.write_starts[txn as usize + 1]);
        &self.writes[start as usize..end as usize]
    }

    /// Everything that the level lets one infer, sorted; `None` if that is too much.
    fn infer(&self, budget: &Budget) -> Option<Vec<Inferred>> {
        let mut inferred = if self.question == Question::Causal {
            self.behind(budget)?
        } else {
            let mut inferred = Vec::new();
            for reader in 0..self.registers.txns.len() as u32 {
                self.directly(reader, &mut inferred);
            }
            inferred
        };
        inferred.sort_unstable();
        inferred.dedup_by_key(|one| (one.from, one.to));
        Some(inferred)
    }

    /// What follows from that a transaction read from others, earlier or at all.
    fn directly(&self, reader: u32, inferred: &mut Vec<Inferred>) {
        let reads = self.reads_of(reader);
        let mut first: FxHashMap<u32, usize> = FxHashMap::default();
        let mut of_key: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
        let mut seen = Vec::new();
        for (place, read) in reads.iter().enumerate() {
            of_key.entry(read.key).or_default().push(place);
            if read.source != START && !first.contains_key(&read.source) {
                first.insert(read.source, place);
                seen.push(read.source);
            }
        }
        for by in seen {
            let from = if self.question == Question::ReadCommitted { first[&by] + 1 } else { 0 };
            let writes = self.writes_of(by);
            if writes.len() < reads.len() {
                let places = writes.iter().filter_map(|key| of_key.get(key)).flatten();
                for &place in places.filter(|place| **place >= from) {
                    inferred.extend(self.one(by, reader, &reads[place]));
                }
            } else {
                let met = reads[from..].iter().filter(|r| writes.binary_search(&r.key).is_ok());
                inferred.extend(met.filter_map(|read| self.one(by, reader, read)));
            }
        }
    }

    /// A transaction that was seen wrote the key of a read.
    fn one(&self, seen: u32, reader: u32, read: &Read) -> Option<Inferred> {
        let (from, to) = match read.source {
            START => (reader, seen),
            source => (seen, source),
        };
        (read.source != seen && seen != reader).then_some(Inferred {
            from,
            to,
            key: read.key,
            reader,
        })
    }

    /// What follows from all that stands behind what a transaction read: a bit for each that does.
    fn behind(&self, budget: &Budget) -> Option<Vec<Inferred>> {
        let txns = self.registers.txns.len();
        let words = txns.div_ceil(64);
        if (words * txns * 8) as u64 > (budget.bytes_max / 2).min(TABLE_BYTES_MAX) {
            return None;
        }
        let mut writers: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for txn in 0..txns as u32 {
            for key in self.writes_of(txn) {
                writers.entry(*key).or_default().push(txn);
            }
        }
        let mut bits = vec![0_u64; words * txns];
        let mut row = vec![0_u64; words];
        let mut inferred = Vec::new();
        for reader in self.in_order() {
            if budget.is_over() || inferred.len() as u64 > budget.bytes_max / 64 {
                return None;
            }
            row.fill(0);
            for by in self.reads_of(reader).iter().map(|read| read.source).filter(|s| *s != START) {
                row[by as usize / 64] |= 1 << (by % 64);
                let start = by as usize * words;
                for (word, more) in row.iter_mut().zip(&bits[start..start + words]) {
                    *word |= more;
                }
            }
            bits[reader as usize * words..][..words].copy_from_slice(&row);
            for read in self.reads_of(reader) {
                let all = writers.get(&read.key).map_or(&[][..], Vec::as_slice);
                let seen = all.iter().filter(|by| row[**by as usize / 64] >> (**by % 64) & 1 == 1);
                inferred.extend(seen.filter_map(|by| self.one(*by, reader, read)));
            }
        }
        Some(inferred)
    }

    /// Transactions, each behind those it read from. In a circle of reads there is no order, and
    /// need not be.
    fn in_order(&self) -> Vec<u32> {
        let txns = self.registers.txns.len() as u32;
        let sources = |txn: u32| {
            self.reads_of(txn).iter().map(|read| read.source).filter(|source| *source != START)
        };
        let mut missing = vec![0_u32; txns as usize];
        let mut readers: Vec<(u32, u32)> = Vec::new();
        for txn in 0..txns {
            readers.extend(sources(txn).map(|source| (source, txn)));
            missing[txn as usize] = sources(txn).count() as u32;
        }
        readers.sort_unstable();
        let mut order: Vec<u32> = (0..txns).filter(|txn| missing[*txn as usize] == 0).collect();
        let mut at = 0;
        while let Some(&txn) = order.get(at) {
            at += 1;
            let first = readers.partition_point(|(source, _)| *source < txn);
            for &(_, reader) in readers[first..].iter().take_while(|(source, _)| *source == txn) {
                missing[reader as usize] -= 1;
                if missing[reader as usize] == 0 {
                    order.push(reader);
                }
            }
        }
        order
    }

    fn broken(&self, cycle: &[(u32, Kinds)], inferred: &[Inferred]) -> Decided {
        let next = |at: usize| cycle[(at + 1) % cycle.len()].0;
        let edge = |(at, &(from, kinds)): (usize, &(u32, Kinds))| {
            let (kind, why) = self.why(from, next(at), kinds, inferred);
            Edge { from: self.registers.txns.op(from), kind: kind.to_owned(), why }
        };
        let edges: Vec<Edge> = cycle.iter().enumerate().map(edge).collect();
        let sentences: Vec<&str> = edges.iter().map(|edge| edge.why.as_str()).collect();
        Decided::Broken(sentences.join("; "), Figure::Cycle(edges))
    }

    fn why(
        &self,
        from: u32,
        to: u32,
        kinds: Kinds,
        inferred: &[Inferred],
    ) -> (&'static str, String) {
        let place = inferred.binary_search_by_key(&(from, to), |one| (one.from, one.to));
        let (Ok(place), Kinds::WW) = (place, kinds) else {
            return ("wr", self.read_from(from, to));
        };
        let Inferred { key, reader, .. } = inferred[place];
        let txns = &self.registers.txns;
        let (one, other, key) = (txns.op(from), txns.op(to), txns.key(key));
        let saw = match self.question {
            Question::ReadCommitted => "had read from",
            Question::ReadAtomic => "read from",
            _ => "saw, itself or through others,",
        };
        if reader == from {
            let text = format!(
                "op {one} {saw} op {other}, and yet read {key} as it was before op {other}"
            );
            return ("rw", text);
        }
        let reader = txns.op(reader);
        let text = format!(
            "op {one} wrote {key} before op {other} did, since op {reader} {saw} op {one}, and yet \
             read {key} from op {other}"
        );
        ("ww", text)
    }

    fn read_from(&self, from: u32, to: u32) -> String {
        let read = self.reads_of(to).iter().find(|read| read.source == from);
        let txns = &self.registers.txns;
        let (one, other) = (txns.op(from), txns.op(to));
        let Some(read) = read else { return self.registers.why(from, to, Kinds::WR) };
        let key = txns.key(read.key);
        match txns.acts[read.mop] {
            Act::Read(value) => format!("op {one} wrote {value} to {key}, and op {other} read it"),
            Act::Write(_) => format!("op {other} read {key} from op {one}"),
        }
    }
}
