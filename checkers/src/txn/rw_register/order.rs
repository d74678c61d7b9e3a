//! The order of one key's versions, put together from everything that is known or assumed.
use super::{
    super::{
        Assume,
        anomalies::Name,
        decode::Txns,
        findings::{Finding, Findings},
        writer::Writer,
    },
    assumed::{self, Pairs},
    circle,
    explain::Why,
    key::{KeyView, NOTHING},
    supplied,
};

/// By version, who wrote the next ones; sorted. Where what the database says or what is assumed
/// contradicts itself or what values show, the later of them does not count, and `cyclic-versions`
/// is found.
pub(super) fn order(
    txns: &Txns<'_>,
    view: &KeyView,
    assume: Assume,
    happened: &[bool],
    findings: &mut Findings,
) -> Vec<(u32, u32)> {
    let touches = || view.touches.iter().filter(|touch| happened[touch.txn as usize]);
    let mut wrote: Vec<Option<u32>> = vec![None; view.values.len()];
    for touch in touches() {
        if let Some(version) = view.known(touch.write) {
            wrote[version as usize] = Some(touch.txn);
        }
    }
    let mut found: Vec<Pairs> = Vec::new();
    if !view.claims.is_empty() {
        supplied::contradictions(txns, view, findings);
        found.push(supplied::pairs(view, |version| wrote[version as usize].is_some()));
    }
    if assume.wfr_keys {
        found.push(assumed::wfr(touches()));
    }
    if assume.sequential_keys {
        found.push(assumed::sequential(txns, touches()));
    }
    if assume.linearizable_keys {
        found.push(assumed::linearizable(txns, touches()));
    }
    let mut kept = Pairs::new();
    for pairs in found {
        let mut more = kept.clone();
        more.extend(pairs.into_iter().filter(|pair| is_order(view, *pair)));
        more.sort_unstable();
        more.dedup();
        match circle::find(&with_nothing(view, &more), view.values.len() as u32) {
            None => kept = more,
            Some(circle) => {
                let why = Why { txns, view, assume, happened };
                findings.add(Name::CyclicVersions, || finding(&why, &circle));
            }
        }
    }
    next_writers(view, &kept, &wrote)
}

/// Whether a pair says something, and both its versions are known.
fn is_order(view: &KeyView, (one, other): (u32, u32)) -> bool {
    one != other && view.known(one).is_some() && view.known(other).is_some()
}

/// The pairs, and that nothing comes before anything.
fn with_nothing(view: &KeyView, pairs: &Pairs) -> Pairs {
    let mut all = pairs.clone();
    if view.known(NOTHING).is_some() {
        let later = 1..view.values.len() as u32;
        all.extend(later.map(|version| (NOTHING, version)).filter(|pair| is_order(view, *pair)));
    }
    all
}

/// By version, the transactions that wrote the next ones. Nothing is overwritten by whatever has
/// no other version before it.
fn next_writers(view: &KeyView, pairs: &Pairs, wrote: &[Option<u32>]) -> Vec<(u32, u32)> {
    let writer = |version: u32| wrote[version as usize];
    let mut follows = vec![false; wrote.len()];
    let mut nexts: Vec<(u32, u32)> = Vec::with_capacity(pairs.len());
    for &(one, other) in pairs {
        follows[other as usize] |= writer(one).is_some();
        nexts.extend(writer(other).map(|txn| (one, txn)));
    }
    if view.writers[NOTHING as usize] == Writer::Nobody {
        let firsts = (1..wrote.len()).filter(|&version| !follows[version]);
        nexts.extend(firsts.filter_map(|version| Some((NOTHING, wrote[version]?))));
    }
    nexts.sort_unstable();
    nexts.dedup();
    nexts
}

fn finding(why: &Why<'_, '_>, circle: &[u32]) -> Finding {
    let mut txns = Vec::new();
    let mut sentences = Vec::new();
    for (place, &version) in circle.iter().enumerate() {
        let next = circle[(place + 1) % circle.len()];
        let (sentence, seen) = why.order(version, next);
        txns.extend(seen);
        let (one, other) = (why.shown(version), why.shown(next));
        sentences.push(format!("{one} came before {other}, since {sentence}"));
    }
    let key = why.txns.key(why.view.number);
    Finding { txns, why: format!("of the versions of {key}, {}", sentences.join("; ")) }
}
