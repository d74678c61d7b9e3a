//! What has been done to whom, on disk before it is done, so that it can always be undone.
//!
//! `ledger.jsonl` in the run's directory: a line that opens an entry, and one that closes it. An
//! entry that nobody closed is what a dead controller left behind; `netsplit heal` undoes it.
use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::{
    cluster::{Cluster, Node},
    nemesis::{self, Injury},
    net::iptables,
    remote::{Address, Remote, marks, succeeded},
};

/// How to undo a deed without the controller that did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Undo {
    /// There is nothing to undo: what is dead stays dead.
    Nothing,
    /// Our chain is removed from iptables.
    DropRules,
    /// Stopped processes of the run go on.
    Resume,
    /// Processes of the run may open so many files again.
    OpenFiles {
        /// A number, or `unlimited`.
        soft: String,
    },
    /// Processes of the run are in the cgroup that they come from, and ours is removed.
    Cgroup {
        /// Ours, and theirs, by node.
        groups: BTreeMap<String, (PathBuf, PathBuf)>,
    },
    /// The clocks of the run's processes are right again.
    Clocks {
        /// netsplit's own executable on each node whose clock is wrong.
        netsplit: BTreeMap<String, PathBuf>,
    },
    /// What the run started is killed.
    Kill,
    /// The node's part of the run's directory is removed.
    RemoveDirectory {
        /// The run's directory on the node.
        home: PathBuf,
    },
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Open { number: u64, what: String, nodes: BTreeMap<String, Address>, undo: Undo },
    Close { number: u64 },
}

/// The ledger of a run. Clones write to the same file.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    file: File,
    next: u64,
}

/// The ledger's name in a run's directory.
pub const FILE: &str = "ledger.jsonl";

impl Ledger {
    /// Starts the ledger of a run in its directory.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(directory: &Path) -> Result<Ledger> {
        let path = directory.join(FILE);
        let file =
            File::create(&path).with_context(|| format!("failed to make {}", path.display()))?;
        Ok(Ledger { inner: Arc::new(Mutex::new(Inner { file, next: 0 })) })
    }

    /// Notes an injury, before it is inflicted. Returns its number.
    ///
    /// # Errors
    /// When it cannot be written down: then it must not be done.
    pub fn open(&self, what: &str, cluster: &Cluster, injury: &Injury) -> Result<u64> {
        self.note(what, &cluster.nodes, injury.undo.clone())
    }

    /// Notes any deed, before it is done. Returns its number.
    ///
    /// # Errors
    /// When it cannot be written down: then it must not be done.
    pub fn note(&self, what: &str, nodes: &[Node], undo: Undo) -> Result<u64> {
        let nodes = nodes.iter().map(|n| (n.name.to_string(), n.remote.address()));
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = inner.next;
        inner.next += 1;
        inner.write(&Line::Open { number, what: what.into(), nodes: nodes.collect(), undo })?;
        Ok(number)
    }

    /// Notes that a deed was undone.
    ///
    /// # Errors
    /// When it cannot be written down; healing again does no harm.
    pub fn close(&self, number: u64) -> Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.write(&Line::Close { number })
    }
}

impl Inner {
    fn write(&mut self, line: &Line) -> Result<()> {
        let text = format!("{}\n", serde_json::to_string(line)?);
        self.file.write_all(text.as_bytes()).context("failed to write the ledger")?;
        self.file.sync_data().context("failed to sync the ledger")
    }
}

/// What healing a ledger came to: a line for each deed that nobody had undone, and one for each
/// that could not be undone now.
pub type Healed = (Vec<String>, Vec<String>);

/// Undoes whatever the ledger at `path` has open, as far as nodes can be reached. Idempotent.
///
/// # Errors
/// When the ledger cannot be read or written.
pub async fn heal(path: &Path) -> Result<Healed> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    let run = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let (mut healed, mut failed) = (Vec::new(), Vec::new());
    let mut reached = Reached::default();
    let open = open_entries(&text, path)?;
    let mut file = File::options().append(true).open(path)?;
    // What the controller was writing when it died would be glued to what follows.
    file.set_len(text.rfind('\n').map_or(0, |end| end as u64 + 1))?;
    for (number, what, nodes, undo) in open {
        let before = failed.len();
        for (name, address) in nodes {
            match reached.undo(&run, &name, &address, &undo).await {
                Ok(done) => healed.extend(done.map(|done| format!("{what} on {name}: {done}"))),
                Err(e) => failed.push(format!("failed to undo {what} on {name}: {e:#}")),
            }
        }
        if failed.len() == before {
            writeln!(file, "{}", serde_json::to_string(&Line::Close { number })?)?;
        }
    }
    Ok((healed, failed))
}

/// Nodes that were reached again, or why not: each is tried once.
#[derive(Default)]
struct Reached {
    nodes: BTreeMap<Address, Result<Option<Arc<dyn Remote>>, String>>,
}

impl Reached {
    async fn undo(
        &mut self,
        run: &str,
        name: &str,
        address: &Address,
        undo: &Undo,
    ) -> Result<Option<String>> {
        if !self.nodes.contains_key(address) {
            let reached = address.reach().await.map_err(|e| format!("{e:#}"));
            self.nodes.insert(address.clone(), reached);
        }
        match &self.nodes[address] {
            Ok(Some(remote)) => undo_on(&**remote, run, name, undo).await,
            Ok(None) if *address == Address::Lab => undo_of_lab(name, undo),
            Ok(None) if *address == Address::Nowhere => Ok(None),
            Ok(None) => Ok(Some("the node is gone, and everything on it".into())),
            Err(e) => bail!("{e}"),
        }
    }
}

