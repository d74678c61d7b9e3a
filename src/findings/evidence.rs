//! Why a verdict means something, and what is missing for a pass to mean anything.
use std::collections::BTreeMap;

use checkers::{History, Kind, Nanos, OpRef, stats::NEVER_OK};

use super::{Circumstances, down, stats::client_calls};
use crate::{
    result::{Evidence, FaultWindow, Property, PropertyKind, PropertyStatus, Stats},
    test::Test,
};

/// So many calls must have succeeded.
pub const OK_MIN: u64 = 200;
/// So many of each function.
pub const OK_BY_F_MIN: u64 = 20;
/// So many must have been invoked while each fault was in effect.
pub const OPS_PER_FAULT_MIN: u64 = 10;

/// The evidence of a run, with what is missing.
pub fn of_run(
    test: &Test,
    history: &History,
    faults: &[FaultWindow],
    stats: &Stats,
    reads: &[&str],
    circumstances: &Circumstances,
) -> Evidence {
    let mut evidence = of_history(history, faults);
    let healed = last_heal(history).unwrap_or(0);
    let is_late_read = |(invoked, done): &(OpRef<'_>, Option<OpRef<'_>>)| {
        let ok = done.is_some_and(|done| done.kind == Kind::Ok);
        // Where a workload has no call that only reads, any answer shows that the system is back.
        ok && (reads.is_empty() || reads.contains(&invoked.f)) && invoked.time >= healed
    };
    evidence.reads_after_heal = client_calls(history).filter(is_late_read).count() as u64;
    let during = |fault: &FaultWindow| ops_during(history, fault);
    evidence.missing = missing(test, &during, faults, stats, &evidence, circumstances);
    evidence
}

/// The evidence of a bare history: counts only.
pub fn of_history(history: &History, faults: &[FaultWindow]) -> Evidence {
    let is_ok = |done: &Option<OpRef<'_>>| done.is_some_and(|done| done.kind == Kind::Ok);
    let during = faults.iter().map(|fault| ops_during(history, fault)).sum();
    Evidence {
        ops_ok: client_calls(history).filter(|(_, done)| is_ok(done)).count() as u64,
        ops_during_faults: during,
        concurrent_pairs: concurrent_pairs(history),
        ..of_faults(faults)
    }
}

/// What the faults alone are evidence of.
pub(super) fn of_faults(faults: &[FaultWindow]) -> Evidence {
    Evidence {
        faults_planned: faults.len() as u64,
        faults_effective: faults.iter().filter(|f| f.effective).count() as u64,
        faults_healed: faults.iter().filter(|f| f.healed_ns.is_some()).count() as u64,
        ..Evidence::default()
    }
}

/// The evidence as properties of the test itself.
pub fn properties(evidence: &Evidence, faults: &[FaultWindow]) -> Vec<Property> {
    let status = |holds| if holds { PropertyStatus::Pass } else { PropertyStatus::Unknown };
    let property = |id: &str, kind, holds, message: String, checked, violated| Property {
        id: id.to_owned(),
        kind,
        status: status(holds),
        message,
        checked,
        violated,
        details: BTreeMap::new(),
    };
    let Evidence { faults_planned: planned, faults_effective: effective, .. } = *evidence;
    let healed = evidence.faults_healed;
    let mut properties = Vec::new();
    if !faults.is_empty() {
        let message = format!("{effective} of {planned} faults were seen to take effect");
        let missed = planned - effective;
        let kind = PropertyKind::Sanity;
        properties.push(property("faults-effective", kind, missed == 0, message, planned, missed));
        let message = format!("{healed} of {planned} faults were seen to be undone");
        let missed = planned - healed;
        properties.push(property("faults-healed", kind, missed == 0, message, planned, missed));
    }
    let message = match &evidence.missing[..] {
        [] => format!("{} calls succeeded", evidence.ops_ok),
        missing => missing.join("; "),
    };
    let missing = evidence.missing.len() as u64;
    properties.push(property(
        "evidence",
        PropertyKind::Sanity,
        missing == 0,
        message,
        evidence.ops_ok,
        missing,
    ));
    properties
}

