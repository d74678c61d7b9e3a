//! Locks, permits, counters, stacks, priority queues, logs and ids: the search against trying
//! every order.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::model::{
    Counter, FencedMutex, FifoQueue, Log, Model, PriorityQueue, ReentrantMutex, Semaphore, Set,
    Stack, UniqueIds, UnorderedQueue,
};
use serde_json::{Value, json};

mod brute_force;
#[path = "more_models/simulated.rs"]
mod simulated;

use brute_force::{BruteForce, random_history};
use simulated::{Questions, Simulated};

/// Puts every answer that a crashed call may have been given to the test.
fn fuzz<M: Model + Clone + 'static>(model: M, questions: Questions<'_>, answers: &[Value]) {
    let decoded = answers.iter().map(|answer| serde_json::from_value(answer.clone()).unwrap());
    fuzz_with(&BruteForce { model, answers: decoded.collect() }, questions, answers);
}

/// Leaves it to the model what a crashed call did: many answers are too many to try.
fn fuzz_plainly<M: Model + Clone + 'static>(model: M, questions: Questions<'_>, answers: &[Value]) {
    fuzz_with(&BruteForce { model, answers: Vec::new() }, questions, answers);
}

fn fuzz_with<M: Model + Clone + 'static>(
    force: &BruteForce<M>,
    questions: Questions<'_>,
    answers: &[Value],
) {
    brute_force::fuzz(force, 20_000, |random| {
        let mut thing = Simulated::new(&force.model, questions, answers);
        random_history::history(&mut thing, random)
    });
}

fn whole(numbers: std::ops::RangeInclusive<i64>) -> Vec<Value> {
    numbers.map(Value::from).collect()
}

#[test]
fn reentrant_mutexes_agree() {
    let calls = [1, 2].map(|owner| [("acquire", json!(owner)), ("release", json!(owner))]);
    fuzz(ReentrantMutex::default(), calls.as_flattened(), &[Value::Null]);
    let held = ReentrantMutex::from_word(Some("1")).unwrap();
    fuzz(held, calls.as_flattened(), &[Value::Null]);
}

#[test]
fn fenced_mutexes_agree() {
    let (anonymous, tokens) = (Value::Null, whole(1..=8));
    let calls = [("acquire", anonymous.clone()), ("release", anonymous)];
    fuzz_plainly(FencedMutex::default(), &calls, &tokens);
    let owned = [1, 2].map(|owner| [("acquire", json!(owner)), ("release", json!(owner))]);
    let few = whole(1..=8);
    fuzz_plainly(FencedMutex::from_word(Some("0")).unwrap(), owned.as_flattened(), &few);
}

#[test]
fn sets_of_which_elements_are_asked_agree() {
    let of = |value: i64| {
        ["add", "remove", "contains", "contains", "contains"].map(|f| (f, json!(value)))
    };
    let elements = [of(1), of(2)].concat();
    let answers = [Value::Null, json!(true), json!(false), json!([]), json!([1]), json!([2, 1])];
    fuzz(Set::default(), &elements, &answers[..3]);
    let read = [("read", Value::Null), ("read", Value::Null)];
    fuzz(Set::from_word(Some("[1]")).unwrap(), &[&elements[..9], &read].concat(), &answers);
}

#[test]
fn semaphores_agree() {
    let calls = [
        ("acquire", Value::Null),
        ("acquire", json!(2)),
        ("release", Value::Null),
        ("acquire", json!(1)),
        ("release", json!(2)),
    ];
    fuzz(Semaphore::default(), &calls, &[Value::Null]);
    fuzz(Semaphore::from_word(Some("3")).unwrap(), &calls, &[Value::Null]);
}

#[test]
fn counters_agree() {
    let calls = [
        ("read", Value::Null),
        ("read", Value::Null),
        ("add", json!(2)),
        ("increment", Value::Null),
        ("decrement", Value::Null),
        ("add", json!(0)),
    ];
    fuzz_plainly(Counter::default(), &calls, &whole(-7..=14));
}

#[test]
fn queues_agree() {
    let calls = [
        ("enqueue", json!(1)),
        ("enqueue", json!(2)),
        ("dequeue", Value::Null),
        ("dequeue", Value::Null),
    ];
    let answers = [json!(1), json!(2), Value::Null];
    fuzz(FifoQueue::default(), &calls, &answers);
    fuzz(UnorderedQueue::from_word(Some("[1,2]")).unwrap(), &calls, &answers);
}

#[test]
fn stacks_agree() {
    let calls =
        [("push", json!(1)), ("push", json!(2)), ("pop", Value::Null), ("pop", Value::Null)];
    let answers = [json!(1), json!(2), Value::Null];
    fuzz(Stack::default(), &calls, &answers);
    fuzz(Stack::from_word(Some("[1,2]")).unwrap(), &calls, &answers);
}

#[test]
fn priority_queues_agree() {
    let values = [json!(1), json!([1, "a"]), json!([1, "b"]), json!(2)];
    let inserts = values.iter().map(|value| ("insert", value.clone()));
    let deletes = [("delete-min", Value::Null), ("pop", Value::Null), ("pop", Value::Null)];
    let calls: Vec<_> = inserts.chain(deletes).collect();
    let answers: Vec<_> = values.iter().cloned().chain([Value::Null]).collect();
    fuzz(PriorityQueue::default(), &calls, &answers);
    fuzz(PriorityQueue::from_word(Some("[1,[1,\"a\"],2]")).unwrap(), &calls, &answers);
}

#[test]
fn logs_agree() {
    let append = [("append", json!(1)), ("append", json!(2))];
    let read = [("read", Value::Null), ("read", json!(0)), ("read", json!(1))];
    let lists = [json!([]), json!([1]), json!([2]), json!([1, 2]), json!([2, 1]), json!([1, 1])];
    let nothing = [Value::Null];
    let offsets = whole(0..=7);
    let calls: Vec<_> = append.iter().chain(&append).chain(&read).cloned().collect();
    let answers: Vec<_> = lists.iter().chain(&nothing).chain(&offsets).cloned().collect();
    fuzz_plainly(Log::default(), &calls, &answers);
    // Without offsets, so that some crashed appends do not matter.
    let answers: Vec<_> = lists.into_iter().chain(nothing).collect();
    fuzz_plainly(
        Log::default(),
        &[append[0].clone(), append[1].clone(), read[0].clone()],
        &answers,
    );
}

#[test]
fn unique_ids_agree() {
    let answers: Vec<_> = whole(1..=20).into_iter().chain([Value::Null]).collect();
    fuzz_plainly(
        UniqueIds::from_word(Some("[1]")).unwrap(),
        &[("generate", Value::Null)],
        &answers,
    );
}
