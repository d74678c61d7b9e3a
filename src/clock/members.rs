//! The processes of a node: those that carry the marks of the run and the node, and whatever they
//! have started, though it may have thrown away its environment. Not what serves netsplit itself.
use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};

use crate::remote::marks;

/// A live process.
struct Process {
    parent: i32,
    rank: Rank,
}

/// What a process is to the node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Member,
    /// Ours: the marks, and that of helpers.
    Helper,
    Stranger,
}

/// The processes of a node, in order.
pub(super) fn members(run: &str, node: &str) -> Result<Vec<i32>> {
    let all = processes(run, node)?;
    let is_member = |pid: &&i32| {
        // Some process is its own ancestor at most as often as there are processes.
        let mut at = **pid;
        for _ in 0..all.len() {
            match all.get(&at) {
                Some(Process { rank: Rank::Member, .. }) => return true,
                Some(Process { rank: Rank::Stranger, parent }) => at = *parent,
                Some(Process { rank: Rank::Helper, .. }) | None => return false,
            }
        }
        false
    };
    Ok(all.keys().filter(is_member).copied().collect())
}

/// What serves netsplit itself on a node under this name.
pub(super) fn helpers(run: &str, node: &str, name: &str) -> Result<Vec<i32>> {
    let mark = format!("{}={name}", marks::HELPER);
    let has_mark =
        |pid: &i32| environment(*pid).split(|&byte| byte == 0).any(|it| it == mark.as_bytes());
    let all = processes(run, node)?.into_iter();
    let helpers = all.filter(|(_, process)| process.rank == Rank::Helper).map(|(pid, _)| pid);
    Ok(helpers.filter(has_mark).collect())
}

fn processes(run: &str, node: &str) -> Result<BTreeMap<i32, Process>> {
    let marks = marks::of(run, node).into_iter().map(|(k, v)| format!("{k}={v}").into_bytes());
    let marks: Vec<Vec<u8>> = marks.collect();
    let entries = fs::read_dir("/proc").context("failed to list processes")?;
    let pids = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<i32>().ok());
    // Who ends meanwhile is none.
    let look = |pid| Some((pid, Process { parent: parent(pid)?, rank: rank(pid, &marks) }));
    Ok(pids.filter_map(look).collect())
}

fn rank(pid: i32, marks: &[Vec<u8>]) -> Rank {
    let environment = environment(pid);
    let variables = || environment.split(|&byte| byte == 0);
    let is_helper = |it: &[u8]| it.strip_prefix(marks::HELPER.as_bytes())?.first().copied();
    match () {
        () if !marks.iter().all(|mark| variables().any(|it| it == mark)) => Rank::Stranger,
        () if variables().any(|it| is_helper(it) == Some(b'=')) => Rank::Helper,
        () => Rank::Member,
    }
}

/// What it was started with; nothing where nobody may know.
fn environment(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// The parent of a process that lives.
pub(super) fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let lives = fields.next().is_some_and(|letter| !"ZX".contains(letter));
    fields.next().filter(|_| lives)?.parse().ok()
}
