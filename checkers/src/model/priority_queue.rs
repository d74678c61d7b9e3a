//! A priority queue: the least leaves first.
use std::{borrow::Borrow, collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::Value;

use super::{Content, Familiar, Queue, unordered_queue::Bag};
use crate::Datum;

/// A priority queue: `insert v`, `delete-min -> v` (or `pop -> v`). A delete-min that is ok and
/// answers `null` found it empty.
///
/// A value is its rank, a whole number, or a list that begins with its rank, such as
/// `[2,"mail"]`. Values of one rank leave in any order.
pub type PriorityQueue = Queue<Ranks>;

/// What is in the queue, rank by rank; there is no rank without a value.
///
/// Which of several values of one rank a crashed delete-min took is decided as late as can be, as
/// in a [`Bag`]. At the latest that is when the rank runs out, and since a crashed call may take
/// effect as late as it likes, it may have done so then: that rank was the least at that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ranks(BTreeMap<i64, Bag>);

/// A value with its rank.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Datum")]
pub struct Ranked {
    rank: i64,
    value: Datum,
}

impl TryFrom<Datum> for Ranked {
    type Error = &'static str;

    fn try_from(value: Datum) -> Result<Ranked, &'static str> {
        let rank = match &value {
            Datum::Int(rank) => Some(*rank),
            Datum::Json(json) => serde_json::from_str::<Vec<Value>>(json)
                .ok()
                .and_then(|list| list.first().and_then(Value::as_i64)),
            _ => None,
        };
        let rank = rank.ok_or("a value is ranked by a whole number, such as 2 or [2,\"mail\"]")?;
        Ok(Ranked { rank, value })
    }
}

impl Borrow<Datum> for Ranked {
    fn borrow(&self) -> &Datum {
        &self.value
    }
}

impl Content for Ranks {
    type Value = Ranked;

    const VERBS: [&'static str; 2] = ["insert", "delete-min"];
    const FAMILIAR: Option<Familiar<'static>> = Some(Familiar::EmptyHeap);

    fn rank(value: &Ranked) -> Option<i64> {
        Some(value.rank)
    }

    fn size(&self) -> usize {
        self.0.values().map(Bag::size).sum()
    }

    fn count(&self, value: &Datum) -> usize {
        self.0.values().map(|bag| bag.count(value)).sum()
    }

    fn with(&self, value: &Ranked) -> Ranks {
        let mut ranks = self.0.clone();
        let bag = ranks.entry(value.rank).or_default();
        *bag = bag.with(&value.value);
        Ranks(ranks)
    }

    fn without(&self, value: Option<&Datum>) -> Option<Ranks> {
        let (&least, bag) = self.0.first_key_value()?;
        let bag = bag.without(value)?;
        let mut ranks = self.0.clone();
        match bag.size() {
            0 => drop(ranks.remove(&least)),
            _ => drop(ranks.insert(least, bag)),
        }
        Some(Ranks(ranks))
    }
}

impl fmt::Display for Ranks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<_> = self.0.values().map(ToString::to_string).collect();
        write!(f, "[{}]", each.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::queue::check, *};
    use crate::Valid;

    #[track_caller]
    fn check_from(init: &str, row: &str, valid: Valid) {
        check::<Ranks>(init, &format!("0: {row}"), valid);
    }

    #[test]
    fn the_least_leaves_first() {
        let inserted = "|- insert 10 -| |- insert 9 -| ";
        let both = format!("{inserted} |- delete-min -> 9 -| |- pop -> 10 -|");
        check_from("[]", &both, Valid::Valid);
        check_from("[]", &format!("{inserted} |- pop -> 10 -|"), Valid::Invalid);
        check_from("[8]", &format!("{inserted} |- pop -> 9 -|"), Valid::Invalid);
    }

    #[test]
    fn of_one_rank_any_may_leave_first() {
        let tied = r#"[[1,"a"],[1,"b"],2]"#;
        check_from(
            tied,
            r#"|- pop -> [1,"b"] -| |- pop -> [1,"a"] -| |- pop -> 2 -|"#,
            Valid::Valid,
        );
        check_from(tied, r#"|- pop -> [1,"a"] -| |- pop -> 2 -|"#, Valid::Invalid);
    }

    #[test]
    fn a_crashed_delete_takes_one_of_the_least() {
        let tied = r#"[[1,"a"],[1,"b"],2]"#;
        let crashed = |then: &str| format!("|- pop -~\n1: {:20} {then}", "");
        for left in ["a", "b"] {
            let left = format!(r#"|- pop -> [1,"{left}"] -| |- pop -> 2 -|"#);
            check_from(tied, &crashed(&left), Valid::Valid);
        }
        check_from(tied, &crashed("|- pop -> 2 -|"), Valid::Invalid);
    }

    #[test]
    fn a_value_without_a_rank_cannot_be_judged() {
        check_from("[]", r#"|- insert "a" -|"#, Valid::Unknown);
        assert!(Queue::<Ranks>::from_word(Some("[1.5]")).is_err());
    }
}
