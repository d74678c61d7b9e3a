//! Random histories as JSON Lines.
use std::fmt::Write;

use super::{
    definitions::{Numbers, Objects},
    random_txns::{Ending, Mop, Txn},
};

pub(crate) fn text(txns: &[Txn], objects: Objects) -> String {
    rows(txns, |mop, knows| shown(mop, objects, knows))
}

/// Registers whose versions have numbers.
pub(crate) fn numbered(txns: &[Txn], numbers: &Numbers) -> String {
    let number = |key: &usize, element: &u32| match numbers.get(&(*key, *element)) {
        Some(number) => format!(",{number}"),
        None => String::new(),
    };
    rows(txns, |mop, knows| match mop {
        Mop::Append(key, element) if knows => {
            format!("[\"w\",{key},{element}{}]", number(key, element))
        }
        Mop::Read(key, list) if knows && !list.is_empty() => {
            let last = list[list.len() - 1];
            format!("[\"r\",{key},{last}{}]", number(key, &last))
        }
        _ => shown(mop, Objects::Registers, false),
    })
}

fn rows(txns: &[Txn], shown: impl Fn(&Mop, bool) -> String) -> String {
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
        let mops: Vec<String> = txn.mops.iter().map(|mop| shown(mop, kind == "ok")).collect();
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
