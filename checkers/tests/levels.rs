//! What is demanded is judged, and nothing above it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{
    Budget, Figure, History, Valid, Verdict,
    model::{self, AnyLevel},
    notation,
    weaker::{self, LEVELS},
};

fn build(model: &str) -> Box<dyn AnyLevel> {
    (model::find(model).unwrap().build)(None).unwrap()
}

fn judge(model: &str, level: &str, history: &History) -> Verdict {
    let checker = build(model).at(weaker::level(level).unwrap()).unwrap();
    checker.check(history, &Budget::unlimited())
}

/// The levels that a history of a register keeps.
fn kept(picture: &str) -> Vec<&'static str> {
    let history = notation::history(picture);
    let holds = |name: &&str| judge("register", name, &history).valid == Valid::Valid;
    LEVELS.iter().map(|level| level.name).filter(holds).collect()
}

#[test]
fn a_read_of_the_past_breaks_only_what_asks_for_real_time() {
    let sessions = [
        "sequential",
        "2-atomic",
        "sessions",
        "read-your-writes",
        "monotonic-reads",
        "monotonic-writes",
        "writes-follow-reads",
    ];
    assert_eq!(
        kept(
            "0: |- write 1 -| |- write 2 -|
             1:                             |- read -> 1 -|",
        ),
        sessions
    );
    assert_eq!(
        kept(
            "0: |- write 1 -| |- write 2 -| |- write 3 -|
             1:                                          |- read -> 1 -|",
        ),
        [&sessions[..1], &sessions[2..]].concat()
    );
}

#[test]
fn who_goes_back_breaks_his_session() {
    assert_eq!(
        kept(
            "0: |- write 1 -| |- write 2 -|
             1:                            |- read -> 2 -| |- read -> 1 -|",
        ),
        ["2-atomic", "read-your-writes", "writes-follow-reads"]
    );
    assert_eq!(
        kept(
            "0: |- write 1 -| |- write 2 -| |- read -> 1 -|
             1:                                               |- write 3 -|",
        ),
        ["2-atomic", "monotonic-reads", "monotonic-writes", "writes-follow-reads"]
    );
}

#[test]
fn a_circle_is_shown_with_the_reason_of_each_step() {
    let history = notation::history(
        "0: |- write 1 -| |- read -> 2 -| |- read -> 1 -|
         1:   |- write 2 -| |- read -> 1 -| |- read -> 2 -|",
    );
    let verdict = judge("register", "sequential", &history);
    let anomaly = &verdict.anomalies[0];
    assert_eq!(anomaly.name, "not-sequentially-consistent");
    let Figure::Cycle(edges) = &anomaly.figure else { panic!("{anomaly:?}") };
    assert!(edges.len() >= 2 && edges.iter().all(|edge| anomaly.explanation.contains(&edge.why)));
}

#[test]
fn where_every_order_was_tried_only_the_reads_that_matter_are_shown() {
    let history = notation::history(
        "0: |- enqueue 1 -| |- enqueue 2 -| |- enqueue 3 -|
         1:   |- dequeue -> 2 -| |- dequeue -> 1 -|",
    );
    let verdict = judge("fifo-queue", "sequential", &history);
    assert_eq!(verdict.valid, Valid::Invalid);
    let history = notation::history(
        "0: |- add 1 -| |- add 2 -|
         1:   |- read -> [2] -| |- read -> [1,2] -| |- read -> [1,2] -|",
    );
    let verdict = judge("set", "sequential", &history);
    let Figure::Ops(ops) = &verdict.anomalies[0].figure else { panic!("{verdict:?}") };
    let index = |asked: &str| history.ops().find(|op| op.f == asked).unwrap().index;
    assert_eq!(ops.calls.len(), 3, "{ops:?}");
    assert!(ops.calls.contains(&index("read")), "{ops:?}");
}

#[test]
fn a_value_from_nowhere_breaks_every_level() {
    assert!(kept("0: |- write 1 -| |- read -> 7 -|").is_empty());
}

#[test]
fn a_level_that_a_model_does_not_know_is_refused() {
    for (model, level, is_known) in [
        ("mutex", "sequential", true),
        ("mutex", "linearizable", true),
        ("mutex", "sessions", false),
        ("register", "sessions", true),
    ] {
        let checker = build(model).at(weaker::level(level).unwrap());
        assert_eq!(checker.is_some(), is_known, "{model} {level}");
    }
    assert!(weaker::level("serial").is_none());
}

#[test]
fn values_that_do_not_fit_are_malformed_at_every_level() {
    let history = notation::history("0: |- pop -> 1 -|");
    for level in LEVELS {
        assert!(judge("register", level.name, &history).is_malformed(), "{}", level.name);
    }
}
