//! `result.json`: what a run, or a check, found. Everything a script or a report may rely on.
//!
//! Times are integer nanoseconds since the start of the run, counts are integers, lists are never
//! null. `schema_version` follows SchemaVer: an addition is minor; a renamed or removed field, or
//! one with a new meaning, is major. `netsplit schema result` prints the JSON Schema.
use std::collections::BTreeMap;

use checkers::{Figure, Nanos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::Exit;

mod figure;

/// The version of this shape.
pub const SCHEMA_VERSION: &str = "1.3.0";

/// What a run or a check found.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// Version of this shape, `MAJOR.MINOR.PATCH`.
    pub schema_version: String,
    /// Which run this is.
    pub run: RunInfo,
    /// The system under test; of a bare history, its name is `unknown`.
    pub system: SystemInfo,
    /// What was asked of it.
    pub workload: WorkloadInfo,
    /// The answer.
    pub verdict: RunVerdict,
    /// Everything that was judged, the worst first.
    pub properties: Vec<Property>,
    /// Everything that should not have happened.
    pub anomalies: Vec<FoundAnomaly>,
    /// The faults as they happened, in order.
    pub faults: Vec<FaultWindow>,
    /// Counts and latencies.
    pub stats: Stats,
    /// How the system bore the faults.
    pub resilience: Resilience,
    /// What the harness itself did to the ops; absent for a bare history.
    #[serde(default)]
    pub harness: Option<Harness>,
    /// Why the verdict means something.
    pub evidence: Evidence,
    /// What the reader should know and nobody asked for.
    pub warnings: Vec<String>,
    /// Files beside this one.
    pub artifacts: Vec<Artifact>,
}

/// Which run this is, and how to have it again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// Name of the directory in `results/`; of a bare history, the file's name.
    pub id: String,
    /// When it started (RFC 3339, UTC); absent for a bare history.
    pub started_at: Option<String>,
    /// Every random choice of the run follows from it.
    pub seed: Option<u64>,
    /// Wall time of each phase in milliseconds.
    pub phases_ms: BTreeMap<String, u64>,
    /// The command as it was typed.
    pub argv: Vec<String>,
    /// The command that runs the same test again, seed included.
    pub reproduce: String,
    /// Version of netsplit.
    pub netsplit: String,
}

/// The system under test.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SystemInfo {
    /// Name, as `--system` takes it.
    pub name: String,
    /// Version, as the system itself tells it.
    pub version: Option<String>,
    /// The bug that was switched on, where one was.
    pub bug: Option<String>,
    /// Options given to it.
    pub options: BTreeMap<String, Value>,
    /// Names of the nodes.
    pub nodes: Vec<String>,
}

/// What was asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadInfo {
    /// Name, as `--workload` takes it; of a bare history, the model.
    pub name: String,
    /// Options of the workload.
    pub params: BTreeMap<String, Value>,
    /// Client threads.
    pub concurrency: u32,
    /// Ops a second asked for; absent means as fast as possible.
    pub rate: Option<f64>,
}

/// The answer of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunVerdict {
    /// The answer in one word.
    pub value: VerdictValue,
    /// Why that word.
    pub reason: Reason,
    /// Why, in a sentence for a person.
    pub summary: String,
    /// The code netsplit exits with.
    pub exit_code: u8,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerdictValue {
    /// Everything judged holds, and there is evidence that this means something.
    Pass,
    /// A property is violated, or an objective missed.
    Fail,
    /// Nobody can tell.
    Unknown,
    /// The run did not get so far: nothing is said about the system.
    Error,
}

/// Why a verdict has its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// All is well.
    Ok,
    /// A safety property is violated.
    Violation,
    /// An objective (availability, recovery time) is missed.
    Objective,
    /// Too little happened for a pass to mean anything.
    Vacuous,
    /// A planned fault did not take effect, so the system was not tested as asked.
    FaultNotEffective,
    /// A checker ran out of time or memory.
    CheckerBudget,
    /// Nodes or the system could not be set up, or reached.
    Setup,
    /// The user stopped the run.
    Interrupted,
    /// A bug in netsplit.
    Internal,
}

/// One thing that was judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Property {
    /// Name, unique in the run.
    pub id: String,
    /// What kind of claim it is.
    pub kind: PropertyKind,
    /// How it ended.
    pub status: PropertyStatus,
    /// What was found, in a sentence.
    pub message: String,
    /// How many things were checked: ops, keys, elements, faults.
    pub checked: u64,
    /// How many of them violate it.
    pub violated: u64,
    /// Counts and lists the checker wants known.
    pub details: BTreeMap<String, Value>,
}

/// What kind of claim a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PropertyKind {
    /// Nothing bad happens.
    Safety,
    /// Something good happens in the end.
    Liveness,
    /// A bound the user set.
    Objective,
    /// The test itself was a test.
    Sanity,
}

/// How a property ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PropertyStatus {
    /// It holds.
    Pass,
    /// It is violated.
    Fail,
    /// Nobody can tell.
    Unknown,
}

/// Something that should not have happened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FoundAnomaly {
    /// The field's name for it: `nonlinearizable`, `lost`, `stale`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The property it violates.
    pub property: String,
    /// The independent object it struck.
    pub key: Option<u32>,
    /// What happened, for a person; ops are named by their index in the history.
    pub explanation: String,
    /// From the first to the last op of the evidence.
    pub window_ns: [Nanos; 2],
    /// Ids of the faults that were active in that window.
    pub faults_active: Vec<u32>,
    /// The evidence.
    #[schemars(with = "figure::Figure")]
    pub figure: Figure,
    /// The minimal sub-history as a file in `anomalies/`, where there is one.
    pub file: Option<String>,
}

