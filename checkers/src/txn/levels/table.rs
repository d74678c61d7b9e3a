//! The table of models.
//!
//! The order is assembled from the papers that define the models:
//! * \[Adya\] Adya 1999, thesis, ch. 4 and 5: PL-1 to PL-3, PL-2+, PL-2L, PL-CS, PL-MSR, PL-FCV,
//!   PL-2.99, PL-3U, PL-SI, PL-SS.
//! * \[HAT\] Bailis et al. 2013, Highly Available Transactions: monotonic atomic view, sessions.
//! * \[Cerone\] Cerone, Bernardi & Gotsman 2015, A Framework for Transactional Consistency Models
//!   with Atomic Visibility: read atomic, causal, parallel SI, prefix, SI, serializable.
//! * \[Ahamad\] Ahamad et al. 1995, Causal Memory.
//! * \[BHG\] Bernstein, Hadzilacos & Goodman 1987, Concurrency Control and Recovery.
//! * \[CG\] Cerone & Gotsman 2016, Analysing Snapshot Isolation: cycles that SI forbids.
//! * \[DS\] Daudjee & Salem 2006, Lazy Database Replication with Snapshot Isolation: strong and
//!   strong session models.
//! * \[Elnikety\] Elnikety, Pedone & Zwaenepoel 2005: generalized SI is what is called SI here;
//!   prefix-consistent SI is strong session SI.
//! * \[ROLA\] Liu, Ölveczky et al. 2018, ROLA: update atomicity.
//! * \[Terry\] Terry et al. 1994, Session Guarantees for Weakly Consistent Replicated Data.
//! * \[ZP\] Zuikevičiūtė & Pedone 2008, Correctness Criteria for Database Replication.
//! * \[VV\] Viotti & Vukolić 2016, Consistency in Non-Transactional Distributed Storage Systems.
use super::Model;
use crate::txn::anomalies::Name;

const fn model(
    name: &'static str,
    aliases: &'static [&'static str],
    about: &'static str,
    implies: &'static [&'static str],
    forbids: &'static [Name],
    source: &'static str,
) -> Model {
    Model { name, aliases, about, implies, forbids, source }
}

