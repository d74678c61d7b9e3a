//! Who leads? Does every term have one leader at most?
//!
//! Every node is asked all the time. In the end each is asked until it knows a leader.
use checkers::election::Election;
use serde_json::Value;

use crate::{
    Entry, Invocation, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "election",
    about: "who leads in which term, as each node has it: one leader a term?",
    is_pinned: false,
    build,
};

fn build(_: &Params) -> Workload {
    Workload {
        generator: ask.clients().boxed(),
        final_generator: finally::settle_first(finally::each_thread_until_ok(ask)),
        checker: Box::new(Election),
        reads: &["leader"],
    }
}

fn ask(_: &mut Context) -> Option<Invocation> {
    Some(invoke("leader", Value::Null))
}
