//! The client calls of a history, as the page shows them.
use std::collections::BTreeSet;

use checkers::{History, Kind, Nanos, Process};
use serde_json::Value;

use super::format::shorten;

/// How a call ended, as drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Fail,
    Info,
}

/// An invocation with its completion.
#[derive(Clone, Debug)]
pub(super) struct Call<'h> {
    /// Index of the invocation.
    pub(super) index: u32,
    /// Row and index of the completion.
    pub(super) completed: Option<(u32, u32)>,
    pub(super) start: Nanos,
    /// Absent where no completion was recorded.
    pub(super) end: Option<Nanos>,
    pub(super) process: u32,
    pub(super) node: Option<&'h str>,
    pub(super) f: &'h str,
    pub(super) key: Option<u32>,
    pub(super) outcome: Outcome,
    /// The argument, as JSON text.
    pub(super) input: &'h str,
    /// The answer, as JSON text; `null` where there is none.
    pub(super) output: &'h str,
}

/// All calls of a run, in order of invocation.
pub(super) struct Calls<'h> {
    history: Option<&'h History>,
    /// Indices of completions with the positions of their calls, in order.
    completions: Vec<(u32, usize)>,
    /// Every function that was called.
    functions: BTreeSet<&'h str>,
    pub(super) all: Vec<Call<'h>>,
    /// When the last op was written.
    pub(super) end: Nanos,
    /// Whether the history has times. Where it has none, an op's row stands in, 1 ms each.
    pub(super) timed: bool,
}

impl<'h> Calls<'h> {
    pub(super) fn of(history: Option<&'h History>) -> Calls<'h> {
        let timed = history.is_none_or(|h| h.ops().any(|op| op.time > 0));
        let time = |time: Nanos, row: u32| if timed { time } else { u64::from(row) * 1_000_000 };
        let mut calls = Calls {
            history,
            completions: Vec::new(),
            functions: BTreeSet::new(),
            all: Vec::new(),
            end: 0,
            timed,
        };
        let Some(history) = history else { return calls };
        for op in history.ops() {
            calls.end = calls.end.max(time(op.time, op.row));
            let (Process::Client(process), Kind::Invoke) = (op.process, op.kind) else { continue };
            let done = history.pair(op.row);
            calls.completions.extend(done.map(|d| (d.index, calls.all.len())));
            calls.functions.insert(op.f);
            calls.all.push(Call {
                index: op.index,
                completed: done.map(|d| (d.row, d.index)),
                start: time(op.time, op.row),
                end: done.map(|d| time(d.time, d.row)),
                process,
                node: op.node.or(done.and_then(|d| d.node)),
                f: op.f,
                key: op.key,
                outcome: done.map_or(Outcome::Info, |d| Outcome::of(d.kind)),
                input: op.value.as_str(),
                output: done.map_or("null", |d| d.value.as_str()),
            });
        }
        calls.completions.sort_unstable();
        calls
    }

    /// The call whose invocation or completion has this index.
    pub(super) fn with_op(&self, index: u32) -> Option<&Call<'h>> {
        let invoked = self.all.binary_search_by_key(&index, |c| c.index).ok();
        let at = invoked.or_else(|| {
            let at = self.completions.binary_search_by_key(&index, |c| c.0).ok()?;
            Some(self.completions[at].1)
        });
        at.map(|at| &self.all[at])
    }

    /// The call that a cell of a table names: under a heading that says `op`, or under the name of
    /// its function.
    pub(super) fn in_cell(&self, heading: &str, cell: &Value) -> Option<&Call<'h>> {
        let says_op = || {
            let mut words = heading.split(|c: char| !c.is_alphanumeric());
            words.any(|word| matches!(word, "op" | "ops" | "index"))
        };
        let is_function = self.functions.contains(heading);
        if !is_function && !says_op() {
            return None;
        }
        let call = self.with_op(u32::try_from(cell.as_u64()?).ok()?)?;
        (!is_function || call.f == heading).then_some(call)
    }

    /// Why a call did not end `ok`, where that was recorded.
    pub(super) fn error(&self, call: &Call<'_>) -> Option<String> {
        if call.outcome == Outcome::Ok {
            return None;
        }
        self.history?.error(call.completed?.0)
    }
}

impl Outcome {
    fn of(kind: Kind) -> Outcome {
        match kind {
            Kind::Ok => Outcome::Ok,
            Kind::Fail => Outcome::Fail,
            Kind::Info | Kind::Invoke => Outcome::Info,
        }
    }

    /// Its name, which is also its class in the style sheet.
    pub(super) fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Fail => "fail",
            Outcome::Info => "info",
        }
    }
}

impl Call<'_> {
    /// What was asked and answered: `write 5`, `read → 4`, `cas [1,2] ?`.
    pub(super) fn label(&self) -> String {
        let mut label = self.f.to_owned();
        if self.input != "null" {
            label.push(' ');
            label.push_str(self.input);
        }
        match self.outcome {
            Outcome::Ok if self.input == "null" || self.output != self.input => {
                if self.input == "null" || self.output != "null" {
                    label.push_str(" → ");
                    label.push_str(self.output);
                }
            }
            Outcome::Ok => {}
            Outcome::Fail => label.push_str(" ✗"),
            Outcome::Info => label.push_str(" ?"),
        }
        label
    }

    /// Everything about it in a few lines, for a tooltip.
    pub(super) fn tooltip(&self) -> String {
        let done = self.completed.map_or(String::new(), |(_, done)| format!(" – {done}"));
        let node = self.node.map_or(String::new(), |n| format!(" on {n}"));
        let key = self.key.map_or(String::new(), |k| format!(", key {k}"));
        format!(
            "op {}{done}: process {}{node}{key}\n{}\n{}",
            self.index,
            self.process,
            shorten(&self.label(), 400),
            self.outcome.name(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_as_question_and_answer() {
        let text = r#"{"index":4,"process":0,"type":"invoke","f":"write","value":5}
{"index":5,"process":1,"type":"invoke","f":"read"}
{"index":7,"process":0,"type":"ok","f":"write","value":5}
{"index":8,"process":1,"type":"ok","f":"read","value":null}
{"index":9,"process":1,"type":"invoke","f":"cas","value":[1,2]}
{"index":10,"process":0,"type":"invoke","f":"cas","value":[1,3]}
{"index":11,"process":0,"type":"fail","f":"cas","value":[1,3],"error":"lost"}"#;
        let history = History::read(text).unwrap();
        let calls = Calls::of(Some(&history));
        let labels: Vec<_> = calls.all.iter().map(Call::label).collect();
        assert_eq!(labels, ["write 5", "read → null", "cas [1,2] ?", "cas [1,3] ✗"]);
        assert!(!calls.timed);
        assert_eq!(calls.with_op(8).unwrap().index, 5);
        assert_eq!(calls.error(&calls.all[3]).as_deref(), Some("lost"));
        assert!(calls.with_op(6).is_none());
        let cell = |heading, op: u32| calls.in_cell(heading, &op.into()).map(|c| c.index);
        assert_eq!(cell("read", 8), Some(5));
        assert_eq!(cell("read", 4), None);
        assert_eq!(cell("added by op", 7), Some(4));
        assert_eq!(cell("element", 4), None);
    }
}
