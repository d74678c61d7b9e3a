//! A stack: last in, first out.
use std::fmt;

use super::{Content, Familiar, Queue, join};
use crate::Datum;

/// A stack: `push v`, `pop -> v`. A pop that is ok and answers `null` found it empty.
pub type Stack = Queue<Pile>;

/// What is on the stack, the next to leave last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pile(Vec<Datum>);

impl Content for Pile {
    type Value = Datum;

    const VERBS: [&'static str; 2] = ["push", "pop"];
    const FAMILIAR: Option<Familiar<'static>> = Some(Familiar::EmptyStack);

    fn size(&self) -> usize {
        self.0.len()
    }

    fn count(&self, value: &Datum) -> usize {
        self.0.iter().filter(|piled| *piled == value).count()
    }

    fn with(&self, value: &Datum) -> Pile {
        Pile(self.0.iter().cloned().chain([value.clone()]).collect())
    }

    fn without(&self, value: Option<&Datum>) -> Option<Pile> {
        let (top, rest) = self.0.split_last()?;
        value.is_none_or(|value| value == top).then(|| Pile(rest.to_vec()))
    }
}

impl fmt::Display for Pile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", join(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::queue::check, *};
    use crate::Valid;

    #[test]
    fn what_came_last_leaves_first() {
        let pushed = "0: |- push 1 -| |- push 2 -| ";
        let check = check::<Pile>;
        check("[]", &format!("{pushed} |- pop -> 2 -| |- pop -> 1 -|"), Valid::Valid);
        check("[]", &format!("{pushed} |- pop -> 1 -|"), Valid::Invalid);
        check("[]", &format!("{pushed} |- pop -~\n1: {:40}|- pop -> 1 -|", ""), Valid::Valid);
        check("[7,8]", "0: |- pop -> 8 -| |- pop -> 7 -| |- pop -> null -|", Valid::Valid);
    }

    #[test]
    fn concurrent_pushes_land_in_either_order() {
        let pushed = "0: |- push 1 -|\n1:  |- push 2 -|\n";
        let pops = |a, b| format!("{pushed}2: {:16} |- pop -> {a} -| |- pop -> {b} -|", "");
        check::<Pile>("[]", &pops(1, 2), Valid::Valid);
        check::<Pile>("[]", &pops(2, 1), Valid::Valid);
        check::<Pile>("[]", &pops(2, 2), Valid::Invalid);
    }
}
