//! What can be wrong with a history of transactions, by the names that Elle gives.
//!
//! One list orders them, from the gravest; each says what it is and, for cycles, which.
use super::{
    graph::Kinds,
    pattern::{Pattern, Rw},
};

/// Everything that can be wrong, in the order of [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is described in ALL")]
pub enum Name {
    DuplicateElements,
    GarbageRead,
    CyclicVersions,
    G0,
    G0Process,
    G0Realtime,
    IncompatibleOrder,
    G1a,
    DirtyUpdate,
    G1b,
    FutureRead,
    G1c,
    G1cProcess,
    G1cRealtime,
    NoReadCommittedOrder,
    Internal,
    PredicateReadMiss,
    NoReadAtomicOrder,
    NoCausalOrder,
    LostUpdate,
    GSingle,
    GSingleProcess,
    GSingleRealtime,
    GSinglePredicate,
    GSinglePredicateProcess,
    GSinglePredicateRealtime,
    GNonadjacent,
    GNonadjacentProcess,
    GNonadjacentRealtime,
    GNonadjacentPredicate,
    GNonadjacentPredicateProcess,
    GNonadjacentPredicateRealtime,
    NoSnapshotOrder,
    NoSnapshotOrderProcess,
    NoSnapshotOrderRealtime,
    G2,
    G2Process,
    G2Realtime,
    G2Predicate,
    G2PredicateProcess,
    G2PredicateRealtime,
    NoSerialOrder,
    NoSerialOrderProcess,
    NoSerialOrderRealtime,
}

/// What there must be an order for, whatever the order of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is a model, described there")]
pub enum Question {
    ReadCommitted,
    ReadAtomic,
    Causal,
    Snapshot,
    Serial,
}

/// A question, and which order beside what values show must be kept to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The question.
    pub question: Question,
    /// The order.
    pub order: Kinds,
}

impl Decision {
    /// Whether, if there is such an order, there is one for the other.
    pub fn settles(self, other: Decision) -> bool {
        self.question >= other.question && other.order.is_within(self.order)
    }
}

/// One of them, described.
pub struct Anomaly {
    /// Which.
    pub name: Name,
    /// As reports and scripts call it.
    pub text: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The cycle it is, if it is one.
    pub cycle: Option<Pattern>,
    /// The question it answers with no, if it is such.
    pub decision: Option<Decision>,
}

impl Anomaly {
    /// The orders beside what values show that it needs.
    pub fn order(&self) -> Kinds {
        let cycle = self.cycle.map_or(Kinds::GOES_ON, |cycle| cycle.needed);
        let decision = self.decision.map_or(Kinds::GOES_ON, |decision| decision.order);
        Kinds(cycle.0 & !Kinds::DATA.0).and(decision)
    }
}

const WR: Kinds = Kinds::WW.and(Kinds::READS);

const fn direct(name: Name, text: &'static str, about: &'static str) -> Anomaly {
    Anomaly { name, text, about, cycle: None, decision: None }
}

const fn cycle(name: Name, text: &'static str, data: Kinds, rw: Rw, order: Kinds) -> Anomaly {
    let is_by_predicate = data.meets(Kinds::RWP);
    let about = match rw {
        Rw::One if is_by_predicate => "a circle with one question by predicate, answered too early",
        Rw::Apart | Rw::Together if is_by_predicate => {
            "a circle with several answers that were too early, one of them by predicate"
        }
        Rw::None if !data.meets(Kinds::WR) => "transactions overwrote each other in a circle",
        Rw::None => "information flowed in a circle",
        Rw::One => "a circle with one read of a state that was overwritten",
        Rw::Apart => "a circle with several reads of overwritten states, never one after the other",
        Rw::Together => "a circle with reads of overwritten states, one after the other",
    };
    let wr = if matches!(rw, Rw::None) { Kinds(data.0 & Kinds::WR.0) } else { Kinds::GOES_ON };
    let rwp = Kinds(data.0 & Kinds::RWP.0);
    let pattern = Pattern { allowed: data.and(order), needed: wr.and(rwp).and(order), rw };
    Anomaly { name, text, about, cycle: Some(pattern), decision: None }
}

const fn no_order(name: Name, text: &'static str, question: Question, order: Kinds) -> Anomaly {
    let about = match question {
        Question::ReadCommitted => "in no order of commits does everybody read what is committed",
        Question::ReadAtomic => "in no order of commits are transactions seen whole",
        Question::Causal => "in no order of commits does everybody see what was seen before",
        Question::Snapshot => "there is no order of snapshots and commits that explains the reads",
        Question::Serial => "there is no order of all transactions that explains the reads",
    };
    let decision = Some(Decision { question, order });
    Anomaly { name, text, about, cycle: None, decision }
}

