//! Random histories as JSON Lines.
use std::fmt::Write;

use super::{
    definitions::Objects,
    random_txns::{Ending, Mop, Txn},
};

pub(crate) fn text(txns: &[Txn], objects: Objects) -> String {
    let mut events: Vec<(usize, usize, bool)> = Vec::new();
    for (number, txn) in txns.iter().enumerate() {
        events.push((txn.invoked, number, true));
        events.extend(txn.completed.map(|at| (at, number, false)));
    }
    events.sort_unstable();
    let mut text = String::new();
    for (_, number, is_invocation) in events {
        let txn = &txns[number];
        let kind = match txn.ending {
            _ if is_invocation => "invoke",
            Ending::Ok => "ok",
            Ending::Fail => "fail",
            Ending::Info => "info",
        };
        let mops: Vec<String> =
            txn.mops.iter().map(|mop| shown(mop, objects, kind == "ok")).collect();
        let process = txn.process;
        let _ = writeln!(
            text,
            "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"txn\",\"value\":[{}]}}",
            mops.join(",")
        );
    }
    text
}

fn shown(mop: &Mop, objects: Objects, knows: bool) -> String {
    match (mop, objects) {
        (Mop::Append(key, element), Objects::Lists) => format!("[\"append\",{key},{element}]"),
        (Mop::Append(key, element), Objects::Registers) => format!("[\"w\",{key},{element}]"),
        (Mop::Read(key, list), Objects::Lists) if knows => format!("[\"r\",{key},{list:?}]"),
        (Mop::Read(key, list), Objects::Registers) if knows && !list.is_empty() => {
            format!("[\"r\",{key},{}]", list[list.len() - 1])
        }
        (Mop::Read(key, _), _) => format!("[\"r\",{key},null]"),
    }
}
