//! Which calls the anomalies name: the timeline marks them, a sample never loses them.
use std::collections::BTreeSet;

use checkers::Figure;
use serde_json::Value;

use super::calls::Calls;
use crate::result::RunResult;

/// Indices of the invocations that figures name.
pub(super) fn named(calls: &Calls<'_>, result: &RunResult) -> BTreeSet<u32> {
    let mut named = BTreeSet::new();
    for anomaly in &result.anomalies {
        match &anomaly.figure {
            Figure::Ops(figure) => named.extend(&figure.calls),
            Figure::Cycle(edges) => named.extend(edges.iter().map(|e| e.from)),
            Figure::Table { head, rows } => named.extend(in_table(calls, head, rows)),
        }
    }
    named.extend(culprits(calls, result));
    named
}

/// Indices of the invocations whose answers no order explains.
pub(super) fn culprits(calls: &Calls<'_>, result: &RunResult) -> BTreeSet<u32> {
    let figures = result.anomalies.iter().map(|a| &a.figure);
    let culprit = |figure: &Figure| match figure {
        Figure::Ops(figure) => calls.with_op(figure.culprit).map(|c| c.index),
        _ => None,
    };
    figures.filter_map(culprit).collect()
}

fn in_table(calls: &Calls<'_>, head: &[String], rows: &[Vec<Value>]) -> Vec<u32> {
    let cells = rows.iter().flat_map(|row| head.iter().zip(row));
    let each = cells.flat_map(|(heading, cell)| {
        let items = cell.as_array().map_or(std::slice::from_ref(cell), Vec::as_slice);
        items.iter().map(move |item| (heading, item))
    });
    each.filter_map(|(heading, item)| calls.in_cell(heading, item)).map(|c| c.index).collect()
}
