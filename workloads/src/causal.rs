//! Registers, each used by one process: does it see what it wrote, and what it saw?
//!
//! Read, write 1, read, write 2, read, one after the other; then a fresh key. After healing, every
//! key is read once more. See [`checkers::causal`].
use checkers::causal::causal;
use serde_json::Value;

use crate::{
    Entry, Params, Workload,
    finally::EveryKey,
    generator::{Context, GeneratorExt, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "causal",
    about: "registers, each used by one process: read, write, read, write, read; causal?",
    is_pinned: false,
    build,
};

fn build(_: &Params) -> Workload {
    let one_key = |_| {
        let mut asked = 0;
        let calls = move |_: &mut Context| {
            asked += 1;
            Some(if asked % 2 == 0 {
                invoke("write", asked / 2)
            } else {
                invoke("read", Value::Null)
            })
        };
        calls.limit(5).boxed()
    };
    let read = |_| invoke("read", Value::Null);
    Workload {
        generator: independent(1, one_key).clients().boxed(),
        final_generator: EveryKey::until_ok(read).clients().boxed(),
        checker: Box::new(causal()),
        reads: &["read"],
    }
}
