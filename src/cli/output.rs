//! What a command leaves behind and says: files, summary, log.
use std::{
    fs::File,
    io::{IsTerminal, Write},
    path::Path,
    sync::Mutex,
};

use anyhow::{Context, Result};
use checkers::{Candidate, Figure, History, OpsFigure, Stuck};
use serde_json::json;
use tracing_subscriber::EnvFilter;

pub(super) mod referee;

use super::{Format, judge::Judged};
use crate::{
    junit, report,
    result::{
        Artifact, Property, PropertyStatus, RunResult, Stats, UnforeseenErrors, VerdictValue,
    },
    store::{Store, file},
};

/// So much of each log of a node goes into the page.
const LOG_TAIL_BYTES: usize = 64 * 1024;

/// Sends the controller's log to a file (`NETSPLIT_LOG` filters it).
pub(super) fn log_to(path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("failed to make {}", path.display()))?;
    let filter = EnvFilter::try_from_env("NETSPLIT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file));
    subscriber.try_init().map_err(|e| anyhow::anyhow!("the log was started twice: {e}"))
}

/// Writes everything that is made of a result: anomalies, schedule, page, JUnit, and the result.
pub(super) fn finish(store: &Store, judged: &mut Judged) -> Result<()> {
    write_anomalies(store, judged)?;
    let Judged { result, history, .. } = judged;
    store.write_json(
        file::SCHEDULE,
        &json!({ "schema_version": "1.0.0", "faults": result.faults }),
    )?;
    store.write(file::JUNIT, junit::render(result)?.as_bytes())?;
    write_page(store, result, history.as_ref())?;
    result.artifacts = artifacts(store);
    store.write_json(file::RESULT, result)
}

/// The page of a result, also where no history came to be.
pub(super) fn write_page(
    store: &Store,
    result: &RunResult,
    history: Option<&History>,
) -> Result<()> {
    let logs = store.log_tails(LOG_TAIL_BYTES);
    let page = report::render(&report::Report { result, history, logs: &logs })?;
    store.write(file::REPORT, page.as_bytes())
}

/// A text for each type of anomaly, and for each anomaly the sub-history that `netsplit check`
/// judges again.
fn write_anomalies(store: &Store, judged: &mut Judged) -> Result<()> {
    store.remove(file::ANOMALIES)?;
    let mut anomalies = std::mem::take(&mut judged.result.anomalies);
    for (number, anomaly) in anomalies.iter_mut().enumerate() {
        if let Figure::Ops(ops) = &anomaly.figure
            && let Some(history) = judged.of_key(anomaly.key)
        {
            let name = format!("{}/{number}-{}.jsonl", file::ANOMALIES, anomaly.kind);
            // What is drawn may begin in the middle; the file stands by itself.
            let part = if ops.part.is_empty() { &ops.calls } else { &ops.part };
            let part = sub_history(history, part);
            store.write(&name, part.to_jsonl().as_bytes())?;
            anomaly.file = Some(name);
        }
    }
    for (kind, text) in referee::texts(&anomalies, |key| judged.of_key(key)) {
        store.write(&format!("{}/{kind}.txt", file::ANOMALIES), text.as_bytes())?;
    }
    judged.result.anomalies = anomalies;
    Ok(())
}

/// What may come next where every order is stuck, and why it is of no use.
pub(super) fn why_stuck(ops: &OpsFigure) -> String {
    if ops.stuck.is_empty() {
        return ops.reasons.iter().map(|reason| format!("\n- {reason}")).collect();
    }
    let mut text = String::new();
    for Stuck { state, candidates } in &ops.stuck {
        text += &format!("\nEvery order that reaches the state {state} is stuck there:\n");
        for Candidate { op, call, reason, .. } in candidates {
            let doubt = if ops.optional.contains(op) { ", if it happened," } else { "" };
            text += &format!("- `{call}` (op {op}){doubt} {reason}\n");
        }
    }
    text
}

/// The calls whose invocations have these indices.
pub(super) fn sub_history(history: &History, calls: &[u32]) -> History {
    let wanted = history.ops().filter(|op| calls.binary_search(&op.index).is_ok());
    let mut rows: Vec<u32> = wanted
        .flat_map(|op| [Some(op.row), history.pair(op.row).map(|done| done.row)])
        .flatten()
        .collect();
    rows.sort_unstable();
    rows.dedup();
    history.select(rows)
}

fn artifacts(store: &Store) -> Vec<Artifact> {
    let known = [
        (file::TEST, "the resolved test"),
        (file::HISTORY, "every op as it happened"),
        (file::SCHEDULE, "the faults as they happened"),
        (file::REPORT, "this result for people"),
        (file::JUNIT, "this result for CI"),
        (file::LOG, "the controller's log"),
    ];
    let present = known.iter().filter_map(|(path, about)| {
        let bytes = std::fs::metadata(store.path(path)).ok()?.len();
        Some(Artifact { path: (*path).into(), about: (*about).into(), bytes })
    });
    present.collect()
}

