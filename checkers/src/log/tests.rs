//! One history for each class of errors.
use super::*;
use crate::{Budget, notation};

/// Calls one after the other, each by a process.
fn in_turn(calls: &[(u32, String)]) -> String {
    let mut column = 0;
    let row = |(process, call): &(u32, String)| {
        let row = format!("{process}: {:column$}{call}\n", "");
        column += call.len() + 1;
        row
    };
    calls.iter().map(row).collect()
}

fn judge(picture: &str) -> Verdict {
    Log.check(&notation::history(picture), &Budget::unlimited())
}

#[track_caller]
fn check(calls: &[(u32, String)], classes: &[&str]) -> Verdict {
    let verdict = judge(&in_turn(calls));
    let names: Vec<_> = verdict.anomalies.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, classes, "{verdict:?}");
    verdict
}

/// Process 0 sends to key 0 and is told the offset.
fn send(value: u32, offset: u32) -> (u32, String) {
    let call = format!(r#"|- send [["send",0,{value}]] -> [["send",0,[{offset},{value}]]] -|"#);
    (0, call)
}

/// A process polls these records of key 0.
fn poll(process: u32, records: &str) -> (u32, String) {
    let polled = format!(r#"|- poll [["poll"]] -> [["poll",{{"0":[{records}]}}]] -|"#);
    (process, polled)
}

fn txn(process: u32, asked: &str, answered: &str) -> (u32, String) {
    (process, format!("|- txn [{asked}] -> [{answered}] -|"))
}

fn assign(process: u32) -> (u32, String) {
    (process, "|- assign [0] -|".into())
}

fn subscribe(process: u32) -> (u32, String) {
    (process, "|- subscribe [0] -|".into())
}

/// Three records, at offsets with a gap.
fn sent() -> [(u32, String); 3] {
    [send(1, 0), send(2, 1), send(3, 5)]
}

fn after_three(calls: &[(u32, String)]) -> Vec<(u32, String)> {
    [&sent()[..], &[assign(1)], calls].concat()
}

#[test]
fn what_was_sent_is_polled_in_order() {
    let all = after_three(&[poll(1, "[0,1],[1,2]"), poll(1, ""), poll(1, "[5,3]")]);
    let verdict = check(&all, &[]);
    assert_eq!(verdict.valid, Valid::Valid);
    assert_eq!((&verdict.details["polled"], &verdict.details["unseen"]), (&3.into(), &0.into()));
}

#[test]
fn a_value_is_at_one_offset() {
    check(&[send(1, 0), poll(1, "[0,1],[3,1]")], &["duplicate"]);
}

#[test]
fn an_offset_has_one_value() {
    let crashed = (0, r#"|- send [["send",0,2]] -~"#.to_owned());
    check(&[send(1, 0), crashed, poll(1, "[0,2]")], &["inconsistent-offsets"]);
}

#[test]
fn a_transaction_does_not_see_its_own_sends() {
    let own = txn(0, r#"["send",0,1],["poll"]"#, r#"["send",0,[0,1]],["poll",{"0":[[0,1]]}]"#);
    check(&[own], &["precommitted-read"]);
}

#[test]
fn what_failed_is_not_polled() {
    let failed = (0, r#"|- send [["send",0,1]] -x"#.to_owned());
    check(&[failed, poll(1, "[0,1]")], &["G1a"]);
    let crashed = (0, r#"|- send [["send",0,1]] -~"#.to_owned());
    check(&[crashed, poll(1, "[0,1]")], &[]);
}

#[test]
fn what_nobody_sent_is_not_polled() {
    check(&[poll(1, "[0,9]")], &["unexpected"]);
    check(&[poll(1, "[0,1]"), send(1, 0)], &["unexpected"]);
}

#[test]
fn a_reader_goes_beyond_nothing_that_was_acknowledged() {
    check(&after_three(&[poll(1, "[0,1],[5,3]"), poll(2, "[1,2]")]), &["int-poll-skip"]);
    check(&after_three(&[poll(1, "[1,2],[5,3]")]), &["lost-write"]);
    let subscribed = [subscribe(2), poll(2, "[1,2],[5,3]")];
    check(&[&sent()[..], &subscribed].concat(), &["lost-write"]);
    // The first may have been given to the one that crashed.
    let crashed = [subscribe(1), (1, r#"|- poll [["poll"]] -~"#.to_owned())];
    check(&[&sent()[..], &crashed, &subscribed].concat(), &[]);
}

#[test]
fn a_poll_that_failed_may_have_been_given_records() {
    let failed = (1, r#"|- poll [["poll"]] -x"#.to_owned());
    let rest = poll(1, "[5,3]");
    check(&after_three(&[poll(1, "[0,1]"), failed.clone(), rest.clone()]), &[]);
    // Assigned the key again, it goes on; assigned it anew, it begins at the beginning.
    let again = [poll(1, "[0,1]"), failed.clone(), assign(1), rest];
    check(&after_three(&again), &[]);
    let other = (1, "|- assign [7] -|".to_owned());
    let anew = [failed.clone(), other, assign(1), poll(1, "[1,2],[5,3]")];
    check(&after_three(&anew), &["lost-write"]);
    let idle = vec![poll(1, ""); losses::CAUGHT_UP as usize];
    check(&after_three(&[&[poll(1, "[0,1],[1,2]"), failed], &idle[..]].concat()), &[]);
}

#[test]
fn what_was_not_assigned_is_not_begun() {
    let refused = (1, "|- assign [0] -x".to_owned());
    let crashed = (2, r#"|- poll [["poll"]] -~"#.to_owned());
    let unseen = [refused, poll(1, "[5,3]"), subscribe(2), poll(2, "[1,2],[5,3]"), crashed];
    check(&[&sent()[..], &unseen].concat(), &[]);
}

#[test]
fn errors_that_were_found_are_told_when_time_is_over() {
    let over = Budget::new(u64::MAX, || true);
    let judge = |calls: &[(u32, String)]| Log.check(&notation::history(&in_turn(calls)), &over);
    let circle = txn(0, r#"["send",0,1]"#, r#"["send",0,[0,1]]"#);
    let verdict = judge(&[circle.clone(), poll(1, "[0,1]")]);
    assert_eq!(verdict.valid, Valid::Unknown, "{verdict:?}");
    assert_eq!(judge(&[circle, poll(1, "[0,9]")]).valid, Valid::Invalid);
}

#[test]
fn who_came_to_the_end_has_seen_all() {
    let idle = |polls| vec![poll(1, ""); polls];
    let late = |polls| [&after_three(&[poll(1, "[0,1],[1,2]")])[..], &idle(polls)].concat();
    check(&late(losses::CAUGHT_UP as usize), &["unseen"]);
    let verdict = check(&late(losses::CAUGHT_UP as usize - 1), &[]);
    assert_eq!(verdict.details["unseen"], 1);
    // Who asked before it was acknowledged proves nothing.
    let before = [&[send(1, 0), assign(1), poll(1, "[0,1]")], &idle(20)[..], &[send(2, 1)]];
    check(&before.concat(), &[]);
}

#[test]
fn a_process_passes_over_nothing() {
    let seen = poll(2, "[0,1],[1,2],[5,3]");
    check(&after_three(&[seen.clone(), poll(1, "[0,1]"), poll(1, "[5,3]")]), &["poll-skip"]);
    let two = r#"["poll",{"0":[[0,1]]}],["poll",{"0":[[5,3]]}]"#;
    let within = txn(1, r#"["poll"],["poll"]"#, two);
    check(&after_three(&[seen.clone(), within]), &["int-poll-skip"]);
    // Who is assigned the key anew, goes on wherever it begins.
    let gone = (1, "|- assign [7] -|".to_owned());
    let anew = [seen, poll(1, "[0,1]"), gone, assign(1), poll(1, "[5,3]")];
    check(&after_three(&anew), &[]);
}

#[test]
fn a_process_does_not_go_back() {
    let all = poll(1, "[0,1],[1,2],[5,3]");
    check(&after_three(&[all.clone(), poll(1, "[1,2]")]), &["nonmonotonic-poll"]);
    check(&after_three(&[poll(1, "[0,1],[1,2],[1,2],[5,3]")]), &["int-nonmonotonic-poll"]);
    check(&after_three(&[all.clone(), assign(1), poll(1, "[5,3]")]), &["nonmonotonic-poll"]);
    check(&after_three(&[all, assign(2), poll(2, "[0,1],[1,2],[5,3]")]), &[]);
}

#[test]
fn who_subscribes_is_moved_about() {
    let moved = [poll(2, "[0,1]"), poll(2, "[5,3]"), poll(2, "[0,1]")];
    let all = [poll(1, "[0,1],[1,2],[5,3]"), subscribe(2)];
    let verdict = check(&after_three(&[&all[..], &moved].concat()), &[]);
    let expected = serde_json::json!({ "poll-skip": 1, "nonmonotonic-poll": 1 });
    assert_eq!(verdict.details["errors"], expected);
}

#[test]
fn what_a_process_sends_is_there_in_its_order() {
    let seen = poll(1, "[0,2],[1,1]");
    check(&[send(1, 1), send(2, 0), seen.clone()], &["nonmonotonic-send"]);
    let asked = r#"["send",0,1],["send",0,2]"#;
    let back = txn(0, asked, r#"["send",0,[1,1]],["send",0,[0,2]]"#);
    check(&[back, seen], &["int-nonmonotonic-send"]);
    let between = txn(0, asked, r#"["send",0,[0,1]],["send",0,[2,2]]"#);
    let other = txn(2, r#"["send",0,3]"#, r#"["send",0,[1,3]]"#);
    let verdict = check(&[other, between, poll(1, "[0,1],[1,3],[2,2]")], &[]);
    assert_eq!(verdict.details["errors"], serde_json::json!({ "int-send-skip": 1 }));
}

#[test]
fn transactions_do_not_see_each_other() {
    let side = |own: u32, other: u32| {
        txn(
            own,
            &format!(r#"["send",{own},1],["poll"]"#),
            &format!(r#"["send",{own},[0,1]],["poll",{{"{other}":[[0,1]]}}]"#),
        )
    };
    let (one, other) = (side(0, 1).1, side(1, 0).1);
    let verdict = judge(&format!("0: {one}\n1: {other}"));
    assert_eq!(verdict.anomalies.len(), 1, "{verdict:?}");
    assert_eq!(verdict.anomalies[0].name, "G1c");
    assert!(matches!(&verdict.anomalies[0].figure, Figure::Cycle(edges) if edges.len() == 2));
}

#[test]
fn every_class_is_looked_for_by_its_own_name() {
    let names: std::collections::BTreeSet<_> = CLASSES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), CLASSES.len());
}

#[test]
fn what_is_no_transaction_is_refused_with_its_line() {
    let verdict = judge(r#"0: |- send [["give",0,1]] -|"#);
    assert!(verdict.is_malformed() && verdict.why().unwrap().contains("send"), "{verdict:?}");
    assert_eq!(judge(r#"0: |- poll [["poll"]] -> [["poll",{}]] -|"#).valid, Valid::Unknown);
}
