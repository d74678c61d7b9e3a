//! Whether the clock of a process was tampered with, seen from outside.
use std::{fs, os::unix::fs::FileExt};

/// The code by which the kernel tells a process the time; none of one that has ended.
fn code(pid: &str) -> Option<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let range = maps.lines().find(|line| line.ends_with("[vdso]"))?.split(' ').next()?;
    let address = |text: &str| u64::from_str_radix(text, 16).ok();
    let (from, to) = range.split_once('-')?;
    let (from, to) = (address(from)?, address(to)?);
    let mut code = vec![0; (to - from) as usize];
    fs::File::open(format!("/proc/{pid}/mem")).ok()?.read_exact_at(&mut code, from).ok()?;
    Some(code)
}

/// Those of these processes that live and are not told the time as this one is.
pub(crate) fn lied_to(pids: &[i32]) -> Vec<i32> {
    let truth = code("self").expect("a vDSO of our own");
    let is_lied_to = |pid: &&i32| code(&pid.to_string()).is_some_and(|code| code != truth);
    pids.iter().filter(is_lied_to).copied().collect()
}
