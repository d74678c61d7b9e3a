//! A source of ids: is any given out twice?
use checkers::unique_ids::UniqueIds;
use serde_json::Value;

use crate::{
    Entry, Invocation, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "unique-ids",
    about: "a source of ids: is any given out twice?",
    is_pinned: false,
    build,
};

fn build(_: &Params) -> Workload {
    Workload {
        generator: generate.clients().boxed(),
        final_generator: finally::each_thread_until_ok(generate),
        checker: Box::new(UniqueIds),
        reads: &[],
    }
}

fn generate(_: &mut Context) -> Option<Invocation> {
    Some(invoke("generate", Value::Null))
}
