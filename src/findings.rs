//! From a history to [`RunResult`]: judged, counted, weighed.
//!
//! Everything here is computed from the history and the test alone, so a stored run can be judged
//! again on any machine, any day.
pub mod down;
pub mod evidence;
pub mod logs;
pub mod resilience;
pub mod stats;
pub mod streamed;
mod unforeseen;
pub mod verdict;
pub mod windows;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use checkers::{Budget, Figure, History, Nanos, Verdict};

use crate::{
    result::{
        Evidence, FaultWindow, FoundAnomaly, Harness, Property, PropertyKind, PropertyStatus,
        Resilience, RunInfo, RunResult, SCHEMA_VERSION, Stats, SystemInfo, WorkloadInfo,
    },
    run::{Interrupt, Ran},
    test::Test,
};

/// How much judging may cost, in time from now and in bytes.
pub fn budget(time: Duration, bytes_max: u64) -> Budget {
    let end = Instant::now() + time;
    Budget::new(bytes_max, move || Instant::now() >= end)
}

/// What is known about a run apart from its history.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Wall time of each phase.
    pub phases_ms: BTreeMap<String, u64>,
    /// Version of the system.
    pub version: Option<String>,
    /// Whether the user stopped it.
    pub interrupted: Option<Interrupt>,
    /// What the harness did to the ops.
    pub harness: Option<Harness>,
    /// Nodes that were down at the end, by themselves; none where nobody could tell.
    pub down: Option<Vec<down::Down>>,
    /// What was found in the nodes' logs, where they were searched.
    pub logs: Option<logs::Found>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl From<Ran> for Circumstances {
    fn from(ran: Ran) -> Circumstances {
        let Ran { phases_ms, version, interrupted, warnings, harness, down, left_out: _ } = ran;
        Circumstances { phases_ms, version, interrupted, harness, down, logs: None, warnings }
    }
}

/// Judges the history of a run with the checker of its workload.
///
/// # Errors
/// When the test names a workload that this netsplit does not know, or a value of the history does
/// not fit it.
pub fn judge_run(
    test: &Test,
    history: &History,
    circumstances: Circumstances,
) -> anyhow::Result<RunResult> {
    let entry = test.workload_entry()?;
    let workload = (entry.build)(&test.params);
    let time = Duration::from_millis(test.check_timeout_ms);
    let budget = budget(time, test.check_memory);
    let verdict = checkers::compose::guard(entry.name, &*workload.checker, history, &budget);
    refuse_malformed(&verdict)?;
    let faults = windows::windows(history);
    let stats = stats::stats(history);
    let reads = workload.reads;
    let evidence = evidence::of_run(test, history, &faults, &stats, reads, &circumstances);
    let mut result = assemble(entry.name, &verdict, &[history], faults, stats, evidence);
    result.resilience = resilience::resilience(history, &result.faults);
    Ok(describe_run(result, test, &verdict, circumstances))
}

/// What is known of a run beside what was found in its history.
fn describe_run(
    mut result: RunResult,
    test: &Test,
    verdict: &Verdict,
    known: Circumstances,
) -> RunResult {
    describe(&mut result, test);
    result.run.phases_ms = known.phases_ms.clone();
    result.system.version = known.version.clone();
    result.harness = known.harness.clone();
    if let Some(down) = &known.down {
        down::add_to(&mut result, down);
    }
    if let Some(logs) = &known.logs {
        logs.add_to(&mut result);
    }
    result.verdict = verdict::of_run(&result, verdict, &known);
    result.warnings = known.warnings;
    result
}

/// The result of a run that came to nothing: all that is known is what was asked for.
pub fn nothing(test: &Test) -> RunResult {
    let mut result = empty();
    describe(&mut result, test);
    result
}

/// What was asked for.
fn describe(result: &mut RunResult, test: &Test) {
    result.run = RunInfo {
        id: test.id.clone(),
        started_at: Some(test.started_at.clone()),
        seed: Some(test.seed),
        phases_ms: BTreeMap::new(),
        argv: test.argv.clone(),
        reproduce: reproduce(test),
        netsplit: test.netsplit.clone(),
    };
    result.system = test.system.clone();
    result.workload = WorkloadInfo {
        name: test.workload.clone(),
        params: params(test),
        concurrency: test.params.concurrency,
        rate: test.rate,
    };
}

fn empty() -> RunResult {
    RunResult {
        schema_version: SCHEMA_VERSION.to_owned(),
        run: RunInfo::default(),
        system: SystemInfo::default(),
        workload: WorkloadInfo::default(),
        verdict: verdict::undecided(),
        properties: Vec::new(),
        anomalies: Vec::new(),
        faults: Vec::new(),
        stats: Stats::default(),
        resilience: Resilience::default(),
        harness: None,
        evidence: Evidence::default(),
        warnings: Vec::new(),
        artifacts: Vec::new(),
    }
}

/// What a bare history is judged by.
pub struct Asked {
    /// The model or workload, by name.
    pub property: String,
    /// The arguments of `netsplit check` that ask for it.
    pub arguments: String,
}

