//! What a checker answers, and the evidence for it.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Malformed;

/// Whether a property holds. Ordered by gravity, so that the worst of several is their `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Valid {
    /// The history satisfies the property.
    Valid,
    /// Nobody could tell: out of time or memory, or too little to go by.
    Unknown,
    /// The history violates it, and an anomaly says how.
    Invalid,
}

/// A checker's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The answer itself.
    pub valid: Valid,
    /// What should not have happened; empty unless the answer is `invalid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<Anomaly>,
    /// Counts and lists the checker wants known, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, Value>,
    /// Verdicts this one was composed of, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Verdict>,
}

/// One thing that should not have happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// The field's own name for it: `lost`, `G-single`, `nonlinearizable`.
    pub name: String,
    /// The independent object it struck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
    /// One paragraph for a person, naming ops by index.
    pub explanation: String,
    /// The evidence, drawn by the report.
    pub figure: Figure,
}

/// The few shapes of evidence that a report knows how to draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// A sub-history: the calls that together cannot be explained, and how far an order got.
    Ops(OpsFigure),
    /// A cycle of ops; each edge leads to the next, the last one back to the first.
    Cycle(Vec<Edge>),
    /// Rows under headings.
    Table {
        /// Column headings.
        head: Vec<String>,
        /// One list of cells a row.
        rows: Vec<Vec<Value>>,
    },
}

/// A sub-history that violates a sequential specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpsFigure {
    /// Indices of the invocations of the calls to draw, in order.
    pub calls: Vec<u32>,
    /// Index of the completion that no order can explain.
    pub culprit: u32,
    /// The longest order that could be found: each call (by index of its invocation) and the
    /// state after it, as text.
    pub prefix: Vec<(u32, String)>,
    /// For each state an order could have reached before the culprit, the first 24 of them: why the
    /// culprit cannot follow.
    pub reasons: Vec<String>,
    /// Those of `calls` that may have happened or not, for all it matters: they crashed, or what
    /// they answered is not needed to see the contradiction.
    #[serde(default)]
    pub optional: Vec<u32>,
    /// The states in which all orders are stuck, the first 24 of them, and what was tried there.
    #[serde(default)]
    pub stuck: Vec<Stuck>,
    /// Indices of the invocations of calls that have no order by themselves, from the beginning of
    /// the history on: `calls`, unless these begin later.
    #[serde(default)]
    pub part: Vec<u32>,
    /// Those of `part` whose answers contradict each other, whatever else happened: see
    /// [`crate::Proof::Contradiction`].
    #[serde(default)]
    pub answers: Vec<u32>,
}

/// A state in which nothing brings an order past the completion that none can explain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// The state, as text.
    pub state: String,
    /// Every call that may come next.
    pub candidates: Vec<Candidate>,
}

/// A call that may come next, and why that is of no use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Index of its invocation.
    pub op: u32,
    /// The call in words.
    pub call: String,
    /// The state that it leads to, as text; absent where it does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<String>,
    /// Why it is of no use, in words that follow those of the call.
    pub reason: String,
}

/// One edge of a cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Index of the invocation the edge leaves.
    pub from: u32,
    /// What kind of dependency: `wr`, `ww`, `rw`, `process`, `realtime`.
    pub kind: String,
    /// Why it exists, in a sentence.
    pub why: String,
}

/// Rows that a table shows; the rest is counted.
const ROWS_MAX: usize = 20;

impl Figure {
    /// A table of the first rows; the last one says how many more there are. A number under a
    /// heading with the word `op`, or under the name of a function, is the index of an op.
    pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<Value>>) -> Figure {
        let mut rows = rows.into_iter();
        let mut shown: Vec<Vec<Value>> = rows.by_ref().take(ROWS_MAX).collect();
        let more = rows.count();
        if more > 0 {
            let mut last = vec![Value::Null; head.len()];
            last[0] = format!("and {more} more").into();
            shown.push(last);
        }
        Figure::Table { head: head.iter().map(ToString::to_string).collect(), rows: shown }
    }
}

impl Anomaly {
    /// An anomaly of no particular key.
    pub fn new(name: &str, explanation: impl Into<String>, figure: Figure) -> Anomaly {
        Anomaly { name: name.to_owned(), key: None, explanation: explanation.into(), figure }
    }
}

impl Verdict {
    /// The property holds.
    pub fn valid() -> Verdict {
        Verdict {
            valid: Valid::Valid,
            anomalies: Vec::new(),
            details: BTreeMap::new(),
            parts: BTreeMap::new(),
        }
    }

    /// Nobody could tell, for this reason.
    pub fn unknown(why: impl Into<String>) -> Verdict {
        Verdict { valid: Valid::Unknown, ..Verdict::valid() }.with("why", why.into())
    }

    /// A value of the history does not fit what was to be judged; `malformed` has its line.
    pub fn malformed(malformed: &Malformed) -> Verdict {
        Verdict::unknown(format!("cannot read {malformed}")).with("malformed", malformed.line)
    }

    /// Whether it, or any part of it, says that the history could not be read.
    pub fn is_malformed(&self) -> bool {
        self.details.contains_key("malformed") || self.parts.values().any(Verdict::is_malformed)
    }

    /// The property is violated, as these say; holds where there is none.
    pub fn of(anomalies: Vec<Anomaly>) -> Verdict {
        let valid = if anomalies.is_empty() { Valid::Valid } else { Valid::Invalid };
        Verdict { valid, anomalies, ..Verdict::valid() }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Verdict {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The worst of several; of none, valid.
    pub fn compose(parts: impl IntoIterator<Item = (String, Verdict)>) -> Verdict {
        let parts: BTreeMap<_, _> = parts.into_iter().collect();
        let valid = parts.values().map(|v| v.valid).max().unwrap_or(Valid::Valid);
        Verdict { valid, parts, ..Verdict::valid() }
    }

    /// Every anomaly of this verdict and its parts, outermost first.
    pub fn all_anomalies(&self) -> Vec<&Anomaly> {
        let below = self.parts.values().flat_map(Verdict::all_anomalies);
        self.anomalies.iter().chain(below).collect()
    }

    /// Why it is unknown, where that was said.
    pub fn why(&self) -> Option<&str> {
        self.details.get("why").and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_says_how_much_longer_it_is() {
        let rows = (0..ROWS_MAX + 7).map(|n| vec![n.into(), Value::Null]);
        let Figure::Table { rows, .. } = Figure::table(&["op", "value"], rows) else { panic!() };
        assert_eq!(rows.len(), ROWS_MAX + 1);
        assert_eq!(rows[ROWS_MAX], [Value::from("and 7 more"), Value::Null]);
    }
}