type OpenEntry = (u64, String, BTreeMap<String, Address>, Undo);

/// The entries that nobody closed, the latest first.
fn open_entries(text: &str, path: &Path) -> Result<Vec<OpenEntry>> {
    let mut open = BTreeMap::new();
    let last = text.lines().count();
    for (at, line) in text.lines().enumerate() {
        match serde_json::from_str(line) {
            Ok(Line::Open { number, what, nodes, undo }) => {
                open.insert(number, (number, what, nodes, undo));
            }
            Ok(Line::Close { number }) => drop(open.remove(&number)),
            // The controller died while writing it, so it was not done.
            Err(_) if at + 1 == last => (),
            Err(e) => bail!("{}, line {}: {e}", path.display(), at + 1),
        }
    }
    Ok(open.into_values().rev().collect())
}

/// Undoes what outlives a lab: of all that is done there, cgroups alone are the machine's.
fn undo_of_lab(name: &str, undo: &Undo) -> Result<Option<String>> {
    let Undo::Cgroup { groups } = undo else { return Ok(None) };
    let Some((ours, _)) = groups.get(name).filter(|(ours, _)| ours.exists()) else {
        return Ok(None);
    };
    // Whoever was in it has ended with the lab.
    let removed = std::fs::remove_dir(ours);
    removed.with_context(|| format!("failed to remove {}", ours.display()))?;
    Ok(Some(format!("the cgroup {} is removed", ours.display())))
}

/// Undoes one deed on one node; says what was done, if anything.
async fn undo_on(
    remote: &dyn Remote,
    run: &str,
    name: &str,
    undo: &Undo,
) -> Result<Option<String>> {
    Ok(match undo {
        Undo::Nothing => None,
        Undo::DropRules => {
            iptables::remove(remote).await?;
            Some("the chain NETSPLIT is removed".into())
        }
        Undo::Resume => {
            said(Signal::SIGCONT, marks::signal(remote, run, name, Signal::SIGCONT).await?)
        }
        Undo::OpenFiles { soft } => {
            let pids = marks::marked(remote, run, name).await?;
            for &pid in &pids {
                nemesis::limit_open_files(remote, pid, soft).await?;
            }
            (!pids.is_empty()).then(|| format!("{soft} open files are allowed again"))
        }
        Undo::Clocks { netsplit } => match netsplit.get(name) {
            Some(netsplit) => {
                let processes = nemesis::restore_clocks(remote, netsplit, run, name).await?;
                Some(format!("the clocks of {processes} processes are right"))
            }
            None => None,
        },
        Undo::Cgroup { groups } => match groups.get(name) {
            Some((ours, theirs)) => {
                nemesis::feed(remote, ours, theirs).await?;
                Some(format!("the cgroup {} is removed", ours.display()))
            }
            None => None,
        },
        Undo::Kill => said(Signal::SIGKILL, marks::end(remote, run, name).await?),
        Undo::RemoveDirectory { home } => {
            remove_directory(remote, home, name).await?;
            Some(format!("{} is removed", home.join(name).display()))
        }
    })
}

/// Who was signalled, if anybody.
fn said(signal: Signal, pids: impl IntoIterator<Item = i32>) -> Option<String> {
    let list: Vec<String> = pids.into_iter().map(|pid| pid.to_string()).collect();
    (!list.is_empty()).then(|| format!("sent {signal} to {}", list.join(", ")))
}

/// Removes a node's part of a run's directory, and the directory with the last of them: nodes may
/// share a disk. Idempotent.
///
/// # Errors
/// When something in it cannot be removed.
pub async fn remove_directory(remote: &dyn Remote, home: &Path, node: &str) -> Result<()> {
    const REMOVE: &str = r#"rm -rf -- "$1/$2" && { rmdir -- "$1" 2>/dev/null || :; }"#;
    let argv = ["sh", "-c", REMOVE, "sh", &home.to_string_lossy(), node];
    let removed = remote
        .exec(&argv, b"", Duration::from_secs(60))
        .await
        .and_then(|output| succeeded(&output));
    removed.with_context(|| format!("failed to remove {}", home.join(node).display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: &Line) -> String {
        serde_json::to_string(line).expect("a line is JSON")
    }

    /// A controller that died in the middle of a line: what is healed is noted on lines of its own.
    #[tokio::test]
    async fn the_line_that_was_being_written_spoils_no_other() {
        let run = tempfile::tempdir().expect("a directory");
        let path = run.path().join(FILE);
        let nodes = BTreeMap::from([("n1".to_owned(), Address::Lab)]);
        let open = line(&Line::Open { number: 0, what: "kill".into(), nodes, undo: Undo::Nothing });
        let torn = &line(&Line::Close { number: 0 })[..9];
        std::fs::write(&path, format!("{open}\n{torn}")).expect("the ledger is written");
        for _ in 0..2 {
            assert_eq!(heal(&path).await.expect("the ledger is read"), (vec![], vec![]));
        }
        let healed = format!("{open}\n{}\n", line(&Line::Close { number: 0 }));
        assert_eq!(std::fs::read_to_string(&path).expect("the ledger is there"), healed);
    }
}