/// The result of a bare history, from a checker's verdict on it.
///
/// # Errors
/// When a value of the history does not fit the checker's model.
pub fn of_history(
    name: &str,
    asked: &Asked,
    verdict: &Verdict,
    history: &History,
) -> anyhow::Result<RunResult> {
    refuse_malformed(verdict)?;
    let model = asked.property.as_str();
    let faults = windows::windows(history);
    let evidence = evidence::of_history(history, &faults);
    let result = assemble(model, verdict, &[history], faults, stats::stats(history), evidence);
    let resilience = resilience::resilience(history, &result.faults);
    Ok(describe_bare(RunResult { resilience, ..result }, name, asked, verdict))
}

/// What is known of a bare history beside what was found in it.
fn describe_bare(mut result: RunResult, name: &str, asked: &Asked, verdict: &Verdict) -> RunResult {
    result.run.id = name.to_owned();
    result.run.netsplit = env!("CARGO_PKG_VERSION").to_owned();
    result.run.reproduce = format!("netsplit check {name} {}", asked.arguments);
    result.system.name = "unknown".to_owned();
    result.workload.name.clone_from(&asked.property);
    result.verdict = verdict::of_history(&result, verdict);
    result
}

/// What cannot be read is the user's mistake, or ours, but no verdict.
fn refuse_malformed(verdict: &Verdict) -> anyhow::Result<()> {
    if verdict.is_malformed() { anyhow::bail!(verdict::why(verdict)) } else { Ok(()) }
}

fn assemble(
    property: &str,
    verdict: &Verdict,
    histories: &[&History],
    faults: Vec<FaultWindow>,
    stats: Stats,
    evidence: Evidence,
) -> RunResult {
    let anomalies = anomalies(property, verdict, histories, &faults);
    let mut properties = vec![safety(property, verdict)];
    properties.extend(evidence::properties(&evidence, &faults));
    worst_first(&mut properties);
    RunResult { properties, anomalies, stats, faults, evidence, ..empty() }
}

/// What failed comes first, what holds last.
fn worst_first(properties: &mut [Property]) {
    properties.sort_by_key(|property| match property.status {
        PropertyStatus::Fail => 0,
        PropertyStatus::Unknown => 1,
        PropertyStatus::Pass => 2,
    });
}

/// The checker's answer as a property.
fn safety(id: &str, verdict: &Verdict) -> Property {
    let number = |name: &str| verdict.details.get(name).and_then(serde_json::Value::as_u64);
    let status = verdict::status(verdict.valid);
    let anomalies = verdict.all_anomalies();
    let message = match status {
        PropertyStatus::Pass => match number("keys") {
            Some(keys) => format!("holds for each of {keys} keys"),
            None => "holds".to_owned(),
        },
        PropertyStatus::Unknown => verdict::why(verdict),
        PropertyStatus::Fail => {
            anomalies.first().map_or_else(String::new, |a| a.explanation.clone())
        }
    };
    Property {
        id: id.to_owned(),
        kind: PropertyKind::Safety,
        status,
        message,
        checked: number("keys").or(number("attempted")).unwrap_or(1),
        violated: anomalies.len() as u64,
        details: verdict.details.clone(),
    }
}

fn anomalies(
    property: &str,
    verdict: &Verdict,
    histories: &[&History],
    faults: &[FaultWindow],
) -> Vec<FoundAnomaly> {
    // Of millions of ops the times are looked up only where there is a need.
    let is_needed = !verdict.all_anomalies().is_empty();
    let ops = histories.iter().filter(|_| is_needed).flat_map(|history| history.ops());
    let times: BTreeMap<u32, Nanos> = ops.map(|op| (op.index, op.time)).collect();
    let found = verdict.all_anomalies().into_iter().map(|anomaly| {
        let window_ns = window(&anomaly.figure, &times);
        let overlaps = |f: &&FaultWindow| {
            f.effective_ns.is_some_and(|from| from <= window_ns[1])
                && f.healed_ns.is_none_or(|until| until >= window_ns[0])
        };
        FoundAnomaly {
            kind: anomaly.name.clone(),
            property: property.to_owned(),
            key: anomaly.key,
            explanation: anomaly.explanation.clone(),
            window_ns,
            faults_active: faults.iter().filter(overlaps).map(|f| f.id).collect(),
            figure: anomaly.figure.clone(),
            file: None,
        }
    });
    found.collect()
}

/// From the first to the last op that a figure names.
fn window(figure: &Figure, times: &BTreeMap<u32, Nanos>) -> [Nanos; 2] {
    let ops: Vec<u32> = match figure {
        Figure::Ops(ops) => ops.calls.iter().copied().chain([ops.culprit]).collect(),
        Figure::Cycle(edges) => edges.iter().map(|edge| edge.from).collect(),
        Figure::Table { .. } => {
            times.keys().next().into_iter().chain(times.keys().last()).copied().collect()
        }
    };
    let times = || ops.iter().filter_map(|op| times.get(op).copied());
    [times().min().unwrap_or(0), times().max().unwrap_or(0)]
}

fn params(test: &Test) -> BTreeMap<String, serde_json::Value> {
    let value = serde_json::to_value(&test.params).unwrap_or_default();
    let object = value.as_object().cloned().unwrap_or_default();
    object.into_iter().collect()
}

/// The command that runs the same test again.
fn reproduce(test: &Test) -> String {
    let mut words: Vec<String> = test.argv.clone();
    if let Some(program) = words.first_mut() {
        "netsplit".clone_into(program);
    }
    if !words.iter().any(|word| word == "--seed" || word.starts_with("--seed=")) {
        words.extend(["--seed".to_owned(), test.seed.to_string()]);
    }
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// As a shell would have to read it.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
