//! The answer, its cause, and why it means something.
use askama::Template;

use super::{
    calls::Calls,
    format::{count, counted, duration},
};
use crate::result::{Evidence, Reason, RunResult, VerdictValue};

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
<header class="verdict {{ class }}" id="verdict">
<svg class="shape" width="44" height="44" viewBox="0 0 44 44" aria-hidden="true"><path class="body" d="{{ shape }}"/><path class="sign" d="{{ sign }}"/></svg>
<div class="answer"><h1>{{ word }} <small>{{ reason }} · exit code {{ exit_code }}</small></h1><p class="cause">{{ summary }}</p></div>
{%- if reproducible %}<button type="button" class="script" data-copy="reproduce-command">Copy command to reproduce</button>{% endif %}
</header>
<dl class="run">{% for f in facts %}<div><dt>{{ f.0 }}</dt><dd>{{ f.1 }}</dd></div>{% endfor %}</dl>
<section id="evidence" class="evidence"><h2>{{ meaning }}</h2><ul>
{%- for e in evidence %}<li{% if e.1 %} class="weak"{% endif %}>{{ e.0 }}</li>{% endfor %}</ul>
{%- if !missing.is_empty() %}<p><b>Missing:</b></p><ul class="missing">{% for m in missing %}<li>{{ m }}</li>{% endfor %}</ul>{% endif %}
{%- if !warnings.is_empty() %}<ul class="warnings">{% for w in warnings %}<li>{{ w }}</li>{% endfor %}</ul>{% endif %}
</section>
"##
)]
pub(super) struct VerdictBar {
    class: &'static str,
    pub(super) word: &'static str,
    reason: &'static str,
    exit_code: u8,
    summary: String,
    reproducible: bool,
    shape: &'static str,
    sign: &'static str,
    facts: Vec<(&'static str, String)>,
    meaning: &'static str,
    /// Sentences, and whether each is a reason to doubt.
    evidence: Vec<(String, bool)>,
    missing: Vec<String>,
    warnings: Vec<String>,
}

const CIRCLE: &str = "M22 2a20 20 0 1 1 0 40a20 20 0 1 1 0-40z";
const OCTAGON: &str = "M14 2h16l12 12v16l-12 12h-16l-12-12v-16z";
const DIAMOND: &str = "M22 1l21 21l-21 21l-21-21z";
const TRIANGLE: &str = "M22 3l21 38h-42z";
const TICK: &str = "M12 23l7 7l13-15";
const CROSS: &str = "M14 14l16 16m0-16l-16 16";
const QUESTION: &str = "M16 17c0-8 12-8 12 0c0 5-6 4-6 9m0 5v2";
const BANG: &str = "M22 17v11m0 5v2";

impl VerdictBar {
    pub(super) fn new(result: &RunResult, calls: &Calls<'_>) -> VerdictBar {
        let verdict = &result.verdict;
        let (class, word, shape, sign) = match (verdict.value, verdict.reason) {
            (VerdictValue::Pass, _) => ("pass", "PASS", CIRCLE, TICK),
            (VerdictValue::Fail, Reason::Objective) => ("fail", "OBJECTIVE MISSED", OCTAGON, CROSS),
            (VerdictValue::Fail, _) => ("fail", "VIOLATION", OCTAGON, CROSS),
            (VerdictValue::Unknown, _) => ("unknown", "INCONCLUSIVE", DIAMOND, QUESTION),
            (VerdictValue::Error, _) => ("error", "ERROR", TRIANGLE, BANG),
        };
        let meaning = match verdict.value {
            VerdictValue::Pass => "Why this pass means something",
            VerdictValue::Fail => "What the run exercised",
            VerdictValue::Unknown | VerdictValue::Error => "What the run exercised, and what not",
        };
        VerdictBar {
            class,
            word,
            reason: reason(verdict.reason),
            exit_code: verdict.exit_code,
            summary: verdict.summary.clone(),
            reproducible: !result.run.reproduce.is_empty(),
            shape,
            sign,
            facts: facts(result, calls),
            meaning,
            evidence: evidence(&result.evidence),
            missing: result.evidence.missing.clone(),
            warnings: result.warnings.clone(),
        }
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Ok => "all is well",
        Reason::Violation => "a safety property is violated",
        Reason::Objective => "an objective is missed",
        Reason::Vacuous => "too little happened for a pass to mean anything",
        Reason::FaultNotEffective => "a planned fault did not take effect",
        Reason::CheckerBudget => "a checker ran out of time or memory",
        Reason::Setup => "nodes or the system could not be set up, or reached",
        Reason::Interrupted => "interrupted by the user",
        Reason::Internal => "a bug in netsplit",
    }
}

fn facts(result: &RunResult, calls: &Calls<'_>) -> Vec<(&'static str, String)> {
    let (run, system, workload) = (&result.run, &result.system, &result.workload);
    let mut facts = vec![("run", run.id.clone())];
    let version = system.version.as_ref().map_or(String::new(), |v| format!(" {v}"));
    facts.push(("system", format!("{}{version}", system.name)));
    if let Some(bug) = &system.bug {
        facts.push(("bug switched on", bug.clone()));
    }
    let rate = workload.rate.map_or(String::new(), |r| format!(", {r} ops/s"));
    let clients = match workload.concurrency {
        0 => String::new(),
        n => format!(" ({}{rate})", counted(n.into(), "client")),
    };
    facts.push(("workload", format!("{}{clients}", workload.name)));
    facts.push(("faults", fault_names(result)));
    facts.extend(run.seed.map(|seed| ("seed", seed.to_string())));
    if !system.nodes.is_empty() {
        facts.push(("nodes", system.nodes.len().to_string()));
    }
    facts.push(("calls", count(result.stats.ops.total)));
    if calls.timed && result.stats.duration_ns > 0 {
        facts.push(("duration", duration(result.stats.duration_ns)));
    }
    facts.extend(run.started_at.clone().map(|at| ("started", at)));
    facts
}

/// The kinds of faults with how often each struck.
fn fault_names(result: &RunResult) -> String {
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for fault in &result.faults {
        match kinds.iter_mut().find(|(name, _)| *name == fault.fault) {
            Some(kind) => kind.1 += 1,
            None => kinds.push((&fault.fault, 1)),
        }
    }
    let name =
        |(name, n): &(&str, u64)| if *n > 1 { format!("{name} ×{n}") } else { (*name).into() };
    match kinds.is_empty() {
        true => "none".into(),
        false => kinds.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

fn evidence(e: &Evidence) -> Vec<(String, bool)> {
    let verb = |n: u64| if n == 1 { "was" } else { "were" };
    let mut lines = vec![
        (format!("{} ended ok", counted(e.ops_ok, "call")), e.ops_ok == 0),
        (
            format!("{} of neighbouring calls overlapped", counted(e.concurrent_pairs, "pair")),
            e.concurrent_pairs == 0,
        ),
    ];
    if e.faults_planned > 0 {
        let of = |n: u64| format!("{n} of {}", counted(e.faults_planned, "fault"));
        lines.push((
            format!("{} proved in effect by a probe", of(e.faults_effective)),
            e.faults_effective < e.faults_planned,
        ));
        lines.push((
            format!("{} proved healed", of(e.faults_healed)),
            e.faults_healed < e.faults_planned,
        ));
        let during = e.ops_during_faults;
        lines.push((
            format!(
                "{} {} invoked while a fault was in effect",
                counted(during, "call"),
                verb(during)
            ),
            during == 0,
        ));
        let reads = e.reads_after_heal;
        lines.push((
            format!("{} ended ok after the last healing", counted(reads, "read")),
            reads == 0,
        ));
    }
    lines
}
