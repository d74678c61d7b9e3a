//! What a client hears.
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a client's question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It happened: what came of it, as the system says; `null` for nothing.
    Ok(Value),
    /// It certainly did not happen: why.
    Fail(String),
    /// It may have happened, or may yet: why.
    Info(String),
}