/// What is missing for a pass to mean something; `during` counts the calls made while a fault was
/// in effect.
pub(super) fn missing(
    test: &Test,
    during: &dyn Fn(&FaultWindow) -> u64,
    faults: &[FaultWindow],
    stats: &Stats,
    evidence: &Evidence,
    circumstances: &Circumstances,
) -> Vec<String> {
    let mut missing = Vec::new();
    if evidence.ops_ok < OK_MIN {
        missing.push(format!("only {} calls succeeded, of {OK_MIN} needed", evidence.ops_ok));
    }
    let may_succeed = |f: &&String| !NEVER_OK.contains(&f.as_str());
    for (f, counts) in stats.by_f.iter().filter(|(f, _)| may_succeed(f)) {
        let is_asked_often = counts.total >= OK_BY_F_MIN;
        let least = if is_asked_often { OK_BY_F_MIN } else { 1 };
        if counts.ok < least {
            missing.push(format!("only {} calls of `{f}` succeeded", counts.ok));
        }
    }
    if evidence.reads_after_heal == 0 {
        missing.push("no read succeeded after healing".into());
    }
    if !test.faults.is_empty() && faults.is_empty() {
        missing.push("no fault struck: the run was too short for its fault interval".into());
    }
    let has_struck = |name: &&String| faults.iter().any(|fault| fault.fault == **name);
    let never: Vec<&str> =
        test.faults.iter().filter(|name| !has_struck(name)).map(String::as_str).collect();
    if !faults.is_empty() && !never.is_empty() {
        let (fault, it) = if never.len() == 1 { ("fault", "it") } else { ("faults", "them") };
        let never = never.join(", ");
        missing.push(format!("the {fault} {never} never struck: a longer --time-limit lets {it}"));
    }
    let is_borne = |fault: &FaultWindow| during(fault) >= OPS_PER_FAULT_MIN;
    for (place, fault) in faults.iter().enumerate() {
        // The last may strike as the run ends; others of its kind tell as much then.
        let may_be_late = place + 1 == faults.len();
        let is_alike = |other: &FaultWindow| other.fault == fault.fault && other.effective;
        let is_excused = may_be_late && faults.iter().any(|it| is_alike(it) && is_borne(it));
        let during = during(fault);
        if fault.effective && during < OPS_PER_FAULT_MIN && !is_excused {
            let (id, name) = (fault.id, &fault.fault);
            missing.push(format!("only {during} calls were made during fault {id} ({name})"));
        }
        if !fault.effective {
            missing.push(not_effective(fault));
        } else if fault.healed_ns.is_none() {
            missing.push(format!("fault {} ({}) was not seen to heal", fault.id, fault.fault));
        }
    }
    for down::Down { node, .. } in circumstances.down.iter().flatten() {
        if let Some(FaultWindow { id, fault, .. }) = down::excuse(node, faults) {
            missing.push(format!(
                "{node} was down at the end: fault {id} ({fault}) may have been beyond it"
            ));
        }
    }
    missing
}

fn not_effective(fault: &FaultWindow) -> String {
    let why = fault.error.as_deref().unwrap_or("the probes show it");
    format!("fault {} ({}) did not take effect: {why}", fault.id, fault.fault)
}

/// Calls invoked while a fault was in effect.
fn ops_during(history: &History, fault: &FaultWindow) -> u64 {
    let Some(from) = fault.effective_ns else { return 0 };
    let until = fault.healed_ns.unwrap_or(Nanos::MAX);
    let inside = client_calls(history).filter(|(op, _)| (from..until).contains(&op.time));
    inside.count() as u64
}

pub(super) fn last_heal(history: &History) -> Option<Nanos> {
    let is_heal = |op: &OpRef<'_>| {
        op.f == crate::nemesis::HEAL
            && op.process == checkers::Process::Nemesis
            && op.kind == Kind::Ok
    };
    history.ops().filter(is_heal).map(|op| op.time).max()
}

/// Calls that began before the call invoked just before them had ended.
pub(super) fn concurrent_pairs(history: &History) -> u64 {
    let mut open_until = None;
    let mut pairs = 0;
    for (invoked, done) in client_calls(history) {
        pairs += u64::from(open_until.is_some_and(|until| invoked.row < until));
        open_until = Some(done.map_or(u32::MAX, |done| done.row));
    }
    pairs
}
