//! Reads by predicate, in a closed world: what a read did *not* find tells what it saw.
//!
//! Transactions insert, write, delete and read objects, and ask for all that match a predicate
//! (`["rp",pred,{k:v}]`). A predicate read sees some version of every object there is, also of
//! those it does not return (Adya 1999, §4.3): of these, one that does not match. Where the world
//! is closed, all versions of an object are known, and where only some do not match, the read came
//! after the first and before whatever follows the last of them: predicate dependencies `wrp` and
//! anti-dependencies `rwp`. What it returns are reads of objects.
//!
//! The versions of an object are ordered from its life: it is unborn, or as `init` made it; it is
//! inserted; written; deleted. Several writes are ordered where each is by a transaction that had
//! read the one before. (Should the order be the other way round, that transaction would be in a
//! circle of what it read and wrote, which rules out all that a wrong order does, but for read
//! uncommitted.) Objects inserted or deleted twice, and writes in no such order, tell only who read
//! from whom.
//!
//! *What this proves:* where it finds a cycle, that there is no order, if two things are as they
//! should be: who writes or deletes what is not there, or inserts what is, fails; and what `init`
//! wrote was there before all else. *What it does not:* that a history without one has an order.
//! Time is in proportion to what predicate reads could have found.
use rustc_hash::FxHashMap;

use super::{
    Options,
    anomalies::Name,
    decode::Txns,
    findings::{Finding, Findings},
    graph::Kinds,
    judge::{self, Evidence},
    versions::Versions,
};
use crate::{Budget, Checker, History, Verdict};

mod decode;
mod edges;
mod index;
mod life;
mod predicate;

use decode::{Mop, World};
use life::Life;

/// The checker of transactions that ask by predicate.
pub struct ClosedPredicate(pub Options);

/// What `--workload closed-predicate` means.
pub const ENTRY: super::Entry = super::Entry {
    name: "closed-predicate",
    about: "transactions that ask by predicate: [[\"insert\",k,v],[\"delete\",k],[\"rp\",[\"=\",v],{k:v}]]",
    build: |options| Box::new(ClosedPredicate(options)),
};

impl Checker for ClosedPredicate {
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let world = match World::read(history) {
            Ok(world) => world,
            Err(malformed) => return Verdict::malformed(&malformed),
        };
        let lives = Life::all(&world);
        let Some((edges, findings)) = edges::find(&world, &lives, budget) else {
            return Verdict::unknown("out of time while comparing what predicates found");
        };
        let (txns, reasons) = (without_mops(history), edges.reasons);
        let mut others: Vec<(u32, u32, Kinds)> = reasons.keys().copied().collect();
        others.sort_unstable();
        let versions = Versions { starts: txns.starts.clone(), others, ..Versions::default() };
        let data = Data { txns, versions, world: &world, lives: &lives, reasons };
        judge::judge(&data.txns, &data, &findings, &self.0.consistency, budget)
    }
}

/// The transactions as the judge knows them: what they did is in the world.
fn without_mops(history: &History) -> Txns<'_> {
    let outlines: Vec<_> = history.outlines().collect();
    Txns {
        history,
        starts: vec![0; outlines.len() + 1],
        outlines,
        keys: Vec::new(),
        acts: Vec::new(),
        stamps: Vec::new(),
        key_atoms: Vec::new(),
        names: super::atom::Names::default(),
    }
}

/// By which version of which object one transaction comes before another.
type Reasons = FxHashMap<(u32, u32, Kinds), (usize, usize)>;

struct Data<'w, 'h> {
    txns: Txns<'h>,
    versions: Versions,
    world: &'w World,
    lives: &'w [Life],
    reasons: Reasons,
}

impl Evidence for Data<'_, '_> {
    fn versions(&self) -> &Versions {
        &self.versions
    }

