//! Marks in the environment of whatever a run starts, so that its processes can be found again.
use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use super::{Remote, succeeded};

/// The variables: the run, and the node.
const MARKS: [&str; 2] = ["NETSPLIT_RUN", "NETSPLIT_NODE"];

/// The variable that names, besides, what serves netsplit itself there: faults leave it alone.
pub const HELPER: &str = "NETSPLIT_HELPER";

/// The marks of what a run starts on a node.
pub fn of(run: &str, node: &str) -> Vec<(String, String)> {
    MARKS.map(str::to_owned).into_iter().zip([run.to_owned(), node.to_owned()]).collect()
}

/// The same of what serves netsplit itself, by its name.
pub fn of_helper(run: &str, node: &str, name: &str) -> Vec<(String, String)> {
    let mut marks = of(run, node);
    marks.push((HELPER.to_owned(), name.to_owned()));
    marks
}

const DEADLINE: Duration = Duration::from_secs(30);

/// Prints the path of the environment of each process that has both marks.
const FIND: &str = r#"grep -lsxzF -e "$1" /proc/[0-9]*/environ | xargs -r grep -lsxzF -e "$2"; :"#;

/// The processes that a run started on a node.
///
/// # Errors
/// When the node could not be asked.
pub async fn marked(remote: &dyn Remote, run: &str, node: &str) -> Result<Vec<i32>> {
    let marks: Vec<String> = of(run, node).iter().map(|(k, v)| format!("{k}={v}")).collect();
    let argv = ["sh", "-c", FIND, "sh", &marks[0], &marks[1]];
    let output = remote.exec(&argv, b"", DEADLINE).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let pid = |line: &str| line.strip_prefix("/proc/")?.strip_suffix("/environ")?.parse().ok();
    Ok(text.lines().filter_map(pid).collect())
}

/// The same without what serves netsplit itself.
///
/// # Errors
/// When the node could not be asked.
pub async fn systems(remote: &dyn Remote, run: &str, node: &str) -> Result<Vec<i32>> {
    const WITHOUT: &str =
        r#"h=$1; shift; for p; do grep -qsz "^$h=" "/proc/$p/environ" || echo "$p"; done"#;
    let pids: Vec<String> =
        marked(remote, run, node).await?.iter().map(ToString::to_string).collect();
    let mut argv = vec!["sh", "-c", WITHOUT, "sh", HELPER];
    argv.extend(pids.iter().map(String::as_str));
    let output = remote.ask(&argv, b"", DEADLINE).await?;
    Ok(output.lines().filter_map(|pid| pid.parse().ok()).collect())
}

/// So often processes are killed and looked for again: who is being killed may be bringing forth.
const SWEEPS_MAX: usize = 100;

/// Kills everything that a run started on a node, until nothing of it is left; returns whom.
///
/// # Errors
/// When the node could not be asked, or brings forth processes as fast as they are killed.
pub async fn end(remote: &dyn Remote, run: &str, node: &str) -> Result<BTreeSet<i32>> {
    kill_until_none(remote, run, node, Whom::All).await
}

/// The same without what serves netsplit itself.
///
/// # Errors
/// As [`end`].
pub async fn end_systems(remote: &dyn Remote, run: &str, node: &str) -> Result<BTreeSet<i32>> {
    kill_until_none(remote, run, node, Whom::Systems).await
}

/// Whom to kill.
#[derive(Clone, Copy)]
enum Whom {
    All,
    /// All but what serves netsplit itself.
    Systems,
}

async fn kill_until_none(
    remote: &dyn Remote,
    run: &str,
    node: &str,
    whom: Whom,
) -> Result<BTreeSet<i32>> {
    let mut killed = BTreeSet::new();
    for _ in 0..SWEEPS_MAX {
        let pids = match whom {
            Whom::All => marked(remote, run, node).await?,
            Whom::Systems => systems(remote, run, node).await?,
        };
        if pids.is_empty() {
            return Ok(killed);
        }
        send(remote, &pids, Signal::SIGKILL).await?;
        killed.extend(pids);
    }
    bail!("processes on {node} go on after {SWEEPS_MAX} times SIGKILL")
}

/// Signals everything that a run started on a node and that still lives; returns whom.
///
/// # Errors
/// When one that lives cannot be signalled.
pub async fn signal(
    remote: &dyn Remote,
    run: &str,
    node: &str,
    signal: Signal,
) -> Result<Vec<i32>> {
    let pids = marked(remote, run, node).await?;
    send(remote, &pids, signal).await?;
    Ok(pids)
}

/// Signals these processes; that one has ended is no error.
///
/// # Errors
/// When one that lives cannot be signalled.
pub async fn send(remote: &dyn Remote, pids: &[i32], signal: Signal) -> Result<()> {
    const KILL: &str =
        r#"s=$1; shift; for p; do kill -s "$s" "$p" || [ ! -e "/proc/$p" ] || exit 1; done"#;
    let name = signal.as_str().trim_start_matches("SIG");
    let numbers: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let mut argv = vec!["sh", "-c", KILL, "sh", name];
    argv.extend(numbers.iter().map(String::as_str));
    let output = remote.exec(&argv, b"", DEADLINE).await?;
    succeeded(&output).with_context(|| format!("failed to send {signal}"))
}