/// One fault, from plan to healing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FaultWindow {
    /// From 0, in order of injection.
    pub id: u32,
    /// `partition`, `kill`, `pause`, ...
    pub fault: String,
    /// The target as it was drawn: `one`, `majority`, `halves`, ...
    pub target: Value,
    /// What was hurt: nodes, or who drops whose packets.
    pub hurt: Value,
    /// Names of the nodes that were hurt.
    pub nodes: Vec<String>,
    /// When it was asked for.
    pub planned_ns: Nanos,
    /// When injecting it had returned; absent if it failed.
    pub injected_ns: Option<Nanos>,
    /// When it was seen to be in effect; absent if it never was.
    pub effective_ns: Option<Nanos>,
    /// When undoing it was asked for; absent if it never was.
    #[serde(default)]
    pub healing_ns: Option<Nanos>,
    /// When it was seen to be undone; absent if it never was.
    pub healed_ns: Option<Nanos>,
    /// Whether a probe proved that it was in effect.
    pub effective: bool,
    /// What the probes saw before, during and after.
    pub evidence: Value,
    /// What went wrong with it.
    pub error: Option<String>,
}

/// Counts and latencies.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Stats {
    /// All client calls.
    pub ops: Counts,
    /// Client calls by function.
    pub by_f: BTreeMap<String, Counts>,
    /// Client calls by node.
    pub by_node: BTreeMap<String, Counts>,
    /// Latency of `ok` calls in nanoseconds, by function, from when each was due: a call that began
    /// late because the system kept every thread busy has waited for it.
    pub latency_ns: BTreeMap<String, Quantiles>,
    /// The same from when each call began; empty where all calls began when they were due.
    #[serde(default)]
    pub service_ns: BTreeMap<String, Quantiles>,
    /// Why calls did not end `ok`: the commonest errors with their counts.
    pub errors: Vec<ErrorCount>,
    /// Those of them that no client foresaw, by kind, the commonest first. They make no verdict.
    #[serde(default)]
    pub unforeseen: Vec<UnforeseenErrors>,
    /// From the first to the last op.
    pub duration_ns: Nanos,
}

/// How many calls ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Invocations.
    pub total: u64,
    /// Happened.
    pub ok: u64,
    /// Certainly did not happen.
    pub fail: u64,
    /// May have happened; open calls count here.
    pub info: u64,
}

/// Quantiles of a distribution.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// A class of errors.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorCount {
    /// The message, numbers blanked.
    pub error: String,
    /// How many calls ended with it.
    pub count: u64,
}

/// A kind of errors that no client foresaw.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnforeseenErrors {
    /// What was being done, or went wrong, numbers blanked.
    pub kind: String,
    /// How many calls ended with one.
    pub count: u64,
    /// The first of them, in full.
    pub example: String,
    /// The op that ended with it, by its index in the history.
    pub op: u32,
}

/// What the harness itself did, so that it is not taken for the system.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Harness {
    /// Client calls completed a second, from the first invocation to the last completion.
    pub ops_per_s: f64,
    /// How long a client call was in the harness's own hands, in nanoseconds: from when it was due
    /// and its client free until the client was handed it, and from the client's answer until that
    /// stood in the history.
    pub delay_ns: Quantiles,
    /// The most memory the controller held until the last op, in bytes; judging is not in it.
    pub memory_bytes_max: u64,
}

/// How the system bore the faults.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Resilience {
    /// Share of one-second windows of the main phase with at least one `ok`, from 0 to 1.
    pub availability: Option<f64>,
    /// The longest time without an `ok` in the main phase.
    pub longest_outage_ns: Option<Nanos>,
    /// For each fault, by id: time from its healing to the first `ok` invoked after it on every
    /// node that was hurt; absent where that never came.
    pub recovery_ns: BTreeMap<u32, Option<Nanos>>,
}

/// Why a verdict means something.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Calls that ended `ok`.
    pub ops_ok: u64,
    /// Reads that ended `ok` and began after the last healing.
    pub reads_after_heal: u64,
    /// Calls invoked while a fault was in effect.
    pub ops_during_faults: u64,
    /// Pairs of neighbouring calls that overlapped in time.
    pub concurrent_pairs: u64,
    /// Faults that were asked for.
    pub faults_planned: u64,
    /// Faults that a probe proved to be in effect.
    pub faults_effective: u64,
    /// Faults that a probe proved to be undone.
    pub faults_healed: u64,
    /// What is missing for a pass to mean something.
    pub missing: Vec<String>,
}

/// A file beside `result.json`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Path from the run's directory.
    pub path: String,
    /// What it is, in a few words.
    pub about: String,
    /// Its size.
    pub bytes: u64,
}

impl RunVerdict {
    /// A verdict with the exit code that belongs to it.
    pub fn new(value: VerdictValue, reason: Reason, summary: impl Into<String>) -> RunVerdict {
        let exit_code = Exit::of(value, reason).code();
        RunVerdict { value, reason, summary: summary.into(), exit_code }
    }
}

/// The JSON Schema of [`RunResult`].
pub fn schema() -> Value {
    schemars::schema_for!(RunResult).to_value()
}
