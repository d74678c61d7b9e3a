//! The shapes of evidence as the JSON Schema tells them: those of [`checkers::Figure`], which knows
//! no schema.
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The evidence of an anomaly.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, never made")]
pub(super) enum Figure {
    /// Calls that together cannot be explained. Calls are named by the index of the invocation.
    Ops(Ops),
    /// A cycle of ops; each edge leads to the next, the last one back to the first.
    Cycle(Vec<Edge>),
    /// Rows under headings.
    Table { head: Vec<String>, rows: Vec<Vec<Value>> },
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Ops {
    /// The calls to draw, in order.
    calls: Vec<u32>,
    /// Index of the completion that no order can explain.
    culprit: u32,
    /// The longest order found: each call and the state after it.
    prefix: Vec<(u32, String)>,
    /// For each state that an order can reach, why it gets no further.
    reasons: Vec<String>,
    /// Those of `calls` that may have happened or not, for all it matters.
    #[serde(default)]
    optional: Vec<u32>,
    /// Every state in which all orders are stuck.
    #[serde(default)]
    stuck: Vec<Stuck>,
    /// Calls that have no order by themselves, from the beginning of the history on.
    #[serde(default)]
    part: Vec<u32>,
    /// Those of `part` whose answers contradict each other, whatever else happened.
    #[serde(default)]
    answers: Vec<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Stuck {
    /// The state, as text.
    state: String,
    /// Every call that may come next.
    candidates: Vec<Candidate>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Candidate {
    /// Its invocation.
    op: u32,
    /// The call in words.
    call: String,
    /// The state that it leads to; absent where it does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    leads_to: Option<String>,
    /// Why it is of no use.
    reason: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Edge {
    /// The invocation that the edge leaves.
    from: u32,
    /// What kind of dependency.
    kind: String,
    /// Why it exists.
    why: String,
}
