//! However many ops a generator gave, it needs no more memory than at first.
use std::collections::VecDeque;

use checkers::{Kind, Op};
use serde_json::Value;
use workloads::generator::*;

const THREADS: u32 = 100;
const OPS: u64 = 1_000_000;
/// What may be held beyond what is held after the first hundredth of the ops.
const GROWTH_MAX: i64 = 64 * 1024;

/// Every combinator that keeps a list of anything, with no end.
fn tree() -> impl Generator + 'static {
    let call = |f: &'static str| move |_: &mut Context| Some(invoke(f, ()));
    let per_thread = each_thread(move || cycle(move || call("thread").limit(3))).boxed();
    let per_process = each_process(move || cycle(move || call("process").limit(3))).boxed();
    let keys = independent(5, move |_| call("key").limit(20).boxed()).boxed();
    let never_ok = call("fail").until_ok().boxed();
    let parts = unfold(move |_| Some(ops([invoke("part", 1), invoke("part", 2)]))).boxed();
    let phased = cycle(move || {
        phases(vec![call("a").limit(2).boxed(), call("b").limit(2).boxed()]).on_threads(is_first)
    });
    let split = reserve(vec![(10, per_thread), (20, keys)], mix(vec![never_ok, parts]));
    let turns = flip_flop(call("flip"), repeat(move || call("flop"))).cache(10).boxed();
    any(vec![split.boxed(), per_process, phased.boxed(), turns]).concurrency_limit(90).clients()
}

fn is_first(thread: Thread) -> bool {
    thread == Thread::Client(0)
}

/// Asks for so many ops, and completes the oldest when no more can be in flight.
fn drive(scheduler: &mut Scheduler, in_flight: &mut VecDeque<Op>, now: &mut u64, ops: u64) {
    let mut invoked = 0;
    while invoked < ops {
        match scheduler.step(*now) {
            Step::Invoke { op, .. } => {
                in_flight.push_back(op);
                invoked += 1;
            }
            Step::Log { .. } => (),
            Step::Wait { until } => {
                *now += 1;
                match in_flight.pop_front() {
                    Some(op) => complete(scheduler, *now, &op),
                    None => *now = until.expect("a time to wait for"),
                }
            }
            Step::Done => panic!("the tree has no end"),
        }
    }
}

/// One in ten crashes, so that processes come and go.
fn complete(scheduler: &mut Scheduler, now: u64, op: &Op) {
    let kind = match op.index % 10 {
        0 => Kind::Info,
        _ if &*op.f == "fail" => Kind::Fail,
        _ => Kind::Ok,
    };
    scheduler.complete(now, op, Completion { kind, value: Value::Null, error: None });
}

#[test]
fn a_million_ops_need_no_more_memory_than_ten_thousand() {
    let mut scheduler = Scheduler::new(tree(), Context::new(THREADS, Vec::new(), 1));
    let (mut in_flight, mut now) = (VecDeque::new(), 0);
    drive(&mut scheduler, &mut in_flight, &mut now, OPS / 100);
    let more = allocation_counter::measure(|| {
        drive(&mut scheduler, &mut in_flight, &mut now, OPS);
    });
    assert!(more.count_total > OPS, "allocations are counted: {more:?}");
    assert!(more.bytes_max < GROWTH_MAX as u64 && more.bytes_current < GROWTH_MAX, "{more:?}");
}
