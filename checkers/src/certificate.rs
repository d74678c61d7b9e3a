//! Proof of the verdict on every object of a history, to be kept beside it and verified by
//! whoever doubts, today or in years (`netsplit check --certificate`, `netsplit verify`).
use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Budget, Checker, Figure, History, Independent, Proof, Proven, Refused, Valid, Verdict,
    linearizable::Linearizable,
    model::Model,
    weaker::{Classified, Weaker},
};

/// The proofs by key: `7`, or `no key`. What was left undecided is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate(pub BTreeMap<String, Proof>);

/// What a certificate proves of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The keys proved to be linearizable.
    pub valid: Vec<String>,
    /// The keys proved not to be.
    pub invalid: Vec<String>,
    /// The keys of which it proves nothing: it has no proof, or one too large to be verified.
    pub unproved: Vec<String>,
}

/// A certificate that is none for this history and model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// The proof of a key is no proof.
    #[error("key {0}: {1}")]
    Refused(String, Refused),
    /// The history has nothing of this key.
    #[error("the history has no key {0}")]
    NoKey(String),
}

/// A checker that can prove its verdicts.
pub trait Certifier: Checker {
    /// The proofs of its own verdict on a history, as far as the budget goes.
    fn certify(&self, history: &History, verdict: &Verdict, budget: &Budget) -> Certificate;

    /// What a certificate proves. No checker is asked: see [`Proof::verify`].
    ///
    /// # Errors
    /// [`BadCertificate`] where a proof in it is none.
    fn verify(
        &self,
        history: &History,
        certificate: &Certificate,
    ) -> Result<Verified, BadCertificate>;
}

impl<M: Model> Certifier for Independent<Linearizable<M>> {
    fn certify(&self, history: &History, verdict: &Verdict, budget: &Budget) -> Certificate {
        let bytes_max = budget.bytes_max / rayon::current_num_threads().max(1) as u64;
        let share = Budget { bytes_max, ..budget.clone() };
        let prove = |name: &str, object: &History| {
            let is_one = verdict.parts.is_empty() && !verdict.details.contains_key("keys");
            let own = if is_one { Some(verdict) } else { verdict.parts.get(name) };
            prove(&self.0, object, own, &share)
        };
        let proofs = of_each(objects(history), &prove).into_iter();
        Certificate(proofs.filter_map(|(name, proof)| Some((name, proof?))).collect())
    }

    fn verify(
        &self,
        history: &History,
        certificate: &Certificate,
    ) -> Result<Verified, BadCertificate> {
        let objects = objects(history);
        if let Some(key) = certificate.0.keys().find(|&key| !objects.contains_key(key)) {
            return Err(BadCertificate::NoKey(key.clone()));
        }
        let verify = |name: &str, object: &History| {
            let proof = certificate.0.get(name);
            proof.map(|proof| proof.verify(&self.0.0, object)).transpose()
        };
        let mut verified = Verified::default();
        for (name, proven) in of_each(objects, &verify) {
            match proven.map_err(|refused| BadCertificate::Refused(name.clone(), refused))? {
                Some(Proven::Valid) => verified.valid.push(name),
                Some(Proven::Invalid) => verified.invalid.push(name),
                Some(Proven::TooLarge) | None => verified.unproved.push(name),
            }
        }
        Ok(verified)
    }
}

impl<C: Certifier, W: Weaker> Certifier for Classified<C, W> {
    fn certify(&self, history: &History, verdict: &Verdict, budget: &Budget) -> Certificate {
        self.strong.certify(history, verdict, budget)
    }

    fn verify(
        &self,
        history: &History,
        certificate: &Certificate,
    ) -> Result<Verified, BadCertificate> {
        self.strong.verify(history, certificate)
    }
}

fn objects(history: &History) -> BTreeMap<String, History> {
    let name = |key: Option<u32>| key.map_or_else(|| "no key".into(), |key| key.to_string());
    history.by_key().into_iter().map(|(key, object)| (name(key), object)).collect()
}

/// What is found of each object, in the order of their names.
fn of_each<T: Send>(
    objects: BTreeMap<String, History>,
    find: &(dyn Fn(&str, &History) -> T + Sync),
) -> Vec<(String, T)> {
    let find = |(name, object): (String, History)| {
        let found = find(&name, &object);
        (name, found)
    };
    objects.into_par_iter().map(find).collect()
}

/// The proof of what a verdict says of an object; without one, it is valid.
fn prove<M: Model>(
    checker: &Linearizable<M>,
    object: &History,
    verdict: Option<&Verdict>,
    budget: &Budget,
) -> Option<Proof> {
    match verdict.map_or(Valid::Valid, |verdict| verdict.valid) {
        Valid::Unknown => None,
        Valid::Invalid => match &verdict?.anomalies.first()?.figure {
            Figure::Ops(figure) => Some(Proof::Contradiction(figure.answers.clone())),
            Figure::Cycle(_) | Figure::Table { .. } => None,
        },
        Valid::Valid => {
            let rows = checker.prepare(object).ok()?.order(budget).ok()??;
            Some(Proof::Order(rows.into_iter().map(|row| object.op(row).index).collect()))
        }
    }
}
