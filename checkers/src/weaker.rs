//! What still holds? A history that is not linearizable may keep a weaker promise, and which one
//! says what kind of system it came from: a cache, a lagging replica, or something broken.
//!
//! [`Classified`] runs a strong checker and, where it says `invalid`, asks the model for its
//! [`Weaker`] claims. What it adds to the details of the verdict:
//!
//! - `still`: names of what holds, proved;
//! - `violated`: names of what does not, each with the reason;
//! - `undecided`: names of what could not be decided, each with the reason;
//! - `still_of`: whether that speaks of `all keys together` or of `this key by itself`. Sequential
//!   consistency is not local, so keys that keep it one by one may break it together.
//!
//! To wire it, wrap the checker of the whole history:
//!
//! ```
//! use checkers::{Budget, Checker, Independent, linearizable::Linearizable, model::Register};
//! use checkers::{notation, weaker::Classified};
//!
//! let model = Register::default();
//! let checker = Classified { strong: Independent(Linearizable(model.clone())), model };
//! let history = notation::history("
//!     0: |- write 1 -| |- write 2 -|
//!     1:                               |- read -> 1 -|
//! ");
//! let verdict = checker.check(&history, &Budget::unlimited());
//! assert_eq!(verdict.details["still"][0], "sequentially consistent");
//! ```
//!
//! [`classify`] is the same without a strong checker. Who promises less than linearizability
//! demands no more: [`Demanded`] judges one of the [`LEVELS`].
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::json;

use crate::{
    Budget, Checker, Figure, History, Malformed, Valid, Verdict, model::Model, stream::Stream,
};

mod accesses;
mod circle;
mod delta;
mod levels;
mod registers;
mod sequential;
mod sessions;
mod two_atomic;

pub use levels::{Demanded, LEVELS, Level, level};

/// A promise weaker than linearizability, and whether the history keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its name: `sequentially consistent`, `monotonic reads`, `2-atomic`.
    pub name: String,
    /// Whether it holds. Both answers are proved.
    pub valid: Valid,
    /// Why, in a sentence.
    pub why: String,
    /// What shows that it does not hold.
    pub figure: Option<Figure>,
}

impl Claim {
    fn new(name: &str, valid: Valid, why: impl Into<String>) -> Claim {
        Claim { name: name.into(), valid, why: why.into(), figure: None }
    }

    fn unknown(name: &str, why: impl Into<String>) -> Claim {
        Claim::new(name, Valid::Unknown, why)
    }

    fn shown_by(self, figure: Figure) -> Claim {
        Claim { figure: Some(figure), ..self }
    }
}

/// A model that knows what to ask of a history that is not linearizable.
pub trait Weaker: Send + Sync {
    /// The promises that it can judge. Linearizability implies each.
    fn promises(&self) -> Vec<&'static str>;

    /// These of its promises, in their order, within the budget.
    ///
    /// # Errors
    /// [`Malformed`] with the line whose value does not fit.
    fn judge(
        &self,
        promises: &[&'static str],
        history: &History,
        budget: &Budget,
    ) -> Result<Vec<Claim>, Malformed>;

    /// Every promise, within the budget.
    fn claims(&self, history: &History, budget: &Budget) -> Vec<Claim> {
        let promises = self.promises();
        self.judge(&promises, history, budget).unwrap_or_else(|malformed| {
            promises.iter().map(|name| Claim::unknown(name, malformed.to_string())).collect()
        })
    }
}

/// Sequential consistency of any model, over all keys of a history together.
#[derive(Clone, Debug, Default)]
pub struct Sequential<M>(
    /// What each key should be like.
    pub M,
);

impl<M: Model> Weaker for Sequential<M> {
    fn promises(&self) -> Vec<&'static str> {
        vec![sequential::NAME]
    }

    /// One claim, by an exact search: exponential at worst, so mind the budget.
    fn judge(
        &self,
        promises: &[&'static str],
        history: &History,
        budget: &Budget,
    ) -> Result<Vec<Claim>, Malformed> {
        let (calls, keys) = accesses::calls(history)?;
        let hints = sequential::Hints::default();
        let judge = |_: &&str| sequential::judge(&self.0, history, (&calls, &keys), &hints, budget);
        Ok(promises.iter().map(judge).collect())
    }
}

/// A strong checker that, where it convicts, says what still holds.
#[derive(Clone, Debug, Default)]
pub struct Classified<C, W> {
    /// Decides whether the history is valid, and nothing else does.
    pub strong: C,
    /// Knows what else to ask.
    pub model: W,
}

impl<C: Checker, W: Weaker> Checker for Classified<C, W> {
    /// The strong checker's verdict; where it is invalid, with details of what still holds of the
    /// history, and of each of its invalid keys.
    fn check(&self, history: &History, budget: &Budget) -> Verdict {
        let mut verdict = self.strong.check(history, budget);
        if verdict.valid != Valid::Invalid {
            return verdict;
        }
        let budget = &modest(budget);
        let mut by_key: BTreeMap<String, History> = history
            .by_key()
            .into_iter()
            .map(|(key, part)| (key.map_or_else(|| "no key".into(), |key| key.to_string()), part))
            .collect();
        for (name, part) in &mut verdict.parts {
            if part.valid == Valid::Invalid
                && let Some(history) = by_key.remove(name)
            {
                add(part, &self.model.claims(&history, budget), "this key by itself");
            }
        }
        add(&mut verdict, &self.model.claims(history, budget), "all keys together");
        verdict
    }

    /// The strong checker alone: what still holds is asked of a whole history.
    fn stream(&self) -> Option<Box<dyn Stream + '_>> {
        self.strong.stream()
    }
}

/// How often all claims of a history together may look at the budget.
const LOOKS_MAX: u64 = 1_000;
/// The most memory that a claim may hold.
const BYTES_MAX: u64 = 256 << 20;

/// The verdict is known; what still holds is worth a moment, not the whole budget. Looks are
/// counted, not time, so that what is decided does not depend on the machine.
fn modest(budget: &Budget) -> Budget {
    let looks = AtomicU64::new(0);
    let whole = budget.clone();
    Budget::new(budget.bytes_max.min(BYTES_MAX), move || {
        looks.fetch_add(1, Ordering::Relaxed) >= LOOKS_MAX || whole.is_over()
    })
}

/// What holds of a history of this model, as the details of a verdict.
pub fn classify(
    model: &impl Weaker,
    history: &History,
    budget: &Budget,
) -> BTreeMap<String, serde_json::Value> {
    let mut verdict = Verdict::valid();
    add(&mut verdict, &model.claims(history, budget), "all keys together");
    verdict.details
}

fn add(verdict: &mut Verdict, claims: &[Claim], scope: &str) {
    let of = |valid| claims.iter().filter(move |claim| claim.valid == valid);
    let reasons = |valid| of(valid).map(|c| (c.name.clone(), json!(c.why))).collect();
    let still: Vec<_> = of(Valid::Valid).map(|claim| &claim.name).collect();
    let details = &mut verdict.details;
    details.insert("still".into(), json!(still));
    details.insert("still_of".into(), json!(scope));
    details.insert("violated".into(), serde_json::Value::Object(reasons(Valid::Invalid)));
    details.insert("undecided".into(), serde_json::Value::Object(reasons(Valid::Unknown)));
}
