//! The order of a key's versions that the database itself supplies: it gives each a number, such as
//! etcd's `mod_revision` or the timestamp of a commit, which reads and writes pass on.
//!
//! A version has one number, and a number one version; where that is not so the reads contradict
//! each other, and such versions are in no order.
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    super::{
        anomalies::Name,
        decode::Txns,
        findings::{Finding, Findings},
        stamp::Stamp,
    },
    assumed::Pairs,
    key::{Claim, KeyView, NOTHING},
};

/// Each version that has a number, with the first claim of it; in order.
pub(super) fn numbered(view: &KeyView) -> Vec<Claim> {
    let mut of_version: FxHashMap<u32, (Claim, bool)> = FxHashMap::default();
    for claim in claims(view) {
        let known = of_version.entry(claim.version).or_insert((*claim, true));
        known.1 &= known.0.stamp == claim.stamp;
    }
    let sure = of_version.into_values().filter(|(_, is_sure)| *is_sure);
    let mut all: Vec<Claim> = sure.map(|(claim, _)| claim).collect();
    all.sort_unstable_by_key(|claim| (claim.stamp, claim.version));
    let is_twice: Vec<Stamp> = twice(&all).map(|(one, _)| one.stamp).collect();
    all.retain(|claim| is_twice.binary_search(&claim.stamp).is_err());
    all
}

/// Claims that say something: nothing is before all, whatever its number, and what its own
/// transaction overwrote is no version.
fn claims(view: &KeyView) -> impl Iterator<Item = &Claim> {
    let halves: FxHashSet<u32> = view.halves.iter().map(|(version, _)| *version).collect();
    view.claims.iter().filter(move |claim| {
        let is_known = claim.version != NOTHING && view.known(claim.version).is_some();
        is_known && !halves.contains(&claim.version)
    })
}

/// Neighbours with the same number.
fn twice(sorted: &[Claim]) -> impl Iterator<Item = (&Claim, &Claim)> {
    let pairs = sorted.windows(2).map(|pair| (&pair[0], &pair[1]));
    pairs.filter(|(one, other)| one.stamp == other.stamp)
}

/// Next neighbours, of those that were written and of the others with them: `has_writer` says of
/// which version a transaction is known that happened.
pub(super) fn pairs(view: &KeyView, has_writer: impl Fn(u32) -> bool) -> Pairs {
    let mut pairs = Pairs::new();
    let mut recent: Vec<u32> = Vec::new();
    for claim in numbered(view) {
        pairs.extend(recent.iter().map(|before| (*before, claim.version)));
        if has_writer(claim.version) {
            recent.clear();
        }
        recent.push(claim.version);
    }
    pairs
}

/// Finds the numbers that contradict each other.
pub(super) fn contradictions(txns: &Txns<'_>, view: &KeyView, findings: &mut Findings) {
    let mut all: Vec<Claim> = claims(view).copied().collect();
    all.sort_by_key(|claim| claim.version);
    let key = || txns.key(view.number);
    let shown = |version: u32| txns.names.show(view.values[version as usize]).to_string();
    let mut firsts: Vec<Claim> = Vec::new();
    for same in all.chunk_by(|one, other| one.version == other.version) {
        firsts.push(same[0]);
        let Some(other) = same.iter().find(|claim| claim.stamp != same[0].stamp) else { continue };
        findings.add(Name::IncompatibleOrder, || {
            let (one, stamp) = (txns.op(same[0].txn), same[0].stamp);
            let (by, again) = (txns.op(other.txn), other.stamp);
            let (value, key) = (shown(other.version), key());
            let why = format!(
                "the database numbered {value} in {key} {stamp} for op {one}, and {again} for op {by}"
            );
            Finding { txns: vec![same[0].txn, other.txn], why }
        });
    }
    firsts.sort_unstable_by_key(|claim| (claim.stamp, claim.version));
    for (one, other) in twice(&firsts) {
        findings.add(Name::IncompatibleOrder, || {
            let (value, by) = (shown(one.version), txns.op(one.txn));
            let (another, other_by) = (shown(other.version), txns.op(other.txn));
            let why = format!(
                "the database gave two versions of {} the number {}: {value}, for op {by}, and \
                 {another}, for op {other_by}",
                key(),
                one.stamp
            );
            Finding { txns: vec![one.txn, other.txn], why }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::RwRegister;
    use crate::{Budget, Checker, Verdict, notation, txn::Options};

    #[track_caller]
    fn check(picture: &str, model: &str, anomaly: &str, why: &str) {
        let checker = RwRegister(Options::new([model]).unwrap());
        let verdict: Verdict = checker.check(&notation::history(picture), &Budget::unlimited());
        let first = verdict.anomalies.first().unwrap_or_else(|| panic!("{verdict:?}"));
        assert_eq!(first.name, anomaly, "{verdict:#?}");
        assert!(first.explanation.contains(why), "{}", first.explanation);
    }

    #[test]
    fn numbers_order_what_nothing_else_does() {
        let picture = r#"
            0: |- txn [] -> [["w","x",1,10],["w","y",1,10]] -|
            1: |- txn [] -> [["w","x",2,9],["w","y",2,11.5]] -|"#;
        check(
            picture,
            "read-uncommitted",
            "G0",
            "since the database numbered them 9 (op 1) and 10",
        );
    }

    #[test]
    fn what_overwrites_something_is_later_than_that() {
        let picture = r#"
            0: |- txn [] -> [["w","x",1,10]] -|
            1:                                  |- txn [] -> [["r","x",1,10],["w","x",2,"7"]] -|"#;
        check(picture, "read-committed", "G1c", "numbered them 7 (op 2) and 10 (op 0)");
    }

    #[test]
    fn a_version_has_one_number() {
        let picture = r#"
            0: |- txn [] -> [["w","x",1,10]] -|
            1:                                  |- txn [] -> [["r","x",1,12]] -|"#;
        let why = "numbered 1 in x 10 for op 0, and 12 for op 2";
        check(picture, "read-committed", "incompatible-order", why);
    }

    #[test]
    fn a_number_has_one_version() {
        let picture = r#"
            0: |- txn [] -> [["w","x",1,10]] -|
            1:                                  |- txn [] -> [["w","x",2,10]] -|
            2:                                  |- txn [] -> [["r","x",1]] -|"#;
        let why = "two versions of x the number 10: 1, for op 0, and 2, for op 2";
        check(picture, "read-committed", "incompatible-order", why);
    }

    #[test]
    fn what_is_assumed_must_agree_with_the_numbers() {
        let picture = r#"
            0: |- txn [] -> [["w","x",1,10]] -|
            1:                                  |- txn [] -> [["w","x",2,9]] -|
            2:                                  |- txn [] -> [["r","x",2]] -|"#;
        let mut options = Options::new(["serializable"]).unwrap();
        options.assume.linearizable_keys = true;
        let history = notation::history(picture);
        let verdict = RwRegister(options).check(&history, &Budget::unlimited());
        assert_eq!(verdict.anomalies[0].name, "cyclic-versions", "{verdict:#?}");
        let explanation = &verdict.anomalies[0].explanation;
        assert!(explanation.contains("the database numbered them 9"), "{explanation}");
    }
}
