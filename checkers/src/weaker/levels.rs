//! What may be demanded of a history instead of linearizability.
use super::{Weaker, sequential, sessions, two_atomic};
use crate::{Anomaly, Budget, Checker, Figure, History, OpsFigure, Valid, Verdict};

/// What a history is to keep, by name.
#[derive(Debug, PartialEq, Eq)]
pub struct Level {
    /// The name on the command line, and of the anomaly.
    pub name: &'static str,
    /// What it asks, in a line.
    pub about: &'static str,
    /// The promises it consists of; none is linearizability.
    pub promises: &'static [&'static str],
}

/// Every level, strongest first.
pub const LEVELS: &[Level] = &[
    Level {
        name: "linearizable",
        about: "one order of all calls, in which each stands between its two ends",
        promises: &[],
    },
    Level {
        name: "sequential",
        about: "one order of all calls, in which each process's own stand as it made them",
        promises: &[sequential::NAME],
    },
    Level {
        name: "2-atomic",
        about: "every read is at most one write behind (registers)",
        promises: &[two_atomic::NAME],
    },
    Level {
        name: "sessions",
        about: "all four of the session guarantees below (registers, distinct values)",
        promises: &sessions::NAMES,
    },
    Level {
        name: "read-your-writes",
        about: "no process reads what is older than its own last write",
        promises: &[sessions::NAMES[0]],
    },
    Level {
        name: "monotonic-reads",
        about: "no process reads what is older than it had read",
        promises: &[sessions::NAMES[1]],
    },
    Level {
        name: "monotonic-writes",
        about: "nobody sees the writes of a process in another order than its own",
        promises: &[sessions::NAMES[2]],
    },
    Level {
        name: "writes-follow-reads",
        about: "a write comes after what its process had read",
        promises: &[sessions::NAMES[3]],
    },
];

/// The level of this name.
pub fn level(name: &str) -> Option<&'static Level> {
    LEVELS.iter().find(|level| level.name == name)
}

/// Judges one level, and nothing above it.
#[derive(Clone, Debug)]
pub struct Demanded<C, W> {
    /// What is demanded.
    pub level: &'static Level,
    /// Judges linearizability, which implies every level and is decided faster.
    pub strong: C,
    /// Judges the promises.
    pub weaker: W,
}

impl<C: Checker, W: Weaker> Checker for Demanded<C, W> {
    /// Valid where the history is linearizable (detail `holds`), or keeps every promise of the
    /// level (detail `because`, by promise); invalid with an anomaly for each that it breaks.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let strong = self.strong.check(history, budget);
        if strong.valid == Valid::Valid {
            return strong.with("holds", "linearizable");
        }
        if self.level.promises.is_empty() || strong.is_malformed() {
            return strong;
        }
        let claims = match self.weaker.judge(self.level.promises, history, budget) {
            Ok(claims) => claims,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let of = |valid| claims.iter().filter(move |claim| claim.valid == valid);
        let anomalies: Vec<Anomaly> = of(Valid::Invalid)
            .map(|claim| Anomaly {
                name: format!("not {}", claim.name).replace(' ', "-"),
                key: None,
                explanation: format!("Not {}: {}.", claim.name, claim.why),
                figure: claim.figure.clone().unwrap_or(Figure::Ops(OpsFigure::default())),
            })
            .collect();
        if anomalies.is_empty()
            && let Some(undecided) = of(Valid::Unknown).next()
        {
            return Verdict::unknown(format!("{}: {}", undecided.name, undecided.why));
        }
        let because = of(Valid::Valid).map(|claim| (claim.name.clone(), claim.why.as_str().into()));
        let because: serde_json::Map<_, _> = because.collect();
        Verdict::of(anomalies).with("because", because)
    }
}
