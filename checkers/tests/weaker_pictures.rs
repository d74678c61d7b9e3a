//! What still holds, drawn: one small history a claim.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Checker, Independent, Valid, Verdict,
    linearizable::Linearizable,
    model::{FifoQueue, Register},
    notation,
    weaker::{Classified, Sequential, Weaker, classify},
};

fn judge(picture: &str) -> Verdict {
    let model = Register::default();
    let checker = Classified { strong: Independent(Linearizable(model.clone())), model };
    checker.check(&notation::history(picture), &Budget::unlimited())
}

/// Of a history that is not linearizable, all that does not hold either.
#[track_caller]
fn violates(picture: &str, expected: &[&str]) {
    let verdict = judge(picture);
    assert_eq!(verdict.valid, Valid::Invalid);
    let violated = verdict.details["violated"].as_object().unwrap();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let mut names: Vec<_> = violated.keys().collect();
    names.sort_unstable();
    assert_eq!(names, expected, "{violated:?}");
}

const SEQUENTIAL: &str = "sequentially consistent";

#[test]
fn a_lagging_replica_is_sequentially_consistent() {
    let picture = "0: |- write 1 -| |- write 2 -|
                   1:                               |- read -> 1 -|";
    violates(picture, &[]);
    let verdict = judge(picture);
    let still = verdict.details["still"].as_array().unwrap();
    assert_eq!(still.len(), 7);
    assert_eq!(still[0], SEQUENTIAL);
    assert_eq!(still[5], "2-atomic");
    assert_eq!(verdict.details["still_of"], "all keys together");
}

#[test]
fn delta_is_how_much_too_late_the_stale_read_began() {
    // The second write ends in column 27, the read begins in column 33: 6 ms apart.
    let verdict = judge(
        "0: |- write 1 -| |- write 2 -|
         1:                                 |- read -> 1 -|",
    );
    let still = verdict.details["still"].as_array().unwrap();
    assert_eq!(still.last().unwrap(), "Delta-atomic with Delta = 6000000 ns");
}

#[test]
fn two_writes_behind_is_not_2_atomic() {
    violates(
        "0: |- write 1 -| |- write 2 -| |- write 3 -|
         1:                                             |- read -> 1 -|",
        &["2-atomic"],
    );
}

#[test]
fn who_forgets_his_own_write_has_not_read_it() {
    violates("0: |- write 1 -| |- write 2 -| |- read -> 1 -|", &[SEQUENTIAL, "read your writes"]);
}

#[test]
fn who_goes_back_reads_without_monotony() {
    violates(
        "0: |- write 1 -|
         1:                  |- write 2 -|
         2:                                 |- read -> 1 -| |- read -> 2 -| |- read -> 1 -|",
        &[SEQUENTIAL, "monotonic reads"],
    );
}

#[test]
fn who_sees_the_writes_of_one_session_backwards_sees_no_monotonic_writes() {
    violates(
        "0: |- write 1 -| |- write 2 -|
         1:                               |- read -> 2 -| |- read -> 1 -|",
        &[SEQUENTIAL, "monotonic reads", "monotonic writes"],
    );
}

#[test]
fn causes_follow_their_effects_on_two_keys() {
    // Each writes what the other has read before it was written.
    let picture = "
        0: |- [1] read -> 5 -| |- [2] write 6 -|
        1: |- [2] read -> 6 -|                      |- [1] write 5 -|";
    violates(picture, &[SEQUENTIAL, "writes follow reads", "Delta-atomic", "2-atomic"]);
}

#[test]
fn keys_that_are_consistent_one_by_one_may_not_be_together() {
    // Each key is served from the past; but both together say that each write came first.
    let verdict = judge(
        "0: |- [1] write 1 -| |- [2] read -> null -|
         1: |- [2] write 1 -| |- [1] read -> null -|",
    );
    assert!(verdict.details["violated"][SEQUENTIAL].as_str().unwrap().contains("op 0"));
    for key in ["1", "2"] {
        let details = &verdict.parts[key].details;
        assert_eq!(details["still_of"], "this key by itself");
        assert_eq!(details["still"][0], SEQUENTIAL);
    }
}

#[test]
fn a_value_from_nowhere_keeps_no_promise() {
    let verdict = judge("0: |- write 1 -| |- read -> 7 -|");
    assert_eq!(verdict.details["still"].as_array().unwrap().len(), 0);
    assert_eq!(verdict.details["violated"].as_object().unwrap().len(), 7);
}

#[test]
fn where_values_repeat_only_the_searches_answer() {
    let verdict = judge(
        "0: |- write 1 -| |- write 2 -| |- write 1 -| |- write 3 -|
         1:                                                           |- read -> 1 -|",
    );
    let details = &verdict.details;
    assert_eq!(details["still"], serde_json::json!([SEQUENTIAL, "2-atomic"]));
    assert_eq!(details["undecided"].as_object().unwrap().len(), 5);
}

#[test]
fn a_crashed_write_happens_after_what_its_process_did_before_or_never() {
    let picture = "0: |- write 1 -| |- write 2 -~
                   1:    |- read -> 2 -| |- read -> 1 -|";
    let history = notation::history(picture);
    let details = classify(&Register::default(), &history, &Budget::unlimited());
    assert!(details["violated"][SEQUENTIAL].is_string(), "{details:?}");
    let history = notation::history("0: |- write 1 -| |- write 2 -~\n1:    |- read -> 1 -|");
    let details = classify(&Register::default(), &history, &Budget::unlimited());
    assert_eq!(details["still"][0], SEQUENTIAL);
}

#[test]
fn a_valid_history_gets_no_details() {
    let verdict = judge("0: |- write 1 -| |- read -> 1 -|");
    assert_eq!(verdict.valid, Valid::Valid);
    assert!(!verdict.details.contains_key("still"));
}

#[test]
fn any_model_may_be_asked_for_sequential_consistency() {
    let claims = |picture: &str| {
        let model = Sequential(FifoQueue::default());
        model.claims(&notation::history(picture), &Budget::unlimited())[0].valid
    };
    let late = "0: |- enqueue 1 -|\n1:                   |- dequeue -> null -|";
    assert_eq!(claims(late), Valid::Valid);
    let swapped = "0: |- enqueue 1 -| |- enqueue 2 -|
                   1:    |- dequeue -> 2 -| |- dequeue -> 1 -|";
    assert_eq!(claims(swapped), Valid::Invalid);
}

#[test]
fn out_of_budget_is_undecided() {
    // Twenty writers of two values, and a read of a third: 2^20 configurations, all in vain.
    let mut picture = String::from("90: |- read -> 1 -| |- read -> 2 -| |- read -> 9 -|\n");
    for process in 0..20 {
        picture +=
            &format!("{process}: |- write {} -|  |- write {} -|\n", process % 2, process % 3);
    }
    let history = notation::history(&picture);
    let budgets =
        [(Budget::new(u64::MAX, || true), "time"), (Budget::new(1 << 16, || false), "memory")];
    for (budget, why) in budgets {
        let claim = &Sequential(Register::default()).claims(&history, &budget)[0];
        assert_eq!(claim.valid, Valid::Unknown);
        assert!(claim.why.contains(why), "{claim:?}");
    }
}
