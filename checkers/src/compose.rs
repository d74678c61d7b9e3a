//! Several checkers of one history: the worst verdict wins.
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rayon::prelude::*;

use crate::{Budget, Checker, History, Verdict};

/// Runs checkers side by side and keeps each verdict by name.
pub struct Compose(
    /// The checkers, each with its name.
    pub Vec<(String, Box<dyn Checker>)>,
);

impl Checker for Compose {
    /// The worst of the verdicts, which are the parts. A checker that panics is a bug of ours, not
    /// of the system: it becomes `unknown`, and `bug` is true in the details of its part and here.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let guarded = |(name, checker): &(String, Box<dyn Checker>)| {
            (name.clone(), guard(name, checker.as_ref(), history, budget))
        };
        let parts: Vec<_> = self.0.par_iter().map(guarded).collect();
        let has_bug = parts.iter().any(|(_, verdict)| verdict.details.contains_key("bug"));
        let verdict = Verdict::compose(parts);
        if has_bug { verdict.with("bug", true) } else { verdict }
    }
}

/// The checker's verdict; if it panics, `unknown` with `bug` in the details.
pub fn guard(name: &str, checker: &dyn Checker, history: &History, budget: &Budget) -> Verdict {
    guarded(name, || checker.check(history, budget))
}

/// The verdict that this gives; if it panics, `unknown` with `bug` in the details.
pub(crate) fn guarded(name: &str, check: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
        let message = format!("bug in checker {name}: {}", words(panic.as_ref()));
        Verdict::unknown(message).with("bug", true)
    })
}

/// Does all of this, as many at a time as there are threads. Boxed, so that what is done for each
/// model is compiled without the machinery of threads.
pub(crate) fn in_parallel(jobs: Vec<Box<dyn FnOnce() + Send + '_>>) {
    jobs.into_par_iter().for_each(|job| job());
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Valid, notation};

    struct Says(Valid);

    impl Checker for Says {
        fn check(&self, _: &History, _: &Budget) -> Verdict {
            Verdict { valid: self.0, ..Verdict::valid() }
        }
    }

    struct Panics;

    impl Checker for Panics {
        fn check(&self, _: &History, _: &Budget) -> Verdict {
            panic!("lost count")
        }
    }

    fn judge(checkers: Vec<(&str, Box<dyn Checker>)>) -> Verdict {
        let checkers = checkers.into_iter().map(|(name, c)| (name.to_owned(), c)).collect();
        let history = notation::history("0: |- read -|");
        Compose(checkers).check(&history, &Budget::unlimited())
    }

    #[test]
    fn the_worst_verdict_wins() {
        let verdict = judge(vec![
            ("a", Box::new(Says(Valid::Valid))),
            ("b", Box::new(Says(Valid::Invalid))),
            ("c", Box::new(Says(Valid::Unknown))),
        ]);
        assert_eq!((verdict.valid, verdict.parts.len()), (Valid::Invalid, 3));
    }

    #[test]
    fn a_panic_is_our_bug_and_hides_no_violation() {
        let verdict = judge(vec![("a", Box::new(Panics)), ("b", Box::new(Says(Valid::Invalid)))]);
        assert_eq!(verdict.valid, Valid::Invalid);
        assert_eq!(verdict.details["bug"], true);
        assert_eq!(verdict.parts["a"].why(), Some("bug in checker a: lost count"));
    }
}
