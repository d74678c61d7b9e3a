//! Errors that no client foresaw, by kind: where there are any, the system, or its client, is not what
//! its author took it for. They are listed to be looked at, and make no verdict.
use std::{cmp::Reverse, collections::BTreeMap};

use workloads::client::UNFORESEEN;

use super::stats::class;
use crate::result::UnforeseenErrors;

/// So many kinds are listed.
const KINDS_MAX: usize = 20;

/// The kinds that were seen.
#[derive(Default)]
pub(super) struct Kinds(BTreeMap<String, UnforeseenErrors>);

impl Kinds {
    /// Takes in how a call ended, at the op of this index, if nobody foresaw it.
    pub(super) fn add(&mut self, index: u32, error: &str) {
        let Some(error) = error.strip_prefix(UNFORESEEN) else { return };
        // What comes first was said last, by whoever knew most of what was being done.
        let kind = class(error.split(": ").next().unwrap_or(error));
        let seen = self.0.entry(kind.clone()).or_insert_with(|| UnforeseenErrors {
            kind,
            count: 0,
            example: error.to_owned(),
            op: index,
        });
        seen.count += 1;
        // Calls may come in any order.
        if index < seen.op {
            (seen.op, seen.example) = (index, error.to_owned());
        }
    }

    /// The commonest first.
    pub(super) fn list(self) -> Vec<UnforeseenErrors> {
        let mut list: Vec<_> = self.0.into_values().collect();
        list.sort_by_key(|seen| Reverse(seen.count));
        list.truncate(KINDS_MAX);
        list
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use checkers::History;

    use crate::findings::stats::stats;

    /// Calls that ended with these errors.
    fn history(errors: &[&str]) -> History {
        let mut text = String::new();
        for (process, error) in errors.iter().enumerate() {
            let line = |kind: &str, more: &str| {
                format!(r#"{{"process":{process},"type":"{kind}","f":"write","value":1{more}}}"#)
            };
            let error = format!(r#","error":"{error}""#);
            writeln!(text, "{}\n{}", line("invoke", ""), line("info", &error)).unwrap();
        }
        History::read(text).unwrap()
    }

    #[test]
    fn each_kind_is_listed_once_with_its_count_and_its_first_example() {
        let stats = stats(&history(&[
            "timed out",
            "unforeseen: no number: 17 apples",
            "unforeseen: shard 3 is gone",
            "unforeseen: no number: pears",
            "no connection",
        ]));
        let listed = stats.unforeseen.iter().map(|e| (&*e.kind, e.count, &*e.example, e.op));
        let expected = [
            ("no number", 2, "no number: 17 apples", 3),
            ("shard # is gone", 1, "shard 3 is gone", 5),
        ];
        assert_eq!(listed.collect::<Vec<_>>(), expected);
        assert_eq!(stats.errors.iter().map(|e| e.count).sum::<u64>(), 5, "all of them count");
    }

    #[test]
    fn what_was_foreseen_is_not_listed() {
        assert!(stats(&history(&["timed out", "refused: unforeseen: x"])).unforeseen.is_empty());
    }
}
