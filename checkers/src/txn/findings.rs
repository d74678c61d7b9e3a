//! Anomalies that single transactions show: all are counted, a few are kept.
use super::anomalies::{ALL, Name};

/// How many of each name are kept.
const KEPT: usize = 4;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The transactions that show it, the culprit last.
    pub txns: Vec<u32>,
    /// What is wrong, in a sentence.
    pub why: String,
}

/// Counts and examples by name.
#[derive(Debug)]
pub struct Findings {
    counts: [u64; ALL.len()],
    kept: Vec<Vec<Finding>>,
    /// Why a history without anomalies could not be called valid.
    pub doubts: Vec<String>,
}

impl Default for Findings {
    fn default() -> Findings {
        Findings { counts: [0; ALL.len()], kept: vec![Vec::new(); ALL.len()], doubts: Vec::new() }
    }
}

impl Findings {
    /// Counts one, and keeps it as long as there is room.
    pub fn add(&mut self, name: Name, finding: impl FnOnce() -> Finding) {
        self.counts[name as usize] += 1;
        let kept = &mut self.kept[name as usize];
        if kept.len() < KEPT {
            kept.push(finding());
        }
    }

    /// Remembers a doubt, if it is the first few.
    pub fn doubt(&mut self, why: impl FnOnce() -> String) {
        if self.doubts.len() < KEPT {
            self.doubts.push(why());
        }
    }

    /// Takes in what others found.
    pub fn merge(&mut self, others: Findings) {
        for (count, more) in self.counts.iter_mut().zip(others.counts) {
            *count += more;
        }
        for (kept, more) in self.kept.iter_mut().zip(others.kept) {
            kept.extend(more);
            kept.sort_unstable();
            kept.truncate(KEPT);
        }
        self.doubts.extend(others.doubts);
        self.doubts.truncate(KEPT);
    }

    /// How many there are of a name.
    pub fn count(&self, name: Name) -> u64 {
        self.counts[name as usize]
    }

    /// The examples of a name, the first ones of each thread's share.
    pub fn examples(&self, name: Name) -> &[Finding] {
        &self.kept[name as usize]
    }
}