    fn txns(&self) -> &Txns<'_> {
        &self.txns
    }

    fn because(&self, _: usize, _: u32, _: u32, _: Kinds) -> Option<String> {
        None
    }

    fn why(&self, from: u32, to: u32, kinds: Kinds) -> String {
        let (one, other) = (self.txns.op(from), self.txns.op(to));
        let Some(&(key, version)) = self.reasons.get(&(from, to, kinds)) else {
            return format!("op {one} comes before op {other} ({})", kinds.name());
        };
        let name = &self.world.keys[key];
        let what = self.lives[key].versions[version].shown();
        match kinds {
            Kinds::WW => format!("op {one} came before op {other}, which made {name} {what}"),
            Kinds::WR => format!("op {other} saw {name} {what}, as op {one} had made it"),
            Kinds::RW => format!("op {one} did not see {name} {what}, as op {other} made it"),
            Kinds::WRP => format!(
                "op {other} did not find {name}, which would have matched before op {one} made it \
                 {what}"
            ),
            _ => format!(
                "op {one} did not find {name}, which matched once op {other} made it {what}"
            ),
        }
    }

    fn is_evidence(&self, txn: u32) -> bool {
        self.txns.is_ok(txn) && !self.world.mops[txn as usize].is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    fn judge(picture: &str, model: &str) -> Verdict {
        let checker = ClosedPredicate(Options::new([model]).unwrap());
        checker.check(&notation::history(picture), &Budget::unlimited())
    }

    #[track_caller]
    fn check(picture: &str, model: &str, anomalies: &[&str]) -> Verdict {
        let verdict = judge(picture, model);
        let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, anomalies, "{verdict:#?}");
        verdict
    }

    const SKEW: &str = r#"
        0: |- txn [] -> [["rp","true",{}],["insert","x",1]] -|
        1:  |- txn [] -> [["rp","true",{}],["insert","y",1]] -|"#;

    #[test]
    fn two_who_found_nothing_and_inserted_are_not_serializable() {
        let verdict = check(SKEW, "serializable", &["G2"]);
        assert!(
            verdict.anomalies[0].explanation.contains(
                "op 0 did not find y, which matched once op 1 made it 1; op 1 did not find x"
            ),
            "{}",
            verdict.anomalies[0].explanation
        );
        for weaker in ["snapshot-isolation", "repeatable-read"] {
            assert_eq!(judge(SKEW, weaker).valid, Valid::Valid, "{weaker}");
        }
    }

    #[test]
    fn what_does_not_match_is_no_conflict() {
        let picture = r#"
            0: |- txn [] -> [["rp",["=",7],{}],["insert","x",1]] -|
            1:  |- txn [] -> [["rp",["mod",2,0],{}],["insert","y",1]] -|"#;
        let verdict = judge(picture, "serializable");
        assert_eq!(verdict.anomalies[0].name, "empty-transaction-graph", "{verdict:?}");
    }

    #[test]
    fn an_object_that_was_there_at_the_start_is_missed_only_once_it_is_gone() {
        let picture = r#"
            0: |- init {"x":1} -> {"x":1} -|
            1:   |- txn [] -> [["delete","x"],["insert","y",1]] -|
            2:   |- txn [] -> [["rp","true",{}]] -|"#;
        let verdict = check(picture, "serializable", &["G-single"]);
        assert!(
            verdict.anomalies[0].explanation.contains("would have matched before"),
            "{}",
            verdict.anomalies[0].explanation
        );
    }

    #[test]
    fn what_matches_always_is_found_always() {
        let picture = r#"
            0: |- init {"x":1} -> {"x":1} -|
            1:                               |- txn [] -> [["rp","true",{}]] -|
            2:                               |- txn [] -> [["w","x",2]] -|"#;
        let verdict = judge(picture, "serializable");
        assert!(verdict.anomalies.iter().any(|a| a.name == "predicate-read-miss"), "{verdict:?}");
    }

    const GONE: &str = r#"
            0: |- init {"x":1,"y":1} -> {"x":1,"y":1} -|
            1:                                           |- txn [] -> [["r","x",null],["w","y",2]] -|
            2:                                           |- txn [] -> [["r","y",2]] -|"#;

    #[test]
    fn what_was_there_all_the_time_is_not_read_as_gone() {
        let verdict = check(GONE, "read-uncommitted", &["garbage-read"]);
        assert!(
            verdict.anomalies[0].explanation.contains("did not find x, which was there"),
            "{}",
            verdict.anomalies[0].explanation
        );
        // Who may have deleted it explains that.
        let deleted = format!("{GONE}\n3: |- txn [[\"delete\",\"x\"]] -~");
        assert_eq!(judge(&deleted, "serializable").valid, Valid::Valid);
    }

    #[test]
    fn what_a_failed_transaction_deleted_is_not_gone() {
        let deleted = format!("{GONE}\n3: |- txn [[\"delete\",\"x\"]] -x");
        check(&deleted, "read-committed", &["G1a"]);
        assert_eq!(judge(&deleted, "read-uncommitted").valid, Valid::Valid);
    }

    #[test]
    fn what_is_deleted_and_made_again_is_gone_for_nobody_else() {
        let again = r#"[["delete","x"],["insert","x",2]]"#;
        let picture = format!("{GONE}\n3: |- txn [] -> {again} -|");
        check(&picture, "read-committed", &["G1b"]);
        assert_eq!(judge(&picture, "read-uncommitted").valid, Valid::Valid);
    }

    #[test]
    fn nobody_finds_gone_what_he_deletes_only_later() {
        let picture = r#"
            0: |- init {"x":1,"y":1} -> {"x":1,"y":1} -|
            1:                                           |- txn [] -> [READ,["delete","x"],["w","y",2]] -|
            2:                                           |- txn [] -> [["r","y",2]] -|"#;
        let by_name = picture.replace("READ", r#"["r","x",null]"#);
        check(&by_name, "read-committed", &["future-read"]);
        let by_predicate = picture.replace("READ", r#"["rp","true",{"y":1}]"#);
        let verdict = judge(&by_predicate, "serializable");
        assert_eq!(verdict.anomalies[0].name, "predicate-read-miss", "{verdict:?}");
    }

    #[test]
    fn a_beginning_that_crashed_may_never_have_been() {
        let picture = r#"
            0: |- init {"x":1} -~
            1:                    |- txn [] -> [["rp","true",{}],["insert","y",1]] -|
            2:                    |- txn [] -> [["rp","true",{}]] -|"#;
        assert_eq!(judge(picture, "serializable").valid, Valid::Valid);
    }

    #[test]
    fn what_a_predicate_finds_is_a_read_of_objects() {
        let picture = r#"
            0: |- init {"x":1,"y":1} -> {"x":1,"y":1} -|
            1:   |- txn [] -> [["rp","true",{"x":1,"y":1}],["w","x",2]] -|
            2:   |- txn [] -> [["rp","true",{"x":1,"y":1}],["w","y",2]] -|"#;
        check(picture, "repeatable-read", &["G2-item"]);
    }

    #[test]
    fn a_transaction_finds_what_it_did_itself() {
        let good = r#"
            0: |- txn [] -> [["insert","x",2],["rp",["mod",2,0],{"x":2}],["delete","x"],["r","x",null]] -|
            1:                          |- txn [] -> [["rp","true",{}],["insert","y",1]] -|"#;
        assert_ne!(judge(good, "serializable").valid, Valid::Invalid);
        let bad = good.replace(r#"{"x":2}"#, "{}");
        check(&bad, "serializable", &["internal", "empty-transaction-graph"]);
    }

    #[test]
    fn what_failed_or_was_never_written_is_not_found() {
        let picture = r#"
            0: |- txn [["insert","x",1]] --x
            1:   |- txn [] -> [["rp","true",{"x":1}]] -|
            2:   |- txn [] -> [["r","y",5],["insert","z",1]] -|"#;
        check(picture, "read-committed", &["garbage-read", "G1a"]);
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for value in [
            r#"[["rp","false",{}]]"#,
            r#"[["rp",["mod",0,0],{}]]"#,
            r#"[["rp","true",[]]]"#,
            r#"[["insert","x"]]"#,
            r#"[["delete"]]"#,
            "7",
        ] {
            let verdict = judge(&format!("0: |- txn [] -> {value} -|"), "serializable");
            assert!(verdict.is_malformed(), "{value}: {verdict:?}");
        }
    }
}
