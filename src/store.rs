//! `results/<run>/`: what lies where, and which run is the latest.
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde::Serialize;

use crate::{exit::Exit, result::RunResult, test::Test};

/// Names of the files in a run's directory.
pub mod file {
    /// The resolved test.
    pub const TEST: &str = "test.json";
    /// Every op, as it happened.
    pub const HISTORY: &str = "history.jsonl";
    /// The faults as they happened.
    pub const SCHEDULE: &str = "schedule.json";
    /// What was found.
    pub const RESULT: &str = "result.json";
    /// The same for people.
    pub const REPORT: &str = "report.html";
    /// The same for CI.
    pub const JUNIT: &str = "junit.xml";
    /// What the controller had to say.
    pub const LOG: &str = "run.log";
    /// Logs of the system, by node.
    pub const NODES: &str = "nodes";
    /// Evidence: a text for each type of anomaly, a sub-history for each anomaly.
    pub const ANOMALIES: &str = "anomalies";
}

/// A run's directory.
#[derive(Clone, Debug)]
pub struct Store {
    /// Its path.
    pub directory: PathBuf,
}

impl Store {
    /// Makes the directory of a new run below `results`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(results: &Path, id: &str) -> Result<Store> {
        let directory = results.join(id);
        fs::create_dir_all(directory.join(file::NODES)).with_context(|| {
            format!("failed to make {}: choose a directory with --out", directory.display())
        })?;
        let directory = directory.canonicalize().context("failed to find the run's directory")?;
        Ok(Store { directory })
    }

    /// Opens the directory of a stored run: a path, or a name (or its unique beginning) below
    /// `results`, or `latest`, or `latest-failed`.
    ///
    /// # Errors
    /// When there is no such run, or several.
    pub fn open(results: &Path, run: &str) -> Result<Store> {
        let direct = PathBuf::from(run);
        if direct.join(file::TEST).is_file() {
            return Ok(Store { directory: direct });
        }
        let below = results.join(run);
        if below.join(file::TEST).is_file() {
            return Ok(Store { directory: below });
        }
        let runs = list(results)?;
        let matching: Vec<&PathBuf> =
            runs.iter().filter(|r| r.file_name().is_some_and(|n| starts_with(n, run))).collect();
        match *matching {
            [one] => Ok(Store { directory: one.clone() }),
            [] => bail!(
                "there is no run {run} in {}: `netsplit list runs` shows those there are",
                results.display()
            ),
            _ => bail!("{} runs begin with {run}: write more of the name", matching.len()),
        }
    }

    /// The path of a file of this run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The resolved test.
    ///
    /// # Errors
    /// When it is missing or unreadable.
    pub fn test(&self) -> Result<Test> {
        let path = self.path(file::TEST);
        let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("in {}", path.display()))
    }

    /// What an earlier check found.
    ///
    /// # Errors
    /// When it is missing or unreadable.
    pub fn result(&self) -> Result<RunResult> {
        let path = self.path(file::RESULT);
        let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("in {}", path.display()))
    }

    /// The history's text.
    ///
    /// # Errors
    /// When it is missing or unreadable.
    pub fn history(&self) -> Result<Bytes> {
        let path = self.path(file::HISTORY);
        let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(text.into())
    }

    /// Writes a file of this run, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let temporary = path.with_extension("part");
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(temporary, &path)
        };
        write().with_context(|| format!("failed to write {}", path.display()))
    }

    /// Removes a directory of this run and what is in it, if it is there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(e).with_context(|| format!("failed to remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Writes a file of this run as JSON, for people and programs.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        self.write(name, &text)
    }

    /// The tail of each log the nodes left: node, file name, text of at most `bytes_max`.
    pub fn log_tails(&self, bytes_max: usize) -> Vec<(String, String, String)> {
        let mut tails = Vec::new();
        for node in list(&self.path(file::NODES)).unwrap_or_default() {
            for log in list(&node).unwrap_or_default() {
                let Ok(bytes) = fs::read(&log) else { continue };
                let tail = &bytes[bytes.len().saturating_sub(bytes_max)..];
                let name = |p: &Path| p.file_name().unwrap_or_default().to_string_lossy().into();
                tails.push((name(&node), name(&log), String::from_utf8_lossy(tail).into_owned()));
            }
        }
        tails
    }

    /// Points `latest`, and after a violation `latest-failed`, at this run.
    ///
    /// # Errors
    /// When the links cannot be made.
    pub fn link_latest(&self, exit: Exit) -> Result<()> {
        let (Some(results), Some(name)) = (self.directory.parent(), self.directory.file_name())
        else {
            return Ok(());
        };
        let failed = (exit == Exit::Violation).then_some("latest-failed");
        for link in ["latest"].into_iter().chain(failed) {
            // By rename, so that a reader never finds it missing; two runs may end at once.
            let temporary = results.join(format!(".{link}-{}", name.to_string_lossy()));
            std::os::unix::fs::symlink(name, &temporary)
                .and_then(|()| fs::rename(&temporary, results.join(link)))
                .with_context(|| format!("failed to link {link}"))?;
        }
        Ok(())
    }
}

/// The runs in a directory, the oldest first.
///
/// # Errors
/// When it cannot be read.
pub fn runs(results: &Path) -> Result<Vec<PathBuf>> {
    let all = list(results)?.into_iter();
    Ok(all.filter(|path| path.join(file::TEST).is_file() && !path.is_symlink()).collect())
}

/// What lies in a directory, in order of names; nothing where there is none.
fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => {
            return Err(e).with_context(|| format!("failed to read {}", directory.display()));
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn starts_with(name: &std::ffi::OsStr, prefix: &str) -> bool {
    name.to_string_lossy().starts_with(prefix)
}
