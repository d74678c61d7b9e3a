//! Adding to the set and reading it.
//!
//! Each element is linearizable: once an add has ended or a read has shown it, every later read
//! shows it. A read is no snapshot: of two overlapping reads, each may show an element that the
//! other lacks.
use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use super::{
    Answer, Bug, Quorum, info,
    protocol::{PeerRequest, Update},
};

impl Quorum {
    pub(super) async fn add(&self, element: u64) -> Answer {
        match self.store(Update::Elements(vec![element])).await {
            Ok(()) => Answer::Ok(Value::Null),
            Err(why) => info(why),
        }
    }

    /// The union of what a majority has. What only some of them have is stored at a majority
    /// first. That may be another majority, and that is enough: each element is at one of the two,
    /// and a later read asks at least one node of either.
    pub(super) async fn elements(&self) -> Result<Vec<u64>> {
        let own = self.replica.elements();
        if self.bug == Some(Bug::ReadOne) {
            return Ok(own);
        }
        let mut replicas: Vec<Vec<u64>> = self.majority(&PeerRequest::Elements {}).await?;
        replicas.push(own);
        let (union, partial) = union(&replicas);
        if !partial.is_empty() && self.bug != Some(Bug::NoWriteBack) {
            self.store(Update::Elements(partial)).await?;
        }
        Ok(union)
    }
}

/// All elements, and those that not every replica has.
fn union(replicas: &[Vec<u64>]) -> (Vec<u64>, Vec<u64>) {
    let mut holders: BTreeMap<u64, usize> = BTreeMap::new();
    for &element in replicas.iter().flatten() {
        *holders.entry(element).or_default() += 1;
    }
    let partial = holders.iter().filter(|(_, n)| **n < replicas.len()).map(|(e, _)| *e);
    (holders.keys().copied().collect(), partial.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_replica_lacks_is_to_be_written_back() {
        let (union, partial) = union(&[vec![1, 2, 4], vec![2, 4], vec![2, 3, 4]]);
        assert_eq!(union, [1, 2, 3, 4]);
        assert_eq!(partial, [1, 3]);
    }
}
