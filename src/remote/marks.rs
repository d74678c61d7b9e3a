//! Marks in the environment of whatever a run starts, so that its processes can be found again.
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::{Remote, succeeded};

/// The variables: the run, and the node.
const MARKS: [&str; 2] = ["NETSPLIT_RUN", "NETSPLIT_NODE"];

/// The marks of what a run starts on a node.
pub fn of(run: &str, node: &str) -> Vec<(String, String)> {
    MARKS.map(str::to_owned).into_iter().zip([run.to_owned(), node.to_owned()]).collect()
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

/// Signals those that still live; returns whom.
///
/// # Errors
/// When one that lives cannot be signalled.
pub async fn signal(
    remote: &dyn Remote,
    run: &str,
    node: &str,
    signal: Signal,
) -> Result<Vec<i32>> {
    const KILL: &str =
        r#"s=$1; shift; for p; do kill -s "$s" "$p" || [ ! -e "/proc/$p" ] || exit 1; done"#;
    let pids = marked(remote, run, node).await?;
    let name = signal.as_str().trim_start_matches("SIG");
    let numbers: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let mut argv = vec!["sh", "-c", KILL, "sh", name];
    argv.extend(numbers.iter().map(String::as_str));
    let output = remote.exec(&argv, b"", DEADLINE).await?;
    succeeded(&output).with_context(|| format!("failed to send {signal}"))?;
    Ok(pids)
}
