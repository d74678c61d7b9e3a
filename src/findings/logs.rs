//! Lines that a system's logs must not have.
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use checkers::Figure;
use regex::Regex;
use serde_json::Value;

use super::worst_first;
use crate::{
    capture,
    result::{FoundAnomaly, Property, PropertyKind, PropertyStatus, RunResult},
};

/// The name of the property and of the anomaly.
const NAME: &str = "log-pattern";
/// So many lines are shown.
const SHOWN_MAX: usize = 50;
/// So much of a line is shown.
const CHARS_MAX: usize = 500;

/// What was found in the logs of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Lines that were read.
    pub read: u64,
    /// Lines that match.
    pub matching: u64,
    /// The first of them.
    pub first: Vec<Line>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose log it is.
    pub node: String,
    /// The log's name.
    pub file: String,
    /// From 1.
    pub number: u64,
    /// What it says.
    pub text: String,
}

/// Patterns, as the user wrote them.
///
/// # Errors
/// What is no regular expression; says where it goes wrong.
pub fn patterns(words: &[String]) -> Result<Vec<Regex>> {
    let pattern = |word: &String| {
        Regex::new(word).with_context(|| format!("`{word}` is no regular expression"))
    };
    words.iter().map(pattern).collect()
}

/// Searches the logs below this directory, which has one directory a node.
///
/// # Errors
/// When a log cannot be read.
pub fn search(nodes: &Path, patterns: &[Regex]) -> Result<Found> {
    let mut found = Found::default();
    for node in sorted(nodes)? {
        let is_log = |path: &PathBuf| path.is_file() && !path.ends_with(capture::FILE);
        for log in sorted(&node)?.into_iter().filter(is_log) {
            let open = || format!("failed to open {}", log.display());
            let text = BufReader::new(File::open(&log).with_context(open)?);
            search_one(&name(&node), &name(&log), text, patterns, &mut found)?;
        }
    }
    Ok(found)
}

fn search_one(
    node: &str,
    file: &str,
    log: impl BufRead,
    patterns: &[Regex],
    found: &mut Found,
) -> Result<()> {
    for (number, line) in (1..).zip(log.split(b'\n')) {
        let line = line.with_context(|| format!("failed to read {file} of {node}"))?;
        let text = String::from_utf8_lossy(&line);
        found.read += 1;
        if !patterns.iter().any(|pattern| pattern.is_match(&text)) {
            continue;
        }
        found.matching += 1;
        if found.first.len() < SHOWN_MAX {
            let (node, file) = (node.to_owned(), file.to_owned());
            let text = text.chars().take(CHARS_MAX).collect();
            found.first.push(Line { node, file, number, text });
        }
    }
    Ok(())
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>> {
    let list = || format!("failed to list {}", directory.display());
    let entries = fs::read_dir(directory).with_context(list)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .with_context(list)?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Found {
    /// Adds to a result what was found.
    pub(super) fn add_to(&self, result: &mut RunResult) {
        let message = self.explanation().unwrap_or_else(|| "no line matches".into());
        let status = match self.matching {
            0 => PropertyStatus::Pass,
            _ => PropertyStatus::Fail,
        };
        result.properties.push(Property {
            id: NAME.into(),
            kind: PropertyKind::Safety,
            status,
            message,
            checked: self.read,
            violated: self.matching,
            details: BTreeMap::new(),
        });
        worst_first(&mut result.properties);
        result.anomalies.extend(self.explanation().map(|explanation| FoundAnomaly {
            kind: NAME.into(),
            property: NAME.into(),
            key: None,
            explanation,
            window_ns: [0, 0],
            faults_active: Vec::new(),
            figure: self.figure(),
            file: None,
        }));
    }

    fn explanation(&self) -> Option<String> {
        let Line { node, file, number, text } = self.first.first()?;
        let lines = if self.matching == 1 { "line" } else { "lines" };
        let count = self.matching;
        Some(format!(
            "{count} {lines} of the logs must not be there; the first, {file} of {node}, line \
             {number}: {text}"
        ))
    }

    fn figure(&self) -> Figure {
        let head = ["node", "log", "line", "text"].map(String::from).to_vec();
        let row = |line: &Line| -> Vec<Value> {
            let Line { node, file, number, text } = line.clone();
            vec![node.into(), file.into(), number.into(), text.into()]
        };
        Figure::Table { head, rows: self.first.iter().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(logs: &[(&str, &str, &[u8])], words: &[&str]) -> Found {
        let nodes = tempfile::tempdir().unwrap();
        for (node, file, text) in logs {
            fs::create_dir_all(nodes.path().join(node)).unwrap();
            fs::write(nodes.path().join(node).join(file), text).unwrap();
        }
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        search(nodes.path(), &patterns(&words).unwrap()).unwrap()
    }

    #[test]
    fn lines_are_found_where_they_stand() {
        let logs: [(&str, &str, &[u8]); 3] = [
            ("n1", "db.log", b"fine\npanic: at the disco\n\xff\xfe\n"),
            ("n2", "db.log", b""),
            ("n2", "err.log", b"no panic\nfatal"),
        ];
        let all = found(&logs, &["^panic:", "fatal"]);
        assert_eq!((all.read, all.matching), (5, 2));
        let at: Vec<_> =
            all.first.iter().map(|l| format!("{} {} {}", l.node, l.file, l.number)).collect();
        assert_eq!(at, ["n1 db.log 2", "n2 err.log 2"]);
        assert_eq!(found(&logs, &["^disco"]).matching, 0);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert!(patterns(&["(".into()]).unwrap_err().to_string().contains("`(`"));
    }
}
