//! Transactions: which consistency models a history rules out, and by which anomalies.
//!
//! Transactions are nodes; an edge says that one comes before another, since values, sessions or
//! clocks show it. A cycle then is a contradiction, and the kinds of its edges say which models it
//! contradicts (Adya 1999; Kingsbury & Alvaro 2020, "Elle"). From text to verdict:
//!
//! 1. [`decode`]: transactions as dense arrays;
//! 2. [`mod@append`], [`rw_register`], [`closed_predicate`]: who wrote and read which version, and anomalies that single
//!    reads show;
//! 3. [`versions`] and [`order`]: the graph, of which no edge is stored;
//! 4. [`tarjan`], [`tangle`], [`cycle`]: where there are cycles, and the shortest of each
//!    [`pattern`];
//! 5. [`anomalies`], [`levels`], [`standing`]: what they are called, and which models they rule out;
//!    where nothing orders versions, [`polygraph`] decides, if asked;
//! 6. [`judge`]: the verdict.
pub mod anomalies;
pub mod append;
pub mod atom;
pub mod by_key;
pub mod closed_predicate;
pub mod cycle;
pub mod decode;
pub mod findings;
pub mod graph;
pub mod judge;
pub mod levels;
pub mod order;
pub mod pattern;
pub mod polygraph;
pub mod rw_register;
mod scan;
pub mod search;
pub mod stamp;
pub mod standing;
pub mod tangle;
pub mod tarjan;
pub mod versions;
pub mod writer;

use crate::Checker;

/// What a checker of transactions may be told.
pub struct Options {
    /// The models that are to hold.
    pub consistency: Vec<&'static levels::Model>,
    /// What to take for granted of each key, where values alone do not order its versions.
    pub assume: Assume,
    /// Whether to search for an order of versions that would do, where nothing tells it.
    pub search_orders: bool,
}

/// What is taken for granted of each key by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assume {
    /// Who reads a version and then writes one, wrote a later one.
    pub wfr_keys: bool,
    /// Each process sees the versions of a key in their order.
    pub sequential_keys: bool,
    /// Each key is linearizable.
    pub linearizable_keys: bool,
}

impl Options {
    const fn of_nothing() -> Options {
        let assume = Assume { wfr_keys: false, sequential_keys: false, linearizable_keys: false };
        Options { consistency: Vec::new(), assume, search_orders: false }
    }

    /// For models by name.
    ///
    /// # Errors
    /// The name that no model has.
    pub fn new<'n>(consistency: impl IntoIterator<Item = &'n str>) -> Result<Options, &'n str> {
        let models = consistency.into_iter().map(|name| levels::find(name).ok_or(name));
        Ok(Options { consistency: models.collect::<Result<_, _>>()?, ..Options::of_nothing() })
    }
}

impl Default for Options {
    fn default() -> Options {
        let consistency = levels::find("strong-serializable").into_iter().collect();
        Options { consistency, ..Options::of_nothing() }
    }
}

/// A kind of transactions by name.
pub struct Entry {
    /// As `netsplit check --workload` takes it.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Builds its checker.
    pub build: fn(Options) -> Box<dyn Checker>,
}

/// Every kind of transactions.
pub const ALL: &[Entry] = &[append::ENTRY, rw_register::ENTRY, closed_predicate::ENTRY];

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