/// Every model, weaker ones first.
pub const ALL: &[Model] = {
    use Name as N;
    &[
        model(
            "read-uncommitted",
            &["PL-1"],
            "writes are ordered the same way everywhere",
            &[],
            &[N::DuplicateElements, N::GarbageRead, N::CyclicVersions, N::G0],
            "Adya 4.2",
        ),
        model(
            "read-committed",
            &["PL-2"],
            "nobody sees what is aborted or unfinished",
            &["read-uncommitted"],
            &[
                N::IncompatibleOrder,
                N::G1a,
                N::DirtyUpdate,
                N::G1b,
                N::FutureRead,
                N::G1c,
                N::NoReadCommittedOrder,
            ],
            "Adya 4.2",
        ),
        model(
            "monotonic-view",
            &["PL-2L"],
            "what is seen of a transaction stays seen",
            &["read-committed"],
            &[],
            "Adya 4.3",
        ),
        model(
            "monotonic-snapshot-read",
            &["PL-MSR"],
            "each operation reads a later snapshot",
            &["monotonic-view"],
            &[],
            "Adya 4.3",
        ),
        model(
            "monotonic-atomic-view",
            &["MAV"],
            "what is seen of a transaction is all seen from then on",
            &["read-committed"],
            &[],
            "HAT",
        ),
        model(
            "cursor-stability",
            &["PL-CS"],
            "what a cursor stands on does not change",
            &["read-committed"],
            &[N::LostUpdate],
            "Adya 4.3",
        ),
        model(
            "read-atomic",
            &["RA"],
            "a transaction is seen whole or not at all",
            &["monotonic-atomic-view"],
            &[N::Internal, N::NoReadAtomicOrder],
            "Cerone",
        ),
        model(
            "update-atomic",
            &["UA", "ROLA"],
            "read atomic, and no update is lost",
            &["read-atomic"],
            &[N::LostUpdate],
            "Cerone; ROLA",
        ),
        model(
            "consistent-view",
            &["PL-2+"],
            "reads see a state that is consistent",
            &["cursor-stability", "monotonic-view"],
            &[N::GSingle, N::GSinglePredicate],
            "Adya 4.3",
        ),
        model(
            "forward-consistent-view",
            &["PL-FCV"],
            "reads see a consistent state, not older than the start",
            &["consistent-view"],
            &[],
            "Adya 4.3",
        ),
        model(
            "causal",
            &["causal-cerone", "TCC"],
            "what was seen brings what it saw",
            &["read-atomic"],
            &[N::NoCausalOrder],
            "Cerone",
        ),
        model(
            "parallel-snapshot-isolation",
            &["PSI"],
            "snapshots that may differ in the order of unrelated transactions",
            &["causal", "update-atomic"],
            &[],
            "Cerone",
        ),
        model(
            "prefix",
            &["PC", "consistent-prefix"],
            "snapshots of one order of all transactions",
            &["causal"],
            &[],
            "Cerone",
        ),
        model(
            "snapshot-isolation",
            &["SI", "PL-SI", "GSI"],
            "reads from a snapshot, first committer wins",
            &[
                "forward-consistent-view",
                "monotonic-snapshot-read",
                "parallel-snapshot-isolation",
                "prefix",
            ],
            &[N::GNonadjacent, N::GNonadjacentPredicate, N::NoSnapshotOrder],
            "CG 4",
        ),
        model(
            "repeatable-read",
            &["PL-2.99"],
            "serializable but for predicates",
            &["cursor-stability", "monotonic-atomic-view"],
            &[N::GSingle, N::GNonadjacent, N::G2, N::NoSerialOrder],
            "Adya 4.2",
        ),
        model(
            "update-serializable",
            &["PL-3U"],
            "updates are serializable, readers see consistent states",
            &["consistent-view"],
            &[],
            "Adya 4.3",
        ),
        model(
            "view-serializable",
            &["VSR"],
            "what is read is as if one after the other",
            &[],
            &[],
            "BHG 2.6",
        ),
        model(
            "serializable",
            &["PL-3", "SER", "conflict-serializable"],
            "as if one after the other",
            &["repeatable-read", "snapshot-isolation", "update-serializable", "view-serializable"],
            &[N::G2Predicate, N::PredicateReadMiss],
            "Adya 4.2",
        ),
        model(
            "strong-session-read-uncommitted",
            &["strong-session-PL-1"],
            "read uncommitted that respects sessions",
            &["read-uncommitted"],
            &[N::G0Process],
            "DS",
        ),
        model(
            "strong-session-read-committed",
            &["strong-session-PL-2"],
            "read committed that respects sessions",
            &["read-committed", "strong-session-read-uncommitted"],
            &[N::G1cProcess],
            "DS",
        ),
        model(
            "strong-session-snapshot-isolation",
            &["strong-session-SI", "PCSI"],
            "snapshot isolation that respects sessions",
            &["snapshot-isolation", "strong-session-read-committed", "PRAM"],
            &[
                N::GSingleProcess,
                N::GSinglePredicateProcess,
                N::GNonadjacentProcess,
                N::GNonadjacentPredicateProcess,
                N::NoSnapshotOrderProcess,
            ],
            "DS",
        ),
        model(
            "strong-session-serializable",
            &["strong-session-PL-3"],
            "serializable, in the order of each session",
            &["serializable", "strong-session-snapshot-isolation"],
            &[N::G2Process, N::G2PredicateProcess, N::NoSerialOrderProcess],
            "DS",
        ),
        model(
            "monotonic-reads",
            &["MR"],
            "a session never sees older than it saw",
            &[],
            &[],
            "Terry",
        ),
        model(
            "monotonic-writes",
            &["MW"],
            "a session's writes are seen in order",
            &[],
            &[],
            "Terry",
        ),
        model("read-your-writes", &["RYW"], "a session sees what it wrote", &[], &[], "Terry"),
        model(
            "writes-follow-reads",
            &["WFR"],
            "a session's writes come after what it saw",
            &[],
            &[],
            "Terry",
        ),
        model(
            "PRAM",
            &["FIFO"],
            "each session's operations are seen in its order",
            &["monotonic-reads", "monotonic-writes", "read-your-writes"],
            &[],
            "VV",
        ),
        model(
            "causal-memory",
            &[],
            "single operations: what comes before is seen before",
            &["writes-follow-reads", "PRAM"],
            &[],
            "Ahamad",
        ),
        model(
            "sequential",
            &["SC"],
            "single operations: one order of all, each session's as it made them",
            &["causal-memory"],
            &[],
            "Lamport 1979",
        ),
        model(
            "linearizable",
            &["atomic"],
            "single operations: one order of all, each between its two ends",
            &["sequential"],
            &[],
            "Herlihy & Wing 1990",
        ),
        model(
            "one-copy-serializable",
            &["1SR"],
            "replicas answer as one copy does, one transaction after the other",
            &["view-serializable"],
            &[],
            "BHG 8.3",
        ),
        model(
            "session-serializable",
            &["session-1SR"],
            "one copy, and each session's transactions in its order",
            &["one-copy-serializable"],
            &[],
            "ZP",
        ),
        model(
            "strong-read-uncommitted",
            &["strong-PL-1"],
            "read uncommitted that respects real time",
            &["strong-session-read-uncommitted"],
            &[N::G0Realtime],
            "DS",
        ),
        model(
            "strong-read-committed",
            &["strong-PL-2"],
            "read committed that respects real time",
            &["strong-session-read-committed", "strong-read-uncommitted"],
            &[N::G1cRealtime],
            "DS",
        ),
        model(
            "strong-snapshot-isolation",
            &["strong-SI"],
            "snapshot isolation that respects real time",
            &["strong-session-snapshot-isolation", "strong-read-committed"],
            &[
                N::GSingleRealtime,
                N::GSinglePredicateRealtime,
                N::GNonadjacentRealtime,
                N::GNonadjacentPredicateRealtime,
                N::NoSnapshotOrderRealtime,
            ],
            "DS",
        ),
        model(
            "strong-serializable",
            &["strict-serializable", "strong-PL-3", "PL-SS"],
            "serializable, in the order of real time",
            &[
                "linearizable",
                "session-serializable",
                "strong-session-serializable",
                "strong-snapshot-isolation",
            ],
            &[N::G2Realtime, N::G2PredicateRealtime, N::NoSerialOrderRealtime],
            "Adya 5; Herlihy & Wing 1990",
        ),
    ]
};