/// From the gravest to the lightest.
pub const ALL: [Anomaly; 44] = {
    use Kinds as K;
    use Name as N;
    use Question as Q;
    [
        direct(N::DuplicateElements, "duplicate-elements", "a list has an element twice"),
        direct(N::GarbageRead, "garbage-read", "a read saw what nobody wrote"),
        direct(
            N::CyclicVersions,
            "cyclic-versions",
            "what was taken for granted of a key orders its versions in a circle",
        ),
        cycle(N::G0, "G0", K::WW, Rw::None, K::GOES_ON),
        cycle(N::G0Process, "G0-process", K::WW, Rw::None, K::PROCESS),
        cycle(N::G0Realtime, "G0-realtime", K::WW, Rw::None, K::REALTIME),
        direct(
            N::IncompatibleOrder,
            "incompatible-order",
            "reads contradict each other on the order",
        ),
        direct(N::G1a, "G1a", "a read saw what a failed transaction wrote"),
        direct(N::DirtyUpdate, "dirty-update", "a write went on top of one that failed"),
        direct(N::G1b, "G1b", "a read saw a transaction half done"),
        direct(N::FutureRead, "future-read", "a read saw what its own transaction wrote later"),
        cycle(N::G1c, "G1c", WR, Rw::None, K::GOES_ON),
        cycle(N::G1cProcess, "G1c-process", WR, Rw::None, K::PROCESS),
        cycle(N::G1cRealtime, "G1c-realtime", WR, Rw::None, K::REALTIME),
        no_order(N::NoReadCommittedOrder, "no-read-committed-order", Q::ReadCommitted, K::GOES_ON),
        direct(N::Internal, "internal", "a transaction contradicts its own reads and writes"),
        direct(
            N::PredicateReadMiss,
            "predicate-read-miss",
            "a read by predicate missed what matches in all its versions",
        ),
        no_order(N::NoReadAtomicOrder, "no-read-atomic-order", Q::ReadAtomic, K::GOES_ON),
        no_order(N::NoCausalOrder, "no-causal-order", Q::Causal, K::GOES_ON),
        direct(N::LostUpdate, "lost-update", "transactions updated the same version"),
        cycle(N::GSingle, "G-single-item", K::ITEMS, Rw::One, K::GOES_ON),
        cycle(N::GSingleProcess, "G-single-item-process", K::ITEMS, Rw::One, K::PROCESS),
        cycle(N::GSingleRealtime, "G-single-item-realtime", K::ITEMS, Rw::One, K::REALTIME),
        cycle(N::GSinglePredicate, "G-single", K::DATA, Rw::One, K::GOES_ON),
        cycle(N::GSinglePredicateProcess, "G-single-process", K::DATA, Rw::One, K::PROCESS),
        cycle(N::GSinglePredicateRealtime, "G-single-realtime", K::DATA, Rw::One, K::REALTIME),
        cycle(N::GNonadjacent, "G-nonadjacent-item", K::ITEMS, Rw::Apart, K::GOES_ON),
        cycle(
            N::GNonadjacentProcess,
            "G-nonadjacent-item-process",
            K::ITEMS,
            Rw::Apart,
            K::PROCESS,
        ),
        cycle(
            N::GNonadjacentRealtime,
            "G-nonadjacent-item-realtime",
            K::ITEMS,
            Rw::Apart,
            K::REALTIME,
        ),
        cycle(N::GNonadjacentPredicate, "G-nonadjacent", K::DATA, Rw::Apart, K::GOES_ON),
        cycle(
            N::GNonadjacentPredicateProcess,
            "G-nonadjacent-process",
            K::DATA,
            Rw::Apart,
            K::PROCESS,
        ),
        cycle(
            N::GNonadjacentPredicateRealtime,
            "G-nonadjacent-realtime",
            K::DATA,
            Rw::Apart,
            K::REALTIME,
        ),
        no_order(N::NoSnapshotOrder, "no-snapshot-order", Q::Snapshot, K::GOES_ON),
        no_order(N::NoSnapshotOrderProcess, "no-snapshot-order-process", Q::Snapshot, K::PROCESS),
        no_order(
            N::NoSnapshotOrderRealtime,
            "no-snapshot-order-realtime",
            Q::Snapshot,
            K::REALTIME,
        ),
        cycle(N::G2, "G2-item", K::ITEMS, Rw::Together, K::GOES_ON),
        cycle(N::G2Process, "G2-item-process", K::ITEMS, Rw::Together, K::PROCESS),
        cycle(N::G2Realtime, "G2-item-realtime", K::ITEMS, Rw::Together, K::REALTIME),
        cycle(N::G2Predicate, "G2", K::DATA, Rw::Together, K::GOES_ON),
        cycle(N::G2PredicateProcess, "G2-process", K::DATA, Rw::Together, K::PROCESS),
        cycle(N::G2PredicateRealtime, "G2-realtime", K::DATA, Rw::Together, K::REALTIME),
        no_order(N::NoSerialOrder, "no-serial-order", Q::Serial, K::GOES_ON),
        no_order(N::NoSerialOrderProcess, "no-serial-order-process", Q::Serial, K::PROCESS),
        no_order(N::NoSerialOrderRealtime, "no-serial-order-realtime", Q::Serial, K::REALTIME),
    ]
};

impl Name {
    /// What there is to say about it.
    pub fn entry(self) -> &'static Anomaly {
        &ALL[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_the_names() {
        for (place, entry) in ALL.iter().enumerate() {
            assert_eq!(entry.name as usize, place, "{}", entry.text);
        }
    }

    #[test]
    fn cycles_are_called_by_the_orders_they_need() {
        for entry in &ALL {
            let needs = |kinds| entry.order().meets(kinds);
            assert_eq!(needs(Kinds::PROCESS), entry.text.ends_with("-process"), "{}", entry.text);
            assert_eq!(needs(Kinds::REALTIME), entry.text.ends_with("-realtime"), "{}", entry.text);
        }
    }
}