/// Prints the result on standard output.
pub(super) fn print(result: &RunResult, store: &Store, format: Format) -> Result<()> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(result)?,
        Format::Human => {
            let page = store.path(file::REPORT);
            let page = page.strip_prefix(std::env::current_dir()?).unwrap_or(&page).to_owned();
            format!("{}\nreport   {}", summary(result), page.display())
        }
    };
    say(&text)
}

/// Prints a line, or many, on standard output.
pub(super) fn say(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever read it has read enough.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// A result in a few lines.
pub(super) fn summary(result: &RunResult) -> String {
    let verdict = &result.verdict;
    let mut lines = vec![format!("{}  {}", badge(verdict.value), verdict.summary)];
    for property in &result.properties {
        let mark = match property.status {
            PropertyStatus::Pass => "ok  ",
            PropertyStatus::Fail => "FAIL",
            PropertyStatus::Unknown => "?   ",
        };
        // The summary has said it already.
        if property.message != verdict.summary {
            lines.push(format!("  {mark} {}: {}", property.id, property.message));
        }
    }
    for property in result.properties.iter().filter(|p| p.status == PropertyStatus::Fail) {
        if let Some(still) = still(property) {
            lines.push(format!("still    {still}"));
        }
    }
    let ops = &result.stats.ops;
    if ops.total > 0 {
        let seconds = result.stats.duration_ns as f64 / 1e9;
        lines.push(format!(
            "ops      {} in {seconds:.1} s: {} ok, {} info, {} fail",
            ops.total, ops.ok, ops.info, ops.fail
        ));
    }
    lines.extend(unforeseen(&result.stats));
    let evidence = &result.evidence;
    if evidence.faults_planned > 0 {
        let mut kinds: Vec<&str> = result.faults.iter().map(|f| f.fault.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        lines.push(format!(
            "faults   {} injected, {} effective, {} healed: {}; {} ops during faults, {} reads after healing",
            evidence.faults_planned,
            evidence.faults_effective,
            evidence.faults_healed,
            kinds.join(", "),
            evidence.ops_during_faults,
            evidence.reads_after_heal,
        ));
    }
    if let Some(harness) = &result.harness {
        let micros = |ns: u64| ns as f64 / 1e3;
        lines.push(format!(
            "harness  {:.0} ops/s; held a call for {:.1} us (p50), {:.1} us (p99); {} MB",
            harness.ops_per_s,
            micros(harness.delay_ns.p50),
            micros(harness.delay_ns.p99),
            harness.memory_bytes_max >> 20,
        ));
    }
    lines.extend(result.warnings.iter().map(|warning| format!("warning  {warning}")));
    lines.push(format!("again    {}", result.run.reproduce));
    lines.push(format!("exit     {} ({})", verdict.exit_code, meaning(verdict.exit_code)));
    lines.join("\n")
}

/// How many errors no client foresaw, with one of the commonest kind.
fn unforeseen(stats: &Stats) -> Option<String> {
    let UnforeseenErrors { example, op, .. } = stats.unforeseen.first()?;
    let count: u64 = stats.unforeseen.iter().map(|kind| kind.count).sum();
    let errors = if count == 1 { "error" } else { "errors" };
    Some(format!("errors   {count} {errors} that no client foresaw, such as: {example} (op {op})"))
}

/// The weaker promises that a violated property still keeps, where that was looked at.
fn still(property: &Property) -> Option<String> {
    let list = property.details.get("still")?.as_array()?;
    let words: Vec<&str> = list.iter().filter_map(|word| word.as_str()).collect();
    if words.is_empty() {
        return Some("none of the weaker promises that were looked at".to_owned());
    }
    Some(words.join(", "))
}

fn meaning(code: u8) -> &'static str {
    match code {
        0 => "pass",
        1 => "violation",
        2 => "inconclusive",
        3 => "objective missed",
        70 => "bug in netsplit",
        75 => "infrastructure, worth retrying",
        _ => "interrupted",
    }
}

/// The verdict in a word, coloured where that can be seen.
fn badge(value: VerdictValue) -> String {
    let (word, colour) = match value {
        VerdictValue::Pass => ("PASS", 32),
        VerdictValue::Fail => ("VIOLATION", 31),
        VerdictValue::Unknown => ("INCONCLUSIVE", 33),
        VerdictValue::Error => ("ERROR", 35),
    };
    if has_colour() { format!("\x1b[1;{colour}m{word}\x1b[0m") } else { word.to_owned() }
}

fn has_colour() -> bool {
    let is_set =
        |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    is_set("CLICOLOR_FORCE") || (!is_set("NO_COLOR") && !is_dumb && std::io::stdout().is_terminal())
}
