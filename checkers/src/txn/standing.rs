//! Which models a history rules out, and which may still hold.
use super::{
    anomalies::Name,
    levels::{ALL, Model},
};

/// What anomalies say about models.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    /// The weakest models that are ruled out.
    pub not: Vec<&'static str>,
    /// Everything stronger than those, ruled out as well.
    pub also_not: Vec<&'static str>,
    /// The strongest models that may still hold.
    pub may_hold: Vec<&'static str>,
}

/// What is ruled out by these anomalies, and what is not.
pub fn standing(found: &[Name]) -> Standing {
    let (out, rest): (Vec<&'static Model>, Vec<&'static Model>) =
        ALL.iter().partition(|model| model.forbidden().iter().any(|name| found.contains(name)));
    let is_weakest = |model: &'static Model| {
        !out.iter().any(|other| other.name != model.name && other.is_implied_by(model))
    };
    let is_strongest = |model: &'static Model| {
        !rest.iter().any(|other| other.name != model.name && model.is_implied_by(other))
    };
    let (weakest, stronger): (Vec<&Model>, Vec<&Model>) = out.iter().partition(|m| is_weakest(m));
    let names = |models: Vec<&'static Model>| models.into_iter().map(|model| model.name).collect();
    Standing {
        not: names(weakest),
        also_not: names(stronger),
        may_hold: names(rest.iter().copied().filter(|model| is_strongest(model)).collect()),
    }
}
