//! Consistency models: which implies which, and which anomaly rules out which.
//!
//! The table, with its sources, is [`ALL`].
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::anomalies::Name;

mod table;

pub use table::ALL;

/// A consistency model.
pub struct Model {
    /// As `--consistency` takes it.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// One line for people.
    pub about: &'static str,
    /// Models that hold wherever it does, the nearest ones.
    pub implies: &'static [&'static str],
    /// Anomalies that rule it out, beside those that rule out what it implies.
    pub forbids: &'static [Name],
    /// Where it is defined.
    pub source: &'static str,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Model {
    fn eq(&self, other: &Model) -> bool {
        self.name == other.name
    }
}

/// A model is stored by its name.
impl Serialize for Model {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for &'static Model {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<&'static Model, D::Error> {
        let name = String::deserialize(d)?;
        let unknown = || D::Error::custom(format!("no consistency model is called {name}"));
        find(&name).ok_or_else(unknown)
    }
}

/// The model of this name or alias, however it is capitalised.
pub fn find(name: &str) -> Option<&'static Model> {
    let is_called = |model: &&Model| {
        model.name.eq_ignore_ascii_case(name)
            || model.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    };
    ALL.iter().find(is_called)
}

impl Model {
    /// Every model that holds wherever this one does, itself first.
    pub fn implied(&'static self) -> Vec<&'static Model> {
        let mut all = vec![self];
        let mut at = 0;
        while let Some(model) = all.get(at).copied() {
            for weaker in model.implies.iter().filter_map(|name| find(name)) {
                if !all.iter().any(|known| known.name == weaker.name) {
                    all.push(weaker);
                }
            }
            at += 1;
        }
        all
    }

    /// Every anomaly that rules it out.
    pub fn forbidden(&'static self) -> Vec<Name> {
        let all = self.implied().into_iter().flat_map(|model| model.forbids.iter().copied());
        let mut all: Vec<Name> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn is_implied_by(&'static self, stronger: &'static Model) -> bool {
        stronger.implied().iter().any(|model| model.name == self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_models_have_a_name_in_common() {
        let names = ALL.iter().flat_map(|model| model.aliases.iter().chain([&model.name]));
        let names: Vec<String> = names.map(|name| name.to_lowercase()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn what_a_model_implies_is_in_the_table_and_does_not_imply_it() {
        for model in ALL {
            for weaker in model.implies {
                let weaker = find(weaker).unwrap_or_else(|| panic!("{weaker} is not there"));
                assert!(!model.is_implied_by(weaker), "{} and {}", model.name, weaker.name);
            }
        }
    }

    #[test]
    fn scripts_that_were_written_for_elle_carry_over() {
        for name in "1SR PL-1 PL-2 PL-2+ PL-2.99 PL-2L PL-3 PL-3U PL-CS PL-FCV PL-MSR PL-SI PL-SS \
                     PRAM ROLA causal causal-cerone conflict-serializable consistent-view \
                     cursor-stability forward-consistent-view linearizable monotonic-atomic-view \
                     monotonic-reads monotonic-snapshot-read monotonic-view monotonic-writes \
                     parallel-snapshot-isolation prefix read-atomic read-committed \
                     read-uncommitted read-your-writes repeatable-read sequential serializable \
                     session-serializable snapshot-isolation strict-serializable strong-PL-1 \
                     strong-PL-2 strong-read-committed strong-read-uncommitted \
                     strong-serializable strong-session-PL-1 strong-session-PL-2 \
                     strong-session-read-committed strong-session-read-uncommitted \
                     strong-session-serializable strong-session-snapshot-isolation \
                     strong-snapshot-isolation update-serializable view-serializable \
                     writes-follow-reads"
            .split_whitespace()
        {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
