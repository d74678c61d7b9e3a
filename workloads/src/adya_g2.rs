//! Two inserts a key, each of which is to fail where it finds the other's row: does one at most
//! succeed?
//!
//! `insert [a,null]` goes to one table and `insert [null,b]` to another; each first asks both, by a
//! predicate, for rows of the key. After healing, the rows of every key are read. See
//! [`checkers::adya_g2`].
use checkers::adya_g2::AdyaG2;
use serde_json::{Value, json};

use crate::{
    Entry, Params, Workload,
    finally::EveryKey,
    generator::{Context, GeneratorExt, independent, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "adya-g2",
    about: "two inserts a key, each only where there is no row of it yet: do both succeed?",
    is_pinned: false,
    build,
};

fn build(_: &Params) -> Workload {
    let one_key = |key: u32| {
        let mut inserts = [json!([2 * key + 1, null]), json!([null, 2 * key + 2])].into_iter();
        (move |_: &mut Context| Some(invoke("insert", inserts.next()?))).boxed()
    };
    let read = |_| invoke("read", Value::Null);
    Workload {
        generator: independent(2, one_key).clients().boxed(),
        final_generator: EveryKey::until_ok(read).clients().boxed(),
        checker: Box::new(AdyaG2),
        reads: &["read"],
    }
}
